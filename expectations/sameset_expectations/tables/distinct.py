"""ExpectTableRowsToBeDistinct: no row twice, or few."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.metadata_types import DataQualityIssues
from great_expectations.render import RenderedContent

from sameset.comparison.estimates import Estimate, distinct_share, exact
from sameset.comparison.sentences import count_of
from sameset.execution.counting import count_distinct_rows
from sameset.execution.projection import selected
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.bounds import Bounds, Decision, Measured
from sameset_expectations.fields import DECIDE_BY, Parameter, decide_by_field, is_share, one_of, said
from sameset_expectations.rendering import measured_blocks

__all__ = ["ExpectTableRowsToBeDistinct"]


class ExpectTableRowsToBeDistinct(SketchExpectation):
    """Expect the rows of the table to be distinct, or at least `mostly` of them: distinct rows over all rows.

    ExpectTableRowsToBeDistinct is a Batch Expectation.

    The share is exact for tables of up to some 4,000 distinct rows. For larger ones the sketch gives an estimate with its
    interval; where that is not enough the table is read a second time and counted exactly, in bounded memory, unless
    `decide_by` says that the estimate is.

    Args:
        mostly (number): The least share of distinct rows, 0 to 1.
        decide_by (str): "interval", or "estimate", which also does without the second reading.
        severity (str): critical, warning or info.
    """

    mostly: float | Parameter = pydantic.Field(
        1.0, description="The least share of distinct rows: their number over that of all rows, 0 to 1."
    )
    decide_by: str | Parameter = decide_by_field()

    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "decide_by")
    args_keys: ClassVar[tuple[str, ...]] = ("mostly",)
    issues: ClassVar[tuple[DataQualityIssues, ...]] = (DataQualityIssues.UNIQUENESS,)

    _share = pydantic.validator("mostly", allow_reuse=True)(is_share)
    _decide_by = pydantic.validator("decide_by", allow_reuse=True)(one_of(*DECIDE_BY))

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table rows to be distinct"

    def _judge(self, arriving: Arriving, metrics: dict[str, Any]) -> Finding:
        rows = arriving.sketch.row_count
        measured = self._measured(distinct_share(arriving.sketch.rows, rows))
        if measured.decision is Decision.UNSURE and arriving.source is not None:
            source = selected(arriving.source, arriving.sketch.spec)
            measured = self._measured(exact(count_distinct_rows(source, arriving.sketch) / rows))
        return Finding.of_measured(measured, _sentence(measured.found, rows))

    def _measured(self, found: Estimate) -> Measured:
        bounds = Bounds(float(self.mostly), None)  # type: ignore[arg-type]  # a parameter is filled by now
        return Measured("distinct rows, of all rows", found, bounds, str(self.decide_by))

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        mostly = kwargs.get("mostly", 1.0)
        if mostly == 1.0:
            return "No row may occur twice.", {}
        return "At least $mostly of the rows must be distinct.", {"mostly": said(mostly)}

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        return measured_blocks(details["measured"])


def _sentence(found: Estimate, rows: int) -> str:
    copies = found.scaled(rows)
    if found.is_exact:
        extra = rows - round(copies.estimate)
        return f"{count_of(rows, 'row')}, " + (f"{extra:,} of them copies of another" if extra else "all distinct")
    low, high = rows - round(copies.high), rows - round(copies.low)
    return f"{count_of(rows, 'row')}, {low:,} to {high:,} of them copies of another"
