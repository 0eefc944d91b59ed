"""What people call a bucket: 2024-03, 2024-W09, [1000, 2000), hash 17, null."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sameset.canonical.buckets import BEYOND, NAN_KEY, NULL_KEY, Bucketing, BucketKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Keys = NDArray[np.int64]

__all__ = ["label_of", "labels_of", "noun_of"]

_UNITS = {BucketKind.YEAR: "Y", BucketKind.MONTH: "M", BucketKind.DAY: "D", BucketKind.HOUR: "h"}


def label_of(bucketing: Bucketing, level: int, key: int) -> str:
    """The name of the bucket of a key, 2^level times as wide as the bucketing says; its kind must be known."""
    return labels_of(bucketing, level, [key])[0]


def labels_of(bucketing: Bucketing, level: int, keys: Sequence[int]) -> list[str]:
    """The names of many: numpy writes 4,096 dates in 2 ms, and in 60 one by one."""
    plain = [key for key in keys if key not in _SPECIAL]
    names = iter(_names(bucketing, level, plain))
    return [_SPECIAL[key] if key in _SPECIAL else next(names) for key in keys]


_SPECIAL = {NULL_KEY: "null", NAN_KEY: "NaN"}


def _names(bucketing: Bucketing, level: int, keys: Sequence[int]) -> list[str]:
    firsts, lasts = [key << level for key in keys], [((key + 1) << level) - 1 for key in keys]
    if bucketing.kind is BucketKind.RANGE:
        return [_range(first, last, bucketing.size) for first, last in zip(firsts, lasts, strict=True)]
    if bucketing.kind is BucketKind.HASH:
        pairs = zip(firsts, (min(last, bucketing.size - 1) for last in lasts), strict=True)
        return [f"hash {first}" if first == last else f"hashes {first} to {last}" for first, last in pairs]
    begins = _parts(bucketing.kind, np.array(firsts, np.int64))
    if level == 0:
        return begins
    ends = _parts(bucketing.kind, np.array(lasts, np.int64))
    return [f"{begin} to {end}" for begin, end in zip(begins, ends, strict=True)]


def _range(first: int, last: int, width: int) -> str:
    low, high = first * width, (last + 1) * width
    if last >= BEYOND:
        return f"from {low}"
    return f"below {high}" if first <= -BEYOND else f"[{low}, {high})"


def _parts(kind: BucketKind | None, keys: Keys) -> list[str]:
    """ISO 8601, also for years that Python's dates do not have."""
    if kind is BucketKind.QUARTER:
        return [f"{year}-Q{key % 4 + 1}" for year, key in zip(_dates(keys // 4, "Y"), keys.tolist(), strict=True)]
    if kind is BucketKind.WEEK:  # that of its Thursday, of which week 0 has 1970-01-01
        thursdays = (7 * keys).astype("datetime64[D]")
        years = thursdays.astype("datetime64[Y]")
        numbers = (thursdays - years.astype("datetime64[D]")).astype(np.int64) // 7 + 1
        return [
            f"{year}-W{number:02}" for year, number in zip(years.astype(str).tolist(), numbers.tolist(), strict=True)
        ]
    return _dates(keys, _UNITS[kind or BucketKind.YEAR])


def _dates(keys: Keys, unit: str) -> list[str]:
    named: list[str] = keys.astype(f"datetime64[{unit}]").astype(str).tolist()
    return named


def noun_of(bucketing: Bucketing, level: int) -> str:
    """What a bucket is: a month, a range; a bucket, where several were put together."""
    return "bucket" if level or bucketing.kind is BucketKind.HASH or bucketing.kind is None else str(bucketing.kind)
