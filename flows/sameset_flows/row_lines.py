"""The rows that differ as lines of a table: one for each cell that changed, one for each row that came or went."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sameset.reports.rows import cell_changes, row_lists
from sameset.reports.texts import cut
from sameset.reports.values import show, show_pair, times_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sameset.comparison import Comparison
    from sameset.reports.rows import RowList

__all__ = ["MOST_ROWS", "row_lines", "rows_in_words"]

# Of each list of the delta: enough to see what happened, few enough for a page that loads at once.
MOST_ROWS = 20
MOST_CELLS = 100
LONGEST = 300


def row_lines(comparison: Comparison | None) -> list[dict[str, str]]:
    """The lines, changed rows first, as far as rows, their keys or hashes are known; every line has the same columns."""
    if comparison is None:
        return []
    return [line for rows in row_lists(comparison, MOST_ROWS) for line in _lines(rows, comparison.key)]


def rows_in_words(comparison: Comparison | None) -> str:
    """How many rows differ, and how many of them the lines tell of: `10 of 42 changed, 3 removed`."""
    lists = row_lists(comparison, MOST_ROWS) if comparison is not None else []
    return ", ".join(_count_in_words(rows) for rows in lists) or "none"


def _count_in_words(rows: RowList) -> str:
    told = len(rows.pairs) or sum(times for _, times in rows.told_rows) or sum(entry.times for entry in rows.entries)
    return f"{f'{told:,} of ' if told < rows.count else ''}{rows.count:,} {rows.name}"


def _lines(rows: RowList, key: Sequence[str]) -> Iterator[dict[str, str]]:
    if rows.pairs:
        return _changed(rows, key)
    if rows.rows:
        before = rows.name == "removed" or rows.read_from == "before"
        return (_whole(rows.name, row, times, key, before) for row, times in rows.told_rows)
    return (_line(rows.name, entry.values, times=entry.times) for entry in rows.entries)


def _changed(rows: RowList, key: Sequence[str]) -> Iterator[dict[str, str]]:
    for cell in islice(cell_changes(rows.pairs, key), MOST_CELLS):
        before, now = show_pair(cell.before, cell.after)
        yield _line("changed", cell.key, cell.column, before.text, now.text)


def _whole(what: str, row: Mapping[str, Any], times: int, key: Sequence[str], before: bool) -> dict[str, str]:
    text = _row_text(row)
    sides = (text, "") if before else ("", text)
    return _line(what, {name: row[name] for name in key if name in row}, "", *sides, times=times)


def _line(
    what: str, row: Mapping[str, Any], column: str = "", before: str = "", now: str = "", times: int = 1
) -> dict[str, str]:
    told = _row_text(row) + times_of(times)
    return {"what": what, "row": told.strip(), "column": column, "before": before, "now": now}


def _row_text(row: Mapping[str, Any]) -> str:
    return cut(", ".join(f"{name}: {show(value, LONGEST).text}" for name, value in row.items()), LONGEST)
