"""How many rows came, went and changed: exactly where a delta is known, otherwise as estimates."""

from __future__ import annotations

from dataclasses import dataclass
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
    table has more rows. With a key, samples of keys tell added and removed rows, and of what still differs a changed row is two.
    """
    if comparison.changes is not None:
        added, removed, changed = comparison.changes
        return Changes(exact(added), exact(removed), exact(changed))
    if comparison.estimated_difference is None:  # the same rows under other names
        return Changes(exact(0), exact(0), exact(0))
    rows = comparison.left.rows, comparison.right.rows
    differing, growth = comparison.estimated_difference, rows[1] - rows[0]
    if not comparison.key:
        return Changes(_half(differing, growth), _half(differing, -growth), exact(0))
    added, removed = _by_growth(beyond(right.keys, left.keys, rows[1]), beyond(left.keys, right.keys, rows[0]), growth)
    changed = Estimate(
        max((differing.estimate - added.estimate - removed.estimate) / 2, 0.0),
        max((differing.low - added.high - removed.high) / 2, 0.0),
        max((differing.high - added.low - removed.low) / 2, 0.0),
    )
    return Changes(added, removed, changed)


def _half(differing: Estimate, growth: int) -> Estimate:
    """The rows of the side that has `growth` more of them, of all rows that only one side has."""
    return Estimate(*(max((part + growth) / 2, 0.0) for part in (differing.estimate, differing.low, differing.high)))


def _by_growth(added: Estimate, removed: Estimate, growth: int) -> tuple[Estimate, Estimate]:
    """Both, no further apart than added - removed = growth allows: where one is narrow the other becomes so."""
    low, high = max(added.low, removed.low + growth, 0.0), min(added.high, removed.high + growth)
    if low > high:  # a key that is not unique counts rows otherwise than keys
        return added, removed
    middle = min(max((added.estimate + removed.estimate + growth) / 2, low), high)
    return Estimate(middle, low, high), Estimate(
        max(middle - growth, 0.0), max(low - growth, 0.0), max(high - growth, 0.0)
    )
