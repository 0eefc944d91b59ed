"""The rows of a delta, read from the tables that are at hand: before and after, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sameset.canonical.columns import hash_column
from sameset.comparison.column_evidence import ColumnRows, account_for_rows
from sameset.comparison.rows import ChangedRow, RowSample
from sameset.errors import SamesetError
from sameset.execution.rows import WantedRow, fetch_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sameset.comparison import Comparison
    from sameset.comparison.columns import ColumnChange
    from sameset.comparison.delta import Delta, RowChange
    from sameset.comparison.rows import Row
    from sameset.execution.rows import FoundRows
    from sameset.execution.sides import Sides
    from sameset.sketches.spec import Spec

    Hash = tuple[int, int]
    Pair = tuple[int, int]

__all__ = ["NO_ROWS", "ROWS_FORMATS", "SOME_ROWS", "DeltaRows", "WantedRows", "differing_columns", "noted", "with_rows"]


ROWS_FORMATS = (".parquet", ".csv")


@dataclass(frozen=True)
class DeltaRows:
    """A delta and those of its rows that were found on each side; None for a side that is not at hand."""

    delta: Delta
    spec: Spec
    before: FoundRows | None
    after: FoundRows | None


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


MOST_CELLS = 1_000  # rows of each list that are read to count cells, where keys make that cheap
SOME_ROWS, NO_ROWS = WantedRows(), WantedRows(0)


def with_rows(comparison: Comparison, sides: Sides, wanted: WantedRows) -> Comparison:
    """The comparison with the first rows of its delta, from whichever table is at hand; all rows go to the file wanted.

    SamesetError if there is no delta, so that a file of its rows would be wrong, or if it cannot be written.
    """
    if wanted.file is not None and comparison.delta is None:
        why = "; ".join(comparison.notes) or comparison.basis
        raise SamesetError(f"no rows were written to {wanted.file}: it is not known which rows differ ({why})")
    delta = comparison.delta
    if delta is None or not wanted.any:
        return comparison
    chosen = delta if wanted.file else delta.first(max(wanted.sample, MOST_CELLS if sides.right.spec.key else 0))
    comparison, rows = _read(comparison, chosen, sides, wanted.file)
    if wanted.file:
        from sameset.execution.rows_file import write_rows

        write_rows(wanted.file, rows)
        comparison = _noted_rest(comparison, wanted.file)
    sample = sample_rows(replace(rows, delta=delta.first(wanted.sample)))
    return replace(comparison, rows=sample, delta=_with_keys(delta, rows), columns=_with_cells(comparison, rows, sides))


def _noted_rest(comparison: Comparison, file: Path) -> Comparison:
    assert comparison.delta is not None
    listed = sum(change.times for part in comparison.delta.lists for change in part)
    if listed == sum(comparison.delta.counts):
        return comparison
    return noted(comparison, f"{file} holds the first {listed:,} of {sum(comparison.delta.counts):,} differing rows")


def noted(comparison: Comparison, note: str) -> Comparison:
    """The comparison with one more note."""
    return replace(comparison, notes=(*comparison.notes, note))


def _read(comparison: Comparison, delta: Delta, sides: Sides, file: Path | None) -> tuple[Comparison, DeltaRows]:
    """The rows of a delta; what cannot be read a second time is a note. A file has all columns even if it has no rows."""
    went = [WantedRow(c.row, c.key) for c in delta.removed] + [
        WantedRow(c.old_row, c.key) for c in delta.changed if c.old_row
    ]
    came = [WantedRow(c.row, c.key) for c in (*delta.added, *delta.changed)]
    found: list[FoundRows | None] = [None, None]
    for i, (source, table, wanted) in enumerate(
        (
            (sides.left_source or sides.left_place, sides.left, went),
            (sides.right_place or sides.right_source, sides.right, came),
        )
    ):
        try:
            found[i] = fetch_rows(source, table.spec, wanted) if source and (wanted or file) else None
        except SamesetError as error:
            if source is not sides.left_place:  # that one was no more than a guess
                comparison = noted(comparison, f"the rows could not be read a second time: {error}")
    return comparison, DeltaRows(delta, sides.left.spec, *found)


def sample_rows(rows: DeltaRows) -> RowSample:
    """The rows as Python values; what was not found is left out."""
    differing = differing_columns(rows)
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


def _with_cells(comparison: Comparison, rows: DeltaRows, sides: Sides) -> tuple[ColumnChange, ...]:
    """The columns with the number of changed rows that differ in each, if all of these were found before and after."""
    changed = rows.delta.changed
    times = np.array([change.times for change in changed], np.int64)
    if not len(changed) or times.sum() < rows.delta.counts[2] or rows.before is None or rows.after is None:
        return comparison.columns
    before = [rows.before.places.get(change.old_row or (0, 0)) for change in changed]
    after = [rows.after.places.get(change.row) for change in changed]
    if None in before or None in after or all(column.cells is not None for column in comparison.columns):
        return comparison.columns
    old, new = (np.repeat(np.array(places, np.int64), times) for places in (before, after))
    known = {
        name: ColumnRows(
            before=_hashes(rows.before, name, rows.spec).T[old], after=_hashes(rows.after, name, rows.spec).T[new]
        )
        for name in rows.after.table.column_names
        if name in rows.before.table.column_names
    }
    return account_for_rows(comparison.columns, rows.delta, sides.left, sides.right, known)


def _with_keys(delta: Delta, rows: DeltaRows) -> Delta:
    """The delta with the keys of rows that were found, where it had only their hashes."""
    if not rows.spec.key:
        return delta

    def known(change: RowChange, found: FoundRows | None) -> RowChange:
        row = None if change.key is not None else _row(found, change.row)
        return change if row is None else replace(change, key={name: row[name] for name in rows.spec.key})

    return replace(
        delta,
        added=tuple(known(change, rows.after) for change in delta.added),
        removed=tuple(known(change, rows.before) for change in delta.removed),
        changed=tuple(known(change, rows.after) for change in delta.changed),
    )


def _row(found: FoundRows | None, hashed: Hash | None) -> Row | None:
    return None if found is None else found.row(hashed)


def differing_columns(rows: DeltaRows) -> dict[int, tuple[str, ...]]:
    """By the place of a changed row in its list, the columns in which it differs; of those rows that both sides have.

    Values are compared by their canonical form: `5` and `5.0` are the same, so are two NaNs.
    """
    before, after = rows.before, rows.after
    if before is None or after is None:
        return {}
    pairs = {
        i: (before.places.get(c.old_row or (0, 0)), after.places.get(c.row)) for i, c in enumerate(rows.delta.changed)
    }
    both = {i: (old, new) for i, (old, new) in pairs.items() if old is not None and new is not None}
    unequal = _unequal_cells(before, after, rows.spec, list(both.values()))
    return {i: tuple(name for name, cells in unequal.items() if cells[at]) for at, i in enumerate(both)}


def _unequal_cells(
    before: FoundRows, after: FoundRows, spec: Spec, pairs: Sequence[Pair]
) -> dict[str, NDArray[np.bool_]]:
    """For each column whether a pair of rows differs in it: bool (pairs,)."""
    old, new = np.array(pairs, np.int64).reshape(-1, 2).T
    return {
        name: (_hashes(before, name, spec)[:, old] != _hashes(after, name, spec)[:, new]).any(axis=0)
        for name in after.table.column_names
        if name in before.table.column_names
    }


def _hashes(rows: FoundRows, name: str, spec: Spec) -> NDArray[np.uint64]:
    """Both halves of the hashes of a column's values: uint64 (2, rows)."""
    hashed = [hash_column(chunk, name, spec.form) for chunk in rows.table[name].chunks]
    halves = [np.stack([column.h1, column.h2]) for column in hashed]
    return np.concatenate([np.zeros((2, 0), np.uint64), *halves], axis=1)
