"""Where the rows are: for every bucket how many, the sum of their hashes, and the sum of the values of each column. A group.

A table has room for so many buckets. Rows of more make every bucket twice as wide, as often as it takes: what is told is
then coarser and still true, and no scan dies of a column with too many days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sameset.canonical.buckets import LEAST_KEY, NAN_KEY, NULL_KEY, BucketKind
from sameset.errors import SpecMismatchError
from sameset.kernels.buckets import EMPTY, add_entries, add_hashes, count_rows, number_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.batches import HashedBatch
    from sameset.canonical.buckets import Bucketing
    from sameset.canonical.columns import HashedColumn

    Words = NDArray[np.uint64]
    Keys = NDArray[np.int64]

__all__ = ["ROW_WORDS", "BucketTable", "most_buckets"]

ROW_WORDS = 3  #: words of a bucket before those of its columns: rows, and both halves of the sum of their named hashes
MOST_BUCKETS = 4096
MOST_WORDS = 2**20  # 8 MiB
KEY_BITS = 64
FEWEST_BUCKETS = 4  # of null and NaN, and of all that is below and above zero


def most_buckets(columns: int) -> int:
    """How many buckets a table of so many columns has room for."""
    return max(FEWEST_BUCKETS, min(MOST_BUCKETS, MOST_WORDS // (columns + ROW_WORDS)))


class BucketTable:
    """`keys`, int64 (b,), ascending; `sums`, uint64 (b, 3 + columns), modulo 2^64 (docs/encoding.md, "Buckets").

    A bucket holds 2^`level` of those that were asked for, side by side; its key is theirs, shifted. Those of null and of
    NaN stay by themselves.
    """

    def __init__(self, level: int, keys: Keys, sums: Words, most: int | None = None) -> None:
        self.level = level
        self.keys = keys
        self.sums = sums
        self.most = most_buckets(sums.shape[1] - ROW_WORDS) if most is None else most

    @classmethod
    def empty(cls, columns: int, most: int | None = None) -> Self:
        """The table of no rows of so many columns, with room for `most` buckets."""
        return cls(0, np.zeros(0, np.int64), np.zeros((0, ROW_WORDS + columns), np.uint64), most)

    def update(self, batch: HashedBatch) -> None:
        """Adds the rows of a batch, which knows their buckets."""
        assert batch.buckets is not None
        keys, ids = self._numbered(batch.buckets)
        sums = np.zeros((self.sums.shape[1], len(keys)), np.uint64)
        count_rows(ids, sums[0])
        add_hashes(ids, batch.named[0], sums[1])
        add_hashes(ids, batch.named[1], sums[2])
        for column, total in zip(batch.columns, sums[ROW_WORDS:], strict=True):
            _add_column(ids, column, total)
        self._make_places(keys)
        self.sums[np.searchsorted(self.keys, keys)] += sums.T

    def _numbered(self, keys: Keys) -> tuple[Keys, NDArray[np.int32]]:
        """The distinct buckets of the rows, and which of them each has; the table made as coarse as that takes."""
        size = 1 << (2 * min(self.most, max(len(keys), 1)) - 1).bit_length()
        while True:
            wide, distinct = _shifted(keys, self.level), np.empty(self.most, np.int64)
            numbers, ids = np.full(size, EMPTY, np.int32), np.empty(len(keys), np.int32)
            count = number_keys(wide, np.empty(size, np.int64), numbers, distinct, ids)
            if count >= 0 and len(np.union1d(self.keys, distinct[:count])) <= self.most:
                return distinct[:count], ids
            self.level, self.keys, self.sums = _coarser(self, self.level + 1)

    def _make_places(self, keys: Keys) -> None:
        """Makes the table hold these buckets, too."""
        if np.isin(keys, self.keys, assume_unique=True).all():
            return
        together = np.union1d(self.keys, keys)
        self.keys, self.sums = together, self.rows_of(together)

    def rows_of(self, keys: Keys) -> Words:
        """The sums of these buckets, uint64 (keys, 3 + columns), zero where there is none; `keys` hold all that are here."""
        sums = np.zeros((len(keys), self.sums.shape[1]), np.uint64)
        sums[np.searchsorted(keys, self.keys)] = self.sums
        return sums

    def at(self, level: int) -> Self:
        """The table with buckets as wide as at that level, which is not below its own: this one, if it is its own."""
        return self if level == self.level else type(self)(*_coarser(self, level), self.most)

    def is_of(self, bucketing: Bucketing) -> bool:
        """Whether it is what some rows give: few buckets, in order, of a kind that has such keys."""
        low, high = bucketing.keys
        plain = self.keys[self.keys >= LEAST_KEY]
        special = set(self.keys[self.keys < LEAST_KEY].tolist())
        allowed = {NULL_KEY, NAN_KEY} if bucketing.kind is BucketKind.RANGE else {NULL_KEY}
        return bool(
            len(self.keys) <= self.most
            and self.level < KEY_BITS
            and (self.keys[1:] > self.keys[:-1]).all()
            and ((plain >= low >> self.level) & (plain <= high >> self.level)).all()
            and special <= allowed
        )

    def merge(self, other: Self) -> Self:
        """The table of the rows of both."""
        return self._combined(other, other.sums)

    def subtract(self, other: Self) -> Self:
        """The table without the rows of the other; as coarse as the coarser of both."""
        return self._combined(other, np.uint64(0) - other.sums)

    def _combined(self, other: Self, sums: Words) -> Self:
        if (self.sums.shape[1], self.most) != (other.sums.shape[1], other.most):
            shapes = ((table.sums.shape[1] - ROW_WORDS, table.most) for table in (self, other))
            raise SpecMismatchError("columns and room of buckets", *shapes)
        level = max(self.level, other.level)
        one, two = self.at(level), type(self)(other.level, other.keys, sums, self.most).at(level)
        together = np.union1d(one.keys, two.keys)
        total = one.rows_of(together) + two.rows_of(together)
        used = total.any(axis=1)
        made = type(self)(level, together[used], total[used], self.most)
        while len(made.keys) > made.most:
            made = made.at(made.level + 1)
        return made

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, BucketTable)
            and (self.level, self.most) == (other.level, other.most)
            and np.array_equal(self.keys, other.keys)
            and np.array_equal(self.sums, other.sums)
        )

    __hash__ = None  # type: ignore[assignment]  # it changes with update


def _add_column(ids: NDArray[np.int32], column: HashedColumn, total: Words) -> None:
    if column.codes is None:
        add_hashes(ids, column.h1, total)
    else:
        add_entries(ids, column.codes, column.h1, total)


def _shifted(keys: Keys, level: int) -> Keys:
    """The keys of the buckets that hold 2^level of these."""
    return keys if level == 0 else np.where(keys < LEAST_KEY, keys, keys >> level)


def _coarser(table: BucketTable, level: int) -> tuple[int, Keys, Words]:
    """Level, keys and sums of a table with buckets as wide as at a level; arrays of its own."""
    keys = _shifted(table.keys, level - table.level)
    starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))
    return level, keys[starts], np.add.reduceat(table.sums, starts) if len(starts) else table.sums.copy()
