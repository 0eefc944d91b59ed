"""Comparisons and checks as Markdown, for pull requests and for Prefect's artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sameset.cli.samples import markdown_of_samples, score_line
from sameset.comparison.sentences import SYMBOLS, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison import Comparison
    from sameset.comparison.columns import ColumnChange
    from sameset.comparison.estimates import Estimate
    from sameset.comparison.result import Side
    from sameset.execution.checking import Check

__all__ = ["check_markdown", "check_rows", "column_rows", "comparison_markdown", "escape"]

MOST_COLUMNS = 50


def check_markdown(check: Check, limit: int) -> str:
    """A check as Markdown: the sentence, both sides, columns and delta with at most `limit` entries a list."""
    parts = [f"## {SYMBOLS.get(check.status, '')} {escape(check.sentence)}"]
    if check.comparison is None:
        sketch = check.arrival.sketch
        parts.append(f"{sketch.row_count:,} rows, digest `{sketch.text_digest}`, from {escape(check.arrival.address)}")
    else:
        parts += _evidence(check.comparison, limit)
    if check.resembles:
        rows = [
            [
                escape(other.dataset),
                describe_verdict(str(other.comparison.verdict)),
                str(other.comparison.similarity.jaccard),
            ]
            for other in check.resembles[:limit]
        ]
        parts.append("### Resembles\n\n" + _table(["dataset", "verdict", "Jaccard of rows"], rows))
    return "\n\n".join(parts) + "\n"


def comparison_markdown(comparison: Comparison, limit: int) -> str:
    """A comparison as Markdown."""
    verdict = str(comparison.verdict)
    heading = f"## {SYMBOLS[verdict]} {escape(comparison.right.address or 'right')} {escape(describe(comparison))}"
    return "\n\n".join([heading, *_evidence(comparison, limit)]) + "\n"


def check_rows(check: Check, limit: int) -> list[dict[str, str]]:
    """The columns of a check as rows of a table, at most `limit`, those that changed first."""
    if check.comparison is None:
        columns = check.arrival.sketch.schema[:limit]
        return [{"column": column.name, "state": "new", "type": column.type} for column in columns]
    return column_rows(check.comparison.columns, limit)


def column_rows(columns: Sequence[ColumnChange], limit: int) -> list[dict[str, str]]:
    """Columns as rows of a table, at most `limit`, those that changed first."""
    ordered = sorted(columns, key=lambda column: column.state == "same")
    return [
        {
            "column": column.name + (f" (was {column.renamed_from})" if column.renamed_from else ""),
            "state": column.state,
            "type": _before_after(column.left_type, column.right_type),
            "nulls": _before_after(_number(column.left_nulls), _number(column.right_nulls)),
            "distinct": _before_after(_rounded(column.left_distinct), _rounded(column.right_distinct)),
            "values in common": "" if column.values is None else str(column.values),
        }
        for column in ordered[:limit]
    ]


def describe_verdict(verdict: str) -> str:
    """A verdict or status with its sign."""
    return f"{SYMBOLS.get(verdict, '')} {verdict}".strip()


def _evidence(comparison: Comparison, limit: int) -> list[str]:
    sides = [["before", *_side(comparison.left)], ["now", *_side(comparison.right)]]
    parts = [_table(["", "rows", "digest", "address"], sides)]
    similarity = comparison.similarity
    parts.append(
        f"Jaccard of rows {similarity.jaccard}; share of the rows before that are still there {similarity.containment_left}; "
        f"share of the rows now that were there before {similarity.containment_right}"
    )
    parts += [score_line(comparison), *markdown_of_samples(comparison, limit, escape)]
    parts += [f"> {escape(note)}" for note in comparison.notes]
    rows = column_rows(comparison.columns, MOST_COLUMNS)
    if rows and not comparison.is_same:
        cells = [[escape(cell) for cell in row.values()] for row in rows]
        more = len(comparison.columns) - len(rows)
        parts.append("### Columns\n\n" + _table(list(rows[0]), cells) + (f"\n\nand {more} more" if more else ""))
    return parts + (_delta(comparison, limit) if comparison.samples is None else [])


def _side(side: Side) -> list[str]:
    return [f"{side.rows:,}", f"`{side.digest}`", escape(side.address or "")]


def _delta(comparison: Comparison, limit: int) -> list[str]:
    listed = comparison.to_json(limit)["delta"]
    counts = dict(zip(("added", "removed", "changed"), comparison.changes or (0, 0, 0), strict=True))
    parts = []
    for name in ("changed", "added", "removed"):
        entries: list[dict[str, Any]] = listed[name]
        if entries:
            columns = list(dict.fromkeys(column for entry in entries for column in entry))
            rows = [[escape(str(entry.get(column, ""))) for column in columns] for entry in entries]
            more = counts[name] - len(entries)
            tail = f"\n\nand {more:,} more" if more > 0 else ""
            parts.append(f"### Rows {name}: {counts[name]:,}\n\n" + _table([escape(c) for c in columns], rows) + tail)
    return parts


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _before_after(before: str | None, after: str | None) -> str:
    if before is None or after is None or before == after:
        return after or before or ""
    return f"{before} → {after}"


def _number(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _rounded(value: Estimate | None) -> str | None:
    if value is None or value.is_exact:
        return None if value is None else f"{round(value.estimate):,}"
    return f"{round(value.estimate):,} [{round(value.low):,}, {round(value.high):,}]"


def escape(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line."""
    for sign in "\\`*_[]|#~":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split())
