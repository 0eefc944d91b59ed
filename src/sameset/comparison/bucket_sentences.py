"""Buckets in words: "by day only 2024-03 differs, only in price"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sameset.canonical.buckets import LEAST_KEY
from sameset.comparison.bucket_labels import noun_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.buckets import BucketChange, BucketMap

__all__ = ["describe_buckets"]

MOST_RUNS = 3
MOST_NAMES = 3


def describe_buckets(found: BucketMap | None) -> str:
    """Which buckets differ, and in which columns; empty if none does or none were compared."""
    if found is None or not found.differing:
        return ""
    parts = [_changed(found), _told(found, "added"), _told(found, "removed")]
    return f"by {found.bucketing.column} " + ", ".join(part for part in parts if part)


def _changed(found: BucketMap) -> str:
    changed, noun = found.of_state("changed"), noun_of(found.bucketing, found.level)
    if not changed:
        return ""
    if len(changed) == len(found.changes):
        where = f"all {len(changed):,} {noun}s differ" if len(changed) > 1 else "the only bucket differs"
    elif len(runs := _runs(changed)) <= MOST_RUNS:
        where = f"only {_joined(runs)} {'differs' if len(changed) == 1 else 'differ'}"
    else:
        where = f"{len(changed):,} of {len(found.changes):,} {noun}s differ"
    return where + _in_columns(changed, found.columns)


def _told(found: BucketMap, state: str) -> str:
    changes, noun = found.of_state(state), noun_of(found.bucketing, found.level)
    if not changes:
        return ""
    runs = _runs(changes)
    told = _joined(runs) if len(runs) <= MOST_RUNS else f"{len(changes):,} {noun}s"
    return f"{told} {'was' if len(changes) == 1 else 'were'} {state}"


def _in_columns(changed: Sequence[BucketChange], compared: int) -> str:
    names = list(dict.fromkeys(name for change in changed for name in change.columns))
    if not names:
        return ", the same values on other rows" if all(c.left_rows == c.right_rows for c in changed) else ""
    if all(len(change.columns) == compared for change in changed):
        return " in all columns" if compared > 1 else ""
    more = len(names) - MOST_NAMES
    return (
        f", only in {_joined(names[:MOST_NAMES])}"
        if more <= 0
        else f", in {', '.join(names[:MOST_NAMES])} and {more} more"
    )


def _runs(changes: Sequence[BucketChange]) -> list[str]:
    """Buckets side by side as one text each: "2024-03", "2024-05 to 2024-07"."""
    runs: list[list[BucketChange]] = []
    for change in changes:
        if runs and change.key == runs[-1][-1].key + 1 and change.key > LEAST_KEY:
            runs[-1].append(change)
        else:
            runs.append([change])
    return [run[0].label if len(run) == 1 else f"{run[0].label} to {run[-1].label}" for run in runs]


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
