"""A validation as text for a terminal or a log, and as Markdown that fits a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sameset.reports.markdown import MOST_CHARACTERS, escape
from sameset.reports.texts import cut, printable
from sameset.reports.validation_words import SIGNS, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sameset.reports.validation import Expectation, Table, ValidationReport

__all__ = ["validation_markdown", "validation_text"]

MOST_LINES = 100
LONGEST = 200
ROOM_AT_THE_END = 400  # characters for the words of what was left out


def validation_text(report: ValidationReport) -> str:
    """The validation as lines: the sentence, what is not met by table, and how much is met."""
    lines = [report.sentence]
    left = MOST_LINES
    for table in report.tables:
        lines.append(f"\n{_heading(table)}")
        lines += [f"  {_line(one)}" for one in table.unmet[:left]]
        if len(table.unmet) > left:
            lines.append(f"  and {len(table.unmet) - left:,} more that are not met")
        left = max(left - len(table.unmet), 0)
    lines += ["", *(f"{name}: {fact}" for name, fact in report.origin if fact)]
    return printable_lines(lines)


def printable_lines(lines: Iterable[str]) -> str:
    """Lines without signs that act on a terminal."""
    return "\n".join(printable(part) for line in lines for part in line.split("\n")) + "\n"


def validation_markdown(report: ValidationReport) -> str:
    """The validation as Markdown of at most MOST_CHARACTERS; what has no place is counted."""
    symbol = SIGNS[{"success": "met", "failure": "failed"}.get(report.outcome, "unknown")]
    parts = [f"## {symbol} {escape(report.sentence)}", ""]
    room = MOST_CHARACTERS - len(parts[0]) - 10 * ROOM_AT_THE_END
    left_out = 0
    for line in _markdown_lines(report):
        room -= 2 * len(line) if not line.isascii() else len(line) + 1
        if room < 0:
            left_out += 1
        else:
            parts.append(line)
    if left_out:
        parts += ["", f"and {left_out:,} more lines"]
    parts += ["", " · ".join(f"{name} {escape(cut(fact, LONGEST))}" for name, fact in report.origin if fact), ""]
    return "\n".join(parts)


def _markdown_lines(report: ValidationReport) -> Iterator[str]:
    for table in report.tables:
        yield f"### {escape(_heading(table))}"
        yield ""
        if table.unmet:
            yield "| | expectation | severity | what was found |"
            yield "| --- | --- | --- | --- |"
            for one in table.unmet:
                cells = (_named(one), one.severity, cut(one.told, LONGEST))
                yield f"| {SIGNS[one.outcome]} | {' | '.join(escape(cell) for cell in cells)} |"
            yield ""


def _heading(table: Table) -> str:
    counts = table.counts
    told = ", ".join(
        f"{counts[outcome]:,} {WORDS[outcome]}" for outcome in ("unknown", "failed", "met") if counts[outcome]
    )
    return f"{table.name} ({table.suite}): {told or 'nothing was evaluated'}"


def _line(one: Expectation) -> str:
    told = f": {cut(one.told, LONGEST)}" if one.told else ""
    return f"{SIGNS[one.outcome]} {one.severity}: {_named(one)} {WORDS[one.outcome]}{told}"


def _named(one: Expectation) -> str:
    """The expectation in words, with its column or else its parameters."""
    asked = f" ({cut(one.asked, LONGEST)})" if one.asked else ""
    return f"{one.title}{f' [{one.column}]' if one.column else ''}{asked}"
