"""What people call a bucket: 2024-03, 2024-W09, [1000, 2000), hash 17, null."""

from __future__ import annotations

import numpy as np

from sameset.canonical.buckets import BEYOND, NAN_KEY, NULL_KEY, Bucketing, BucketKind

__all__ = ["label_of", "noun_of"]

_UNITS = {BucketKind.YEAR: "Y", BucketKind.MONTH: "M", BucketKind.DAY: "D", BucketKind.HOUR: "h"}


def label_of(bucketing: Bucketing, level: int, key: int) -> str:
    """The name of the bucket of a key, 2^level times as wide as the bucketing says; its kind must be known."""
    if key in (NULL_KEY, NAN_KEY):
        return "null" if key == NULL_KEY else "NaN"
    first, last = key << level, ((key + 1) << level) - 1
    if bucketing.kind is BucketKind.RANGE:
        return _range_label(first * bucketing.size, (last + 1) * bucketing.size, bucketing.size * BEYOND)
    if bucketing.kind is BucketKind.HASH:
        last = min(last, bucketing.size - 1)
        return f"hash {first}" if first == last else f"hashes {first} to {last}"
    names = [_part_label(bucketing.kind, part) for part in (first, last)]
    return names[0] if level == 0 else " to ".join(names)


def _range_label(low: int, high: int, beyond: int) -> str:
    if high > beyond:
        return f"from {low}"
    return f"below {high}" if low <= -beyond else f"[{low}, {high})"


def _part_label(kind: BucketKind | None, key: int) -> str:
    """ISO 8601, also for years that Python's dates do not have."""
    if kind is BucketKind.QUARTER:
        return f"{_year(key // 4)}-Q{key % 4 + 1}"
    if kind is BucketKind.WEEK:  # that of its Thursday, of which week 0 has 1970-01-01
        year = np.array(7 * key, "datetime64[D]").astype("datetime64[Y]")
        return f"{year}-W{(7 * key - int(year.astype('datetime64[D]').astype(np.int64))) // 7 + 1:02}"
    return str(np.array(key, f"datetime64[{_UNITS[kind or BucketKind.YEAR]}]"))


def _year(since: int) -> str:
    return str(np.array(since, "datetime64[Y]"))


def noun_of(bucketing: Bucketing, level: int) -> str:
    """What a bucket is: a month, a range; a bucket, where several were put together."""
    return "bucket" if level or bucketing.kind is BucketKind.HASH or bucketing.kind is None else str(bucketing.kind)
