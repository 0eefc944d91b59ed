"""Comparisons as results keep them: a few kilobytes, however wide the tables and however many rows differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sameset.registry import without_password
from sameset.reports.overlap import overlap_parts
from sameset_expectations.rendering import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sameset.comparison import Comparison
    from sameset.comparison.columns import ColumnChange
    from sameset.comparison.estimates import Estimate

__all__ = ["LISTED_ROWS", "bounded", "columns_json", "estimate_json", "fitting"]

LISTED_ROWS = 20
LIMITS = (LISTED_ROWS, 10, 5, 3, 2, 1, 0)  # of rows, columns and buckets: the most that fit
LISTED_CELLS = 8
LISTED_NOTES = 5
LARGEST = 6_000  # characters of JSON; a suite of 300 expectations then stays under two megabytes
COLUMN_FACTS = ("name", "renamed_from", "left_type", "right_type", "left_nulls", "right_nulls", "cells")


def bounded(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON of a few kilobytes: some of the rows, some of the columns, and none that are the same."""
    return fitting(lambda limit: _limited(comparison, limit))


def fitting(made: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """What is made with the largest limit of its lists that keeps it small."""
    for limit in LIMITS:
        found: dict[str, Any] = shorten(made(limit))
        if len(json.dumps(found)) <= LARGEST:
            break
    return found


def estimate_json(found: Estimate | None) -> dict[str, float] | None:
    """An estimate with its interval."""
    return None if found is None else {name: float(getattr(found, name)) for name in ("estimate", "low", "high")}


def columns_json(columns: Sequence[ColumnChange]) -> list[dict[str, Any]]:
    """What tables show of columns."""
    return [
        {
            **{name: getattr(column, name) for name in COLUMN_FACTS},
            "state": str(column.state),
            "by_rows": column.differs_by_rows,
            "values": estimate_json(column.values),
            "patterns": [pattern.sentence for pattern in column.patterns[:1]],
        }
        for column in columns
    ]


def _limited(comparison: Comparison, limit: int) -> dict[str, Any]:
    found = comparison.to_json(limit)
    differing = [column for column in comparison.columns if column.state != "same"]
    found["columns_that_differ"] = len(differing)
    found["columns"] = columns_json(differing[:limit])
    rows = found.pop("row_sample")
    for name in ("added", "removed", "changed"):
        entries = found["delta"][name] if comparison.key else rows[name] or found["delta"][name]
        found["delta"][name] = [_narrow(row) for row in entries]
    if found["buckets"]:
        found["buckets"]["differing"] = [_narrow_bucket(bucket) for bucket in found["buckets"]["differing"]]
    for side in (found["left"], found["right"]):
        side["address"] = without_password(side["address"]) if side["address"] else None
    found["notes"] = found["notes"][:LISTED_NOTES]
    found["parts"] = [
        {"kind": part.kind, "words": part.words, **(estimate_json(part.rows) or {})}
        for part in overlap_parts(comparison)
    ]
    return found


def _narrow(row: dict[str, Any]) -> dict[str, Any]:
    """The row, or the first cells of a wide one."""
    more = len(row) - LISTED_CELLS
    return row if more <= 0 else {**dict(list(row.items())[:LISTED_CELLS]), "…": f"{more} more columns"}


def _narrow_bucket(bucket: dict[str, Any]) -> dict[str, Any]:
    """The bucket with the first of its columns."""
    names = bucket["columns"]
    more = bucket["more_columns"] + max(len(names) - LISTED_CELLS, 0)
    return bucket | {"columns": names[:LISTED_CELLS], "more_columns": more}
