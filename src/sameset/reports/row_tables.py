"""Lists of the delta as tables of a page: changed cells beside what they were, rows, keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sameset.comparison.sentences import count_of
from sameset.reports.cells import Cell, HtmlTable, fitting, pair_cell, text_cell, value_cell
from sameset.reports.texts import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.rows import ChangedRow, Row
    from sameset.reports.rows import Entry, RowList

__all__ = ["ToldRows", "told_rows"]

ROOM = 700_000  # bytes of the rows of one list, and of its keys
AT_ONCE = 50  # rows before the rest is folded away
MOST_FIELDS = 60  # columns of a table of rows
TO_A_BLOCK = 250  # keys that a browser lays out together, when they come into sight
LONGEST_NAME = 100


@dataclass(frozen=True)
class ToldRows:
    """One list of the delta: its first rows, those that are folded, and its keys in blocks."""

    name: str
    title: str
    remarks: Sequence[str]
    first: HtmlTable | None = None
    rest: HtmlTable | None = None
    keys: Sequence[Sequence[Cell]] = ()
    key_table: HtmlTable | None = None
    keys_title: str = ""
    is_open: bool = False


def told_rows(rows: RowList, key: Sequence[str]) -> ToldRows:
    """What the page tells of one list; `key` names the columns of the key."""
    title = f"{count_of(rows.count, 'row')} {rows.name}"
    header, cells, remarks = _changed(rows, key) if rows.pairs else _whole(rows, key)
    kept = fitting(cells, ROOM)
    heads = sum(cell.kind == "key" for cell in header)
    shown = len(rows.pairs or rows.rows)
    if shown and len(kept) < rows.count:
        remarks.insert(0, f"{len(kept):,} of {rows.count:,} are shown")
    entries = fitting(([_entry_cell(entry)] for entry in rows.entries), ROOM) if rows.has_keys or not shown else []
    is_single = len(rows.entries[0].values) == 1 if rows.entries else True
    return ToldRows(
        rows.name,
        title,
        remarks,
        HtmlTable(f"{title}, the first", header, kept[:AT_ONCE], heads) if kept else None,
        HtmlTable(f"{title}, the rest", header, kept[AT_ONCE:], heads) if len(kept) > AT_ONCE else None,
        _blocks([row[0] for row in entries]) if is_single else (),
        None if is_single or not entries else _key_table(rows.entries[: len(entries)]),
        _keys_title(rows, len(entries), key),
        is_open=not kept,
    )


def _changed(rows: RowList, key: Sequence[str]) -> tuple[list[Cell], list[list[Cell]], list[str]]:
    """Columns of the key, then those in which any of the rows differ, those that do most often first."""
    often = Counter(column for pair in rows.pairs for column in pair.columns or ())
    differing = [column for column, _ in often.most_common() if column not in key]
    columns = differing[:MOST_FIELDS]
    header = [*(_heading(name, "key") for name in key), *(_heading(name) for name in columns)]
    remarks = _more_columns(len(differing) - len(columns))
    return header, [_changed_row(pair, key, columns) for pair in rows.pairs], remarks


def _changed_row(pair: ChangedRow, key: Sequence[str], columns: Sequence[str]) -> list[Cell]:
    before, after, differing = pair.before or {}, pair.after or {}, set(pair.columns or ())
    known = pair.key or after
    return [value_cell(known.get(name), "key") for name in key] + [
        pair_cell(before.get(name), after.get(name)) if name in differing else value_cell(after.get(name), "kept")
        for name in columns
    ]


def _whole(rows: RowList, key: Sequence[str]) -> tuple[list[Cell], list[list[Cell]], list[str]]:
    """Whole rows, the columns of the key first."""
    names = list(dict.fromkeys([*key, *(name for row in rows.rows for name in row)])) if rows.rows else []
    columns = names[:MOST_FIELDS]
    header = [_heading(name, "key" if name in key else "") for name in columns]
    remarks = _more_columns(len(names) - len(columns))
    if rows.read_from and rows.rows:
        gone = "what they were before is gone" if rows.read_from == "now" else "what they are now cannot be read"
        remarks.append(f"as they are {rows.read_from}; {gone}" if rows.read_from == "now" else f"as they were; {gone}")
    return header, [_whole_row(row, columns, key) for row in rows.rows], remarks


def _whole_row(row: Row, columns: Sequence[str], key: Sequence[str]) -> list[Cell]:
    return [value_cell(row.get(name), "key" if name in key else "") for name in columns]


def _more_columns(count: int) -> list[str]:
    return [f"{count_of(count, 'more column')} not shown"] if count > 0 else []


def _heading(name: str, kind: str = "") -> Cell:
    return text_cell(cut(name, LONGEST_NAME), kind)


def _entry_cell(entry: Entry) -> Cell:
    (value, *rest) = entry.values.values()
    cell = value_cell(value)
    for other in rest:
        more = value_cell(other)
        cell = Cell(cell.content + more.content)
    return Cell(cell.content + f" ×{entry.times:,}") if entry.times != 1 else cell  # noqa: RUF001


def _blocks(cells: Sequence[Cell]) -> list[Sequence[Cell]]:
    return [cells[start : start + TO_A_BLOCK] for start in range(0, len(cells), TO_A_BLOCK)]


def _key_table(entries: Sequence[Entry]) -> HtmlTable:
    names = list(entries[0].values)
    has_times = any(entry.times != 1 for entry in entries)
    header = [_heading(name) for name in names] + ([text_cell("times", "number")] if has_times else [])
    return HtmlTable("Keys", header, [_key_row(entry, has_times) for entry in entries], heads=0)


def _key_row(entry: Entry, has_times: bool) -> list[Cell]:
    cells = [value_cell(value) for value in entry.values.values()]
    return cells + ([text_cell(f"{entry.times:,}", "number")] if has_times else [])


def _keys_title(rows: RowList, shown: int, key: Sequence[str]) -> str:
    what = "Keys" if rows.has_keys else "Hashes of keys" if key else "Hashes of rows"
    names = f" ({', '.join(cut(name, LONGEST_NAME) for name in key[:10])})" if rows.has_keys else ""
    which = "" if shown >= len(rows.entries) and shown == rows.count else f", {shown:,} of {rows.count:,}"
    return what + names + which
