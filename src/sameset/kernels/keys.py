"""Packs key values into a few bytes a row, so that a removed key can be read when its table is gone.

`packed` is uint8 (rows, width), zero where nothing was written; `used` is int64 (rows,), the bytes written so far, and
OVERFULL once a value did not fit. The layout is in docs/encoding.md, "Packed keys".
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import load8

__all__ = ["LANE_BYTES", "OVERFULL", "pack_hashes", "pack_texts", "pack_words", "to_lanes"]

u = np.uint64
OVERFULL = -1
LANE_BYTES = 7  # lanes are elements of a field of 2^61 - 1


@njit(nogil=True, cache=True)
def pack_words(kinds, words, packed, used):  # type: ignore[no-untyped-def]
    """Appends a header (kind, size) and the int64 in the fewest bytes of two's complement; kind 0 is null, of no bytes."""
    for i in range(words.shape[0]):
        word = words[i]
        size = 0
        if kinds[i] != 0:
            size = 1
            while size < 8 and (word >> (8 * size - 1)) != 0 and (word >> (8 * size - 1)) != -1:
                size += 1
        at = used[i]
        if at == OVERFULL or at + 1 + size > packed.shape[1]:
            used[i] = OVERFULL
            continue
        packed[i, at] = kinds[i] << 4 | size
        for j in range(size):
            packed[i, at + 1 + j] = (word >> (8 * j)) & 255
        used[i] = at + 1 + size


@njit(nogil=True, cache=True)
def pack_texts(kinds, address, offsets, packed, used):  # type: ignore[no-untyped-def]
    """Appends a header, one byte of length and the bytes from `address + offsets[i]` on; kind 0 is null, a header alone."""
    for i in range(kinds.shape[0]):
        at = used[i]
        size = offsets[i + 1] - offsets[i]
        whole = 1 if kinds[i] == 0 else 2 + size
        if at == OVERFULL or at + whole > packed.shape[1]:
            used[i] = OVERFULL
            continue
        if kinds[i] != 0:
            packed[i, at] = kinds[i] << 4
            packed[i, at + 1] = size
            for j in range(size):
                packed[i, at + 2 + j] = load8(u(address) + u(offsets[i] + j))
        used[i] = at + whole


@njit(nogil=True, cache=True)
def pack_hashes(marker, hashes, packed, used):  # type: ignore[no-untyped-def]
    """Writes the marker and the eight bytes of the key's hash over every row whose values did not fit."""
    for i in range(hashes.shape[0]):
        if used[i] == OVERFULL:
            packed[i, :] = 0
            packed[i, 0] = marker
            for j in range(8):
                packed[i, 1 + j] = (hashes[i] >> u(8 * j)) & u(255)


@njit(nogil=True, cache=True)
def to_lanes(packed, lanes):  # type: ignore[no-untyped-def]
    """Packed keys as words of seven bytes; `lanes` is uint64 (rows, width / 7) or the left part of something wider."""
    for i in range(packed.shape[0]):
        for j in range(packed.shape[1] // LANE_BYTES):
            word = u(0)
            for b in range(LANE_BYTES):
                word |= u(packed[i, LANE_BYTES * j + b]) << u(8 * b)
            lanes[i, j] = word
