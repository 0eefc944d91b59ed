"""The naive twin of buckets: docs/encoding.md, "Buckets", in plain Python.

Slow and obvious on purpose, and without any import of `sameset`. Hashes come from `naive`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pyarrow as pa
from naive_nested import family, value_hash, value_type, values
from naive_values import DATE, M64, NANOSECONDS, NUMBER, TIMESTAMP, ZONED, Form, Hash, days

__all__ = ["NAN", "NULL_BUCKET", "bucket_keys", "bucket_table", "split"]

NULL_BUCKET, NAN = -(2**63), -(2**63) + 1
PARTS = ("year", "quarter", "month", "week", "day", "hour")
HOUR = 3600 * 10**9
ERA = 146_097  # days of 400 years


def split(text: str) -> tuple[str, str]:
    """The column, and what is asked for; empty for what suits the column."""
    column, colon, how = text.rpartition(":")
    known = how in ("", *PARTS) or how.removeprefix("range=").isdecimal()
    return (column, how) if colon and known else (text, "")


def bucket_keys(array: pa.Array, how: str, form: Form) -> list[int]:
    kind = value_type(array.type)
    if how == "":
        how = "month" if family(kind) in (DATE, TIMESTAMP, ZONED) else "64"
    return [NULL_BUCKET if value is None else bucket_key(value, kind, how) for value in values(array, form)]


def bucket_key(value: Any, kind: pa.DataType, how: str) -> int:
    if how.startswith("range="):
        assert family(kind) == NUMBER
        return range_key(value, int(how.removeprefix("range=")))
    if how.isdecimal():
        return value_hash(value, kind)[0] % int(how)
    if family(kind) == DATE:
        return date_key(days(value, kind), how)
    nanoseconds = value * NANOSECONDS[kind.unit]
    return nanoseconds // HOUR if how == "hour" else date_key(nanoseconds // (24 * HOUR), how)


def range_key(value: Any, width: int) -> int:
    if value != value:
        return NAN
    if value in (float("inf"), float("-inf")):
        return 2**50 if value > 0 else -(2**50)
    return min(max(Fraction(value) // width, -(2**50)), 2**50)


def date_key(day: int, how: str) -> int:
    eras, within = divmod(day, ERA)  # what is left lies in 1970 to 2370
    date = dt.date(1970, 1, 1) + dt.timedelta(days=within)
    year = 400 * eras + date.year
    monday = day - (day + 3) % 7  # 1970-01-01 was a Thursday
    return {
        "year": year - 1970,
        "quarter": 4 * (year - 1970) + (date.month - 1) // 3,
        "month": 12 * (year - 1970) + date.month - 1,
        "week": (monday + 3) // 7,
        "day": day,
    }[how]


def bucket_table(keys: Sequence[int], named: Sequence[Hash], columns: Sequence[Sequence[Hash]]) -> dict[str, Any]:
    """Level, and by key the rows, both halves of the sum of their hashes, and for each column the sum of its first halves."""
    most = max(4, min(4096, 2**20 // (len(columns) + 3)))
    level = 0
    while len({at_level(key, level) for key in keys}) > most:
        level += 1
    table: dict[int, list[int]] = defaultdict(lambda: [0] * (3 + len(columns)))
    for i, key in enumerate(keys):
        words = [1, *named[i], *(column[i][0] for column in columns)]
        bucket = table[at_level(key, level)]
        bucket[:] = [(total + word) & M64 for total, word in zip(bucket, words, strict=True)]
    return {"level": level, "buckets": dict(sorted(table.items()))}


def at_level(key: int, level: int) -> int:
    return key if key in (NULL_BUCKET, NAN) else key // 2**level
