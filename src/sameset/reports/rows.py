"""The rows of a delta as a report shows them: how many, which keys, and what could be read of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison import Comparison
    from sameset.comparison.delta import RowChange
    from sameset.comparison.rows import ChangedRow, Row

__all__ = ["CellChange", "Entry", "RowList", "cell_changes", "row_lists"]

#: What happened to rows, the most telling first.
NAMES = ("changed", "added", "removed")


@dataclass(frozen=True)
class Entry:
    """What a sketch knows of a row: its key, or a hash; and how many such rows came or went."""

    values: dict[str, Any]
    times: int
    is_hash: bool = False


@dataclass(frozen=True)
class RowList:
    """One list of a delta, no longer than a limit; `count` is of all, with multiplicities."""

    name: str  #: changed, added or removed
    count: int
    entries: tuple[Entry, ...]
    rows: tuple[Row, ...] = ()  #: whole rows, each once: added or removed, or changed where only one side is known
    pairs: tuple[ChangedRow, ...] = ()  #: changed rows of which both sides are known
    read_from: str = ""  #: where `rows` of changed ones were read: "before" or "now"
    row_times: tuple[int, ...] = ()  #: how often each of `rows` came or went, if that is known

    @property
    def told_rows(self) -> list[tuple[Row, int]]:
        """The whole rows, each with how often it came or went."""
        return list(zip_longest(self.rows, self.row_times, fillvalue=1))  # type: ignore[arg-type]

    @property
    def has_keys(self) -> bool:
        """Whether entries are the keys of rows and not merely hashes."""
        return any(not entry.is_hash for entry in self.entries)

    @property
    def is_shown_by_rows(self) -> bool:
        """Whether the rows themselves are to be shown, for want of keys."""
        return bool(self.rows) and not self.has_keys


@dataclass(frozen=True)
class CellChange:
    """One cell of a changed row."""

    key: Row
    column: str
    before: Any
    after: Any


def row_lists(comparison: Comparison, limit: int) -> list[RowList]:
    """The lists of a delta that hold anything, changed rows first, each of at most `limit` rows."""
    if comparison.delta is None:
        return []
    counts = dict(zip(("added", "removed", "changed"), comparison.delta.counts, strict=True))
    return [_row_list(comparison, name, counts[name], limit) for name in NAMES if counts[name]]


def cell_changes(pairs: Sequence[ChangedRow], key: Sequence[str]) -> list[CellChange]:
    """The cells in which changed rows differ, row by row; `key` names the columns of the key."""
    return [
        CellChange(_key_of(pair, key), column, pair.before.get(column), pair.after.get(column))
        for pair in pairs
        if pair.before is not None and pair.after is not None
        for column in pair.columns or ()
    ]


def _key_of(pair: ChangedRow, key: Sequence[str]) -> Row:
    known = pair.key or pair.after or {}
    return {name: known[name] for name in key if name in known}


def _row_list(comparison: Comparison, name: str, count: int, limit: int) -> RowList:
    entries = tuple(_entry(change, comparison.key) for change in getattr(comparison.delta, name)[:limit])
    if name != "changed":
        rows, times = getattr(comparison.rows, name), getattr(comparison.rows, f"{name}_times")
        return RowList(name, count, entries, rows[:limit], row_times=times[:limit])
    changed = comparison.rows.changed[:limit]
    pairs = tuple(row for row in changed if row.before is not None and row.after is not None)
    if pairs:
        return RowList(name, count, entries, pairs=pairs)
    now = [(row.after, row.times) for row in changed if row.after is not None]
    before = [(row.before, row.times) for row in changed if row.before is not None]
    rows, times = zip(*(now or before), strict=True) if now or before else ((), ())
    read_from = "now" if now else "before" if before else ""
    return RowList(name, count, entries, rows, read_from=read_from, row_times=times)


def _entry(change: RowChange, key: Sequence[str]) -> Entry:
    if change.key is not None:
        ordered = {name: change.key[name] for name in key if name in change.key}  # as it was named
        return Entry(ordered | change.key, change.times)
    if change.key_hash is not None:
        return Entry({"key_hash": change.key_hash}, change.times, is_hash=True)
    return Entry({"row_hash": f"{change.row[0]:016x}{change.row[1]:016x}"}, change.times, is_hash=True)
