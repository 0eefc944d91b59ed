"""A finding as Markdown that fits a comment on a pull request, whatever was compared; and for Prefect's artifacts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sameset.comparison.samples import FATES
from sameset.comparison.sentences import count_of
from sameset.reports.columns import column_rows
from sameset.reports.finding import describe_verdict, finding_of
from sameset.reports.rows import cell_changes, row_lists
from sameset.reports.samples import NAMES, remarks_of, sample_table, score_line
from sameset.reports.strips import heading_of, strip_text
from sameset.reports.texts import cut, printable
from sameset.reports.values import show, show_pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sameset.comparison import Comparison
    from sameset.comparison.buckets import BucketMap
    from sameset.comparison.result import Side
    from sameset.comparison.samples import SampleChanges
    from sameset.execution.checking import Check
    from sameset.reports.finding import Finding
    from sameset.reports.rows import CellChange, RowList

__all__ = ["MOST_CHARACTERS", "as_markdown", "escape"]

#: What GitHub takes in one comment. The shares below, with the words around them, stay under it together.
MOST_CHARACTERS = 65_536
SENTENCE, SIDES, NOTES, COLUMNS, LISTS, RESEMBLES = 3_000, 4_000, 5_000, 13_000, 9_500, 4_000
FATE = 3 * LISTS // 5  # samples of one fate; where they stand there are no lists of rows
MOST_PATTERNS, LONGEST_PATTERN = 10, 200
MOST_COLUMNS = 50
MOST_LINES = 12  # of a strip map
MOST_FIELDS = 12  # columns of a table of rows
LONGEST_NAME = 120  # characters of a column's name or of a value in a cell

_MENTION = re.compile(r"(?<!\w)@(?=\w)")


def as_markdown(found: Comparison | Check, limit: int) -> str:
    """The finding: the sentence, both sides, notes, columns and rows with at most `limit` entries a list.

    At most MOST_CHARACTERS long, counted as UTF-16 does; what was left out is said.
    """
    finding = finding_of(found)
    parts = [f"## {finding.symbol} {_short(finding.sentence, SENTENCE // 2)}"]
    if finding.comparison is None:
        rows = count_of(finding.now.rows, "row")
        told = f"{rows}, digest `{finding.now.digest}`, from {_short(finding.now.address or '', SIDES // 8)}"
        parts.append(told)
    else:
        parts += _evidence(finding.comparison, limit)
    if finding.files:
        parts.append(_short(finding.files.sentence, LONGEST_PATTERN))
    if finding.resembles:
        parts.append("### Resembles\n\n" + _resembles(finding, limit))
    parts += _notes(finding.notes)
    return "\n\n".join(parts) + "\n"


def _evidence(comparison: Comparison, limit: int) -> list[str]:
    sides = [["before", *_side(comparison.left)], ["now", *_side(comparison.right)]]
    similarity = comparison.similarity
    parts = [
        _table(["", "rows", "digest", "address"], sides, SIDES, len(sides)),
        f"Jaccard of rows {similarity.jaccard}; share of the rows before that are still there {similarity.containment_left}; "
        f"share of the rows now that were there before {similarity.containment_right}",
        score_line(comparison),
        *_notes(comparison.notes),
        *_samples(comparison.samples, limit),
    ]
    if comparison.columns and not comparison.is_same:
        parts.append("### Columns\n\n" + _columns(comparison))
        parts += _patterns(comparison)
    if comparison.samples is not None:  # they are told above
        return parts + _strip(comparison.buckets)
    return parts + _strip(comparison.buckets) + [_rows(rows, comparison.key) for rows in row_lists(comparison, limit)]


def _side(side: Side) -> list[str]:
    return [f"{side.rows:,}", f"`{side.digest}`", _short(side.address or "", SIDES // 8)]


def _notes(notes: Sequence[str]) -> list[str]:
    shown: list[str] = []
    room = NOTES
    for note in notes:
        line = f"> {_short(note, NOTES // 8)}"
        room -= _length(line) + 2
        if room < 0:
            return [*shown, f"and {len(notes) - len(shown)} more notes"]
        shown.append(line)
    return shown


def _columns(comparison: Comparison) -> str:
    rows = column_rows(comparison.columns, MOST_COLUMNS)
    cells = ([_short(cell, LONGEST_NAME) for cell in row.values()] for row in rows)
    return _table(list(rows[0]), cells, COLUMNS, len(comparison.columns))


def _patterns(comparison: Comparison) -> list[str]:
    told = [pattern.sentence for column in comparison.columns for pattern in column.patterns]
    lines = [f"- {_short(sentence, LONGEST_PATTERN)}" for sentence in told[:MOST_PATTERNS]]
    more = len(told) - len(lines)
    lines += [f"- and {more:,} more"] if more else []
    return ["### Patterns\n\n" + "\n".join(lines)] if lines else []


def _strip(found: BucketMap | None) -> list[str]:
    if found is None or not found.differing:
        return []
    return [f"### Where: {_short(heading_of(found), LONGEST_NAME)}\n\n```text\n{strip_text(found, MOST_LINES)}\n```"]


def _samples(changes: SampleChanges | None, limit: int) -> list[str]:
    """What became of the samples of a machine-learning dataset: a table for each fate."""
    if changes is None:
        return []
    parts = []
    for fate in (fate for fate in FATES if changes.counts[fate]):
        shown = changes.lists.get(fate, ())[:limit]
        names, cells = sample_table(shown)
        count = changes.counts[fate]
        rest = count - sum(change.times - 1 for change in shown)
        table = _table(names, ([_short(cell, LONGEST_NAME) for cell in row] for row in cells), FATE, rest)
        parts.append(f"### Samples {NAMES[fate]}: {count:,}" + (f"\n\n{table}" if names else ""))
    return parts + [f"> {escape(remark)}" for remark in remarks_of(changes)]


def _rows(rows: RowList, key: Sequence[str]) -> str:
    heading = f"### Rows {rows.name}: {rows.count:,}\n\n"
    if rows.pairs:
        return heading + _cells(rows, key)
    if rows.is_shown_by_rows:
        return heading + _records(rows.told_rows, rows.count)
    return heading + _records([(entry.values, entry.times) for entry in rows.entries], rows.count)


def _cells(rows: RowList, key: Sequence[str]) -> str:
    """A line for each changed cell: the key, the column, what it was and what it is."""
    key = key[: MOST_FIELDS - 3]
    changes = cell_changes(rows.pairs, key)
    header = [*map(_name, key), "column", "before", "now"]
    table = _table(header, (_cell(change, key) for change in changes), LISTS, len(changes), noun=" changed cells")
    rest = rows.count - sum(pair.times for pair in rows.pairs)
    return table + (f"\n\nand {rest:,} more rows" if rest > 0 else "")


def _cell(change: CellChange, key: Sequence[str]) -> list[str]:
    before, after = show_pair(change.before, change.after, LONGEST_NAME)
    keys = [_value(change.key.get(name)) for name in key]
    return [*keys, _name(change.column), _text(before.text), _text(after.text)]


def _records(told: Sequence[tuple[dict[str, Any], int]], count: int) -> str:
    """Rows or keys as a table of their first columns, in a last one how often if any is there several times; `count` in all."""
    records, times = [record for record, _ in told], [times for _, times in told]
    if not records:
        return f"{count:,} rows that are not listed"
    names = list(dict.fromkeys(name for record in records for name in record))
    shown = names[:MOST_FIELDS]
    often = [[f"{n:,}"] for n in times] if any(n != 1 for n in times) else [[]] * len(times)
    cells = [
        [_value(record[name]) if name in record else "" for name in shown] + last
        for record, last in zip(records, often, strict=True)
    ]
    header = [*(_name(name) for name in shown), *(["×"] if often[0] else [])]  # noqa: RUF001
    table = _table(header, cells, LISTS, count, times)
    return table + (f"\n\n{len(names) - len(shown)} more columns are not shown" if len(names) > len(shown) else "")


def _resembles(finding: Finding, limit: int) -> str:
    cells = (
        [
            _short(other.dataset, LONGEST_NAME),
            describe_verdict(str(other.comparison.verdict)),
            str(other.comparison.similarity.jaccard),
        ]
        for other in finding.resembles[:limit]
    )
    return _table(["dataset", "verdict", "Jaccard of rows"], cells, RESEMBLES, len(finding.resembles))


def _table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    room: int,
    count: int,
    times: Sequence[int] | None = None,
    *,
    noun: str = "",
) -> str:
    """A table of at most `room` characters, and how many of `count` rows it does not show; `times` are what a line stands for."""
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join(["---"] * len(header)) + " |"]
    room -= sum(_length(line) + 1 for line in lines)
    for row in rows:
        line = "| " + " | ".join(row) + " |"
        room -= _length(line) + 1
        if room < 0:
            break
        lines.append(line)
    shown = len(lines) - 2
    more = count - (shown if times is None else sum(times[:shown]))
    return "\n".join(lines) + (f"\n\nand {more:,} more{noun}" if more > 0 else "")


def _name(name: str) -> str:
    return _short(name, LONGEST_NAME)


def _value(value: Any) -> str:
    return _text(show(value, LONGEST_NAME).text)


def _text(shown: str) -> str:
    """The text of a value, in which line breaks stay in sight."""
    return _short(printable(shown), LONGEST_NAME)


def _short(text: str, longest: int) -> str:
    """The text escaped, cut so that it takes at most twice `longest` characters with its escapes."""
    shown = escape(cut(text, longest))
    return shown if _length(shown) <= 2 * longest else _short(text, longest // 2)


def _length(text: str) -> int:
    """Characters as UTF-16 counts them, in which those beyond the first 65,536 are two."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def escape(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line, and that calls nobody by @NAME."""
    for sign in "\\`*_[]|#~":
        text = text.replace(sign, "\\" + sign)
    text = " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split())
    return _MENTION.sub("@\u200b", printable(text))
