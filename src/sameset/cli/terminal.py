"""Comparisons, checks and lists as tables on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sameset.cli.markdown import column_rows, describe_verdict
from sameset.cli.options import printable
from sameset.cli.samples import sample_lines, score_line
from sameset.comparison.result import json_value
from sameset.comparison.sentences import SYMBOLS, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from sameset.comparison import Comparison
    from sameset.comparison.result import Side
    from sameset.execution.checking import Check
    from sameset.registry import DatasetSummary, Snapshot

__all__ = ["COLOURS", "show_check", "show_comparison", "show_datasets", "show_history"]

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
MOST_COLUMNS = 40
MOST_KEYS = 12


def show_check(check: Check) -> RenderableType:
    """A check: the sentence, the evidence, where it was recorded."""
    parts: list[RenderableType] = []
    if check.comparison is None:
        parts.append(
            _sides([("now", check.arrival.sketch.row_count, check.arrival.sketch.text_digest, check.arrival.address)])
        )
    else:
        parts += _evidence(check.comparison)
    if check.resembles:
        parts.append(_resembles(check))
    where = f"recorded as {check.snapshot.reference} in {check.registry}" if check.snapshot else "not recorded"
    parts.append(_text(where, style="dim"))
    return _panel(check.status, check.sentence, parts)


def show_comparison(comparison: Comparison) -> RenderableType:
    """A comparison: the sentence and the evidence."""
    verdict = str(comparison.verdict)
    sentence = f"{comparison.right.address or 'the right table'} {describe(comparison)}"
    return _panel(verdict, sentence, _evidence(comparison))


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


def _panel(verdict: str, sentence: str, parts: Sequence[RenderableType]) -> Panel:
    colour = COLOURS.get(verdict, "white")
    title = Text(f" {SYMBOLS.get(verdict, '')} {verdict} ", style=f"bold {colour}")
    body = Group(_text(sentence, style="bold"), Text(""), *parts)
    return Panel(body, title=title, title_align="left", border_style=colour, box=box.ROUNDED)


def _text(text: str, style: str = "") -> Text:
    """Text from elsewhere, shown as it is: neither markup nor control characters take effect."""
    return Text(printable(text), style=style)


def _status(status: str) -> Text:
    return Text(describe_verdict(status), style=COLOURS.get(status, ""))


def _evidence(comparison: Comparison) -> list[RenderableType]:
    parts: list[RenderableType] = [_sides([_side("before", comparison.left), _side("now", comparison.right)])]
    parts += [_text(line) for line in sample_lines(comparison)]
    if not comparison.is_same:
        parts.append(_similarity(comparison))
        if comparison.columns:
            parts.append(_columns(comparison))
        parts += _keys(comparison) if comparison.samples is None else []
    parts += [_text(f"note: {note}", style="dim") for note in comparison.notes]
    return parts


def _side(label: str, side: Side) -> tuple[str, int, str, str]:
    return label, side.rows, side.digest, side.address or ""


def _sides(sides: Sequence[tuple[str, int, str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for label, rows, digest, address in sides:
        table.add_row(Text(label, style="dim"), f"{rows:,} rows", Text(digest, style="dim"), _text(address))
    return table


def _similarity(comparison: Comparison) -> Text:
    similarity = comparison.similarity
    return Text(
        f"rows in common: Jaccard {similarity.jaccard}, of those before {similarity.containment_left}, "
        f"of those now {similarity.containment_right}\n{score_line(comparison)}\n"
    )


def _columns(comparison: Comparison) -> Table:
    rows = column_rows(comparison.columns, MOST_COLUMNS)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, justify="right" if name in ("nulls", "distinct") else "left", overflow="fold")
    for row in rows:
        style = "" if row["state"] == "same" else "yellow"
        table.add_row(*(_text(cell, style=style) for cell in row.values()))
    more = len(comparison.columns) - len(rows)
    if more:
        table.caption = f"and {more} more columns"
    return table


def _keys(comparison: Comparison) -> list[RenderableType]:
    """One line for each list of the delta: the first keys, or how many rows if there is no key."""
    listed = comparison.to_json(MOST_KEYS)["delta"]
    lines: list[RenderableType] = []
    counts = zip(("added", "removed", "changed"), comparison.changes or (0, 0, 0), strict=True)
    for name, count in sorted(counts, key=lambda pair: pair[0] != "changed"):
        if listed[name]:
            shown = ", ".join(_entry(entry) for entry in listed[name])
            more = count - len(listed[name])
            tail = f" and {more:,} more" if more > 0 else ""
            lines.append(Text.assemble((f"{name} ", "bold"), f"({count:,}): {printable(shown)}{tail}"))
    return lines


def _entry(entry: dict[str, object]) -> str:
    values = [f"{json_value(value)}" for value in entry.values()]
    return values[0] if len(values) == 1 else "(" + ", ".join(values) + ")"


def _resembles(check: Check) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("resembles", "verdict", "Jaccard of rows"):
        table.add_column(name, overflow="fold")
    for other in check.resembles[:MOST_KEYS]:
        comparison = other.comparison
        table.add_row(_text(other.dataset), _status(str(comparison.verdict)), str(comparison.similarity.jaccard))
    return table
