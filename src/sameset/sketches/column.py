"""The sketch of one column: digest of its values, number of nulls, sample of its distinct values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sameset.canonical.families import Family
from sameset.errors import SpecMismatchError
from sameset.kernels.rows import count_entries, sum_lanes
from sameset.sketches.sample import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.columns import HashedColumn
    from sameset.sketches.spec import SampleSize

    Words = NDArray[np.uint64]

__all__ = ["ColumnSketch"]


class ColumnSketch:
    """`sums`: uint64 (2,), the lanes of the value hashes' sum modulo 2^64, nulls included; `values` leaves nulls out."""

    def __init__(self, family: Family, sums: Words, nulls: int, values: Sample) -> None:
        self.family = family
        self.sums = sums
        self.nulls = nulls
        self.values = values

    @classmethod
    def empty(cls, family: Family, size: SampleSize) -> Self:
        """The sketch of no values."""
        return cls(family, np.zeros(2, np.uint64), 0, Sample.empty(size))

    def update(self, column: HashedColumn) -> None:
        """Adds the values of a batch."""
        if column.codes is not None:
            self._update_entries(column, column.codes)
            return
        sum_lanes(column.h1, column.h2, self.sums)
        if column.nulls is None:
            self.values.update(column.h1)
        else:
            self.nulls += int(column.nulls.sum())
            self.values.update(column.h1[~column.nulls])

    def add(self, nulls: int, rest: Words | None) -> None:
        """Adds what a kernel that summed and counted the values leaves: how many were null, and hashes not yet counted."""
        self.nulls += nulls
        if rest is not None:
            self.values.update(rest)

    def lie_in(self, sums: Words, table: Words) -> None:
        """From now on keeps its sums in `sums`, uint64 (2,), and its sample's table in `table`, for a kernel to add to."""
        sums[:] = self.sums
        self.sums = sums
        self.values.lie_in(table)

    def _update_entries(self, column: HashedColumn, codes: NDArray[np.int32]) -> None:
        times = np.empty(len(column.h1), np.uint64)
        count_entries(codes, times)
        self.sums += np.array([np.dot(times, column.h1), np.dot(times, column.h2)], np.uint64)
        if column.nulls is not None:
            self.nulls += int(times[column.nulls].sum())
            times[column.nulls] = 0
        self.values.update(column.h1, times)

    def merge(self, other: Self) -> Self:
        """The sketch of the values of both; a column that was all null in one takes the other's family."""
        if self.family != other.family and Family.NULL not in (self.family, other.family):
            raise SpecMismatchError("column family", self.family.label, other.family.label)
        family = max(self.family, other.family)
        return type(self)(family, self.sums + other.sums, self.nulls + other.nulls, self.values.merge(other.values))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ColumnSketch)
            and (self.family, self.nulls, self.values) == (other.family, other.nulls, other.values)
            and np.array_equal(self.sums, other.sums)
        )

    __hash__ = None  # type: ignore[assignment]  # it changes with update

    @property
    def digest(self) -> tuple[int, int]:
        """Both lanes of the digest; equal for two columns of as many rows if and only if their values are the same multiset."""
        return int(self.sums[0]), int(self.sums[1])
