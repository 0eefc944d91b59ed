"""All columns of a batch in one call: hashed, bound to their rows, summed, and counted into their samples, block by block.

One call a batch, because between two of them a thread has to get Python's lock back: with a call for each step two threads
changed places 4,000 times for six million rows, and waited a tenth of the time. What is bound to the rows of a block, and the
hashes of one column's, never leave the second-level cache; blocks of half as many rows take 3 percent longer.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from sameset.kernels.arrays import (
    BITS,
    BOUND,
    BYTES,
    BYTES32,
    DECIMALS,
    DOUBLES,
    ENTRIES,
    FLOATS,
    HASHED,
    INT8,
    INT16,
    NANOSECONDS,
    UINT8,
    UINT16,
    VIEWS,
    WORDS32,
    WORDS64,
    pointer,
    unpack_bits,
)
from sameset.kernels.decimals import hash_decimals
from sameset.kernels.entries import bind_codes, bind_groups, count_codes, join_columns, joined_codes, take_counts
from sameset.kernels.murmur import fmix
from sameset.kernels.rows import finish_rows, finish_sums
from sameset.kernels.samples import EMPTY, count_hashes
from sameset.kernels.texts import hash_bytes, hash_views
from sameset.kernels.values import few_words, hash_doubles, hash_nanoseconds, hash_words

__all__ = ["BEYOND_ASCII", "BLOCK", "fold_columns"]

u = np.uint64
BLOCK = 4096  # rows that are bound at a time
BEYOND_ASCII = u(1 << 63)


@njit(nogil=True, cache=True)
def fold_columns(columns, constants, samples, memory, totals):  # type: ignore[no-untyped-def]
    """Folds the columns of a batch: `columns` are their plan, divisors, bindings, and whether they are in the key.

    The plan is uint64 (columns, 8): kind, three addresses, number of entries or seed, size in bytes, and, of the kinds that have
    neither hashes nor views, the bitmap of nulls (0: there are none) and its first bit. HASHED has both halves of the
    rows' hashes, as has BOUND, whose hashes are neither summed nor counted; ENTRIES the codes (int32), both halves of the entries'
    hashes, and their number; VIEWS the views, where each of their buffers starts and ends, a seed, and the number of buffers;
    BYTES the first byte, the offsets (int64, of BYTES32 int32), and a seed; the others the values, a seed, and the size of what
    is hashed, or of DECIMALS their scale, of which the divisors, float64 (columns,), are the powers of ten.

    Bindings are uint64 (columns, 4). `constants`, uint64 (3, 2), are what the lanes of the sums start with, the hash of null, and
    how many columns a row and its key have. `memory` is: sums of rows and of their keys, each uint64 (4 * BLOCK or all rows, or
    0,), overwritten; hashes of rows and of their keys, each uint64 (2, rows or 0), written. `totals`, a pair: uint64 (columns, 2),
    grow by both halves of the columns' hashes; uint64 (3, 2), by those of the rows' hashes, named and positional, and of their
    keys'. `samples` is uint64 (columns, 8): addresses of slots and counts, number of slots, threshold, room, whether any hash was
    counted, and, written, the first row that was not counted because there was no room left (0: of ENTRIES none were counted or
    summed), and how many rows were null, the highest bit (BEYOND_ASCII) being set where there is a byte above 127.
    Gives whether the caller has anything to do because of the last two.
    """
    plan, _, bindings, in_key = columns
    sums, key_sums, named, key = memory
    rows = named.shape[1]
    for c in range(plan.shape[0]):
        samples[c, 6], samples[c, 7] = u(rows), u(0)
    groups, joined = join_columns(plan, in_key)
    entries = groups, np.zeros((4, joined), np.uint64), np.zeros((4, joined), np.uint64), np.empty(BLOCK, np.int32)
    bind_groups(plan, bindings, groups, entries[1])
    for first in range(0, rows, BLOCK):
        size = min(BLOCK, rows - first)
        end = first + size
        block = sums[: 4 * size].reshape((4, size))
        keyed = size if key.shape[1] else 0
        key_block = key_sums[: 4 * keyed].reshape((4, keyed))
        both = block, key_block
        bind_block(columns, constants, samples, entries, both, (first, totals[0]))
        finish_rows(block[0], block[1], constants[2, 0], totals[1][0], named[0][first:end], named[1][first:end])
        finish_sums(block[2], block[3], constants[2, 0], totals[1][1])
        if keyed:
            h1, h2 = key[0][first:end], key[1][first:end]
            finish_rows(key_block[0], key_block[1], constants[2, 1], totals[1][2], h1, h2)
    left = False
    for c in range(plan.shape[0]):
        if plan[c, 0] == ENTRIES:
            take_counts(plan, groups, c, entries[2], constants[1], totals[0][c], samples[c])
        left |= samples[c, 6] != u(rows) or samples[c, 7] != u(0)
    return left


@njit(nogil=True, cache=True)
def bind_block(columns, constants, samples, entries, both_sums, place):  # type: ignore[no-untyped-def]
    """Binds, sums and counts all columns of the rows of a block; `place` is its first row, and the columns' totals.

    `entries` are the groups of ENTRIES columns, what their entries add to the sums, counts, and scratch (`kernels.entries`).
    """
    plan, divisors, bindings, in_key = columns
    sums, key_sums = both_sums
    first, totals = place
    groups, tables, counts, scratch_codes = entries
    rows = sums.shape[1]
    for j in range(4):
        sums[j] = constants[0, j & 1]
        key_sums[j] = constants[0, j & 1]
    for c in range(plan.shape[0]):
        if groups[c, 0] == c:
            codes = joined_codes(plan, groups, c, first, scratch_codes[:rows])
            count_codes(codes, groups[c], counts)
            bind_codes(codes, groups[c], tables, sums)
            if in_key[c]:
                bind_codes(codes, groups[c], tables, key_sums)
    h1, h2, present = np.empty(rows, np.uint64), np.empty(rows, np.uint64), np.empty(rows, np.uint64)
    scratch = np.empty(rows, np.float64), np.empty(rows + 1, np.int64)
    unused = np.zeros(2, np.uint64)
    for c in range(plan.shape[0]):
        if plan[c, 0] == ENTRIES:
            continue
        a, b = hash_block(plan[c], divisors[c], first, h1, h2, scratch, samples[c])
        counted = a
        if plan[c, 6]:
            samples[c, 7] += set_nulls(plan[c], first, constants[1], a, b, present)
            counted = present
        bind_hashes(a, b, bindings[c], sums, unused if plan[c, 0] == BOUND else totals[c])
        if in_key[c]:
            bind_hashes(a, b, bindings[c], key_sums, unused)
        if plan[c, 0] != BOUND and samples[c, 6] >= u(first + rows):
            count_block(counted, first, samples[c])


@njit(inline="always")
def set_nulls(column, first, null, h1, h2, present):  # type: ignore[no-untyped-def]
    """Puts the null's hash where a row is null, and gives how many are; `present` gets the first halves, but EMPTY for nulls."""
    unpack_bits(column[6], column[7] + u(first), present)
    values = u(0)
    for i in range(h1.shape[0]):
        is_value = present[i]
        values += is_value
        present[i] = h1[i] if is_value else EMPTY
        h1[i] = h1[i] if is_value else null[0]
        h2[i] = h2[i] if is_value else null[1]
    return u(h1.shape[0]) - values


@njit(nogil=True, cache=True)
def hash_block(column, divisor, start, h1, h2, scratch, sample):  # type: ignore[no-untyped-def]
    """Both halves of the hashes of some rows of a column, in `h1` and `h2` unless they are there already."""
    size = h1.shape[0]
    kind, seed, length, first = column[0], column[4], column[5], u(start)
    if kind in (HASHED, BOUND):
        one = carray(pointer(column[1] + u(8) * first), (size,), np.uint64)
        return one, carray(pointer(column[2] + u(8) * first), (size,), np.uint64)
    if kind == WORDS32:
        hash_words(carray(pointer(column[1] + u(4) * first), (size,), np.int32), length, seed, h1, h2)
    elif kind == WORDS64:
        hash_words(carray(pointer(column[1] + u(8) * first), (size,), np.int64), length, seed, h1, h2)
    elif kind == DOUBLES:
        place = column[1] + u(8) * first
        values = carray(pointer(place), (size,), np.float64)
        hash_doubles(values, carray(pointer(place), (size,), np.uint64), seed, h1, h2)
    elif kind == VIEWS:
        views = carray(pointer(column[1] + u(16) * first), (size, 4), np.int32)
        buffers = carray(pointer(column[2]), (np.int64(length), 2), np.uint64)
        sample[7] |= beyond_ascii(hash_views(views, buffers, seed, h1, h2))
    elif kind == BYTES:
        offsets = carray(pointer(column[2] + u(8) * first), (size + 1,), np.int64)
        sample[7] |= beyond_ascii(hash_bytes(column[1], offsets, seed, h1, h2))
    elif kind == BYTES32:
        offsets = scratch[1]
        copy_values(carray(pointer(column[2] + u(4) * first), (size + 1,), np.int32), offsets)
        sample[7] |= beyond_ascii(hash_bytes(column[1], offsets, seed, h1, h2))
    elif kind == DECIMALS:
        words = carray(pointer(column[1] + u(16) * first), (2 * size,), np.int64)
        hash_fractions(words, divisor, np.int64(length), seed, scratch, (h1, h2))
    elif kind == NANOSECONDS:
        hash_nanoseconds(carray(pointer(column[1] + u(8) * first), (size,), np.int64), seed, h1, h2)
    elif kind == FLOATS:
        doubles = scratch[0]
        copy_values(carray(pointer(column[1] + u(4) * first), (size,), np.float32), doubles)
        hash_doubles(doubles, doubles.view(np.uint64), seed, h1, h2)
    else:
        wide = scratch[1][:size]
        widen(column, first, wide)
        hash_words(wide, length, seed, h1, h2)
    return h1, h2


@njit(inline="always")
def widen(column, first, wide):  # type: ignore[no-untyped-def]
    """The values of a column of narrow integers or BITS, as int64."""
    kind, rows = column[0], (wide.shape[0],)
    if kind == BITS:
        unpack_bits(column[1], column[7] + first, wide.view(np.uint64))
    elif kind == INT8:
        copy_values(carray(pointer(column[1] + first), rows, np.int8), wide)
    elif kind == UINT8:
        copy_values(carray(pointer(column[1] + first), rows, np.uint8), wide)
    elif kind == INT16:
        copy_values(carray(pointer(column[1] + u(2) * first), rows, np.int16), wide)
    elif kind == UINT16:
        copy_values(carray(pointer(column[1] + u(2) * first), rows, np.uint16), wide)
    else:
        copy_values(carray(pointer(column[1] + u(4) * first), rows, np.uint32), wide)


@njit(inline="always")
def copy_values(values, wider):  # type: ignore[no-untyped-def]
    """Copies values into an array of another type; as assignments they all take Numba three seconds more to compile."""
    for i in range(values.shape[0]):
        wider[i] = values[i]


@njit(inline="always")
def beyond_ascii(seen):  # type: ignore[no-untyped-def]
    """The mark of a byte above 127."""
    return BEYOND_ASCII if seen else u(0)


@njit(inline="always")
def hash_fractions(words, divisor, scale, seed, scratch, hashes):  # type: ignore[no-untyped-def]
    """Hashes of decimals of a scale from 1 to 22: one division where all have few digits, else exactly (`kernels.decimals`)."""
    quotients, (h1, h2) = scratch[0], hashes
    low = scratch[1][: h1.shape[0]]
    if few_words(words, low):
        for i in range(h1.shape[0]):
            quotients[i] = np.float64(low[i]) / divisor
        hash_doubles(quotients, quotients.view(np.uint64), seed, h1, h2)
    else:
        pairs = words.view(np.uint64).reshape((h1.shape[0], 2))
        hash_decimals(pairs, scale, seed, h1, h2, np.empty(h1.shape[0], np.bool_))


@njit(nogil=True, cache=True)
def bind_hashes(h1, h2, keys, sums, total):  # type: ignore[no-untyped-def]
    """`bind_column` and `sum_lanes` of some rows."""
    s0, s1, s2, s3 = sums[0], sums[1], sums[2], sums[3]
    k0, k1, k2, k3 = keys[0], keys[1], keys[2], keys[3]
    t1, t2 = u(0), u(0)
    for i in range(h1.shape[0]):
        a, b = h1[i], h2[i]
        s0[i] += fmix(a ^ k0)
        s1[i] += fmix(b ^ k1)
        s2[i] += fmix(a ^ k2)
        s3[i] += fmix(b ^ k3)
        t1 += a
        t2 += b
    total[0] += t1
    total[1] += t2


@njit(inline="always")
def count_block(hashes, start, sample):  # type: ignore[no-untyped-def]
    """Counts hashes into a sample's table, up to where it is full."""
    size = np.int64(sample[2])
    slots = carray(pointer(sample[0]), (size,), np.uint64)
    counts = carray(pointer(sample[1]), (size,), np.uint64)
    end, taken = count_hashes(hashes, 0, sample[3], slots, counts, np.int64(sample[4]))
    sample[4] -= u(taken)
    sample[5] = u(1)
    if end < hashes.shape[0]:
        sample[6] = u(start + end)
