"""Lists of the delta as tables of a page: changed cells beside what they were, rows, keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sameset.comparison.sentences import count_of
from sameset.reports.cells import OF_A_ROW, Cell, HtmlTable, fitting, pair_cell, text_cell, value_cell
from sameset.reports.texts import cut
from sameset.reports.values import times_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sameset.comparison.rows import ChangedRow, Row
    from sameset.reports.rows import Entry, RowList

__all__ = ["ToldKeys", "ToldRows", "told_rows"]

# Bytes of the rows of one list and of its keys: of all three lists 4.8 million.
ROOM, ROOM_FOR_KEYS = 1_200_000, 400_000
AT_ONCE = 50  # rows before the rest is folded away
MOST_FIELDS = 60  # columns of a table of rows
TO_A_BLOCK = 250  # keys that a browser lays out together, when they come into sight
LONGEST_NAME = 60


@dataclass(frozen=True)
class ToldKeys:
    """Keys of one list, in blocks or, if they are of several columns, as a table."""

    title: str
    blocks: Sequence[Sequence[Cell]] = ()
    table: HtmlTable | None = None


@dataclass(frozen=True)
class ToldRows:
    """One list of the delta: its first rows, those that are folded, and its keys unless they stand in the rows."""

    name: str
    title: str
    remarks: Sequence[str]
    first: HtmlTable | None = None
    rest: HtmlTable | None = None
    keys: ToldKeys | None = None
    is_open: bool = False


@dataclass(frozen=True)
class _Grid:
    """Rows before it is known how many of them fit; the first `heads` cells are the key."""

    header: list[Cell]
    rows: Iterator[list[Cell]]
    heads: int
    remarks: list[str]


def told_rows(rows: RowList, key: Sequence[str]) -> ToldRows:
    """What the page tells of one list; `key` names the columns of the key."""
    title = f"{count_of(rows.count, 'row')} {rows.name}"
    grid = _changed(rows, key[:MOST_FIELDS]) if rows.pairs else _whole(rows, key)
    kept = fitting(grid.rows, ROOM)
    often = [pair.times for pair in rows.pairs] or [times for _, times in rows.told_rows]
    told = sum(often[: len(kept)])
    which = [f"{told:,} of {rows.count:,} are shown"] if often and told < rows.count else []
    header = _aligned(grid.header, kept)
    return ToldRows(
        rows.name,
        title,
        which + grid.remarks,
        HtmlTable(f"{title}, the first", header, kept[:AT_ONCE], grid.heads) if kept else None,
        HtmlTable(f"{title}, the rest", header, kept[AT_ONCE:], grid.heads) if len(kept) > AT_ONCE else None,
        _told_keys(rows, key) if len(kept) < len(rows.entries) else None,
        is_open=not kept,
    )


def _told_keys(rows: RowList, key: Sequence[str]) -> ToldKeys:
    """Keys of one column, or hashes, side by side; those of several as a table."""
    names = max((list(entry.values) for entry in rows.entries), key=len)
    cells = (_key_cells(entry) for entry in rows.entries)
    kept = fitting(cells, ROOM_FOR_KEYS, OF_A_ROW if len(names) > 1 else 0)
    kind = (
        "keys" if not any(entry.is_hash for entry in rows.entries) else "keys or hashes" if rows.has_keys else "hashes"
    )
    what = kind + (f" ({', '.join(cut(name, LONGEST_NAME) for name in key[:MOST_FIELDS])})" if rows.has_keys else "")
    told = sum(entry.times for entry in rows.entries[: len(kept)])
    title = f"{told:,} {what}" if told == rows.count else f"{told:,} of {rows.count:,} {what}"
    if len(names) > 1:
        return ToldKeys(title, table=HtmlTable("Keys", [_heading(name) for name in names[:MOST_FIELDS]], kept, heads=0))
    single = [row[0] for row in kept]
    return ToldKeys(title, [single[start : start + TO_A_BLOCK] for start in range(0, len(single), TO_A_BLOCK)])


def _key_cells(entry: Entry) -> list[Cell]:
    """The values of a key; the last says if there are several such rows."""
    cells = [value_cell(value) for value in list(entry.values.values())[:MOST_FIELDS]]
    return [*cells[:-1], _times(cells[-1], entry.times)]


def _times(cell: Cell, times: int) -> Cell:
    return Cell(cell.content + f" ({times_of(times).strip()})", cell.kind) if times != 1 else cell


def _changed(rows: RowList, key: Sequence[str]) -> _Grid:
    """Columns of the key, then those in which any of the rows differ, those that do most often first."""
    often = Counter(column for pair in rows.pairs for column in pair.columns or ())
    differing = [column for column, _ in often.most_common() if column not in key]
    columns = differing[:MOST_FIELDS]
    header = [*(_heading(name, "key") for name in key), *(_heading(name) for name in columns)]
    remarks = _more_columns(len(differing) - len(columns))
    return _Grid(header, (_changed_row(pair, key, columns) for pair in rows.pairs), len(key), remarks)


def _changed_row(pair: ChangedRow, key: Sequence[str], columns: Sequence[str]) -> list[Cell]:
    before, after, differing = pair.before or {}, pair.after or {}, set(pair.columns or ())
    known = pair.key or after
    cells = [value_cell(known.get(name), "key") for name in key] + [
        pair_cell(before.get(name), after.get(name)) if name in differing else value_cell(after.get(name), "kept")
        for name in columns
    ]
    return [_times(cell, pair.times) for cell in cells[:1]] + cells[1:]


def _whole(rows: RowList, key: Sequence[str]) -> _Grid:
    """Whole rows, the columns of the key first."""
    names = list(dict.fromkeys([*key, *(name for row in rows.rows for name in row)])) if rows.rows else []
    columns = names[:MOST_FIELDS]
    header = [_heading(name, "key" if name in key else "") for name in columns]
    remarks = _more_columns(len(names) - len(columns))
    if rows.read_from and rows.rows:
        remarks.append("as they are now; what they were is not at hand" if rows.read_from == "now" else "as they were")
    heads = sum(name in key for name in columns)
    return _Grid(header, (_whole_row(row, times, columns, key) for row, times in rows.told_rows), heads, remarks)


def _whole_row(row: Row, times: int, columns: Sequence[str], key: Sequence[str]) -> list[Cell]:
    """The cells of a row; the first says if there are several such rows."""
    cells = [value_cell(row.get(name), "key" if name in key else "") for name in columns]
    return [_times(cell, times) for cell in cells[:1]] + cells[1:]


def _more_columns(count: int) -> list[str]:
    return [f"{count_of(count, 'more column')} not shown"] if count > 0 else []


def _aligned(header: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> list[Cell]:
    """The header with the headings of numbers above them, at the right."""
    columns = zip(*rows, strict=True)
    return [
        Cell(cell.content, f"{cell.kind} number".strip()) if all(_is_number(below) for below in column) else cell
        for cell, column in zip(header, columns, strict=False)
    ]


def _is_number(cell: Cell) -> bool:
    return not {"number", "null"}.isdisjoint(cell.kind.split())


def _heading(name: str, kind: str = "") -> Cell:
    return text_cell(cut(name, LONGEST_NAME), kind)
