"""ExpectTableToMatch: the same rows as a reference."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.render import RenderedContent

from sameset.comparison import Verdict
from sameset.comparison.sentences import SYMBOLS, describe
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.fields import Parameter, said
from sameset_expectations.references import Reference, ReferenceExpectation, check_comparable
from sameset_expectations.rendering import comparison_blocks
from sameset_expectations.results import bounded

__all__ = ["ExpectTableToMatch"]

VERDICTS = tuple(str(verdict) for verdict in Verdict)


class ExpectTableToMatch(ReferenceExpectation):
    """Expect the table to hold the same rows as a reference, in whatever order, format and partitions.

    ExpectTableToMatch is a Batch Expectation.

    The reference is a source (a file, glob or folder, or file.duckdb::table), a sketch file, or NAME or NAME@SNAPSHOT of
    the registry; it is read when the expectation is evaluated, and never stored in the suite.

    Args:
        reference (str): What the table must match.
        registry (str or None): The address of the registry.
        pass_if_new (bool): Whether a NAME without a snapshot yet is a success.
        verdicts (list): The verdicts that are accepted: "identical" alone unless told otherwise.
        severity (str): critical, warning or info.
    """

    verdicts: list[str] | Parameter = pydantic.Field(
        default_factory=lambda: [str(Verdict.IDENTICAL)],
        description=f"The verdicts that are accepted, of {', '.join(VERDICTS)}.",
    )

    success_keys: ClassVar[tuple[str, ...]] = (*ReferenceExpectation.reference_keys, "verdicts")

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

    def _compare(self, arriving: Arriving, reference: Reference) -> Finding:
        comparison = reference.comparison
        verdict = str(comparison.verdict)
        if comparison.verdict is Verdict.INCOMPARABLE and verdict not in self.verdicts:
            check_comparable(comparison, reference.operand.address)
        return Finding(
            verdict in self.verdicts,
            verdict,
            f"{SYMBOLS[verdict]} {describe(comparison)}",
            {"comparison": bounded(comparison)},
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
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        return comparison_blocks(details["comparison"], "Reference", "This table")
