"""ExpectTableNotToResembleAnother: not a copy, part or near-copy of another dataset."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, ClassVar, cast

from great_expectations.compatibility import pydantic
from great_expectations.render import RenderedContent

from sameset.comparison import Comparison, Verdict, compare
from sameset.comparison.estimates import Estimate, exact
from sameset.comparison.sentences import SYMBOLS, count_of
from sameset.errors import SamesetError
from sameset.execution.others import other_sketches
from sameset.registry import Registry, without_password
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.bounds import Bounds, Measured
from sameset_expectations.fields import DECIDE_BY, Parameter, decide_by_field, is_share, one_of, registry_field, said
from sameset_expectations.rendering import estimate_text, measured_blocks, similarity_tables

__all__ = ["ExpectTableNotToResembleAnother"]

LISTED_DATASETS = 10
MEASURES = {
    "jaccard": "shares {} of the rows of both",
    "containment_left": "holds {} of its rows",
    "containment_right": "has {} of its own rows in it",
}


class ExpectTableNotToResembleAnother(SketchExpectation):
    """Expect no other dataset of the registry to be more similar to the table than a bound.

    ExpectTableNotToResembleAnother is a Batch Expectation.

    Similarity is the largest of three shares of equal rows: of all rows of both (Jaccard), of the other's rows, of this
    table's rows. The same content, also under other column names, is 1. A table without rows resembles nothing.
    Datasets whose sketches cannot be read (a newer program wrote them) or compared with this one are counted in the result.

    Shares between larger tables are estimates. Here the estimate decides unless told otherwise: among many datasets of
    unequal sizes some are known too roughly to prove that they are different.

    Args:
        name (str): The name of the table's own dataset, which is left out.
        max_similarity (float): The largest similarity that is allowed, 0 to 1.
        registry (str or None): The address of the registry.
        decide_by (str): "estimate" or "interval".
        severity (str): critical, warning or info.
    """

    name: str | Parameter = pydantic.Field(description="The name of the table's own dataset, which is left out.")
    max_similarity: float | Parameter = pydantic.Field(
        description="The largest share of equal rows that is allowed, 0 to 1."
    )
    registry: str | Parameter | None = registry_field()
    decide_by: str | Parameter = decide_by_field("estimate")

    success_keys: ClassVar[tuple[str, ...]] = ("name", "max_similarity", "registry", "decide_by")
    args_keys: ClassVar[tuple[str, ...]] = ("name", "max_similarity")

    _share = pydantic.validator("max_similarity", allow_reuse=True)(is_share)
    _decide_by = pydantic.validator("decide_by", allow_reuse=True)(one_of(*DECIDE_BY))

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table not to resemble another"

    def _judge(self, arriving: Arriving, metrics: dict[str, Any]) -> Finding:
        found: list[Resemblance] = []
        others = incomparable = 0
        largest = exact(0.0)
        with Registry.open(arriving.registry) as registry:
            place = without_password(registry.address)
            for other, sketch in other_sketches(registry, registry.others(str(self.name))):
                others += 1
                if isinstance(sketch, SamesetError):
                    incomparable += 1
                    continue
                comparison = compare(sketch, arriving.sketch)
                incomparable += comparison.verdict is Verdict.INCOMPARABLE
                one = Resemblance(other.dataset, comparison)
                largest = _larger(largest, one.similarity)
                if self._rank(one) > 0:
                    found = sorted([*found, one], key=lambda one: (-self._rank(one), one.dataset))[:LISTED_DATASETS]
        bounds = Bounds(None, float(cast(float, self.max_similarity)))
        facts = {
            "registry": place,
            "compared": others - incomparable,
            "incomparable": incomparable,
            "others": [one.to_json() for one in found],
        }
        measured = Measured("largest similarity to another dataset", largest, bounds, str(self.decide_by))
        return Finding.of_measured(measured, _sentence(facts, bounds.high), facts)

    def _rank(self, one: Resemblance) -> float:
        """What decides how near a dataset is."""
        return one.similarity.high if self.decide_by == "interval" else one.similarity.estimate

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        params = {name: said(kwargs.get(name, "?")) for name in ("name", "max_similarity")}
        return "No dataset but $name may be more similar than $max_similarity in its rows.", params

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        return [*measured_blocks(details["measured"]), *similarity_tables(details["others"])]


@dataclass(frozen=True)
class Resemblance:
    """Another dataset, and how it compares with the table."""

    dataset: str
    comparison: Comparison

    @cached_property
    def similarity(self) -> Estimate:
        """The largest of the shares; the end of the interval that reaches farthest is that of any of them."""
        rows = (self.comparison.left.rows, self.comparison.right.rows)
        if 0 in rows or self.comparison.verdict is Verdict.INCOMPARABLE:
            return exact(0.0)
        shares: list[Estimate] = [getattr(self.comparison.similarity, name) for name in MEASURES]
        return reduce(_larger, shares)

    def to_json(self) -> dict[str, Any]:
        """What a table shows of it."""
        found = self.comparison.to_json(0)
        return {"dataset": self.dataset, "verdict": found["verdict"], **found["similarity"]}


def _larger(one: Estimate, other: Estimate) -> Estimate:
    """The larger of two numbers, as far as it is known."""
    return Estimate(*(max(getattr(one, name), getattr(other, name)) for name in ("estimate", "low", "high")))


def _sentence(facts: dict[str, Any], bound: float | None) -> str:
    skipped = f"; {count_of(facts['incomparable'], 'dataset')} could not be compared" if facts["incomparable"] else ""
    if not facts["compared"] and not skipped:
        return f"there is no other dataset in {facts['registry']} to compare with"
    if not facts["others"]:
        return f"shares no rows with any of {count_of(facts['compared'], 'other dataset')}{skipped}"
    nearest = facts["others"][0]
    measure = max(MEASURES, key=lambda name: nearest[name]["estimate"])
    share = MEASURES[measure].format(estimate_text(nearest[measure], bound))
    return f"{SYMBOLS[nearest['verdict']]} nearest is {nearest['dataset']} ({nearest['verdict']}): {share}{skipped}"
