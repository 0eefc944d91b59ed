"""A sample of distinct hashes with their counts: bottom-k (Beyer et al. 2007) with scaled (FracMinHash, Irber et al. 2022).

Bottom-k alone is exact for small tables and of fixed relative error, but useless for a small table inside a large one;
a fixed share of all hashes serves there. Both are the lowest hashes, so their union is just more of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sameset.errors import SpecMismatchError
from sameset.kernels.samples import EMPTY, count_hashes, count_repeated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.sketches.spec import SampleSize

    Words = NDArray[np.uint64]

__all__ = ["ROOM", "TABLE_WORDS", "Sample"]

FULLEST = 2  # a table of 2^k slots takes at most 2^k / 2 hashes: a miss then probes 2.5 slots on average
#: The words of a table: addresses of slots and counts, number of slots, threshold, slots that may still be taken, whether a hash
#: was counted since the sample was last settled; and two of the kernel's own (`kernels.fold`).
SLOTS, COUNTS, SIZE, THRESHOLD, ROOM, COUNTED = range(6)
TABLE_WORDS = 8


class Sample:
    """The lowest distinct hashes of a multiset, with how often each occurs.

    While hashes come in they lie in an open-addressing table under a threshold that only falls; `hashes`, `counts` and
    `threshold` give the settled sample, which depends on nothing but the multiset. A kernel may count in the table, too.
    """

    def __init__(self, size: SampleSize, hashes: Words, counts: Words, threshold: int) -> None:
        self.size = size
        self._table = np.zeros(TABLE_WORDS, np.uint64)
        self._table[THRESHOLD] = threshold
        self._settled = hashes, counts, threshold

    @classmethod
    def empty(cls, size: SampleSize) -> Self:
        """The sample of nothing."""
        nothing = np.zeros(0, np.uint64)
        return cls(size, nothing, nothing, int(EMPTY))

    def update(self, hashes: Words, times: Words | None = None) -> None:
        """Counts all hashes, uint64 (n,), each once or as often as `times`, uint64 (n,), says."""
        self.open()
        self._table[COUNTED] = 1
        start = 0
        while start < len(hashes):
            state = (start, self._table[THRESHOLD], self._slots, self._counts)
            room = int(self._table[ROOM])
            start, taken = (
                count_hashes(hashes, *state, room) if times is None else count_repeated(hashes, times, *state, room)
            )
            self._table[ROOM] = room - taken
            if start < len(hashes):
                self._make_room()

    def open(self) -> None:
        """Makes the table for the first hash to be counted: a sample that is only read, merged or compared needs none."""
        if not self._table[SIZE]:
            hashes, counts, _ = self._settled
            self._build(hashes, counts, len(hashes))

    def lie_in(self, table: Words) -> None:
        """Opens the sample and from now on keeps the words of its table in `table`, uint64 (8,), for a kernel to count."""
        self.open()
        table[:] = self._table
        self._table = table

    def lies_in(self, tables: Words) -> bool:
        """Whether the words of its table are a row of `tables`."""
        return self._table.base is tables

    def merge(self, other: Self) -> Self:
        """The sample of both multisets together."""
        if self.size != other.size:
            raise SpecMismatchError("sample size", self.size, other.size)
        hashes = np.concatenate([self.hashes, other.hashes])
        counts = np.concatenate([self.counts, other.counts])
        distinct, inverse = np.unique(hashes, return_inverse=True)
        total = np.zeros(len(distinct), np.uint64)
        np.add.at(total, inverse, counts)
        threshold = min(self.threshold, other.threshold)
        return type(self)(self.size, *_settle(self.size, distinct, total, threshold))

    def resized(self, size: SampleSize) -> Self:
        """The sample of the same multiset of a size that is nowhere larger."""
        return type(self)(size, *_settle(size, self.hashes, self.counts, self.threshold))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sample)
            and (self.size, self.threshold) == (other.size, other.threshold)
            and np.array_equal(self.hashes, other.hashes)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]  # it changes with update

    @property
    def hashes(self) -> Words:
        """The distinct hashes kept, ascending."""
        return self._settle()[0]

    @property
    def counts(self) -> Words:
        """How often each of `hashes` occurred, exactly."""
        return self._settle()[1]

    @property
    def threshold(self) -> int:
        """Every hash below it is present; 2^64 - 1 if all are."""
        return self._settle()[2]

    @property
    def is_exact(self) -> bool:
        """Whether all distinct hashes were kept."""
        return self.threshold == int(EMPTY)

    @property
    def is_settled(self) -> bool:
        """Whether it is what its definition gives for some multiset."""
        hashes, size = self.hashes, self.size
        below_limit = int(np.searchsorted(hashes, np.uint64(size.limit)))
        if len(hashes) > min(max(size.size, below_limit), size.cap):
            return False
        if self.is_exact:
            return True
        last = int(hashes[-1]) + 1 if len(hashes) >= size.size else 0
        return last > 0 and (
            self.threshold == max(last, size.limit) or (self.threshold == last and len(hashes) == size.cap)
        )

    def distinct(self) -> float:
        """The number of distinct hashes, estimated without bias unless exact: those below a limit / share of the range below it.

        The limit is the threshold; or the last hash kept where that set the threshold (Beyer et al. 2007: (k - 1) / U_k).
        """
        hashes = self.hashes
        if self.is_exact:
            return float(len(hashes))
        by_last = int(hashes[-1]) + 1 == self.threshold
        return (len(hashes) - by_last) / ((self.threshold - by_last) / 2.0**64)

    def __reduce__(self) -> tuple[object, ...]:
        """A copy has a table of its own: the addresses are of this one's."""
        return type(self), (self.size, *self._settle())

    def _settle(self) -> tuple[Words, Words, int]:
        if self._table[COUNTED]:
            used = np.flatnonzero(self._slots != EMPTY)
            order = used[np.argsort(self._slots[used])]
            threshold = int(self._table[THRESHOLD])
            self._settled = _settle(self.size, self._slots[order], self._counts[order], threshold)
            self._table[COUNTED] = 0
        return self._settled

    def _make_room(self) -> None:
        """Lets go of what has become too large, and doubles the table where that is not enough."""
        hashes = np.sort(self._slots[self._slots != EMPTY])
        kept, self._table[THRESHOLD] = _cut(self.size, hashes, int(self._table[THRESHOLD]))
        self._build(self._slots, self._counts, kept)

    def _build(self, hashes: Words, counts: Words, kept: int) -> None:
        """A table of the hashes below the threshold, of which there are `kept`, at most a quarter full."""
        slots = 2 * FULLEST * 512
        while slots < 2 * FULLEST * kept:
            slots *= 2
        self._slots, self._counts = np.full(slots, EMPTY, np.uint64), np.zeros(slots, np.uint64)
        self._table[[SLOTS, COUNTS, SIZE]] = self._slots.ctypes.data, self._counts.ctypes.data, slots
        self._table[ROOM] = slots // FULLEST - kept
        count_repeated(hashes, counts, 0, self._table[THRESHOLD], self._slots, self._counts, kept)


def _settle(size: SampleSize, hashes: Words, counts: Words, threshold: int) -> tuple[Words, Words, int]:
    """The sample of ascending hashes with their counts, of which all below `threshold` are there."""
    kept, threshold = _cut(size, hashes, threshold)
    return hashes[:kept], counts[:kept], threshold


def _cut(size: SampleSize, hashes: Words, threshold: int) -> tuple[int, int]:
    """How many of ascending hashes the sample has, and its threshold, by its definition (docs/encoding.md, "Sample")."""
    keep = int(np.searchsorted(hashes, np.uint64(threshold)))
    below_limit = int(np.searchsorted(hashes[:keep], np.uint64(size.limit)))
    kept = min(keep, max(size.size, below_limit), size.cap)
    if kept == keep and threshold == int(EMPTY):
        return kept, threshold
    last = int(hashes[kept - 1]) + 1 if kept else 0
    lowered = last if below_limit > size.cap else max(last, size.limit)
    return kept, min(threshold, lowered)
