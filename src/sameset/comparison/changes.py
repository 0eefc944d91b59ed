"""How many rows came, went and changed: exactly where a delta is known, otherwise as estimates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sameset.comparison.estimates import Estimate, beyond, exact

if TYPE_CHECKING:
    from sameset.comparison.result import Comparison
    from sameset.sketches.table import TableSketch

__all__ = ["Changes", "changes_of"]


@dataclass(frozen=True)
class Changes:
    """Rows added, removed and changed; without a key none is changed, for an updated row is one removed and one added."""

    added: Estimate
    removed: Estimate
    changed: Estimate

    @property
    def is_exact(self) -> bool:
        """Whether none of the three is an estimate."""
        return self.added.is_exact and self.removed.is_exact and self.changed.is_exact


def changes_of(comparison: Comparison, left: TableSketch, right: TableSketch) -> Changes:
    """The changes that a comparison of two tables of the same columns found.

    Beyond the delta, rows that differ are estimated from the row samples: as many more were added than removed as the right
    table has more rows. With a key, samples of keys tell added and removed rows, and of what still differs a changed row is two;
    where the key is not unique they count other things than rows, and little more than the growth is known.
    """
    if comparison.changes is not None:
        return Changes(*map(exact, comparison.changes))
    if comparison.estimated_difference is None:  # the same rows under other names
        return Changes(exact(0), exact(0), exact(0))
    rows = comparison.left.rows, comparison.right.rows
    differing, growth = comparison.estimated_difference, rows[1] - rows[0]
    if not comparison.key:
        return Changes(_half(differing, growth), _half(differing, -growth), exact(0))
    if _repeats(left) or _repeats(right):
        most_changed = max((differing.high - abs(growth)) / 2, 0.0)
        came, went = (replace(_half(differing, more), low=float(max(more, 0))) for more in (growth, -growth))
        return Changes(came, went, Estimate(0.0, 0.0, most_changed))
    added, removed = _by_growth(beyond(right.keys, left.keys, rows[1]), beyond(left.keys, right.keys, rows[0]), growth)
    changed = Estimate(
        max((differing.estimate - added.estimate - removed.estimate) / 2, 0.0),
        max((differing.low - added.high - removed.high) / 2, 0.0),
        max((differing.high - added.low - removed.low) / 2, 0.0),
    )
    return Changes(added, removed, changed)


def _repeats(table: TableSketch) -> bool:
    """Whether some of the keys sampled occur twice."""
    return bool((table.keys.counts > 1).any())


def _half(differing: Estimate, growth: int) -> Estimate:
    """The rows of the side that has `growth` more of them, of all rows that only one side has."""
    return Estimate(*(max((part + growth) / 2, 0.0) for part in (differing.estimate, differing.low, differing.high)))


def _by_growth(added: Estimate, removed: Estimate, growth: int) -> tuple[Estimate, Estimate]:
    """Both by the one that is known better, for added - removed = growth.

    What both intervals allow would be narrower, but hold the truth in 90 % of cases only (measured, 200 seeds).
    """
    if added.high - added.low <= removed.high - removed.low:
        return added, _shifted(added, -growth)
    return _shifted(removed, growth), removed


def _shifted(found: Estimate, by: int) -> Estimate:
    """The number that is larger by so much, and no less than none."""
    return Estimate(*(max(part + by, 0.0) for part in (found.estimate, found.low, found.high)))
