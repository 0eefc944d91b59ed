"""Row hashes: values bound to their columns, summed over the columns of a row, finished, and summed over the rows.

`sums` is uint64 of shape (4, rows): two lanes bound to column names, two bound to column positions.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import finish, fmix

__all__ = ["bind_column", "bind_entries", "count_entries", "finish_rows", "finish_sums", "sum_lanes"]

u = np.uint64


@njit(nogil=True, cache=True)
def bind_column(h1, h2, keys, sums):  # type: ignore[no-untyped-def]
    """Adds one column's values to the rows: lane j grows by fmix(value lane xor column key j); `keys` is uint64 (4,).

    The mix is not linear: were it, two values of a row could be swapped between columns unseen.
    """
    k0, k1, k2, k3 = keys[0], keys[1], keys[2], keys[3]
    for i in range(h1.shape[0]):
        sums[0, i] += fmix(h1[i] ^ k0)
        sums[1, i] += fmix(h2[i] ^ k1)
        sums[2, i] += fmix(h1[i] ^ k2)
        sums[3, i] += fmix(h2[i] ^ k3)


@njit(nogil=True, cache=True)
def bind_entries(codes, h1, h2, keys, sums):  # type: ignore[no-untyped-def]
    """`bind_column` for a column that is given by the hashes of its entries and by which of them, int32, every row has."""
    bound = np.zeros((4, h1.shape[0]), np.uint64)
    bind_column(h1, h2, keys, bound)
    b0, b1, b2, b3 = bound[0], bound[1], bound[2], bound[3]
    for i in range(codes.shape[0]):
        code = u(codes[i])
        sums[0, i] += b0[code]
        sums[1, i] += b1[code]
        sums[2, i] += b2[code]
        sums[3, i] += b3[code]


@njit(nogil=True, cache=True)
def count_entries(codes, times):  # type: ignore[no-untyped-def]
    """How many rows have each entry, into `times`, uint64 (entries,).

    Four counts of each, so that rows of one entry in a row do not wait for each other.
    """
    parts = np.zeros((4, times.shape[0]), np.uint64)
    quarters = codes.shape[0] // 4
    for i in range(quarters):
        for j in range(4):
            parts[j, u(codes[4 * i + j])] += u(1)
    for i in range(4 * quarters, codes.shape[0]):
        parts[0, u(codes[i])] += u(1)
    for i in range(times.shape[0]):
        times[i] = parts[0, i] + parts[1, i] + parts[2, i] + parts[3, i]


@njit(nogil=True, cache=True)
def sum_lanes(h1, h2, total):  # type: ignore[no-untyped-def]
    """Adds all hashes to `total`, uint64 (2,), lane by lane modulo 2^64."""
    s1 = u(0)
    s2 = u(0)
    for i in range(h1.shape[0]):
        s1 += h1[i]
        s2 += h2[i]
    total[0] += s1
    total[1] += s2


@njit(nogil=True, cache=True)
def finish_sums(s1, s2, columns, total):  # type: ignore[no-untyped-def]
    """`finish_rows` for whom the sum of the row hashes is enough."""
    t1, t2 = u(0), u(0)
    for i in range(s1.shape[0]):
        a, b = finish(s1[i], s2[i], columns)
        t1 += a
        t2 += b
    total[0] += t1
    total[1] += t2


@njit(nogil=True, cache=True)
def finish_rows(s1, s2, columns, total, h1, h2):  # type: ignore[no-untyped-def]
    """Row hashes `h1`, `h2` from the sums over `columns` columns, also added to `total`, uint64 (2,).

    Without this step a digest would be a sum over columns, and two rows could swap the values of a column unseen.
    """
    t1 = u(0)
    t2 = u(0)
    for i in range(s1.shape[0]):
        a, b = finish(s1[i], s2[i], columns)
        h1[i] = a
        h2[i] = b
        t1 += a
        t2 += b
    total[0] += t1
    total[1] += t2
