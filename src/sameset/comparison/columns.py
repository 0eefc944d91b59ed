"""Column by column: which are the same, changed, added, removed, renamed, retyped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sameset.canonical.families import Family
from sameset.comparison.estimates import Estimate, distinct_of, overlap_of

if TYPE_CHECKING:
    from sameset.sketches.column import ColumnSketch
    from sameset.sketches.table import TableSketch

__all__ = ["ColumnChange", "compare_columns"]


@dataclass(frozen=True)
class ColumnChange:
    """What became of one column; sides that it is not on are None."""

    name: str
    state: str  #: same, changed, added, removed, renamed or retyped
    renamed_from: str | None = None
    left_type: str | None = None
    right_type: str | None = None
    left_nulls: int | None = None
    right_nulls: int | None = None
    left_distinct: Estimate | None = None  #: distinct values that are not null
    right_distinct: Estimate | None = None
    values: Estimate | None = None  #: Jaccard index of the sets of values
    agrees: bool = False  #: whether both sides hold the same multiset of values

    @property
    def is_matched(self) -> bool:
        """Whether it is on both sides."""
        return self.values is not None


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
    changes = [_matched(old, pairs[name], new, name) if name in pairs else _added(new, name) for name in new.order]
    return changes + [_removed(old, name) for name in old.order if name not in pairs.values()]


def _pair(old: _Side, new: _Side) -> dict[str, str]:
    pairs = {name: name for name in new.order if name in old.columns}
    spare = [name for name in old.order if name not in pairs]
    for name in new.order:
        if name in pairs or not new.rows or new.rows != old.rows:
            continue
        twin = next((other for other in spare if _agree(old.columns[other][1], new.columns[name][1])), None)
        if twin is not None:
            pairs[name] = twin
            spare.remove(twin)
    return pairs


def _agree(left: ColumnSketch, right: ColumnSketch) -> bool:
    return left.digest == right.digest and left.nulls == right.nulls


def _matched(old: _Side, old_name: str, new: _Side, new_name: str) -> ColumnChange:
    (before, a), (after, b) = old.columns[old_name], new.columns[new_name]
    agrees = _agree(a, b)
    if before.name != after.name:
        state = "renamed"
    elif agrees:
        state = "same"
    else:
        families = {before.family, after.family} - {Family.NULL}
        state = "retyped" if len(families) > 1 else "changed"
    return ColumnChange(
        after.name,
        state,
        before.name if state == "renamed" else None,
        before.type,
        after.type,
        a.nulls,
        b.nulls,
        distinct_of(a.values, old.rows - a.nulls),
        distinct_of(b.values, new.rows - b.nulls),
        overlap_of(a.values, b.values, bags=False).jaccard,
        agrees,
    )


def _added(side: _Side, name: str) -> ColumnChange:
    column, sketch = side.columns[name]
    distinct = distinct_of(sketch.values, side.rows - sketch.nulls)
    return ColumnChange(column.name, "added", None, None, column.type, None, sketch.nulls, None, distinct)


def _removed(side: _Side, name: str) -> ColumnChange:
    column, sketch = side.columns[name]
    distinct = distinct_of(sketch.values, side.rows - sketch.nulls)
    return ColumnChange(column.name, "removed", None, column.type, None, sketch.nulls, None, distinct)
