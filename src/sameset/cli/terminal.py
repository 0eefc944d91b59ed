"""Comparisons, checks and lists as tables on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sameset.comparison.result import DEFAULT_LIMIT
from sameset.comparison.sentences import SYMBOLS, count_of
from sameset.reports.columns import NUMERIC, column_rows
from sameset.reports.finding import describe_verdict, finding_of
from sameset.reports.rows import cell_changes, row_lists
from sameset.reports.samples import sample_lines, score_line
from sameset.reports.strips import SIGNS, heading_of, shown_lines
from sameset.reports.texts import cut, printable
from sameset.reports.values import show, show_pair, times_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from sameset.comparison import Comparison
    from sameset.comparison.buckets import BucketMap
    from sameset.comparison.result import Side
    from sameset.execution.checking import Check
    from sameset.registry import DatasetSummary, Snapshot
    from sameset.reports.finding import Finding
    from sameset.reports.rows import CellChange, RowList

__all__ = ["COLOURS", "show_datasets", "show_finding", "show_history", "show_outcomes"]

COLOURS = {
    "new": "cyan",
    "unchanged": "green",
    "identical": "green",
    "renamed": "blue",
    "appended": "blue",
    "truncated": "red",
    "modified": "yellow",
    "near_duplicate": "magenta",
    "replaced": "red",
    "unrelated": "red",
    "incomparable": "red",
}
OUTCOMES = {"passed": "green", "warned": "yellow"}
MOST_COLUMNS = 40
MOST_KEYS = 12
MOST_ROWS = 5  # changed rows that are shown cell by cell
MOST_CELLS = 4  # of each
LONGEST = 60  # characters of a value
LONGEST_TEXT = 2_000  # of a sentence, a name, an address
MOST_LINES = 24
BUCKET_COLOURS = {".": "dim", "~": "bold yellow", "+": "bold blue", "-": "bold red"}


def show_finding(found: Comparison | Check, limit: int = DEFAULT_LIMIT) -> RenderableType:
    """A comparison or a check: the sentence, the evidence and, of a check, where it was recorded.

    Lists have at most `limit` rows, and never more than a terminal has room for.
    """
    finding = finding_of(found)
    parts: list[RenderableType] = []
    if finding.comparison is None:
        parts.append(_sides([_side("now", finding.now)]))
    else:
        parts += _evidence(finding.comparison, limit)
    if finding.resembles:
        parts.append(_resembles(finding))
    parts += [_text(f"note: {note}", style="dim") for note in finding.notes]
    if finding.files:
        parts.append(_text(finding.files.sentence, style="dim"))
    if finding.is_check:
        recorded = (
            f"recorded as {finding.snapshot.reference} in {finding.registry}" if finding.snapshot else "not recorded"
        )
        parts.append(_text(recorded, style="dim"))
    return _panel(finding.status, finding.sentence, parts)


def show_history(snapshots: Sequence[Snapshot]) -> RenderableType:
    """Snapshots of one dataset, newest first."""
    table = Table(box=box.SIMPLE_HEAD, title=None)
    for name, justify in (
        ("snapshot", "left"),
        ("taken", "left"),
        ("status", "left"),
        ("rows", "right"),
        ("digest", "left"),
        ("source", "left"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for s in snapshots:
        taken = s.taken_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(_text(s.reference), taken, _status(s.status), f"{s.rows:,}", s.digest, _text(s.source))
    return table


def show_datasets(datasets: Sequence[DatasetSummary]) -> RenderableType:
    """All datasets, each with its latest snapshot."""
    table = Table(box=box.SIMPLE_HEAD)
    for name, justify in (
        ("dataset", "left"),
        ("snapshots", "right"),
        ("latest", "left"),
        ("status", "left"),
        ("rows", "right"),
        ("digest", "left"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for d in datasets:
        taken = d.taken_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(_text(d.name), str(d.snapshots), taken, _status(d.status), f"{d.rows:,}", d.digest)
    return table


def show_outcomes(outcomes: Sequence[tuple[str, str, str]]) -> RenderableType:
    """Datasets of a file, each with its outcome (passed, warned, failed, refused) and the sentence to it."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("dataset", "outcome", "finding"):
        table.add_column(name, overflow="fold")
    for dataset, outcome, sentence in outcomes:
        table.add_row(_text(dataset), Text(outcome, style=OUTCOMES.get(outcome, "red")), _text(sentence))
    return table


def _panel(verdict: str, sentence: str, parts: Sequence[RenderableType]) -> Panel:
    colour = COLOURS.get(verdict, "white")
    title = Text(f" {SYMBOLS.get(verdict, '')} {verdict} ", style=f"bold {colour}")
    body = Group(_text(sentence, style="bold"), Text(""), *parts)
    return Panel(body, title=title, title_align="left", border_style=colour, box=box.ROUNDED)


def _text(text: str, style: str = "") -> Text:
    """Text from elsewhere, shown as it is: neither markup nor control characters take effect."""
    return Text(printable(cut(text, LONGEST_TEXT)), style=style)


def _status(status: str) -> Text:
    return Text(describe_verdict(status), style=COLOURS.get(status, ""))


def _evidence(comparison: Comparison, limit: int) -> list[RenderableType]:
    parts: list[RenderableType] = [_sides([_side("before", comparison.left), _side("now", comparison.right)])]
    parts += [_text(line) for line in sample_lines(comparison, limit)]
    if not comparison.is_same:
        parts.append(_similarity(comparison))
        if comparison.columns:
            parts.append(_columns(comparison))
        parts += _came_and_went(comparison)
        told = [pattern.sentence for column in comparison.columns for pattern in column.patterns]
        parts += [_text(sentence) for sentence in told[:MOST_COLUMNS]]
        parts += _strip(comparison.buckets)
        parts += _keys(comparison, min(MOST_KEYS, limit)) if comparison.samples is None else []
    parts += [_text(f"note: {note}", style="dim") for note in comparison.notes]
    return parts


def _side(label: str, side: Side) -> tuple[str, int, str, str]:
    return label, side.rows, side.digest, side.address or ""


def _sides(sides: Sequence[tuple[str, int, str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for label, rows, digest, address in sides:
        table.add_row(Text(label, style="dim"), count_of(rows, "row"), Text(digest, style="dim"), _text(address))
    return table


def _similarity(comparison: Comparison) -> Text:
    similarity = comparison.similarity
    return Text(
        f"rows in common: Jaccard {similarity.jaccard}, of those before {similarity.containment_left}, "
        f"of those now {similarity.containment_right}\n{score_line(comparison)}"
    )


def _columns(comparison: Comparison) -> Table:
    rows = column_rows(comparison.columns, MOST_COLUMNS)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    names = [name for name in rows[0] if name != "came, went"]  # for which terminals are too narrow
    for name in names:
        table.add_column(name, justify="right" if name in NUMERIC else "left", overflow="fold")
    for row in rows:
        style = "" if row["state"].startswith("same") else "yellow"
        table.add_row(*(_text(row[name], style=style) for name in names))
    more = len(comparison.columns) - len(rows)
    if more:
        table.caption = f"and {more} more columns"
    return table


def _came_and_went(comparison: Comparison) -> list[RenderableType]:
    """How many distinct values came and went in the first columns that changed; the table has no room for it."""
    rows = column_rows([column for column in comparison.columns if column.state == "changed"], MOST_KEYS)
    told = "; ".join(f"{cut(row['column'], LONGEST)} {row['came, went']}" for row in rows if row["came, went"])
    return [_text(f"distinct values that came and went: {told}")] if told else []


def _keys(comparison: Comparison, most: int) -> list[RenderableType]:
    """A line for each list of the delta: the first keys or, without a key, rows; and what changed in the first of them."""
    lines: list[RenderableType] = []
    for rows in row_lists(comparison, most):
        known = rows.told_rows if rows.is_shown_by_rows else [(entry.values, entry.times) for entry in rows.entries]
        shown = ", ".join(_record(record) + times_of(times) for record, times in known)
        more = rows.count - sum(times for _, times in known)
        tail = f" and {more:,} more" if more > 0 else ""
        told = f": {printable(shown)}{tail}" if shown else ""
        lines.append(Text.assemble((f"{rows.name} ", "bold"), f"({rows.count:,}){told}"))
        lines += _changed_cells(rows, comparison.key)
    return lines


def _strip(found: BucketMap | None) -> list[RenderableType]:
    """The strip map: a line for each year or the like, a sign for each bucket."""
    if found is None:
        return []
    lines, more = shown_lines(found, MOST_LINES)
    legend = "  ".join(f"{sign} {state}" for state, sign in SIGNS.items())
    parts: list[RenderableType] = [Text(f"{printable(heading_of(found))}: {legend}", style="dim")]
    wide = max((len(line.label) for line in lines), default=0)
    for line in lines:
        signs = ((sign, BUCKET_COLOURS.get(sign, "")) for sign in line.text)
        parts.append(Text.assemble((f"{line.label:{wide}}  ", "dim"), *signs))
    return [*parts, Text(f"and {more:,} more lines\n" if more else "", style="dim")]


def _record(record: dict[str, Any]) -> str:
    """A key, a hash or a row: one value as it is, several in brackets."""
    values = [show(value, LONGEST).text for value in list(record.values())[:MOST_KEYS]]
    values += ["…"] if len(record) > MOST_KEYS else []
    return values[0] if len(values) == 1 else "(" + ", ".join(values) + ")"


def _changed_cells(rows: RowList, key: Sequence[str]) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for pair in rows.pairs[:MOST_ROWS]:
        cells = cell_changes([pair], key)
        name = _record(cells[0].key) if cells and cells[0].key else "?"
        told = ", ".join(_cell(cell) for cell in cells[:MOST_CELLS])
        more = f" and {len(cells) - MOST_CELLS} more cells" if len(cells) > MOST_CELLS else ""
        lines.append(Text.assemble((f"  {printable(name)}: ", "dim"), printable(told) + more))
    return lines


def _cell(cell: CellChange) -> str:
    before, after = show_pair(cell.before, cell.after, LONGEST)
    return f"{cut(cell.column, LONGEST)} {before.text} -> {after.text}"


def _resembles(finding: Finding) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("resembles", "verdict", "Jaccard of rows"):
        table.add_column(name, overflow="fold")
    for other in finding.resembles[:MOST_KEYS]:
        comparison = other.comparison
        table.add_row(_text(other.dataset), _status(str(comparison.verdict)), str(comparison.similarity.jaccard))
    return table
