"""ExpectTableColumnsToBeUnchanged: columns that hold the same values as in a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.metadata_types import DataQualityIssues
from great_expectations.render import RenderedContent

from sameset.comparison import Comparison, Verdict
from sameset.comparison.sentences import count_of
from sameset.errors import SchemaError
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.fields import Parameter, said, some_names
from sameset_expectations.references import Reference, ReferenceExpectation, check_comparable
from sameset_expectations.rendering import columns_table, table
from sameset_expectations.results import columns_json, fitting

if TYPE_CHECKING:
    from sameset.comparison.columns import ColumnChange

__all__ = ["ExpectTableColumnsToBeUnchanged"]

LISTED = 5


class ExpectTableColumnsToBeUnchanged(ReferenceExpectation):
    """Expect columns of the table to hold the same values as those of a reference, each value as often.

    ExpectTableColumnsToBeUnchanged is a Batch Expectation.

    Digests of columns decide, exactly. They do not say in which rows the values stand: that the rows are the same is what
    ExpectTableToMatch proves.

    Args:
        reference (str): What the table was before: a source, a sketch file, or NAME or NAME@SNAPSHOT of the registry.
        registry (str or None): The address of the registry.
        pass_if_new (bool): Whether a NAME without a snapshot yet is a success.
        columns (list or None): The columns that must be unchanged; left out, all of both sides, none of which may come or go.
        allow_added_and_removed_rows (bool): Whether values may differ by those of rows that came or went, where the
            delta accounts for them.
        severity (str): critical, warning or info.
    """

    columns: list[str] | Parameter | None = pydantic.Field(
        None,
        description="The columns that must be unchanged; left out, all of both sides, none of which may come or go.",
    )
    allow_added_and_removed_rows: bool | Parameter = pydantic.Field(
        False,
        description="Whether values may differ by those of rows that came or went, where the delta accounts for them.",
    )

    success_keys: ClassVar[tuple[str, ...]] = (
        *ReferenceExpectation.reference_keys,
        "columns",
        "allow_added_and_removed_rows",
    )
    issues: ClassVar[tuple[DataQualityIssues, ...]] = (DataQualityIssues.VALIDITY, DataQualityIssues.SCHEMA)

    _names = pydantic.validator("columns", allow_reuse=True)(some_names)

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table columns to be unchanged"

    def _compare(self, arriving: Arriving, reference: Reference) -> Finding:
        comparison = reference.comparison
        if comparison.verdict is Verdict.INCOMPARABLE:
            check_comparable(comparison, reference.operand.address)
        asked = self._asked(comparison, reference.operand.address)
        differing = [column for column in asked if not self._is_unchanged(column)]
        return Finding(
            not differing,
            len(differing),
            _sentence(asked, differing) + self._remark(differing),
            fitting(
                lambda limit: {
                    "columns": columns_json(differing[:limit]),
                    "compared": len(asked),
                    "differing": len(differing),
                    "verdict": str(comparison.verdict),
                }
            ),
        )

    def _asked(self, comparison: Comparison, address: str) -> list[ColumnChange]:
        """The columns in question; SchemaError for one that neither side has."""
        if self.columns is None:
            return list(comparison.columns)
        found = {column.name: column for column in comparison.columns}
        old = {column.renamed_from: column for column in comparison.columns if column.renamed_from}
        names = [str(name) for name in self.columns]
        unknown = [name for name in names if name not in found and name not in old]
        if unknown:
            raise SchemaError(f"neither this table nor {address} has a column {unknown[0]!r}; check the names")
        return [found.get(name) or old[name] for name in names]

    def _is_unchanged(self, column: ColumnChange) -> bool:
        if column.renamed_from is not None or not column.is_matched:
            return False
        return column.agrees or (self.allow_added_and_removed_rows is True and column.differs_by_rows is True)

    def _remark(self, differing: list[ColumnChange]) -> str:
        """Why a column that may be as it should be is not proved to be."""
        if self.allow_added_and_removed_rows is True and any(column.differs_by_rows is None for column in differing):
            return "; whether rows that came or went account for it is known only where both tables are at hand"
        return ""

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        params = {"reference": said(kwargs.get("reference", "?"))}
        rows = ", but for those of rows that came or went" if kwargs.get("allow_added_and_removed_rows") is True else ""
        if kwargs.get("columns") is None:
            return f"All columns must hold the same values as in $reference{rows}.", params
        return f"$columns must hold the same values as in $reference{rows}.", {
            "columns": said(kwargs["columns"]),
            **params,
        }

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        counts = table(
            ["Columns compared", "Unchanged", "Different"],
            [[details["compared"], details["compared"] - details["differing"], details["differing"]]],
        )
        return [counts, columns_table(details["columns"])] if details["columns"] else [counts]


def _sentence(asked: list[ColumnChange], differing: list[ColumnChange]) -> str:
    if not differing:
        aside = "" if all(column.agrees for column in asked) else ", aside from values of rows that came or went"
        return f"= {count_of(len(asked), 'column')} the same{aside}"
    told = [f"{column.name} ({_state(column)})" for column in differing[:LISTED]]
    more = f" and {len(differing) - LISTED} more" if len(differing) > LISTED else ""
    verb = "differs" if len(differing) == 1 else "differ"
    return f"~ {len(differing)} of {count_of(len(asked), 'column')} {verb}: {', '.join(told)}{more}"


def _state(column: ColumnChange) -> str:
    if column.renamed_from is not None:
        return f"renamed from {column.renamed_from}"
    if column.differs_by_rows is None:
        return "changed or rows aside"
    return "same, rows aside" if column.differs_by_rows else str(column.state)
