"""ExpectTableToMatch: the same rows as a reference."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.render import RenderedTableContent

from sameset.comparison import Verdict, compare
from sameset.comparison.sentences import SYMBOLS, describe
from sameset.execution.delta_rows import WantedRows
from sameset.execution.operands import resolve
from sameset.execution.refining import refine
from sameset.execution.sides import Sides
from sameset_expectations.base import (
    LISTED_ROWS,
    Arriving,
    Finding,
    SketchExpectation,
    bounded,
    registry_field,
    said,
    without_secret,
)
from sameset_expectations.rendering import comparison_tables

__all__ = ["ExpectTableToMatch"]

VERDICTS = tuple(str(verdict) for verdict in Verdict)


class ExpectTableToMatch(SketchExpectation):
    """Expect the table to hold the same rows as a reference, in whatever order, format and partitions.

    ExpectTableToMatch is a Batch Expectation.

    The reference is a source (a file, glob or folder, or file.duckdb::table), a sketch file, or NAME or NAME@SNAPSHOT of
    the registry; it is read when the expectation is evaluated, and never stored in the suite.

    Args:
        reference (str): What the table must match.
        registry (str or None): The address of the registry.
        verdicts (list): The verdicts that are accepted: "identical" alone unless told otherwise.
        severity (str): critical, warning or info.
    """

    reference: str | dict[str, Any] = pydantic.Field(
        description="A source, a sketch file, or NAME or NAME@SNAPSHOT of the registry."
    )
    registry: str | dict[str, Any] | None = registry_field()
    verdicts: list[str] | dict[str, Any] = pydantic.Field(
        default_factory=lambda: [str(Verdict.IDENTICAL)],
        description=f"The verdicts that are accepted, of {', '.join(VERDICTS)}.",
    )

    success_keys: ClassVar[tuple[str, ...]] = ("reference", "registry", "verdicts")
    args_keys: ClassVar[tuple[str, ...]] = ("reference",)

    _no_secret = pydantic.validator("reference", "registry", allow_reuse=True)(without_secret)

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table to match"

    @pydantic.validator("verdicts")
    @classmethod
    def _known_verdicts(cls, names: Any) -> Any:
        if isinstance(names, list):
            unknown = [name for name in names if name not in VERDICTS]
            if unknown or not names:
                raise ValueError(f"{', '.join(unknown) or 'nothing'} is no verdict; there are {', '.join(VERDICTS)}")
        return names

    def _judge(self, arriving: Arriving) -> Finding:
        sketch = arriving.sketch
        reference = resolve(self.reference, arriving.registry).sketch(sketch.spec)
        sides = Sides(reference.table, sketch, reference.source, arriving.source)
        comparison = refine(compare(reference.table, sketch), sides, WantedRows(LISTED_ROWS))
        verdict = str(comparison.verdict)
        return Finding(
            verdict in self.verdicts,
            verdict,
            f"{SYMBOLS[verdict]} {describe(comparison)}",
            {"comparison": bounded(comparison.with_addresses(reference.address, arriving.address))},
        )

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        accepted = kwargs.get("verdicts", [str(Verdict.IDENTICAL)])
        params = {"reference": said(kwargs.get("reference", "?"))}
        if accepted == [str(Verdict.IDENTICAL)]:
            return "Must hold the same rows as $reference.", params
        names = " or ".join(accepted) if isinstance(accepted, list) else said(accepted)
        return "Compared with $reference, must be $verdicts.", {**params, "verdicts": names}

    @classmethod
    def _tables(cls, details: dict[str, Any]) -> list[RenderedTableContent]:
        return comparison_tables(details["comparison"], "Reference", "This table")
