"""Column by column: which are the same, changed, added, removed, renamed, retyped, reordered (docs/columns.md)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from sameset.canonical.families import Family
from sameset.comparison.estimates import Estimate, beyond, distinct_of, exact, overlap_of
from sameset.comparison.type_names import are_other_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sameset.comparison.patterns import Pattern
    from sameset.sketches.column import ColumnSketch
    from sameset.sketches.table import TableSketch

__all__ = ["ColumnChange", "ColumnState", "compare_columns", "moved_columns"]


class ColumnState(StrEnum):
    """What became of a column, in one word."""

    SAME = "same"
    REORDERED = "reordered"  #: the same, but elsewhere among the columns that both tables have
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    RETYPED = "retyped"


@dataclass(frozen=True)
class ColumnChange:
    """What became of one column; sides that it is not on are None."""

    name: str
    state: ColumnState
    renamed_from: str | None = None
    left_type: str | None = None
    right_type: str | None = None
    left_nulls: int | None = None
    right_nulls: int | None = None
    left_distinct: Estimate | None = None  #: distinct values that are not null
    right_distinct: Estimate | None = None
    values: Estimate | None = None  #: Jaccard index of the sets of values
    agrees: bool = False  #: whether both sides hold the same multiset of values
    came: Estimate | None = None  #: distinct values on the right that are not on the left, nulls left out
    went: Estimate | None = None  #: the other way round
    cells: int | None = None  #: changed rows that differ in this column, where that is known
    patterns: tuple[Pattern, ...] = ()
    moved: bool = False  #: whether it stands elsewhere among the columns that both tables have
    unproved: bool = (
        False  #: whether rows that came or went may be all that changed its values; nothing at hand can tell
    )

    @property
    def is_matched(self) -> bool:
        """Whether it is on both sides."""
        return self.values is not None

    @property
    def differs_by_rows(self) -> bool | None:
        """Whether its values differ, but only by those of rows that came or went; None where that cannot be known."""
        if self.state in (ColumnState.SAME, ColumnState.REORDERED):
            return not self.agrees
        return None if self.unproved and self.state is ColumnState.CHANGED and not self.patterns else False

    def as_same(self) -> ColumnChange:
        """The change of a column that was found to be the same."""
        return replace(self, state=ColumnState.REORDERED if self.moved else ColumnState.SAME)


class _Side:
    """Columns of one table by name."""

    def __init__(self, table: TableSketch) -> None:
        self.rows = table.row_count
        self.order = table.names
        self.columns = dict(zip(table.names, zip(table.schema, table.columns, strict=True), strict=True))


def compare_columns(left: TableSketch, right: TableSketch, *, by_position: bool = False) -> list[ColumnChange]:
    """The changes in the right table's order, removed columns last.

    Columns are paired by name, those left over by equal digests (or all `by_position`, if the tables were proved to be
    the same up to their names).
    """
    old, new = _Side(left), _Side(right)
    pairs = dict(zip(new.order, old.order, strict=True)) if by_position else _pair(old, new)
    kept, moved = set(pairs.values()), moved_columns(old.order, pairs)
    changes = [
        _matched(old, pairs[name], new, name, moved=name in moved) if name in pairs else _added(new, name)
        for name in new.order
    ]
    return changes + [_removed(old, name) for name in old.order if name not in kept]


def moved_columns(order: Sequence[str], pairs: Mapping[str, str]) -> set[str]:
    """New names of the fewest columns that must be taken out for the others to stand in one order on both sides.

    `order` are the old names; `pairs` are new name -> old name in the new order. The others are a longest increasing
    subsequence of places (Schensted 1961; the longest common subsequence of two permutations).
    """
    places = {name: place for place, name in enumerate(order)}
    lowest: list[int] = []  # the lowest place at which a run of each length ends, less one
    runs: list[str] = []  # the column there
    before: dict[str, str | None] = {}
    for new, old in pairs.items():
        length = bisect_left(lowest, places[old])
        before[new] = runs[length - 1] if length else None
        lowest[length : length + 1], runs[length : length + 1] = [places[old]], [new]
    moved = set(pairs)
    kept = runs[-1] if runs else None
    while kept is not None:
        moved.remove(kept)
        kept = before[kept]
    return moved


def _pair(old: _Side, new: _Side) -> dict[str, str]:
    """New name -> old name, in the new order."""
    pairs = {name: name for name in new.order if name in old.columns}
    spare = [name for name in old.order if name not in pairs]
    for name in new.order:
        if name in pairs or not new.rows or new.rows != old.rows:
            continue
        twin = next((other for other in spare if _agree(old.columns[other][1], new.columns[name][1])), None)
        if twin is not None:
            pairs[name] = twin
            spare.remove(twin)
    return {name: pairs[name] for name in new.order if name in pairs}


def _agree(left: ColumnSketch, right: ColumnSketch) -> bool:
    return left.digest == right.digest and left.nulls == right.nulls


def _matched(old: _Side, old_name: str, new: _Side, new_name: str, *, moved: bool) -> ColumnChange:
    (before, a), (after, b) = old.columns[old_name], new.columns[new_name]
    agrees = _agree(a, b)
    renamed = before.name != after.name
    rows = old.rows - a.nulls, new.rows - b.nulls
    change = ColumnChange(
        after.name,
        ColumnState.RENAMED if renamed else ColumnState.CHANGED,
        before.name if renamed else None,
        before.type,
        after.type,
        a.nulls,
        b.nulls,
        distinct_of(a.values, rows[0]),
        distinct_of(b.values, rows[1]),
        overlap_of(a.values, b.values, bags=False).jaccard,
        agrees,
        exact(0) if agrees else beyond(b.values, a.values, rows[1]),
        exact(0) if agrees else beyond(a.values, b.values, rows[0]),
        moved=moved,
    )
    if renamed:
        return change
    if agrees:
        return change.as_same()
    families = {before.family, after.family} - {Family.NULL}
    is_retyped = len(families) > 1 or (min(rows) > 0 and are_other_tensors(before.type, after.type))
    return replace(change, state=ColumnState.RETYPED) if is_retyped else change


def _added(side: _Side, name: str) -> ColumnChange:
    column, sketch = side.columns[name]
    distinct = distinct_of(sketch.values, side.rows - sketch.nulls)
    return ColumnChange(column.name, ColumnState.ADDED, None, None, column.type, None, sketch.nulls, None, distinct)


def _removed(side: _Side, name: str) -> ColumnChange:
    column, sketch = side.columns[name]
    distinct = distinct_of(sketch.values, side.rows - sketch.nulls)
    return ColumnChange(column.name, ColumnState.REMOVED, None, column.type, None, sketch.nulls, None, distinct)
