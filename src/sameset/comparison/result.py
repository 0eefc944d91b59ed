"""The comparison of two tables: a verdict and its evidence, and both as JSON (docs/json.md)."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sameset.comparison.estimates import Estimate, Overlap
from sameset.comparison.rows import RowSample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.buckets import BucketMap
    from sameset.comparison.columns import ColumnChange
    from sameset.comparison.delta import Delta, RowChange
    from sameset.comparison.samples import SampleChanges
    from sameset.sketches.spec import Spec

__all__ = ["SCHEMA_VERSION", "Comparison", "Side", "Verdict", "first_json", "json_value"]

SCHEMA_VERSION = 1
DEFAULT_LIMIT = 100


class Verdict(StrEnum):
    """How two tables relate, strongest first."""

    IDENTICAL = "identical"
    RENAMED = "renamed"
    APPENDED = "appended"
    TRUNCATED = "truncated"
    MODIFIED = "modified"
    NEAR_DUPLICATE = "near_duplicate"
    UNRELATED = "unrelated"
    INCOMPARABLE = "incomparable"


@dataclass(frozen=True)
class Side:
    """One of the two tables."""

    rows: int
    digest: str
    address: str | None = None
    spec: Spec | None = None  #: what it was sketched with

    def to_json(self) -> dict[str, Any]:
        """The side as JSON."""
        return {"rows": self.rows, "digest": self.digest, "address": self.address}


@dataclass(frozen=True)
class Comparison:
    """What `compare` found; `basis` says in a few words which evidence decided the verdict."""

    verdict: Verdict
    basis: str
    left: Side
    right: Side
    key: tuple[str, ...]
    delta: Delta | None  #: None over capacity, or where rows cannot be compared
    similarity: Overlap
    columns: tuple[ColumnChange, ...]
    estimated_difference: Estimate | None = None
    notes: tuple[str, ...] = ()
    rows: RowSample = field(default_factory=RowSample)  #: rows of the delta, read from the tables that are at hand
    buckets: BucketMap | None = None  #: where the tables differ; None unless both sketches have the same buckets
    set_similarity: Overlap | None = None  #: of the distinct rows, where `similarity` is of rows as often as they occur
    samples: SampleChanges | None = None  #: what became of the samples of a machine-learning dataset

    def with_addresses(self, left: str | None, right: str | None) -> Comparison:
        """The same comparison, saying where its tables are."""
        return replace(self, left=replace(self.left, address=left), right=replace(self.right, address=right))

    @property
    def changes(self) -> tuple[int, int, int] | None:
        """Rows added, removed, changed; None over capacity, or where rows cannot be compared."""
        if self.delta is not None:
            return self.delta.counts
        if self.estimated_difference is not None and 0 in (self.left.rows, self.right.rows):
            return self.right.rows, self.left.rows, 0
        return None

    @property
    def is_same(self) -> bool:
        """Whether both tables are the same set of rows under the same names."""
        return self.verdict is Verdict.IDENTICAL

    @property
    def is_incomparable(self) -> bool:
        """Whether nothing can be said: the tables were read in different ways."""
        return self.verdict is Verdict.INCOMPARABLE

    def to_json(self, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """The comparison as JSON; lists of the delta hold at most `limit` entries."""
        added, removed, changed = self.changes or (None, None, None)
        return {
            "schema_version": SCHEMA_VERSION,
            "verdict": str(self.verdict),
            "basis": self.basis,
            "left": self.left.to_json(),
            "right": self.right.to_json(),
            "key": list(self.key),
            "rows": {
                "added": added,
                "removed": removed,
                "changed": changed,
                "estimated_difference": _estimate(self.estimated_difference),
            },
            "delta": {
                "limit": limit,
                **{
                    name: [_entry(change) for change in (getattr(self.delta, name)[:limit] if self.delta else ())]
                    for name in ("added", "removed", "changed")
                },
                "times": {
                    name: [change.times for change in (getattr(self.delta, name)[:limit] if self.delta else ())]
                    for name in ("added", "removed", "changed")
                },
            },
            "row_sample": _row_sample(self.rows, limit),
            "similarity": _overlap(self.similarity),
            "set_similarity": _overlap(self.set_similarity),
            "samples": self.samples.to_json(limit, json_value) if self.samples else None,
            "columns": [_column(column) for column in self.columns],
            "notes": list(self.notes),
            "buckets": self.buckets and self.buckets.to_json(limit),
        }


def first_json(right: Side, key: Sequence[str], limit: int) -> dict[str, Any]:
    """The JSON of a table that there is nothing to compare with: the same fields, without any finding."""
    counts = ("added", "removed", "changed")
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": None,
        "basis": None,
        "left": None,
        "right": right.to_json(),
        "key": list(key),
        "rows": {**dict.fromkeys(counts), "estimated_difference": None},
        "delta": {"limit": limit, **{name: [] for name in counts}, "times": {name: [] for name in counts}},
        "row_sample": _row_sample(RowSample(), limit),
        "similarity": None,
        "set_similarity": None,
        "samples": None,
        "columns": [],
        "notes": [],
        "buckets": None,
    }


def _overlap(overlap: Overlap | None) -> dict[str, Any] | None:
    if overlap is None:
        return None
    return {name: _estimate(getattr(overlap, name)) for name in ("jaccard", "containment_left", "containment_right")}


def _estimate(value: Estimate | None) -> dict[str, float] | None:
    if value is None:
        return None
    return {
        "estimate": value.estimate,
        "low": value.low,
        "high": value.high,
        "detectable": value.detectable,
    }


def _row_sample(rows: RowSample, limit: int) -> dict[str, Any]:
    return {
        "added": [json_value(row) for row in rows.added[:limit]],
        "removed": [json_value(row) for row in rows.removed[:limit]],
        "changed": [
            {"key": json_value(row.key), "before": json_value(row.before), "after": json_value(row.after)}
            | {"columns": json_value(row.columns)}
            for row in rows.changed[:limit]
        ],
    }


def _entry(change: RowChange) -> dict[str, Any]:
    if change.key is not None:
        return {name: json_value(value) for name, value in change.key.items()}
    if change.key_hash is not None:
        return {"key_hash": change.key_hash}
    return {"row_hash": f"{change.row[0]:016x}{change.row[1]:016x}", "times": change.times}


def _column(change: ColumnChange) -> dict[str, Any]:
    return {
        "name": change.name,
        "state": str(change.state),
        "renamed_from": change.renamed_from,
        "left_type": change.left_type,
        "right_type": change.right_type,
        "left_nulls": change.left_nulls,
        "right_nulls": change.right_nulls,
        "left_distinct": _estimate(change.left_distinct),
        "right_distinct": _estimate(change.right_distinct),
        "values": _estimate(change.values),
        "came": _estimate(change.came),
        "went": _estimate(change.went),
        "differs_by_rows": change.differs_by_rows,
        "cells": change.cells,
        "patterns": [pattern.to_json() for pattern in change.patterns],
    }


def json_value(value: Any) -> Any:
    """A value as strict JSON holds it: dates and times in ISO 8601, bytes in hexadecimal digits, NaN and the like as text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(name): json_value(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(part) for part in value]
    return str(value)
