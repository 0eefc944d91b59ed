"""Verdicts in words: one sentence for a person who has no time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sameset.comparison.bucket_sentences import describe_buckets
from sameset.comparison.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.result import Comparison

__all__ = ["SYMBOLS", "count_of", "describe", "describe_patterns", "describe_rows"]

#: One sign for each verdict or status, so that colour never speaks alone.
SYMBOLS = {
    "new": "★",
    "unchanged": "=",
    "identical": "=",
    "renamed": "≅",
    "appended": "+",
    "truncated": "-",
    "modified": "~",
    "near_duplicate": "≈",
    "replaced": "!",
    "unrelated": "≠",
    "incomparable": "?",
}
MOST_NAMES = 5
MOST_PATTERNS = 3


def describe(comparison: Comparison) -> str:
    """What the comparison found, as a sentence without a subject: "is modified: 12 rows changed, 5 added, 3 removed"."""
    return _OPENINGS[comparison.verdict] + _details(comparison)


_OPENINGS = {
    Verdict.IDENTICAL: "holds the same rows",
    Verdict.RENAMED: "holds the same rows under other column names",
    Verdict.APPENDED: "is the same with rows appended",
    Verdict.TRUNCATED: "is the same with rows missing",
    Verdict.MODIFIED: "is modified",
    Verdict.NEAR_DUPLICATE: "is a near-duplicate: its rows differ, their values agree",
    Verdict.UNRELATED: "is unrelated: it shares too few rows, keys or values",
    Verdict.INCOMPARABLE: "cannot be compared",
}


def _details(comparison: Comparison) -> str:
    rows = describe_rows(comparison) if comparison.verdict is not Verdict.NEAR_DUPLICATE else ""
    parts = [describe_columns(comparison), rows, describe_patterns(comparison), describe_buckets(comparison.buckets)]
    if comparison.verdict in (Verdict.IDENTICAL, Verdict.UNRELATED):
        parts = []
    if comparison.verdict is Verdict.INCOMPARABLE:
        parts = list(comparison.notes)
    told = "; ".join(part for part in parts if part)
    return f": {told}" if told else ""


def describe_rows(comparison: Comparison) -> str:
    """How many rows changed, came and went, or about how many differ; empty if none."""
    if comparison.changes is not None:
        added, removed, changed = comparison.changes
        pairs = ((changed, "changed"), (added, "added"), (removed, "removed"))
        counts = [(count, verb) for count, verb in pairs if count]
        first = [f"{count_of(counts[0][0], 'row')} {counts[0][1]}"] if counts else []
        return ", ".join(first + [f"{count:,} {verb}" for count, verb in counts[1:]])
    if comparison.estimated_difference is None:
        return ""
    difference = comparison.estimated_difference
    low, high = round(difference.low), round(difference.high)
    if difference.is_exact:
        return f"{low:,} rows differ"
    return f"about {round(difference.estimate):,} rows differ ({low:,} to {high:,})"


def describe_columns(comparison: Comparison) -> str:
    """Which columns came, went or have another name or type; empty if none."""
    renamed = [f"{c.renamed_from} to {c.name}" for c in comparison.columns if c.state == "renamed"]
    parts = [f"renamed {_names(renamed)}"] if renamed else []
    for state in ("added", "removed", "retyped"):
        names = [column.name for column in comparison.columns if column.state == state]
        if names:
            parts.append(f"{'columns' if len(names) > 1 else 'column'} {_names(names)} {state}")
    return ", ".join(parts)


def describe_patterns(comparison: Comparison) -> str:
    """What the changes of columns have in common, with the evidence; empty if nothing was found."""
    found = [pattern.sentence for column in comparison.columns for pattern in column.patterns]
    more = len(found) - MOST_PATTERNS
    return "; ".join(found[:MOST_PATTERNS]) + (f"; and {more} more such columns" if more > 0 else "")


def count_of(count: int, noun: str) -> str:
    """A count with its noun: "1 row", "2,000 rows"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
