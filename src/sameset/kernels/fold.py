"""All columns of a batch in one call: hashed, bound to their rows, summed, and counted into their samples, tile by tile.

One call a batch, because between two of them a thread has to get Python's lock back: with a call for each step two threads
changed places 4,000 times for six million rows, and waited a tenth of the time. A tile's hashes never leave the first-level
cache, and what is bound to the rows of a block never the second-level one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

from sameset.kernels.murmur import fmix
from sameset.kernels.rows import bind_entries, count_entries, finish_rows, finish_sums
from sameset.kernels.samples import count_hashes, count_repeated
from sameset.kernels.texts import hash_bytes, hash_views
from sameset.kernels.values import divide_words, hash_doubles, hash_words

__all__ = [
    "BYTES",
    "DECIMALS",
    "DOUBLES",
    "ENTRIES",
    "HASHED",
    "VIEWS",
    "WORDS32",
    "WORDS64",
    "block_rows",
    "fold_columns",
]

if TYPE_CHECKING:
    from numpy.typing import NDArray

u = np.uint64
TILE = 2048
BLOCK = 4096  # rows that are bound at a time, if that is not too few to bind the entries of dictionaries anew for them
MOST_ENTRIES = 512
#: Kinds of columns: hashes of rows, hashes of entries and codes, and the values themselves, without nulls.
HASHED, ENTRIES, WORDS32, WORDS64, DOUBLES, DECIMALS, VIEWS, BYTES = range(8)


@intrinsic
def pointer(typingctx: Any, address: Any) -> Any:
    """An address as a pointer."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.uint64), codegen


def block_rows(plan: NDArray[np.uint64], rows: int) -> int:
    """How many rows `fold_columns` binds at a time: of so many it needs the sums."""
    entries = plan[plan[:, 0] == ENTRIES, 4]
    return rows if len(entries) and int(entries.max()) > MOST_ENTRIES else min(BLOCK, rows)


@njit(nogil=True, cache=True)
def fold_columns(plan, divisors, bindings, in_key, constants, samples, memory, totals):  # type: ignore[no-untyped-def]
    """Folds the columns of `plan`, uint64 (columns, 6): kind, three addresses, number of entries or seed, size in bytes.

    HASHED has both halves of the rows' hashes; ENTRIES the codes (int32), both halves of the entries' hashes, and their
    number; VIEWS the views, where each of their buffers starts and ends, a seed, and the number of buffers; BYTES the first
    byte, the offsets (int64), and a seed; the others the values, a seed, and the size of what is hashed. `divisors`, float64
    (columns,), are of DECIMALS.

    `bindings` is uint64 (columns, 4); `in_key` bool (columns,). `constants`, uint64 (3, 2), are what the lanes of the sums
    start with, the hash of null, and how many columns a row and its key have. `memory` is: sums of rows and of their keys,
    each uint64 (4 * `block_rows` or 0,), overwritten; hashes of rows and of their keys, each uint64 (2, rows or 0), written.
    `totals`, a pair: uint64 (columns, 2), grow by both halves of the columns' hashes; uint64 (3, 2), by those of the rows' hashes,
    named and positional, and of their keys'.
    `samples` is uint64 (columns, 8): addresses of slots and counts, number of slots (0: not to be counted), threshold, room,
    and, written, how many slots were taken, the first row that was not counted because there was no room left (0: of ENTRIES
    none were counted or summed), and how many rows were null, which only ENTRIES may be; of VIEWS and BYTES whether there is
    a byte above 127.
    """
    sums, key_sums, named, key = memory
    rows = named.shape[1]
    for c in range(plan.shape[0]):
        samples[c, 6] = u(rows)
        if plan[c, 0] == ENTRIES:
            codes, e1, e2 = entries_of(plan[c], 0, rows)
            add_entries(codes, e1, e2, constants[1], totals[0][c], samples[c])
    most = sums.shape[0] // 4
    for first in range(0, rows, max(most, 1)):
        size = min(most, rows - first)
        end = first + size
        block = sums[: 4 * size].reshape((4, size))
        keyed = size if key.shape[1] else 0
        key_block = key_sums[: 4 * keyed].reshape((4, keyed))
        bind_block(plan, divisors, bindings, in_key, constants[0], samples, (block, key_block), (first, totals[0]))
        finish_rows(block[0], block[1], constants[2, 0], totals[1][0], named[0][first:end], named[1][first:end])
        finish_sums(block[2], block[3], constants[2, 0], totals[1][1])
        if keyed:
            h1, h2 = key[0][first:end], key[1][first:end]
            finish_rows(key_block[0], key_block[1], constants[2, 1], totals[1][2], h1, h2)


@njit(nogil=True, cache=True)
def bind_block(plan, divisors, bindings, in_key, start_lanes, samples, both_sums, place):  # type: ignore[no-untyped-def]
    """Binds, sums and counts all columns of the rows of a block; `place` is its first row, and the columns' totals."""
    sums, key_sums = both_sums
    first, totals = place
    rows = sums.shape[1]
    for j in range(4):
        sums[j] = start_lanes[j & 1]
        key_sums[j] = start_lanes[j & 1]
    for c in range(plan.shape[0]):
        if plan[c, 0] == ENTRIES:
            codes, e1, e2 = entries_of(plan[c], first, rows)
            bind_entries(codes, e1, e2, bindings[c], sums)
            if in_key[c]:
                bind_entries(codes, e1, e2, bindings[c], key_sums)
    h1, h2, quotients = np.empty(TILE, np.uint64), np.empty(TILE, np.uint64), np.empty(TILE, np.float64)
    unused = np.zeros(2, np.uint64)
    for start in range(0, rows, TILE):
        size = min(TILE, rows - start)
        for c in range(plan.shape[0]):
            if plan[c, 0] == ENTRIES:
                continue
            at = first + start
            a, b = hash_tile(plan[c], divisors[c], at, h1[:size], h2[:size], quotients[:size], samples[c])
            bind_tile(a, b, bindings[c], start, sums, totals[c])
            if in_key[c]:
                bind_tile(a, b, bindings[c], start, key_sums, unused)
            if samples[c, 2] and samples[c, 6] >= u(at + size):
                count_tile(a, at, samples[c])


@njit(inline="always")
def entries_of(column, first, rows):  # type: ignore[no-untyped-def]
    """The codes of some rows of a column of ENTRIES, and both halves of the entries' hashes."""
    entries = np.int64(column[4])
    codes = carray(pointer(column[1] + u(4) * u(first)), (rows,), np.int32)
    return codes, carray(pointer(column[2]), (entries,), np.uint64), carray(pointer(column[3]), (entries,), np.uint64)


@njit(nogil=True, cache=True)
def hash_tile(column, divisor, start, h1, h2, quotients, sample):  # type: ignore[no-untyped-def]
    """Both halves of the hashes of some rows of a column, in `h1` and `h2` unless they are there already."""
    size = h1.shape[0]
    kind, seed, length, first = column[0], column[4], column[5], u(start)
    if kind == HASHED:
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
        sample[7] |= u(hash_views(views, buffers, seed, h1, h2))
    elif kind == BYTES:
        offsets = carray(pointer(column[2] + u(8) * first), (size + 1,), np.int64)
        sample[7] |= u(hash_bytes(column[1], offsets, seed, h1, h2))
    else:
        divide_words(carray(pointer(column[1] + u(16) * first), (size, 2), np.int64), divisor, quotients)
        hash_doubles(quotients, quotients.view(np.uint64), seed, h1, h2)
    return h1, h2


@njit(nogil=True, cache=True)
def bind_tile(h1, h2, keys, start, sums, total):  # type: ignore[no-untyped-def]
    """`bind_column` and `sum_lanes` of some rows."""
    end = start + h1.shape[0]
    s0, s1, s2, s3 = sums[0][start:end], sums[1][start:end], sums[2][start:end], sums[3][start:end]
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
def add_entries(codes, h1, h2, null, total, sample):  # type: ignore[no-untyped-def]
    """Sums and counts the rows of a column by its entries, if its sample's table is certain to have room for them."""
    if np.int64(sample[4]) < h1.shape[0]:
        sample[6] = u(0)
        return
    times = np.empty(h1.shape[0], np.uint64)
    count_entries(codes, times)
    for i in range(h1.shape[0]):
        total[0] += times[i] * h1[i]
        total[1] += times[i] * h2[i]
        if h1[i] == null[0] and h2[i] == null[1]:
            sample[7] += times[i]
            times[i] = u(0)
    slots = carray(pointer(sample[0]), (np.int64(sample[2]),), np.uint64)
    counts = carray(pointer(sample[1]), (np.int64(sample[2]),), np.uint64)
    _, taken = count_repeated(h1, times, 0, sample[3], slots, counts, h1.shape[0])
    sample[5] += u(taken)


@njit(inline="always")
def count_tile(hashes, start, sample):  # type: ignore[no-untyped-def]
    """Counts hashes into a sample's table, up to where it is full."""
    size = np.int64(sample[2])
    slots = carray(pointer(sample[0]), (size,), np.uint64)
    counts = carray(pointer(sample[1]), (size,), np.uint64)
    end, taken = count_hashes(hashes, 0, sample[3], slots, counts, np.int64(sample[4]))
    sample[4] -= u(taken)
    sample[5] += u(taken)
    if end < hashes.shape[0]:
        sample[6] = u(start + end)
