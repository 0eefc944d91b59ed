"""Which bucket each row belongs to, by one of its columns: a part of a date, a range of numbers, or a hash (docs/encoding.md)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import doubles_of, values_of
from sameset.canonical.columns import days, decode, null_mask, raw_words
from sameset.canonical.families import Family
from sameset.canonical.numbers import DECIMALS, FLOATS, low_words
from sameset.errors import SchemaError, SpecError
from sameset.kernels.buckets import months_of_days

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.columns import HashedColumn
    from sameset.canonical.forms import Form

    Keys = NDArray[np.int64]

__all__ = ["BEYOND", "LEAST_KEY", "MOST_HASHES", "NAN_KEY", "NULL_KEY", "BucketKind", "Bucketing", "bucket_keys"]

MOST_HASHES = 4096
BEYOND = 2**50  #: the ranges of all numbers from here on are one, either way: quotients of doubles are exact below it
NULL_KEY, NAN_KEY = -(2**63), -(2**63) + 1  #: the buckets of values that have no place among the others
LEAST_KEY = -(2**62)  #: keys below it are those two
DEFAULT_HASHES = 64
LONGEST_SIZE = 18


class BucketKind(StrEnum):
    """How values are put into buckets."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    HOUR = "hour"
    RANGE = "range"
    HASH = "hash"

    @property
    def is_part(self) -> bool:
        """Whether it is a part of a date."""
        return self not in (BucketKind.RANGE, BucketKind.HASH)


@dataclass(frozen=True)
class Bucketing:
    """A column and how rows are put into buckets by it; of what is written `COLUMN[:HOW]`, this is the meaning."""

    column: str
    kind: BucketKind | None = None  #: None for what suits the column's family
    size: int = 1  #: of a range, its width; how many hashes

    @classmethod
    def parse(cls, text: str) -> Bucketing:
        """What `COLUMN`, `COLUMN:month` (year, quarter, week, day, hour), `COLUMN:range=WIDTH` or `COLUMN:HASHES` mean.

        What follows the last colon is part of the column's name unless it is one of these or empty: the column `a:day` is
        written `a:day:`. SpecError for a width or number of hashes that cannot be.
        """
        column, colon, how = text.rpartition(":")
        found = _HOW.fullmatch(how) if colon else None
        if found is None:
            return cls(text)
        if found["part"]:
            return cls(column, BucketKind(found["part"]))
        if found["width"]:
            return cls(column, BucketKind.RANGE, _size(text, found["width"], BEYOND, "ranges can be 1 to 2^50 wide"))
        if found["hashes"]:
            return cls(column, BucketKind.HASH, _size(text, found["hashes"], MOST_HASHES, "there can be 1 to 4,096"))
        return cls(column)

    def __str__(self) -> str:
        """The one text of this meaning."""
        if self.kind is None:
            return self.column if self.column and Bucketing.parse(self.column) == self else f"{self.column}:"
        return f"{self.column}:{self.how}"

    @property
    def how(self) -> str:
        """What stands behind the column."""
        if self.kind is BucketKind.HASH:
            return str(self.size)
        return f"range={self.size}" if self.kind is BucketKind.RANGE else str(self.kind or "")

    @property
    def keys(self) -> tuple[int, int]:
        """The least and the largest key that a bucket can have, those of null and NaN aside."""
        return (0, self.size - 1) if self.kind is BucketKind.HASH else (-BEYOND, BEYOND)

    def suited(self, family: Family) -> Bucketing:
        """The same with a kind: months for dates and timestamps, 64 hashes for all else, unless one was asked for.

        SchemaError if values of the family have no such buckets.
        """
        if self.kind is None:
            if family in _DATED:
                return replace(self, kind=BucketKind.MONTH)
            return replace(self, kind=BucketKind.HASH, size=DEFAULT_HASHES)
        told = f"column {self.column!r} holds values of the family {family.label}"
        if self.kind.is_part and family not in (*_DATED, Family.NULL):
            raise SchemaError(f"{told}, which have no {self.kind}; bucket them by hash: {self.column}:64")
        if self.kind is BucketKind.HOUR and family is Family.DATE:
            raise SchemaError(f"{told}, which have no hour; bucket them by day: {self.column}:day")
        if self.kind is BucketKind.RANGE and family not in (Family.NUMBER, Family.NULL):
            raise SchemaError(f"{told}, and ranges are of numbers; bucket them by hash: {self.column}:64")
        return self


_DATED = (Family.DATE, Family.TIMESTAMP, Family.ZONED_TIMESTAMP)
_HOW = re.compile(r"(?P<part>year|quarter|month|week|day|hour)|range=(?P<width>[+-]?[0-9]+)|(?P<hashes>[+-]?[0-9]+)|")


def _size(text: str, digits: str, most: int, rule: str) -> int:
    size = int(digits) if len(digits) <= LONGEST_SIZE else 0
    if not 0 < size <= most:
        raise SpecError(f"rows cannot be put into buckets by {text[:100]!r}: {rule}")
    return size


def bucket_keys(bucketing: Bucketing, family: Family, array: pa.Array, hashed: HashedColumn, form: Form) -> Keys:
    """The keys of the buckets of all rows, int64 (rows,); `hashed` are the hashes of the array's values in this form."""
    if bucketing.kind is BucketKind.HASH or family is Family.NULL:
        return _hash_keys(hashed, bucketing.size)
    formed = decode(form.apply(array))
    keys = _range_keys(formed, bucketing.size) if family is Family.NUMBER else _PART_KEYS[bucketing.kind](formed)
    nulls = null_mask(formed)
    return keys if nulls is None else np.where(nulls, NULL_KEY, keys)


def _hash_keys(hashed: HashedColumn, size: int) -> Keys:
    keys = (hashed.h1 % np.uint64(size)).view(np.int64)
    if hashed.nulls is not None:
        keys = np.where(hashed.nulls, NULL_KEY, keys)
    return keys if hashed.codes is None else keys[hashed.codes]


def _days(array: pa.Array) -> Keys:
    if pa.types.is_date(array.type):
        return days(array).astype(np.int64, copy=False)
    ticks = raw_words(array, np.int64)
    return ticks // np.int64(24 * _TICKS_AN_HOUR[array.type.unit])


def _hours(array: pa.Array) -> Keys:
    ticks = raw_words(array, np.int64)
    return ticks // np.int64(_TICKS_AN_HOUR[array.type.unit])


def _months(array: pa.Array) -> Keys:
    since = _days(array)
    months = np.empty_like(since)
    months_of_days(since, months)
    return months


_TICKS_AN_HOUR = {unit: 3_600 * 1_000**power for power, unit in enumerate(("s", "ms", "us", "ns"))}
_PART_KEYS: dict[BucketKind | None, Callable[[pa.Array], Keys]] = {
    BucketKind.YEAR: lambda array: _months(array) // 12,
    BucketKind.QUARTER: lambda array: _months(array) // 3,
    BucketKind.MONTH: _months,
    BucketKind.WEEK: lambda array: (_days(array) + 3) // 7,  # 1970-01-01 was a Thursday
    BucketKind.DAY: _days,
    BucketKind.HOUR: _hours,
}


def _range_keys(array: pa.Array, width: int) -> Keys:
    """floor(value / width) of numbers of any type, exactly, and within BEYOND either way."""
    kind = array.type.id
    if kind in FLOATS:
        return _ranges_of_doubles(doubles_of(array), width)
    if kind in DECIMALS:
        return _ranges_of_decimals(array, width)
    if kind == pa.lib.Type_UINT64:
        unsigned = values_of(array).view(np.uint64) // np.uint64(width)
        return _within(np.minimum(unsigned, np.uint64(BEYOND)).astype(np.int64))
    return _within(values_of(array).astype(np.int64, copy=False) // np.int64(width))


def _within(keys: Keys) -> Keys:
    clipped: Keys = np.clip(keys, -BEYOND, BEYOND)
    return clipped


def _ranges_of_doubles(values: NDArray[np.float64], width: int) -> Keys:
    """numpy's floor_divide rests on fmod, which is exact, so that the quotient is the true one below BEYOND."""
    with np.errstate(all="ignore"):
        quotients = np.floor_divide(values, float(width))
    quotients[np.isinf(values)] = values[np.isinf(values)]  # inf / width is not a number to fmod
    unknown = np.isnan(values)
    keys = np.clip(np.where(unknown, 0.0, quotients), -BEYOND, BEYOND).astype(np.int64)
    return np.where(unknown, NAN_KEY, keys)


def _ranges_of_decimals(array: pa.Array, width: int) -> Keys:
    unscaled, narrow = low_words(array)
    step = width * 10 ** max(array.type.scale, 0)
    if array.type.scale < 0 or step >= 2**63:
        narrow = np.zeros_like(narrow)
    keys = _within(unscaled // np.int64(min(step, 2**63 - 1)))
    wide = np.flatnonzero(~narrow)
    for row, value in zip(wide.tolist(), array.take(pa.array(wide)).to_pylist(), strict=True):
        sign, digits, exponent = (0, (0,), 0) if value is None else value.as_tuple()
        whole = int("".join(map(str, digits))) * (-1) ** sign * 10 ** max(exponent, 0)
        keys[row] = min(max(whole // (width * 10 ** max(-exponent, 0)), -BEYOND), BEYOND)
    return keys
