"""The rows of a delta, read from the tables that are at hand: before and after, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sameset.comparison.delta import in_order
from sameset.comparison.rows import ChangedRow, RowSample
from sameset.errors import SamesetError
from sameset.execution.rows import WantedRow, fetch_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sameset.comparison import Comparison
    from sameset.comparison.delta import Delta, RowChange
    from sameset.comparison.rows import Row
    from sameset.execution.cells import Column
    from sameset.execution.rows import FoundRows
    from sameset.execution.sides import Sides
    from sameset.sketches.spec import Spec

    Hash = tuple[int, int]

__all__ = [
    "NO_ROWS",
    "ROWS_FORMATS",
    "SOME_ROWS",
    "DeltaRows",
    "Needed",
    "WantedRows",
    "noted",
    "read_rows",
    "with_rows",
]


ROWS_FORMATS = (".parquet", ".csv")
MOST_KEYS_TOLD = 1_000  # of each list, of which a sketch that hides keys has only hashes
# Cells of rows that reports show, all lists together: as Python values about 100 bytes each, and as much again in JSON.
MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class WantedRows:
    """Which rows of a delta are to be read: at most `sample` of each list for people, and all of them for a file.

    SamesetError if the file's name does not say how to write it.
    """

    sample: int = 10
    file: Path | None = None

    def __post_init__(self) -> None:
        if self.file is not None and self.file.suffix.lower() not in ROWS_FORMATS:
            raise SamesetError(
                f"rows are written as {' or '.join(ROWS_FORMATS)}, not as {self.file.name}; choose another name"
            )

    @property
    def any(self) -> bool:
        """Whether any are wanted, so that the tables may be read a second time."""
        return bool(self.sample or self.file)


SOME_ROWS, NO_ROWS = WantedRows(), WantedRows(0)


@dataclass(frozen=True)
class Needed:
    """What the columns need to know of a delta's rows: the cells of all that were added or changed, and values of some columns."""

    added: bool = False
    changed: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeltaRows:
    """Rows of a delta that were looked for, and those found on each side; None for a side that is not at hand.

    `delta` has the counts of all; of each list at most the first `sample` rows were read as wholes.
    """

    delta: Delta
    spec: Spec
    sample: int
    before: FoundRows | None
    after: FoundRows | None

    def changed_cells(self) -> tuple[Mapping[str, Column], Mapping[str, Column]] | None:
        """The cells of all changed rows before and after, in the delta's order; None unless all were found on both sides."""
        changed = self.delta.changed
        if not changed or sum(change.times for change in changed) < self.delta.counts[2]:
            return None
        before = self.before and self.before.cells_of([change.old_row for change in changed])
        after = self.after and self.after.cells_of([change.row for change in changed])
        return (before, after) if before and after else None


def read_rows(
    comparison: Comparison, sides: Sides, wanted: WantedRows, needed: Needed
) -> tuple[Comparison, DeltaRows | None]:
    """Rows of the delta that reports show or columns need, by one scan of either table; None if there are none to look for.

    What cannot be read a second time is a note, and so is a sample that is cut.
    """
    delta = comparison.delta
    if delta is None or not wanted.any:
        return comparison, None
    comparison, sample = _bounded(comparison, delta, wanted.sample)
    hidden = any(change.key is None for rows in delta.lists for change in rows[:1]) and bool(sides.left.spec.key)
    most = max(sample, min(MOST_KEYS_TOLD, _most_rows(comparison, delta))) if hidden and sample else sample
    chosen = replace(
        delta.first(most),
        added=delta.added if needed.added else delta.added[:most],
        changed=delta.changed if needed.changed else delta.changed[:most],
    )
    places = (sides.left_source or sides.left_place, sides.right_place or sides.right_source)
    found: list[FoundRows | None] = [None, None]
    for i, (place, table, rows) in enumerate(
        zip(places, (sides.left, sides.right), _wanted(chosen, most), strict=True)
    ):
        try:
            found[i] = fetch_rows(place, table.spec, rows, needed.values) if place and rows else None
        except SamesetError as error:
            if place is not sides.left_place:  # that one was no more than a guess
                comparison = noted(comparison, f"the rows could not be read a second time: {error}")
    return comparison, DeltaRows(chosen, sides.left.spec, sample, *found)


def _most_rows(comparison: Comparison, delta: Delta) -> int:
    """How many rows of each list have no more than MOST_CELLS cells together; a changed row is two."""
    rows = sum(bool(part) for part in (*delta.lists, delta.changed))
    return max(1, MOST_CELLS // max(len(comparison.columns) * rows, 1))


def _bounded(comparison: Comparison, delta: Delta, sample: int) -> tuple[Comparison, int]:
    most = _most_rows(comparison, delta)
    if min(sample, max(map(len, delta.lists))) <= most:
        return comparison, sample
    note = (
        f"of each list the first {most:,} rows are shown, not {sample:,}: of {len(comparison.columns):,} columns "
        "more would not fit into memory; --rows-out writes all of them to a file"
    )
    return noted(comparison, note), most


def _wanted(delta: Delta, most: int) -> tuple[list[WantedRow], list[WantedRow]]:
    """The rows to look for on either side, `most` of each list as wholes."""
    went = [WantedRow(c.row, c.key, i < most) for i, c in enumerate(delta.removed)]
    went += [WantedRow(c.old_row, c.key, i < most) for i, c in enumerate(delta.changed) if c.old_row]
    return went, [
        WantedRow(c.row, c.key, i < most) for part in (delta.added, delta.changed) for i, c in enumerate(part)
    ]


def with_rows(comparison: Comparison, rows: DeltaRows | None) -> Comparison:
    """The comparison with the first rows of its delta, and with keys of which it had only hashes."""
    if rows is None or comparison.delta is None:
        return comparison
    delta = _with_keys(comparison.delta, rows)
    return replace(comparison, rows=sample_rows(replace(rows, delta=delta.first(rows.sample))), delta=delta)


def noted(comparison: Comparison, note: str) -> Comparison:
    """The comparison with one more note."""
    return replace(comparison, notes=(*comparison.notes, note))


def sample_rows(rows: DeltaRows) -> RowSample:
    """The rows as Python values; what was not found is left out."""
    differing = _differing_columns(rows)
    changed = (_changed(change, rows, differing.get(i)) for i, change in enumerate(rows.delta.changed))
    added, added_times = _found(rows.after, rows.delta.added)
    removed, removed_times = _found(rows.before, rows.delta.removed)
    paired = tuple(change for change in changed if change.before or change.after)
    return RowSample(added, removed, paired, added_times, removed_times)


def _changed(change: RowChange, rows: DeltaRows, columns: tuple[str, ...] | None) -> ChangedRow:
    before, after = _row(rows.before, change.old_row), _row(rows.after, change.row)
    key, seen = change.key, after or before
    if key is None and seen is not None:
        key = {name: seen[name] for name in rows.spec.key}
    return ChangedRow(key, before, after, columns, change.times)


def _found(found: FoundRows | None, changes: Iterable[RowChange]) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """The rows that were found, and how often each came or went."""
    pairs = [(row, change.times) for change in changes if (row := _row(found, change.row)) is not None]
    return tuple(row for row, _ in pairs), tuple(times for _, times in pairs)


def _with_keys(delta: Delta, rows: DeltaRows) -> Delta:
    """The delta with the keys of rows that were found, where it had only their hashes, in the order of these keys."""
    if not rows.spec.key or all(change.key is not None for changes in delta.lists for change in changes):
        return delta

    def known(change: RowChange, found: FoundRows | None) -> RowChange:
        key = None if change.key is not None or found is None else found.row(change.row, rows.spec.key)
        return change if key is None else replace(change, key=key)

    told = replace(
        delta,
        added=tuple(known(change, rows.after) for change in delta.added),
        removed=tuple(known(change, rows.before) for change in delta.removed),
        changed=tuple(known(change, rows.after) for change in delta.changed),
    )
    return in_order(told)


def _row(found: FoundRows | None, hashed: Hash | None) -> Row | None:
    return None if found is None else found.row(hashed)


def _differing_columns(rows: DeltaRows) -> dict[int, tuple[str, ...]]:
    """By the place of a changed row in its list, the columns in which it differs; of those rows that both sides have.

    Values are compared by their canonical form: `5` and `5.0` are the same, so are two NaNs.
    """
    before, after = rows.before, rows.after
    if before is None or after is None:
        return {}
    changed: Sequence[RowChange] = rows.delta.changed
    both = [i for i, c in enumerate(changed) if c.old_row in before.places and c.row in after.places]
    old = before.cells_of([changed[i].old_row for i in both]) or {}
    new = after.cells_of([changed[i].row for i in both]) or {}
    unequal = {name: (old[name].hashes != new[name].hashes).any(axis=1) for name in new if name in old}
    return {i: tuple(name for name, cells in unequal.items() if cells[at]) for at, i in enumerate(both)}
