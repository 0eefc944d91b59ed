"""Hashes of rows that are looked for, and which rows of a batch have one of them."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from sameset.sketches.delta import row_lanes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Places = NDArray[np.intp]

__all__ = ["BYTES_PER_ROW", "RowIndex"]

LANE_BITS = 61
SPARE_BITS = 4  # of 16 rows that are not looked for, the leading bits of 15 tell
FEWEST_BITS, MOST_BITS = 10, 24  # 16 MB at most
BYTES_PER_ROW = 32  # both halves, place in the list, and where a hash's places begin


class RowIndex:
    """Row hashes as a delta holds them, uint64 (n, 2); each distinct one has a place, 0 to `len(index)` - 1.

    `seen`, bool (places,), is for who scans: which of them were met. In all about BYTES_PER_ROW bytes a row.
    """

    def __init__(self, lanes: Words) -> None:
        order = _in_order(lanes)
        first, second = lanes[order, 0], lanes[order, 1]
        begins = np.ones(len(order), bool)
        begins[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
        self._order = order
        self._starts = np.append(np.flatnonzero(begins), len(order))
        self._first, self._second = first[begins], second[begins]
        self._lock = Lock()
        self.seen = np.zeros(len(self._first), bool)
        bits = min(max(len(self._first).bit_length() + SPARE_BITS, FEWEST_BITS), MOST_BITS)
        self._shift = np.uint64(LANE_BITS - bits)
        self._likely = np.zeros(1 << bits, bool)
        self._likely[self._first >> self._shift] = True

    def __len__(self) -> int:
        """How many distinct hashes there are."""
        return len(self._first)

    def find(self, named: tuple[Words, Words]) -> tuple[Places, Places]:
        """The rows that have one of the hashes, in their order, and the place of each; `named` are both halves, (rows,)."""
        lanes = row_lanes(named[0])
        rows = np.flatnonzero(self._likely[lanes >> self._shift])
        one, two = lanes[rows], row_lanes(named[1][rows])
        last = len(self) - 1
        at = np.minimum(np.searchsorted(self._first, one), last)
        # Of one first half, which is a chance of 2^-61, the second ones ascend.
        while (behind := (self._first[at] == one) & (self._second[at] < two) & (at < last)).any():
            at = at + behind
        same = (self._first[at] == one) & (self._second[at] == two)
        return rows[same], at[same]

    def fresh(self, named: tuple[Words, Words]) -> tuple[Places, Places]:
        """`find` without rows whose hash was seen before, and each hash once; they are seen now. From any threads."""
        if not len(self):
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        rows, places = self.find(named)
        places, firsts = np.unique(places, return_index=True)
        with self._lock:
            new = ~self.seen[places]
            places = places[new]
            self.seen[places] = True
        rows = rows[firsts[new]]
        in_order = np.argsort(rows)
        return rows[in_order], places[in_order]

    @property
    def lanes(self) -> Words:
        """The distinct hashes by place, (places, 2)."""
        return np.stack([self._first, self._second], axis=1)

    def listed(self, places: Places) -> tuple[Places, Places]:
        """Where in the list each hash stands: which of `places`, and the place in the list; once for every time it does."""
        counts = self._starts[places + 1] - self._starts[places]
        which = np.repeat(np.arange(len(places)), counts)
        within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return which, self._order[self._starts[places][which] + within]


def _in_order(lanes: Words) -> Places:
    """Their order by both halves; by the first alone where no two have it, which takes a third of the time."""
    order = np.argsort(lanes[:, 0])
    first = lanes[order, 0]
    return np.lexsort((lanes[:, 1], lanes[:, 0])) if (first[1:] == first[:-1]).any() else order
