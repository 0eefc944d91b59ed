"""Hashes of nested values out of the hashes of what is in them."""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import fmix

__all__ = ["bind_field", "interleave", "sum_entries"]

u = np.uint64


@njit(nogil=True, cache=True)
def interleave(h1, h2, words):  # type: ignore[no-untyped-def]
    """Both halves of every hash side by side: `words` is uint64 (n, 2)."""
    for i in range(h1.shape[0]):
        words[i, 0] = h1[i]
        words[i, 1] = h2[i]


@njit(nogil=True, cache=True)
def bind_field(h1, h2, key1, key2, s1, s2):  # type: ignore[no-untyped-def]
    """Adds one field's values to the structs, bound to its name as a column's values are to theirs."""
    for i in range(h1.shape[0]):
        s1[i] += fmix(h1[i] ^ key1)
        s2[i] += fmix(h2[i] ^ key2)


@njit(nogil=True, cache=True)
def sum_entries(h1, h2, offsets, words):  # type: ignore[no-untyped-def]
    """Number and sums of the entries of every map: entries offsets[i] to offsets[i + 1]; `words` is uint64 (maps, 3)."""
    for i in range(offsets.shape[0] - 1):
        words[i, 0] = u(offsets[i + 1] - offsets[i])
        words[i, 1] = u(0)
        words[i, 2] = u(0)
        for j in range(offsets[i], offsets[i + 1]):
            words[i, 1] += h1[j]
            words[i, 2] += h2[j]
