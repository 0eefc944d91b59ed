"""Counting the hashes below a threshold in an open-addressing table, and the minimum of each bin of hashes."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["EMPTY", "count_hashes", "lower_bins"]

u = np.uint64
EMPTY = u(0xFFFFFFFFFFFFFFFF)  # never a hash below a threshold, so it can mark a free slot


@njit(nogil=True, cache=True)
def count_hashes(hashes, start, threshold, slots, counts, room):  # type: ignore[no-untyped-def]
    """Counts every hash from `start` on that is below `threshold`; gives (next index, slots newly taken).

    `slots`, `counts`: uint64 (2^k,), free slots hold EMPTY. Stops early once `room` slots were taken, so that the caller
    can lower the threshold and go on at the index given.
    """
    mask = u(slots.shape[0] - 1)
    taken = 0
    for i in range(start, hashes.shape[0]):
        h = hashes[i]
        if h >= threshold:
            continue
        slot = (h ^ (h >> u(32))) & mask
        while slots[slot] != h and slots[slot] != EMPTY:
            slot = (slot + u(1)) & mask
        if slots[slot] == EMPTY:
            if taken == room:
                return i, taken
            slots[slot] = h
            taken += 1
        counts[slot] += u(1)
    return hashes.shape[0], taken


@njit(nogil=True, cache=True)
def lower_bins(hashes, bins):  # type: ignore[no-untyped-def]
    """One-permutation MinHash: the low bits of a hash choose the bin, the others are its value; `bins` is uint64 (2^k,)."""
    mask = u(bins.shape[0] - 1)
    shift = u(0)
    while (mask >> shift) != u(0):
        shift += u(1)
    for i in range(hashes.shape[0]):
        bin_ = hashes[i] & mask
        value = hashes[i] >> shift
        bins[bin_] = min(bins[bin_], value)
