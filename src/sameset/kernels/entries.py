"""Columns that are given by entries and codes, bound to their rows and counted: several small ones as if they were one.

What is bound to a row is a sum over its columns, so the entries of some columns, each with each, have sums of their own: a row
then looks up one of them instead of one a column. A column of few texts takes 1.4 ns a row, where by itself it took 2.6.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from sameset.kernels.arrays import ENTRIES, pointer
from sameset.kernels.murmur import fmix
from sameset.kernels.samples import count_repeated

__all__ = ["bind_codes", "bind_groups", "count_codes", "join_columns", "joined_codes", "take_counts"]

u = np.uint64
MOST_JOINED = 512  # entries: their sums are 16 kB, which a first-level cache holds
LEADER, STRIDE, SIZE, START = range(4)
PARTS = 4  # counts of each entry, so that equal rows one after the other do not wait for each other


@njit(nogil=True, cache=True)
def join_columns(plan, in_key):  # type: ignore[no-untyped-def]
    """Groups of the ENTRIES columns of a plan, int64 (columns, 4), and how many joined entries all have.

    Of each column: the first of its group (-1: other columns), and how far apart two of its entries are among the joined ones; of
    the first, too: how many joined entries the group has, and where they start. Columns of the key are groups by themselves.
    """
    groups = np.full((plan.shape[0], 4), -1)
    for c in range(plan.shape[0]):
        if plan[c, 0] != ENTRIES:
            continue
        entries, leader, stride = np.int64(plan[c, 4]), c, 1
        for g in range(c):
            joined = groups[g, SIZE] * entries
            if groups[g, LEADER] == g and not in_key[c] and not in_key[g] and 0 < joined <= MOST_JOINED:
                leader, stride = g, groups[g, SIZE]
                break
        groups[c, LEADER], groups[c, STRIDE] = leader, stride
        groups[leader, SIZE] = stride * entries
    total = 0
    for c in range(plan.shape[0]):
        if groups[c, LEADER] == c:
            groups[c, START] = total
            total += groups[c, SIZE]
    return groups, total


@njit(nogil=True, cache=True)
def bind_groups(plan, bindings, groups, tables):  # type: ignore[no-untyped-def]
    """Into `tables`, uint64 (4, joined entries), zeros before, what each joined entry adds to the sums of its rows."""
    for c in range(plan.shape[0]):
        if plan[c, 0] != ENTRIES:
            continue
        h1, h2 = hashes_of(plan[c])
        leader, stride = groups[c, LEADER], groups[c, STRIDE]
        place, end = groups[leader, START], groups[leader, START] + groups[leader, SIZE]
        while place < end:
            for e in range(h1.shape[0]):
                for j in range(4):
                    bound = fmix((h2[e] if j & 1 else h1[e]) ^ bindings[c, j])
                    for k in range(place, place + stride):
                        tables[j, k] += bound
                place += stride


@njit(inline="always")
def hashes_of(column):  # type: ignore[no-untyped-def]
    """Both halves of the hashes of a column's entries."""
    entries = np.int64(column[4])
    return carray(pointer(column[2]), (entries,), np.uint64), carray(pointer(column[3]), (entries,), np.uint64)


@njit(inline="always")
def codes_of(column, first, rows):  # type: ignore[no-untyped-def]
    """The codes of some rows of a column."""
    return carray(pointer(column[1] + u(4) * u(first)), (rows,), np.int32)


@njit(inline="always")
def joined_codes(plan, groups, leader, first, scratch):  # type: ignore[no-untyped-def]
    """Which joined entry of a group every row of a block has, of which `first` is the first; `scratch` is int32 (rows,)."""
    rows = scratch.shape[0]
    codes = codes_of(plan[leader], first, rows)
    for c in range(leader + 1, plan.shape[0]):
        if groups[c, LEADER] == leader:
            more, stride = codes_of(plan[c], first, rows), np.int32(groups[c, STRIDE])
            for i in range(rows):
                scratch[i] = codes[i] + stride * more[i]
            codes = scratch
    return codes


@njit(inline="always")
def count_codes(codes, group, counts):  # type: ignore[no-untyped-def]
    """Adds how many rows have each joined entry to `counts`, uint64 (4, joined entries), whose sums over the first axis count."""
    start, end = group[START], group[START] + group[SIZE]
    c0, c1, c2, c3 = counts[0][start:end], counts[1][start:end], counts[2][start:end], counts[3][start:end]
    quarters = codes.shape[0] // PARTS
    for i in range(quarters):
        c0[u(codes[PARTS * i])] += u(1)
        c1[u(codes[PARTS * i + 1])] += u(1)
        c2[u(codes[PARTS * i + 2])] += u(1)
        c3[u(codes[PARTS * i + 3])] += u(1)
    for i in range(PARTS * quarters, codes.shape[0]):
        c0[u(codes[i])] += u(1)


@njit(nogil=True, cache=True)
def bind_codes(codes, group, tables, sums):  # type: ignore[no-untyped-def]
    """Adds to the sums of rows, uint64 (4, rows), what their joined entries add."""
    start, end = group[START], group[START] + group[SIZE]
    t0, t1, t2, t3 = tables[0][start:end], tables[1][start:end], tables[2][start:end], tables[3][start:end]
    s0, s1, s2, s3 = sums[0], sums[1], sums[2], sums[3]
    for i in range(codes.shape[0]):
        code = u(codes[i])
        s0[i] += t0[code]
        s1[i] += t1[code]
        s2[i] += t2[code]
        s3[i] += t3[code]


@njit(nogil=True, cache=True)
def take_counts(plan, groups, c, counts, null, total, sample):  # type: ignore[no-untyped-def]
    """Sums and counts the rows of a column by its entries, if its sample's table is certain to have room for them.

    `null` is the hash of null, `total` uint64 (2,), and `sample` as in `fold_columns`.
    """
    h1, h2 = hashes_of(plan[c])
    if np.int64(sample[4]) < h1.shape[0]:
        sample[6] = u(0)
        return
    times = times_of(groups[c], groups[groups[c, LEADER]], counts, h1.shape[0])
    for e in range(h1.shape[0]):
        total[0] += times[e] * h1[e]
        total[1] += times[e] * h2[e]
        if h1[e] == null[0] and h2[e] == null[1]:
            sample[7] += times[e]
            times[e] = u(0)
    slots = carray(pointer(sample[0]), (np.int64(sample[2]),), np.uint64)
    slot_counts = carray(pointer(sample[1]), (np.int64(sample[2]),), np.uint64)
    _, taken = count_repeated(h1, times, 0, sample[3], slots, slot_counts, h1.shape[0])
    sample[4] -= u(taken)
    sample[5] = u(1)


@njit(inline="always")
def times_of(own, leader, counts, entries):  # type: ignore[no-untyped-def]
    """How many rows have each entry of a column, uint64 (entries,), from the counts of its group's joined entries."""
    times = np.zeros(entries, np.uint64)
    place, end = leader[START], leader[START] + leader[SIZE]
    while place < end:
        for e in range(entries):
            for k in range(place, place + own[STRIDE]):
                times[e] += counts[0, k] + counts[1, k] + counts[2, k] + counts[3, k]
            place += own[STRIDE]
    return times
