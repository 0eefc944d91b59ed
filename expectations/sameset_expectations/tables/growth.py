"""ExpectTableToOnlyGrow: rows may come, none may go or change."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.render import RenderedContent

from sameset.comparison import Comparison, Verdict
from sameset.comparison.sentences import SYMBOLS, describe
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.fields import Parameter, said
from sameset_expectations.references import Reference, ReferenceExpectation, check_comparable
from sameset_expectations.rendering import comparison_blocks
from sameset_expectations.results import bounded

__all__ = ["ExpectTableToOnlyGrow"]


class ExpectTableToOnlyGrow(ReferenceExpectation):
    """Expect the table to hold all rows of a reference as they were, and maybe more.

    ExpectTableToOnlyGrow is a Batch Expectation.

    It is proved or it fails: equal digests prove that nothing changed, a delta that lists added rows alone proves that the
    table grew. Where more rows came than the sketches can list and the reference is no longer at hand (nor its manifest),
    nothing proves it; a larger delta capacity does.

    Args:
        reference (str): What the table was before: a source, a sketch file, or NAME or NAME@SNAPSHOT of the registry.
        registry (str or None): The address of the registry.
        pass_if_new (bool): Whether a NAME without a snapshot yet is a success.
        strict (bool): Whether at least one row must have come.
        severity (str): critical, warning or info.
    """

    strict: bool | Parameter = pydantic.Field(
        False, description="Whether at least one row must have come; otherwise the same rows again are a success, too."
    )

    success_keys: ClassVar[tuple[str, ...]] = (*ReferenceExpectation.reference_keys, "strict")

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table to only grow"

    def _compare(self, arriving: Arriving, reference: Reference) -> Finding:
        comparison = reference.comparison
        if comparison.verdict is Verdict.INCOMPARABLE:
            check_comparable(comparison, reference.operand.address)
        accepted = [Verdict.APPENDED] if self.strict is True else [Verdict.APPENDED, Verdict.IDENTICAL]
        word = "unchanged" if comparison.is_same else str(comparison.verdict)
        sentence = f"{SYMBOLS[word]} {describe(comparison)}{_remark(comparison)}"
        return Finding(comparison.verdict in accepted, word, sentence, {"comparison": bounded(comparison)})

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        params = {"reference": said(kwargs.get("reference", "?"))}
        more = ", and more" if kwargs.get("strict") is True else ", and maybe more"
        return f"Must hold all rows of $reference as they were{more}.", params

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        return comparison_blocks(details["comparison"], "Before", "This table")


def _remark(comparison: Comparison) -> str:
    """Why growth is not proved, where nothing speaks against it either."""
    if comparison.verdict is not Verdict.MODIFIED or comparison.changes is not None:
        return ""
    if comparison.similarity.containment_left.high < 1:
        return ""
    return (
        "; whether rows only came is not proved: more differ than the sketches can list, and the tables are not both "
        "at hand; keep manifests, or sketch with a larger delta capacity"
    )
