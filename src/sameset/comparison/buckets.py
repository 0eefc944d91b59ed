"""Where two tables differ: which buckets, and in each which columns; from the sketches alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sameset.canonical.buckets import LEAST_KEY
from sameset.comparison.bucket_labels import labels_of, noun_of
from sameset.sketches.buckets import ROW_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from sameset.canonical.buckets import Bucketing
    from sameset.comparison.columns import ColumnChange
    from sameset.sketches.table import TableSketch

    Words = NDArray[np.uint64]
    Flags = NDArray[np.bool_]

__all__ = ["STATES", "BucketChange", "BucketMap", "compare_buckets"]

STATES = ("same", "changed", "added", "removed")
MOST_COLUMNS = 20


@dataclass(frozen=True)
class BucketChange:
    """What became of the rows of one bucket."""

    key: int
    label: str
    state: str  #: same, changed, added (it was empty) or removed (it is empty)
    left_rows: int
    right_rows: int
    columns: tuple[str, ...] = ()  #: of a changed bucket, those that hold other values; the right table's names

    def to_json(self) -> dict[str, Any]:
        """The bucket as JSON, with its first columns."""
        return {
            "bucket": self.label,
            "state": self.state,
            "left_rows": self.left_rows,
            "right_rows": self.right_rows,
            "columns": list(self.columns[:MOST_COLUMNS]),
            "more_columns": max(len(self.columns) - MOST_COLUMNS, 0),
        }


@dataclass(frozen=True)
class BucketMap:
    """All buckets that have rows on either side, in their order; those of NaN and of null last."""

    bucketing: Bucketing  #: with its kind; the right table's name of the column
    level: int  #: buckets are 2^level times as wide as the bucketing says
    changes: tuple[BucketChange, ...]
    columns: int  #: how many were compared
    by_column: bool = False  #: whether only columns could be compared, and not rows as wholes

    def of_state(self, state: str) -> list[BucketChange]:
        """The buckets of a state."""
        return [change for change in self.changes if change.state == state]

    @property
    def differing(self) -> list[BucketChange]:
        """The buckets that are not the same."""
        return [change for change in self.changes if change.state != "same"]

    def to_json(self, limit: int) -> dict[str, Any]:
        """The map as JSON, with at most `limit` differing buckets."""
        return {
            "column": self.bucketing.column,
            "by": self.bucketing.how,
            "width": 2**self.level,
            "rows_as_wholes": not self.by_column,
            **{state: len(self.of_state(state)) for state in STATES},
            "differing": [change.to_json() for change in self.differing[:limit]],
        }


def compare_buckets(
    left: TableSketch, right: TableSketch, columns: Sequence[ColumnChange]
) -> tuple[BucketMap | None, tuple[str, ...]]:
    """The map of two sketches of comparable specs, None unless both have the same buckets; and what is to be noted.

    A bucket is the same if it has as many rows on both sides and the same 128-bit sum of their hashes; where columns came,
    went or were renamed, rows have other hashes, and the sums of values decide, column by column (64 bits each).
    """
    if left.buckets is None or right.buckets is None:
        only = left.buckets is not None or right.buckets is not None
        return None, (("only one of the sketches has buckets, so that none could be compared",) if only else ())
    names = {change.name: change.renamed_from or change.name for change in columns if change.is_matched}
    old, new = _bucketing_of(left), _bucketing_of(right)
    if (old.kind, old.size) != (new.kind, new.size) or names.get(new.column) != old.column:
        return None, (f"the sketches have different buckets ({old} and {new}), which could not be compared",)
    level = max(left.buckets.level, right.buckets.level)
    a, b = left.buckets.at(level), right.buckets.at(level)
    keys = np.union1d(a.keys, b.keys)
    matched = _places(left, names.values()), _places(right, names)
    before, now = (table.rows_of(keys) for table in (a, b))
    whole = set(left.names) == set(right.names) and all(was == name for name, was in names.items())
    changes = _changes(before, now, matched, whole)
    listed = _listed(new, level, keys, changes, (before, now), list(names))
    return BucketMap(new, level, listed, len(names), not whole), _notes(new, level)


def _places(table: TableSketch, names: Iterable[str]) -> list[int]:
    """Where among the sums of a bucket those of columns are."""
    places = {name: ROW_WORDS + i for i, name in enumerate(table.names)}
    return [places[name] for name in names]


def _bucketing_of(table: TableSketch) -> Bucketing:
    bucketing = table.spec.bucketing
    assert bucketing
    return bucketing.suited(table.schema[table.names.index(bucketing.column)].family)


def _notes(bucketing: Bucketing, level: int) -> tuple[str, ...]:
    if not level:
        return ()
    noun = noun_of(bucketing, 0)
    return (
        f"{2**level:,} {noun}s of {bucketing.column} are one bucket, because there are more {noun}s than a sketch keeps; "
        "coarser ones can be asked for",
    )


def _changes(before: Words, now: Words, matched: tuple[list[int], list[int]], whole: bool) -> tuple[Flags, Flags]:
    """Which buckets differ, (keys,), and in which columns, (keys, matched)."""
    values = before[:, matched[0]] != now[:, matched[1]]
    rows = (before[:, :ROW_WORDS] != now[:, :ROW_WORDS]).any(axis=1)
    return rows if whole else (before[:, 0] != now[:, 0]) | values.any(axis=1), values


def _listed(
    bucketing: Bucketing,
    level: int,
    keys: NDArray[np.int64],
    changes: tuple[Flags, Flags],
    sides: tuple[Words, Words],
    names: Sequence[str],
) -> tuple[BucketChange, ...]:
    differ, values = changes
    differs, (before, now) = differ.tolist(), (side[:, 0].tolist() for side in sides)
    order = np.argsort(keys < LEAST_KEY, kind="stable")
    ordered, listed = keys[order].tolist(), []
    for i, key, label in zip(order.tolist(), ordered, labels_of(bucketing, level, ordered), strict=True):
        old, new = before[i], now[i]
        state = "same" if not differs[i] else "added" if not old else "removed" if not new else "changed"
        within = tuple(names[j] for j in np.flatnonzero(values[i]).tolist()) if state == "changed" else ()
        listed.append(BucketChange(key, label, state, old, new, within))
    return tuple(listed)
