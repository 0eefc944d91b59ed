"""ExpectTableToDifferFromPrevious: not the same delivery again."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.render import RenderedContent

from sameset.comparison import Comparison, Verdict, compare
from sameset.comparison.sentences import SYMBOLS, describe
from sameset.errors import SpecError
from sameset.execution.delta_rows import WantedRows
from sameset.execution.operands import stored_operand
from sameset.execution.refining import refine
from sameset.execution.sides import Sides
from sameset.registry import Registry, Snapshot, without_password
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.fields import Parameter, registry_field, said
from sameset_expectations.rendering import comparison_blocks
from sameset_expectations.results import LISTED_ROWS, bounded

__all__ = ["ExpectTableToDifferFromPrevious"]


class ExpectTableToDifferFromPrevious(SketchExpectation):
    """Expect the table to differ from the newest snapshot of its dataset; the same rows again are a stale delivery.

    ExpectTableToDifferFromPrevious is a Batch Expectation.

    A dataset that the registry does not know yet has nothing to differ from: success. The table below the sentence shows
    what changed.

    Args:
        name (str): The name of the dataset in the registry.
        registry (str or None): The address of the registry.
        severity (str): critical, warning or info.
    """

    name: str | Parameter = pydantic.Field(description="The name of the dataset in the registry.")
    registry: str | Parameter | None = registry_field()

    success_keys: ClassVar[tuple[str, ...]] = ("name", "registry")
    args_keys: ClassVar[tuple[str, ...]] = ("name",)

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table to differ from previous"

    def _judge(self, arriving: Arriving, metrics: dict[str, Any]) -> Finding:
        with Registry.open(arriving.registry) as registry:
            previous = registry.latest(str(self.name))
            if previous is None:
                place = without_password(registry.address)
                none = "" if registry.datasets() else ", which has no dataset at all yet"
                sentence = f"{SYMBOLS['new']} has no previous snapshot in {place}{none}"
                return Finding(True, "new", sentence, {"previous": None, "registry": place})
            comparison = _compare(registry, previous, arriving)
        told = f"holds the same rows as {previous.reference}, recorded {previous.taken_at:%Y-%m-%d %H:%M %Z}".rstrip()
        word = "unchanged" if comparison.is_same else str(comparison.verdict)
        return Finding(
            not comparison.is_same,
            word,
            f"{SYMBOLS[word]} {told if comparison.is_same else describe(comparison)}",
            {"previous": previous.reference, "comparison": bounded(comparison)},
        )

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        return "Must differ from the previous snapshot of $name.", {"name": said(kwargs.get("name", "?"))}

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        if details["previous"] is None:
            return []
        return comparison_blocks(details["comparison"], f"Previous: {details['previous']}", "This table")


def _compare(registry: Registry, previous: Snapshot, arriving: Arriving) -> Comparison:
    sketch = stored_operand(registry.sketch(previous), previous.reference)
    comparison = compare(sketch, arriving.sketch)
    if comparison.verdict is Verdict.INCOMPARABLE:
        raise SpecError(f"{previous.reference} cannot be compared: {'; '.join(comparison.notes)}")
    sides = Sides(sketch, arriving.sketch, None, arriving.source)
    refined = refine(comparison, sides, WantedRows(LISTED_ROWS))
    return refined.with_addresses(previous.source, arriving.address)
