"""Which columns the changed rows touch, told from a delta and column digests, mostly without the old table.

A column's digest is a sum: right = left + added - removed + after - before, each the sum of the value hashes of those rows.
What is known of the parts says whether the changed rows hold the same values as they did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sameset.comparison.columns import ColumnState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sameset.comparison.columns import ColumnChange
    from sameset.comparison.delta import Delta
    from sameset.sketches.table import TableSketch

    Words = NDArray[np.uint64]

__all__ = ["NOTHING", "ColumnRows", "Touched", "account_for_rows", "judge_column", "sum_of"]


@dataclass(frozen=True)
class ColumnRows:
    """Value hashes of one column in the rows of a delta, uint64 (rows, 2), each as often as it counts; None where unknown.

    `before` and `after` are of the changed rows, one beside the other.
    """

    added: Words | None = None
    removed: Words | None = None
    before: Words | None = None
    after: Words | None = None


NOTHING = np.zeros((0, 2), np.uint64)


class Touched(NamedTuple):
    """Whether the changed rows differ in a column, and in how many of them; None where that is unknown."""

    differs: bool | None
    cells: int | None = None


def sum_of(hashes: Words) -> Words:
    """Lane by lane the sum modulo 2^64 of hashes, uint64 (n, 2) -> (2,)."""
    total: Words = hashes.sum(axis=0, dtype=np.uint64)
    return total


def judge_column(left: Words, right: Words, rows: ColumnRows) -> Touched:
    """What the changed rows did to a column of the digests `left` and `right`, uint64 (2,).

    Row by row where both sides of the changed rows are known; otherwise from what the sums leave for them, which is zero
    if and only if they hold the same multiset of values as before (with a chance of 2^-128 of being wrong).
    """
    if rows.before is not None and rows.after is not None:
        cells = int((rows.before != rows.after).any(axis=1).sum())
        return Touched(cells > 0, cells)
    if rows.added is None or rows.removed is None:
        return Touched(None)
    left_over = right - left - sum_of(rows.added) + sum_of(rows.removed)
    return Touched(bool(left_over.any()))


def account_for_rows(
    columns: Sequence[ColumnChange],
    delta: Delta | None,
    left: TableSketch,
    right: TableSketch,
    known: Mapping[str, ColumnRows] | None = None,
) -> tuple[ColumnChange, ...]:
    """The columns, where those that differ only by rows that came or went are the same; `known` holds what was read of them.

    Without a key an updated row is one that came and one that went, so nothing can be said where rows did both.
    """
    keyed = bool(left.spec.key) and set(left.spec.key) == set(right.spec.key)
    if delta is None or (not keyed and all(delta.counts[:2])):
        return tuple(columns)
    added, removed, changed = (None if count else NOTHING for count in delta.counts)
    sums = [dict(zip(side.names, (sketch.sums for sketch in side.columns), strict=True)) for side in (left, right)]
    found = []
    for column in columns:
        name = column.name
        if column.is_matched and not column.patterns and name in sums[0] and name in sums[1]:
            rows = (known or {}).get(name, ColumnRows(added, removed, changed, changed))
            touched = judge_column(sums[0][name], sums[1][name], rows)
            found.append(_with(column, Touched(False, 0) if keyed and name in left.spec.key else touched))
        else:
            found.append(column)
    return tuple(found)


def _with(column: ColumnChange, touched: Touched) -> ColumnChange:
    column = replace(column, cells=touched.cells, unproved=column.unproved and touched.differs is None)
    if touched.differs is False and column.state is ColumnState.CHANGED:
        return column.as_same()
    if touched.differs and column.state in (ColumnState.SAME, ColumnState.REORDERED):
        return replace(column, state=ColumnState.CHANGED)
    return column
