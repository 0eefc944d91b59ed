"""What people see of a result in Data Docs: sentences and tables, of which every text is text, whatever it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from great_expectations.render import RenderedContent, RenderedStringTemplateContent, RenderedTableContent

from sameset.comparison.sentences import SYMBOLS
from sameset_expectations.bounds import allowed_text, share_text
from sameset_expectations.charts import rows_bar, scale_bar
from sameset_expectations.escaping import as_parameter

__all__ = [
    "columns_table",
    "comparison_blocks",
    "estimate_text",
    "measured_blocks",
    "measured_table",
    "shorten",
    "similarity_tables",
    "table",
    "text",
]

DECISIONS = {"within": "✔ allowed", "beyond": "✘ not allowed", "unsure": "? not known well enough"}
ROWS_ASIDE = {True: ["(rows aside)"], None: ["(or rows aside)"], False: []}
LONGEST = 200  # signs of a value that is shown; a cell may hold a mebibyte
#: Signs of what is said, by the name that JSON has for it: three numbers with their bounds take some 400.
SAID = {"sentence": 600, "exception_message": 600}


def shorten(value: Any, longest: int = LONGEST) -> Any:
    """The JSON value with texts cut to what a page can show."""
    if isinstance(value, str):
        return value if len(value) <= longest else value[: longest - 1] + "…"
    if isinstance(value, Mapping):
        return {shorten(name): shorten(part, SAID.get(name, LONGEST)) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [shorten(part) for part in value]
    return value


def text(content: object, *classes: str, tag: str = "span") -> RenderedStringTemplateContent:
    """A text as it is; markup in it stays text."""
    template = {
        "template": "$text",
        "params": {"text": as_parameter(content)},
        "tag": tag,
        "styling": {"classes": list(classes)},
    }
    return RenderedStringTemplateContent(content_block_type="string_template", string_template=template)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> RenderedTableContent:
    """A table of texts."""
    return RenderedTableContent(
        content_block_type="table",
        header_row=[text(name) for name in header],
        table=[[text(_cell(value)) for value in row] for row in rows],
        styling={"body": {"classes": ["table-bordered", "table-sm", "mt-3"]}},
    )


def measured_blocks(measured: Mapping[str, Any], what: str = "Share") -> list[RenderedContent]:
    """A share on its scale with its interval and bounds, and the same in figures."""
    return [scale_bar(measured), measured_table([measured], what)]


def measured_table(found: Iterable[Mapping[str, Any]], what: str) -> RenderedTableContent:
    """Numbers beside the bounds that they must keep."""
    rows = [
        [
            one["what"],
            estimate_text(one, one["min"], one["max"]),
            allowed_text(one["min"], one["max"]),
            DECISIONS[one["decision"]],
        ]
        for one in found
    ]
    return table([what, "Found (95 % interval)", "Allowed", ""], rows)


def comparison_blocks(comparison: Mapping[str, Any], left: str, right: str) -> list[RenderedContent]:
    """A bounded comparison: the bar of its rows; tables of both sides, the rows that differ, the columns that differ."""
    sides = [
        [name, side["rows"], side["digest"], side["address"] or ""]
        for name, side in ((left, comparison["left"]), (right, comparison["right"]))
    ]
    bar = rows_bar(comparison["parts"])
    tables: list[RenderedContent] = [] if bar is None else [bar]
    tables.append(table(["", "Rows", "Digest", "Address"], sides))
    changes = _change_rows(comparison)
    if changes:
        tables.append(table(["Rows that differ", "How many", "Which (at most a few of them)"], changes))
    if comparison["columns"]:
        tables.append(columns_table(comparison["columns"]))
    return tables


def columns_table(columns: Iterable[Mapping[str, Any]]) -> RenderedContent:
    """The table of columns that differ, and how."""
    rows = [
        [
            column["name"],
            _state(column),
            _pair(column["left_type"], column["right_type"]),
            _pair(column["left_nulls"], column["right_nulls"]),
            "" if column["values"] is None else estimate_text(column["values"]),
        ]
        for column in columns
    ]
    return table(["Column", "State", "Type", "Nulls", "Values in common (Jaccard)"], rows)


def _state(column: Mapping[str, Any]) -> str:
    told = [f"from {column['renamed_from']}"] if column["renamed_from"] else []
    told += ROWS_ASIDE[column["by_rows"]]
    return " ".join([column["state"], *told]) + "".join(f"; {sentence}" for sentence in column["patterns"])


def similarity_tables(others: Sequence[Mapping[str, Any]]) -> list[RenderedContent]:
    """The table of the datasets that are most similar, with the intervals of their estimates."""
    rows = [
        [
            other["dataset"],
            f"{SYMBOLS.get(other['verdict'], '')} {other['verdict']}",
            *(estimate_text(other[name]) for name in ("jaccard", "containment_left", "containment_right")),
        ]
        for other in others
    ]
    header = ["Dataset", "Verdict", "Rows in common (Jaccard)", "Share of that dataset", "Share of this one"]
    return [table(header, rows)] if rows else []


def estimate_text(estimate: Mapping[str, float], *bounds: float | None) -> str:
    """An estimate with its 95 % interval; one without is exact. Rounding moves none over a bound."""
    found, low, high = (_figure(estimate[name], *bounds) for name in ("estimate", "low", "high"))
    return found if estimate["low"] == estimate["high"] else f"{found} ({low} to {high})"


def _figure(value: float, *bounds: float | None) -> str:
    """A share with the digits that it takes, a number of rows as a whole one."""
    return f"{value:,.0f}" if abs(value) >= 1000 else share_text(value, *bounds)


def _change_rows(comparison: Mapping[str, Any]) -> list[list[object]]:
    counts, delta = comparison["rows"], comparison["delta"]
    if counts["added"] is None:
        difference = counts["estimated_difference"]
        told = "" if difference is None else f"about {estimate_text(difference)}"
        return [["added, removed or changed", told, "more than the sketches can list"]] if told else []
    return [
        [name, counts[name], "; ".join(_row(row) for row in delta[name])]
        for name in ("changed", "added", "removed")
        if counts[name]
    ]


def _row(row: Mapping[str, Any]) -> str:
    # blanks that do not break, so that a name stays with its value
    return ", ".join(f"{name}\u00a0=\u00a0{'null' if value is None else value}" for name, value in row.items())


def _pair(before: object, after: object) -> str:
    if before == after or before is None or after is None:
        return _cell(after if before is None else before)
    return f"{_cell(before)} → {_cell(after)}"


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "null" if value is None else str(value)
