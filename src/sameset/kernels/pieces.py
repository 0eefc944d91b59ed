"""Byte strings of rows, one piece per row, copied one behind the other.

Piece i has `sizes[i]` bytes from `address + starts[i]` on; `starts` and `sizes` are int64 (rows,), `out` is uint8.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import load8

__all__ = ["append_values", "join_elements"]

u = np.uint64
LINE_FEED = 10
SIZE_BYTES = 8


@njit(nogil=True, cache=True)
def append_values(head, families, address, starts, sizes, at, out):  # type: ignore[no-untyped-def]
    """Appends a value to every row's bytes: `head`, the byte `families[i]`, the size as u64, the piece; moves `at` on.

    `at`, int64 (rows,), says where in `out` each row goes on.
    """
    base = u(address)
    for i in range(at.shape[0]):
        to = at[i]
        for j in range(head.shape[0]):
            out[to + j] = head[j]
        to += head.shape[0]
        out[to] = families[i]
        to += 1
        for j in range(SIZE_BYTES):
            out[to + j] = (sizes[i] >> (8 * j)) & 255
        to += SIZE_BYTES
        start = base + u(starts[i])
        for j in range(sizes[i]):
            out[to + j] = load8(start + u(j))
        at[i] = to + sizes[i]


@njit(nogil=True, cache=True)
def join_elements(address, starts, sizes, nulls, out):  # type: ignore[no-untyped-def]
    """Writes each piece with a line feed and a zero byte behind it, and three zero bytes where `nulls` (bool) says so."""
    base = u(address)
    to = 0
    for i in range(nulls.shape[0]):
        if nulls[i]:
            out[to] = 0
            out[to + 1] = 0
            out[to + 2] = 0
            to += 3
            continue
        start = base + u(starts[i])
        for j in range(sizes[i]):
            out[to + j] = load8(start + u(j))
        to += sizes[i]
        out[to] = LINE_FEED
        out[to + 1] = 0
        to += 2
