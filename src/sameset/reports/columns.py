"""Columns as rows of a table, in words and figures: the same on the terminal, in Markdown, in HTML and in Prefect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sameset.comparison.type_names import type_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.columns import ColumnChange
    from sameset.comparison.estimates import Estimate
    from sameset.reports.finding import Finding

__all__ = ["NUMERIC", "column_rows", "finding_columns"]

#: Headings whose cells are numbers.
NUMERIC = frozenset({"nulls", "distinct"})


def finding_columns(finding: Finding, limit: int) -> list[dict[str, str]]:
    """The columns of a finding, at most `limit`, those that changed first; of a new table all of its columns."""
    if finding.comparison is None:
        return [
            {"column": column.name, "state": "new", "type": type_text(column.type)} for column in finding.schema[:limit]
        ]
    return column_rows(finding.comparison.columns, limit)


def column_rows(columns: Sequence[ColumnChange], limit: int) -> list[dict[str, str]]:
    """Columns as rows of a table, at most `limit`, those that changed first."""
    ordered = sorted(columns, key=lambda column: column.state == "same")
    return [
        {
            "column": column.name + (f" (was {column.renamed_from})" if column.renamed_from else ""),
            "state": column.state + _ROWS_ASIDE[column.differs_by_rows],
            "type": _before_after(_type(column.left_type), _type(column.right_type)),
            "nulls": _before_after(_number(column.left_nulls), _number(column.right_nulls)),
            "distinct": _before_after(_rounded(column.left_distinct), _rounded(column.right_distinct)),
            "came, went": _came_and_went(column),
            "values in common": "" if column.values is None else str(column.values),
        }
        for column in ordered[:limit]
    ]


_ROWS_ASIDE = {True: " (rows aside)", None: " (or rows aside)", False: ""}


def _came_and_went(column: ColumnChange) -> str:
    if not column.came or not column.went or (column.came.high, column.went.high) == (0, 0):
        return ""
    return f"+{_rounded(column.came)} -{_rounded(column.went)}"


def _before_after(before: str | None, after: str | None) -> str:
    if before is None or after is None or before == after:
        return after or before or ""
    return f"{before} → {after}"


def _type(name: str | None) -> str | None:
    return None if name is None else type_text(name)


def _number(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _rounded(value: Estimate | None) -> str | None:
    if value is None or value.is_exact:
        return None if value is None else f"{round(value.estimate):,}"
    return f"{round(value.estimate):,} [{round(value.low):,}, {round(value.high):,}]"
