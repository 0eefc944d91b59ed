"""Rows into buckets: months of days, numbers for the buckets of a batch, and sums of hashes by bucket."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["add_entries", "add_hashes", "count_rows", "months_of_days", "number_keys"]

u = np.uint64
EMPTY = -1
GOLDEN = u(0x9E3779B97F4A7C15)
PARTS = 4  # sums of each bucket, so that rows of one bucket in a row do not wait for each other


@njit(nogil=True, cache=True)
def months_of_days(days, months):  # type: ignore[no-untyped-def]
    """Months since 1970-01 of days since 1970-01-01, both int64 (n,), in the proleptic Gregorian calendar.

    In eras of 400 years that begin on the first of March, so that the leap day is the last (Hinnant 2014, `civil_from_days`).
    """
    for i in range(days.shape[0]):
        day = days[i] + 719_468  # since 0000-03-01
        era = day // 146_097
        of_era = day - era * 146_097
        year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
        of_year = of_era - (365 * year + year // 4 - year // 100)
        month = (5 * of_year + 2) // 153  # since March
        months[i] = 12 * (400 * era + year - 1970) + month + 2


@njit(nogil=True, cache=True)
def number_keys(keys, slots, numbers, distinct, ids):  # type: ignore[no-untyped-def]
    """How many distinct `keys`, int64 (n,), there are, or -1 if more than fit in `distinct`, int64 (most,).

    They are written there in the order in which they first occur, and which of them each row has to `ids`, int32 (n,).
    `slots`, int64, and `numbers`, int32 and EMPTY, are an open-addressing table of 2^k places, more than `most`.
    """
    mask = u(slots.shape[0] - 1)
    count = 0
    for i in range(keys.shape[0]):
        key = keys[i]
        place = (u(key) * GOLDEN >> u(32)) & mask
        while numbers[place] != EMPTY and slots[place] != key:
            place = (place + u(1)) & mask
        if numbers[place] == EMPTY:
            if count == distinct.shape[0]:
                return -1
            slots[place] = key
            numbers[place] = count
            distinct[count] = key
            count += 1
        ids[i] = numbers[place]
    return count


@njit(nogil=True, cache=True)
def add_hashes(ids, hashes, sums):  # type: ignore[no-untyped-def]
    """Adds `hashes`, uint64 (n,), to the `sums`, uint64 (buckets,), of the buckets that `ids`, int32 (n,), says."""
    parts = np.zeros((PARTS, sums.shape[0]), np.uint64)
    quarters = ids.shape[0] // PARTS
    for i in range(quarters):
        for j in range(PARTS):
            parts[j, u(ids[PARTS * i + j])] += hashes[PARTS * i + j]
    for i in range(PARTS * quarters, ids.shape[0]):
        parts[0, u(ids[i])] += hashes[i]
    add_parts(parts, sums)


@njit(nogil=True, cache=True)
def add_entries(ids, codes, hashes, sums):  # type: ignore[no-untyped-def]
    """`add_hashes` for hashes of entries, uint64 (entries,), of which `codes`, int32 (n,), says which each row has."""
    parts = np.zeros((PARTS, sums.shape[0]), np.uint64)
    quarters = ids.shape[0] // PARTS
    for i in range(quarters):
        for j in range(PARTS):
            parts[j, u(ids[PARTS * i + j])] += hashes[u(codes[PARTS * i + j])]
    for i in range(PARTS * quarters, ids.shape[0]):
        parts[0, u(ids[i])] += hashes[u(codes[i])]
    add_parts(parts, sums)


@njit(nogil=True, cache=True)
def count_rows(ids, sums):  # type: ignore[no-untyped-def]
    """`add_hashes` of ones."""
    parts = np.zeros((PARTS, sums.shape[0]), np.uint64)
    quarters = ids.shape[0] // PARTS
    for i in range(quarters):
        for j in range(PARTS):
            parts[j, u(ids[PARTS * i + j])] += u(1)
    for i in range(PARTS * quarters, ids.shape[0]):
        parts[0, u(ids[i])] += u(1)
    add_parts(parts, sums)


@njit(inline="always")
def add_parts(parts, sums):  # type: ignore[no-untyped-def]
    """Adds the partial sums of each bucket."""
    for b in range(sums.shape[0]):
        sums[b] += parts[0, b] + parts[1, b] + parts[2, b] + parts[3, b]
