"""ExpectTableSimilarityToBeBetween: the share of equal rows of the table and a reference."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.render import RenderedContent

from sameset.comparison import Comparison
from sameset.comparison.estimates import Estimate
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
    said,
)
from sameset_expectations.references import Reference, ReferenceExpectation, check_comparable
from sameset_expectations.rendering import comparison_blocks, measured_blocks
from sameset_expectations.results import bounded

__all__ = ["ExpectTableSimilarityToBeBetween"]

MEASURES = {
    "jaccard": ("jaccard", "rows in common, of all rows of both (Jaccard)"),
    "share_of_reference": ("containment_left", "share of the reference's rows that are in this table"),
    "share_of_table": ("containment_right", "share of this table's rows that are in the reference"),
}
COUNTS = ("rows", "distinct_rows")
TOLD = {
    "jaccard": "The share of rows in common with $reference",
    "share_of_reference": "The share of the rows of $reference that are here, too,",
    "share_of_table": "The share of rows that are in $reference, too,",
}


class ExpectTableSimilarityToBeBetween(ReferenceExpectation):
    """Expect the similarity of the table to a reference, a share of equal rows, to be between two values.

    ExpectTableSimilarityToBeBetween is a Batch Expectation.

    The share is exact for tables of up to some 4,000 distinct rows, and where the rows that differ are known; otherwise it is
    an estimate, and `decide_by` says what that must prove.

    Args:
        reference (str): A source, a sketch file, or NAME or NAME@SNAPSHOT of the registry.
        registry (str or None): The address of the registry.
        pass_if_new (bool): Whether a NAME without a snapshot yet is a success.
        min_value (number or None): The least similarity, 0 to 1.
        max_value (number or None): The largest similarity, 0 to 1.
        measure (str): "jaccard", "share_of_reference" or "share_of_table".
        count (str): "rows", which count as often as they occur, or "distinct_rows".
        decide_by (str): "interval" or "estimate".
        severity (str): critical, warning or info.
    """

    min_value: float | Parameter | None = min_field("similarity, 0 to 1,")
    max_value: float | Parameter | None = max_field("similarity, 0 to 1,")
    measure: str | Parameter = pydantic.Field(
        "jaccard",
        description="jaccard: rows in common, of all rows of both; share_of_reference: of the reference's rows; "
        "share_of_table: of this table's rows.",
    )
    count: str | Parameter = pydantic.Field(
        "rows", description="rows, which count as often as they occur, or distinct_rows."
    )
    decide_by: str | Parameter = decide_by_field()

    success_keys: ClassVar[tuple[str, ...]] = (
        *ReferenceExpectation.reference_keys,
        "min_value",
        "max_value",
        "measure",
        "count",
        "decide_by",
    )
    args_keys: ClassVar[tuple[str, ...]] = ("reference", "min_value", "max_value")

    _shares = pydantic.validator("min_value", "max_value", allow_reuse=True)(is_share)
    _measure = pydantic.validator("measure", allow_reuse=True)(one_of(*MEASURES))
    _count = pydantic.validator("count", allow_reuse=True)(one_of(*COUNTS))
    _decide_by = pydantic.validator("decide_by", allow_reuse=True)(one_of(*DECIDE_BY))
    _order = pydantic.root_validator(skip_on_failure=True, allow_reuse=True)(check_bounds)

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table similarity to be between"

    def _compare(self, arriving: Arriving, reference: Reference) -> Finding:
        comparison = reference.comparison
        check_comparable(comparison, reference.operand.address)
        words = MEASURES[str(self.measure)][1]
        words = f"{words}, distinct rows" if self.count == "distinct_rows" else words
        bounds = Bounds(self.min_value, self.max_value)  # type: ignore[arg-type]  # parameters are filled by now
        measured = Measured(words, self._found(comparison), bounds, str(self.decide_by))
        return Finding.of_measured(
            measured,
            f"{words}: {measured.told}",
            {"comparison": bounded(comparison)},
        )

    def _found(self, comparison: Comparison) -> Estimate:
        name = MEASURES[str(self.measure)][0]
        distinct = self.count == "distinct_rows" and comparison.set_similarity is not None
        found: Estimate = getattr(comparison.set_similarity if distinct else comparison.similarity, name)
        return found

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        bounds, params = told_bounds(kwargs, "min_value", "max_value")
        measure = kwargs.get("measure", "jaccard")
        opening = TOLD.get(measure) if isinstance(measure, str) else "The similarity to $reference"
        rows = " (distinct rows)" if kwargs.get("count") == "distinct_rows" else ""
        return f"{opening}{rows} must be {bounds}.", {"reference": said(kwargs.get("reference", "?")), **params}

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        shown = measured_blocks(details["measured"])
        return [*shown, *comparison_blocks(details["comparison"], "Reference", "This table")]
