"""MurmurHash3 of one byte string without numba, for programs that hash no table.

The first call of any kernel loads what numba needs to run it: 0.35 s, and 0.15 s more where scipy is installed. A check of
unchanged files needs no kernel but for digests and checks of what is stored; of a sketch of 225 kB that takes 10 ms here.
"""

from __future__ import annotations

import struct

import numpy as np

from sameset.canonical.buffers import hash_one
from sameset.kernels.rows import finish_rows

__all__ = ["hash_lightly", "murmur3"]

MOST_BYTES = 1 << 22  # as much takes 0.18 s: from there on the kernel is worth loading
MASK = (1 << 64) - 1
C1, C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def hash_lightly(data: bytes, seed: int) -> tuple[np.uint64, np.uint64]:
    """What `hash_one` gives, without loading a kernel for it unless there is much to hash."""
    if finish_rows.signatures or len(data) > MOST_BYTES:  # where rows were hashed, kernels are loaded
        return hash_one(data, seed)
    h1, h2 = murmur3(data, seed)
    return np.uint64(h1), np.uint64(h2)


def murmur3(data: bytes, seed: int) -> tuple[int, int]:
    """Both halves of MurmurHash3_x64_128 (Appleby 2011) of a byte string."""
    h1 = h2 = seed
    whole = len(data) & ~15
    for k1, k2 in struct.iter_unpack("<QQ", memoryview(data)[:whole]):
        h1 ^= _mixed(k1, C1, 31, C2)
        h1 = (_turned(h1, 27) + h2) * 5 + 0x52DCE729 & MASK
        h2 ^= _mixed(k2, C2, 33, C1)
        h2 = (_turned(h2, 31) + h1) * 5 + 0x38495AB5 & MASK
    h1 ^= _mixed(int.from_bytes(data[whole : whole + 8], "little"), C1, 31, C2) ^ len(data)
    h2 ^= _mixed(int.from_bytes(data[whole + 8 :], "little"), C2, 33, C1) ^ len(data)
    h1 = h1 + h2 & MASK
    h2 = h2 + h1 & MASK
    h1, h2 = _finished(h1), _finished(h2)
    h1 = h1 + h2 & MASK
    return h1, h2 + h1 & MASK


def _mixed(word: int, before: int, turn: int, after: int) -> int:
    return _turned(word * before & MASK, turn) * after & MASK


def _turned(word: int, turn: int) -> int:
    return (word << turn | word >> 64 - turn) & MASK


def _finished(word: int) -> int:
    word = (word ^ word >> 33) * 0xFF51AFD7ED558CCD & MASK
    word = (word ^ word >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return word ^ word >> 33
