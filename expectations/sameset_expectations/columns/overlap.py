"""ExpectColumnValueOverlapToBeBetween: how many values two columns have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.metadata_types import DataQualityIssues
from great_expectations.render import RenderedContent

from sameset.canonical.families import Family
from sameset.comparison.estimates import Estimate, distinct_of, overlap_of
from sameset.sketches.table import TableSketch
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.bounds import Bounds, Measured, told_bounds
from sameset_expectations.fields import (
    DECIDE_BY,
    Parameter,
    check_bounds,
    decide_by_field,
    is_share,
    max_field,
    min_field,
    one_of,
    registry_field,
    said,
)
from sameset_expectations.references import column_of, column_place
from sameset_expectations.rendering import estimate_text, measured_blocks, table
from sameset_expectations.results import estimate_json

__all__ = ["ExpectColumnValueOverlapToBeBetween"]

MEASURES = {
    "jaccard": ("jaccard", "values in common, of all values of both (Jaccard)"),
    "share_of_column": ("containment_right", "share of this column's values that the other has"),
    "share_of_other": ("containment_left", "share of the other column's values that this one has"),
}
TOLD = {
    "jaccard": "The share of values that $column has in common with {}",
    "share_of_column": "The share of the values of $column that occur in {}",
    "share_of_other": "The share of the values of {} that occur in $column",
}


@dataclass(frozen=True)
class ColumnAt:
    """A column of a sketch, and how it is called."""

    name: str
    sketch: TableSketch
    place: int

    @property
    def line(self) -> list[Any]:
        """What a table shows of it."""
        column = self.sketch.columns[self.place]
        rows = self.sketch.row_count - column.nulls
        distinct = estimate_json(distinct_of(column.values, rows))
        return [self.name, self.sketch.schema[self.place].type, distinct, column.nulls]

    @property
    def family(self) -> Family:
        """The family of its values."""
        return self.sketch.columns[self.place].family


class ExpectColumnValueOverlapToBeBetween(SketchExpectation):
    """Expect the overlap of a column's distinct values with those of another column to be between two values.

    ExpectColumnValueOverlapToBeBetween is a Batch Expectation.

    Values that are null are left out. The overlap is exact while both columns have at most 512 distinct values; otherwise
    it is an estimate, and `decide_by` says what that must prove. A foreign key is a column whose `share_of_column` in the key of
    its table is 1: for many values an estimate cannot prove 1, but 0.99.

    Args:
        column (str): The column.
        other_column (str or None): The other one; left out, that of the same name in the reference.
        reference (str or None): Where the other column is: a source, a sketch file, or NAME or NAME@SNAPSHOT of the registry;
            left out, in this table.
        registry (str or None): The address of the registry.
        min_value (number or None): The least overlap, 0 to 1.
        max_value (number or None): The largest overlap, 0 to 1.
        measure (str): "jaccard", "share_of_column" or "share_of_other".
        decide_by (str): "interval" or "estimate".
        severity (str): critical, warning or info.
    """

    column: str | Parameter = pydantic.Field(description="The column.")
    other_column: str | Parameter | None = pydantic.Field(
        None, description="The other column; left out, that of the same name in the reference."
    )
    reference: str | Parameter | None = pydantic.Field(
        None,
        description="Where the other column is: a source, a sketch file, or NAME or NAME@SNAPSHOT of the registry; "
        "left out, in this table.",
    )
    registry: str | Parameter | None = registry_field()
    min_value: float | Parameter | None = min_field("overlap, 0 to 1,")
    max_value: float | Parameter | None = max_field("overlap, 0 to 1,")
    measure: str | Parameter = pydantic.Field(
        "jaccard",
        description="jaccard: values in common, of all values of both; share_of_column: of this column's values; "
        "share_of_other: of the other column's values.",
    )
    decide_by: str | Parameter = decide_by_field()

    success_keys: ClassVar[tuple[str, ...]] = (
        "column",
        "other_column",
        "reference",
        "registry",
        "min_value",
        "max_value",
        "measure",
        "decide_by",
    )
    args_keys: ClassVar[tuple[str, ...]] = ("column", "other_column", "min_value", "max_value")
    issues: ClassVar[tuple[DataQualityIssues, ...]] = (DataQualityIssues.VALIDITY,)

    _shares = pydantic.validator("min_value", "max_value", allow_reuse=True)(is_share)
    _measure = pydantic.validator("measure", allow_reuse=True)(one_of(*MEASURES))
    _decide_by = pydantic.validator("decide_by", allow_reuse=True)(one_of(*DECIDE_BY))
    _order = pydantic.root_validator(skip_on_failure=True, allow_reuse=True)(check_bounds)

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect column value overlap to be between"

    @pydantic.root_validator(skip_on_failure=True)
    @classmethod
    def _two_columns(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["reference"] is None and values["other_column"] in (None, values["column"]):
            raise ValueError("a column overlaps with itself; name another column, or a reference that has one")
        return values

    def _judge(self, arriving: Arriving, metrics: dict[str, Any]) -> Finding:
        name = str(self.column)
        own = ColumnAt(name, arriving.sketch, column_of(arriving.sketch, name, arriving.address or "the table"))
        other = self._other(arriving)
        measure, words = MEASURES[str(self.measure)]
        found: Estimate = getattr(overlap_of(_values(other), _values(own), bags=False), measure)
        bounds = Bounds(self.min_value, self.max_value)  # type: ignore[arg-type]  # parameters are filled by now
        measured = Measured(words, found, bounds, str(self.decide_by))
        return Finding.of_measured(
            measured, f"{words}: {measured.told}{_remark(own, other)}", {"columns": [other.line, own.line]}
        )

    def _other(self, arriving: Arriving) -> ColumnAt:
        name = str(self.other_column or self.column)
        if self.reference is None:
            return ColumnAt(name, arriving.sketch, column_of(arriving.sketch, name, arriving.address or "the table"))
        address, sketch, place = column_place(str(self.reference), name, arriving, is_same_name=name == self.column)
        return ColumnAt(f"{name} of {address}", sketch, place)

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        bounds, params = told_bounds(kwargs, "min_value", "max_value")
        params["column"] = said(kwargs.get("column", "?"))
        params["other_column"] = said(kwargs.get("other_column") or kwargs.get("column", "?"))
        other = "$other_column"
        if kwargs.get("reference") is not None:
            other, params["reference"] = "$other_column of $reference", said(kwargs["reference"])
        measure = kwargs.get("measure", "jaccard")
        opening = TOLD[measure] if isinstance(measure, str) else "The overlap of $column with {}"
        return f"{opening.format(other)} must be {bounds}.", params

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        rows = [[name, type_, estimate_text(distinct), nulls] for name, type_, distinct, nulls in details["columns"]]
        return [*measured_blocks(details["measured"]), table(["Column", "Type", "Distinct values", "Nulls"], rows)]


def _values(column: ColumnAt) -> Any:
    return column.sketch.columns[column.place].values


def _remark(own: ColumnAt, other: ColumnAt) -> str:
    """Why values of two columns cannot be equal, if so."""
    if own.family == other.family or Family.NULL in (own.family, other.family):
        return ""
    return f", for values of {own.family.label} never equal values of {other.family.label}"
