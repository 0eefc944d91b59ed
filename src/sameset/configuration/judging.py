"""A check and its policy -> passed, warned or failed, with the reasons. Reads nothing and records nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sameset.comparison.sentences import count_of
from sameset.configuration.policy import Bound, Outcome, Policy

if TYPE_CHECKING:
    from sameset.comparison import Comparison
    from sameset.execution.checking import Check

__all__ = ["Judgement", "judge"]

#: What turns every unknown number into a known one.
ADVICE = "with manifest = true they are counted however many differ"
BECAUSE = "the columns are not those of before"


@dataclass(frozen=True)
class Judgement:
    """How a check stands to its policy, and why: all reasons if it failed, those to warn if it only warns."""

    outcome: Outcome
    reasons: tuple[str, ...] = ()

    def sentence(self, check: Check) -> str:
        """The finding, and what its policy has against it: "orders is modified: 1 row changed; policy failed: ..."."""
        return self.on(check).sentence

    def on(self, check: Check) -> Check:
        """The check with what its policy says of it: sentence, reports and JSON tell it from then on."""
        return replace(check, policy=self.to_json())

    def to_json(self) -> dict[str, Any]:
        """The judgement as JSON."""
        return {"outcome": str(self.outcome), "reasons": list(self.reasons)}


def judge(policy: Policy, check: Check) -> Judgement:
    """Whether a check is within its policy. A bound on rows that could not be counted fails unless it holds for certain."""
    failures = [
        *_of_status(check.status, policy.fail_on, "fail_on"),
        *_of_changes(policy, check),
        *_of_size(policy, check.arrival.sketch.row_count),
    ]
    warnings = list(_of_status(check.status, policy.warn_on, "warn_on"))
    related = list(_of_others(policy, check))
    if policy.resembles is Outcome.FAILED:
        failures += related
    if policy.resembles is Outcome.WARNED:
        warnings += related
    if failures:
        return Judgement(Outcome.FAILED, tuple(failures))
    return Judgement(Outcome.WARNED if warnings else Outcome.PASSED, tuple(warnings))


def _of_status(status: str, listed: frozenset[str], name: str) -> Iterator[str]:
    if status in listed:
        yield f"{status} is in {name}"


def _of_size(policy: Policy, rows: int) -> Iterator[str]:
    if policy.min_rows is not None and rows < policy.min_rows:
        yield f"it has {count_of(rows, 'row')}, fewer than min_rows = {policy.min_rows:,}"
    if policy.max_rows is not None and rows > policy.max_rows:
        yield f"it has {count_of(rows, 'row')}, more than max_rows = {policy.max_rows:,}"


def _of_others(policy: Policy, check: Check) -> Iterator[str]:
    for other in check.resembles:
        if other.dataset not in policy.may_resemble:
            yield f"it resembles {other.dataset} ({other.comparison.verdict})"


def _of_changes(policy: Policy, check: Check) -> Iterator[str]:
    if check.comparison is None:
        return
    for kind, bound in policy.bounds.items():
        yield from _of_bound(check.comparison, kind, bound)
    if policy.min_similarity is not None:
        yield from _of_similarity(check.comparison, policy.min_similarity)


def _of_similarity(comparison: Comparison, least: float) -> Iterator[str]:
    found = comparison.similarity.jaccard
    if found.high < least:
        yield f"the similarity to before is {found}, less than min_similarity = {least:g}"
    elif found.low < least:
        yield f"the similarity to before is {found}, so that min_similarity = {least:g} may be broken"


def _of_bound(comparison: Comparison, kind: str, bound: Bound) -> Iterator[str]:
    allowed = bound.allowed(comparison.left.rows)
    least, most = _between(comparison)[kind]
    told = f"max_{kind} = {bound}" if bound.rows is not None else f"max_{kind} = {bound} ({count_of(allowed, 'row')})"
    if least > allowed:
        at_least = "" if least == most else "at least "
        yield f"{at_least}{count_of(least, 'row')} {'was' if least == 1 else 'were'} {kind}, more than {told}"
    elif most > allowed:
        why = ADVICE if comparison.estimated_difference else BECAUSE
        yield f"how many rows were {kind} could not be counted, so that {told} may be broken ({why})"


def _between(comparison: Comparison) -> dict[str, tuple[int, float]]:
    """The least and the most rows that were added, removed, changed.

    Of a rows added, r removed, c changed two sums may be known although they are not: a - r is how much the table grew, and
    a + r + 2c is the estimated difference. Without a key no row is a changed one.
    """
    kinds = ("added", "removed", "changed")
    if comparison.changes is not None:
        return {kind: (count, count) for kind, count in zip(kinds, comparison.changes, strict=True)}
    grown = comparison.right.rows - comparison.left.rows
    difference = comparison.estimated_difference
    high = math.inf if difference is None else difference.high
    surely = 0.0 if difference is None or comparison.key else difference.low
    return {
        "added": (max(0, grown, math.ceil((surely + grown) / 2)), max(0.0, (high + grown) / 2)),
        "removed": (max(0, -grown, math.ceil((surely - grown) / 2)), max(0.0, (high - grown) / 2)),
        "changed": (0, max(0.0, (high - abs(grown)) / 2) if comparison.key or difference is None else 0.0),
    }
