"""What tables at hand tell of single columns: which the changed rows touch, and what the changes have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sameset.canonical.families import Family
from sameset.comparison import Comparison, Verdict
from sameset.comparison.cell_patterns import pattern_of_cells
from sameset.comparison.column_evidence import NOTHING, ColumnRows, account_for_rows
from sameset.comparison.columns import ColumnState
from sameset.comparison.patterns import FEWEST, with_regenerated_keys
from sameset.execution.cells import MOST_ROWS, fetch_cells
from sameset.execution.delta_rows import Needed
from sameset.execution.patterns import are_nearly_all_new, may_have_pattern, patterns_of_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sameset.comparison.columns import ColumnChange
    from sameset.comparison.delta import Delta, RowChange
    from sameset.comparison.patterns import Pattern
    from sameset.execution.cells import Column
    from sameset.execution.delta_rows import DeltaRows
    from sameset.execution.sides import Sides

    Words = NDArray[np.uint64]

__all__ = ["explain_columns", "rows_needed"]

MOST_TIMES = 1_000_000  # rows of a delta, each as often as it counts
MOST_OF_A_GUESS = 1_000  # rows that are looked for where a table was, if nobody knows whether it still is what it was


@dataclass(frozen=True)
class Pairs:
    """Rows of both tables that belong together: the cells of each column before and after."""

    before: Mapping[str, Column]
    after: Mapping[str, Column]

    def changed(self, name: str) -> tuple[pa.Array, pa.Array]:
        """The cells of a column that differ, before and after."""
        old, new = self.before[name], self.after[name]
        places = pa.array(np.flatnonzero((old.hashes != new.hashes).any(axis=1)))
        assert old.values is not None
        assert new.values is not None
        return old.values.take(places), new.values.take(places)

    def have(self, name: str) -> bool:
        """Whether the values of a column are known on both sides."""
        return all(name in side and side[name].values is not None for side in (self.before, self.after))


def rows_needed(comparison: Comparison, sides: Sides) -> Needed:
    """Which rows of the delta `explain_columns` makes use of: changed ones before and after, or, where the old table is gone,
    those that were added, if the delta holds all of them and so few that their cells fit into memory.
    """
    delta = comparison.delta
    if comparison.verdict is not Verdict.MODIFIED or delta is None:
        return Needed()
    added, removed, changed = delta.counts
    if sides.sources is not None or (sides.left_place is not None and len(delta.changed) <= MOST_OF_A_GUESS):
        paired = _is_whole(delta, delta.changed) and all(row.old_row is not None for row in delta.changed)
        return Needed(changed=paired, values=tuple(_candidates(comparison.columns, sides)) if paired else ())
    alone = sides.right_source is not None and changed and added and not removed
    return Needed(added=bool(alone) and _is_whole(delta, delta.added))


def explain_columns(comparison: Comparison, sides: Sides, rows: DeltaRows | None) -> Comparison:
    """The comparison with what the rows of its delta say of its columns, and, where these do not suffice, a scan of a few columns.

    A table that is only sketched is not missed where sums of digests or samples of values do.
    """
    if comparison.verdict not in (Verdict.MODIFIED, Verdict.NEAR_DUPLICATE):
        return comparison
    columns: tuple[ColumnChange, ...] = comparison.columns
    pairs = None
    if comparison.verdict is Verdict.MODIFIED and comparison.delta is not None:
        found = rows and rows.changed_cells()
        pairs = Pairs(*found) if found else None
        columns = account_for_rows(
            columns, comparison.delta, sides.left, sides.right, _known(comparison.delta, rows, pairs)
        )
        if comparison.delta.counts[2] and pairs is None:
            columns = _with_swaps(columns, sides)
    columns = _with_patterns(columns, sides, pairs, _rows_were_updated(comparison.delta, columns))
    if not sides.left.spec.key:
        most = max(sides.left.row_count, sides.right.row_count)
        columns = with_regenerated_keys(columns, _unnamed_keys(columns, sides), most)
    return replace(comparison, columns=columns)


def _with_swaps(columns: Sequence[ColumnChange], sides: Sides) -> tuple[ColumnChange, ...]:
    """The columns, where those whose rows swapped values are changed: of more rows than are laid side by side, a sample is."""
    key = sides.left.spec.key
    if sides.sources is None or not key or set(key) != set(sides.right.spec.key):
        return tuple(columns)
    names = [
        column.name
        for column in columns
        if column.agrees and column.name in sides.left.names and column.name not in key
    ]
    sampled = _sampled(sides, key, names, ()) if names else None
    if sampled is None:
        return tuple(columns)
    swapped = {name for name in names if (sampled.before[name].hashes != sampled.after[name].hashes).any()}
    same = (ColumnState.SAME, ColumnState.REORDERED)
    return tuple(
        replace(column, state=ColumnState.CHANGED) if column.name in swapped and column.state in same else column
        for column in columns
    )


def _known(delta: Delta, rows: DeltaRows | None, pairs: Pairs | None) -> dict[str, ColumnRows]:
    """Value hashes of the delta's rows by column, as far as they were read and say anything."""
    if pairs is not None:
        times = [row.times for row in delta.changed]
        return {
            name: ColumnRows(
                before=np.repeat(pairs.before[name].hashes, times, axis=0), after=np.repeat(after.hashes, times, axis=0)
            )
            for name, after in pairs.after.items()
            if name in pairs.before
        }
    added, removed, changed = delta.counts
    if not (changed and added) or removed or rows is None or rows.after is None or not _is_whole(delta, delta.added):
        return {}
    cells = rows.after.cells_of([row.row for row in delta.added])
    times = [row.times for row in delta.added]
    return {name: ColumnRows(np.repeat(of.hashes, times, axis=0), NOTHING) for name, of in (cells or {}).items()}


def _is_whole(delta: Delta, rows: Sequence[RowChange]) -> bool:
    """Whether a list of the delta holds all of its rows, and so few that their cells fit into memory."""
    return delta.totals is None and 0 < len(rows) <= MOST_ROWS and sum(row.times for row in rows) <= MOST_TIMES


def _once(rows: Words) -> tuple[Words, NDArray[np.intp]]:
    """Names that occur once, and where."""
    names, places, counts = np.unique(rows, return_index=True, return_counts=True)
    return names[counts == 1], places[counts == 1]


def _rows_were_updated(delta: Delta | None, columns: Sequence[ColumnChange]) -> bool:
    """Whether it is known that rows did not merely come and go, which shifts a window over running numbers or times."""
    return bool(delta and delta.counts[2]) or any(
        column.agrees and column.right_distinct is not None and column.right_distinct.estimate >= FEWEST
        for column in columns
    )


def _with_patterns(
    columns: Sequence[ColumnChange], sides: Sides, pairs: Pairs | None, updated: bool
) -> tuple[ColumnChange, ...]:
    """The columns with the patterns of their changes: of cells where there are enough pairs, otherwise of values.

    Of values only where nearly all are other ones, or where rows are known to be `updated`.
    """
    names = _candidates(columns, sides)
    found = _patterns_of_cells(names, _all_pairs(columns, sides, pairs, names)) if names else {}
    for near, source, far, forward in (
        (sides.right, sides.right_source, sides.left, False),
        (sides.left, sides.left_source, sides.right, True),
    ):
        rest = [column for column in columns if column.name in names and column.name not in found]
        rest = [column for column in rest if updated or are_nearly_all_new(column)]
        if rest and source is not None:
            found |= patterns_of_values(rest, near, source, far, forward=forward)
    return tuple(
        replace(column, patterns=(pattern,)) if (pattern := found.get(column.name)) else column for column in columns
    )


def _patterns_of_cells(names: Sequence[str], sources: Iterator[Pairs]) -> dict[str, Pattern | None]:
    """Patterns by column, None where enough cells were seen and have none."""
    found: dict[str, Pattern | None] = {}
    for pairs in sources:
        for name in [name for name in names if name not in found and pairs.have(name)]:
            before, after = pairs.changed(name)
            if len(before) >= FEWEST:
                found[name] = pattern_of_cells(name, before, after)
        if len(found) == len(names):
            break
    return found


def _all_pairs(
    columns: Sequence[ColumnChange], sides: Sides, pairs: Pairs | None, names: Sequence[str]
) -> Iterator[Pairs]:
    """Pairs of rows, each kind read when it is asked for: changed rows, rows of one key, rows that agree in all other columns."""
    if pairs is not None:
        yield pairs
    if sides.sources is None:
        return
    spec = sides.left.spec
    keys = [spec.key] if spec.key and set(spec.key) == set(sides.right.spec.key) and pairs is None else []
    agreeing = tuple(column.name for column in columns if column.agrees and column.name in sides.left.names)
    for key in [*keys, *([agreeing] if agreeing else [])]:
        sampled = _sampled(sides, key, names, names)
        if sampled is not None:
            yield sampled


def _sampled(sides: Sides, key: Sequence[str], names: Sequence[str], wanted: Sequence[str]) -> Pairs | None:
    """About MOST_ROWS rows of one key on both sides, chosen by its hash: the cells of these columns, values of those `wanted`.

    Keys that a side has twice belong to no pair.
    """
    assert sides.sources
    rows = max(sides.left.row_count, sides.right.row_count)
    limit = min(MOST_ROWS * 2**64 // max(rows, 1), 2**64 - 1)
    needed, spec = list(dict.fromkeys([*key, *names])), replace(sides.left.spec, key=tuple(key))
    found = [fetch_cells(source, spec, needed, wanted, limit) for source in sides.sources]
    if any(len(rows) == 0 for rows, _ in found):
        return None
    both = [_once(rows) for rows, _ in found]
    _, left, right = np.intersect1d(both[0][0], both[1][0], assume_unique=True, return_indices=True)
    places = both[0][1][left], both[1][1][right]
    before, after = (
        {name: column.take(at) for name, column in cells.items()} for (_, cells), at in zip(found, places, strict=True)
    )
    return Pairs(before, after)


def _unnamed_keys(columns: Sequence[ColumnChange], sides: Sides) -> list[str]:
    """Columns that may be keys although none was named: whole numbers, texts and bytes.

    Only where both tables are at hand, so that every other pattern was looked for in cells laid side by side.
    """
    if sides.sources is None:
        return []
    families = {column.name: column.family for column in sides.right.schema}
    return [
        column.name
        for column in columns
        if not column.agrees
        and column.right_nulls == 0
        and (families.get(column.name) in (Family.TEXT, Family.BYTES) or "int" in (column.right_type or ""))
    ]


def _candidates(columns: Sequence[ColumnChange], sides: Sides) -> list[str]:
    left, right = ({column.name: column for column in side.schema} for side in (sides.left, sides.right))
    return [
        column.name
        for column in columns
        if column.name in left
        and column.name in right
        and may_have_pattern(column, left[column.name], right[column.name])
    ]
