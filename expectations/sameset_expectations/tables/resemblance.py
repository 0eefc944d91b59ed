"""ExpectTableNotToResembleAnother: not a copy, part or near-copy of another dataset."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from great_expectations.compatibility import pydantic
from great_expectations.render import RenderedContent

from sameset.comparison import Comparison, Verdict, compare
from sameset.comparison.sentences import SYMBOLS, count_of
from sameset.errors import SamesetError
from sameset.execution.others import other_sketches
from sameset.registry import Registry, without_password
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.fields import Parameter, is_share, registry_field, said
from sameset_expectations.rendering import estimate_text, similarity_tables

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

    Args:
        name (str): The name of the table's own dataset, which is left out.
        max_similarity (float): The largest similarity that is allowed, 0 to 1.
        registry (str or None): The address of the registry.
        severity (str): critical, warning or info.
    """

    name: str | Parameter = pydantic.Field(description="The name of the table's own dataset, which is left out.")
    max_similarity: float | Parameter = pydantic.Field(
        description="The largest share of equal rows that is allowed, 0 to 1."
    )
    registry: str | Parameter | None = registry_field()

    success_keys: ClassVar[tuple[str, ...]] = ("name", "max_similarity", "registry")
    args_keys: ClassVar[tuple[str, ...]] = ("name", "max_similarity")

    _share = pydantic.validator("max_similarity", allow_reuse=True)(is_share)

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table not to resemble another"

    def _judge(self, arriving: Arriving, metrics: dict[str, Any]) -> Finding:
        found: list[tuple[float, str, Comparison]] = []
        others = incomparable = 0
        with Registry.open(arriving.registry) as registry:
            place = without_password(registry.address)
            for other, sketch in other_sketches(registry, registry.others(str(self.name))):
                others += 1
                if isinstance(sketch, SamesetError):
                    incomparable += 1
                    continue
                comparison = compare(sketch, arriving.sketch)
                incomparable += comparison.verdict is Verdict.INCOMPARABLE
                if _similarity(comparison) > 0:
                    found.append((_similarity(comparison), other.dataset, comparison))
                    found = sorted(found, key=lambda one: (-one[0], one[1]))[:LISTED_DATASETS]
        largest, bound = found[0][0] if found else 0.0, float(cast(float, self.max_similarity))
        facts = {
            "registry": place,
            "compared": others - incomparable,
            "incomparable": incomparable,
            "others": [_listed(dataset, comparison) for _, dataset, comparison in found],
        }
        return Finding(largest <= bound, float(f"{largest:.4g}"), _sentence(facts), facts)

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        params = {name: said(kwargs.get(name, "?")) for name in ("name", "max_similarity")}
        return "No dataset but $name may be more similar than $max_similarity in its rows.", params

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        return similarity_tables(details["others"])


def _similarity(comparison: Comparison) -> float:
    if 0 in (comparison.left.rows, comparison.right.rows) or comparison.verdict is Verdict.INCOMPARABLE:
        return 0.0
    return comparison.similarity.largest


def _listed(dataset: str, comparison: Comparison) -> dict[str, Any]:
    found = comparison.to_json(0)
    return {"dataset": dataset, "verdict": found["verdict"], **found["similarity"]}


def _sentence(facts: dict[str, Any]) -> str:
    skipped = f"; {count_of(facts['incomparable'], 'dataset')} could not be compared" if facts["incomparable"] else ""
    if not facts["others"]:
        return f"shares no rows with any of {count_of(facts['compared'], 'other dataset')}{skipped}"
    nearest = facts["others"][0]
    measure = max(MEASURES, key=lambda name: nearest[name]["estimate"])
    share = MEASURES[measure].format(estimate_text(nearest[measure]))
    return f"{SYMBOLS[nearest['verdict']]} nearest is {nearest['dataset']} ({nearest['verdict']}): {share}{skipped}"
