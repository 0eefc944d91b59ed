"""Hashes of the values of one column: typed words or bytes in, two arrays of 64-bit halves out.

All arrays are one-dimensional and contiguous; `h1`, `h2` are uint64 of the length of `values` and are overwritten.
Nulls are hashed like the rest and put right by `set_nulls` in a pass of its own, so that the loops stay free of branches.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import finish, murmur128, rotl, tail1, tail2

__all__ = [
    "hash_bytes",
    "hash_doubles",
    "hash_nanoseconds",
    "hash_unsigned",
    "hash_views",
    "hash_words",
    "set_nulls",
    "take_hashes",
]

u = np.uint64
INT64_SPAN = 9223372036854775808.0  # 2^63: from -2^63 to below 2^63, a whole double is an int64
FLOAT_TAG = u(1)  # the ninth byte of a number that is not a whole int64
CANONICAL_NAN = u(0x7FF8000000000000)


@njit(nogil=True, cache=True)
def hash_words(values, length, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of the first `length` (1 to 8) little-endian bytes of each int64 of `values`, whose other bytes are zero."""
    for i in range(values.shape[0]):
        h1[i], h2[i] = finish(seed ^ tail1(u(values[i])), seed, length)


@njit(nogil=True, cache=True)
def hash_doubles(values, words, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of doubles as numbers: `values` float64 and `words` the same memory as uint64."""
    for i in range(values.shape[0]):
        x = values[i]
        whole = (x >= -INT64_SPAN) & (x < INT64_SPAN) & (np.trunc(x) == x)
        bits = CANONICAL_NAN if x != x else words[i]
        word = u(np.int64(x if whole else 0.0)) if whole else bits
        tag = u(0) if whole else FLOAT_TAG
        h1[i], h2[i] = finish(seed ^ tail1(word), seed ^ tail2(tag), u(8) + tag)


@njit(nogil=True, cache=True)
def hash_nanoseconds(values, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of int64 nanoseconds: eight bytes of microseconds, and two more of what is left over unless it is zero."""
    for i in range(values.shape[0]):
        micro = values[i] // 1000
        rest = u(values[i] - micro * 1000)
        length = u(8) if rest == u(0) else u(10)
        h1[i], h2[i] = finish(seed ^ tail1(u(micro)), seed ^ tail2(rest), length)


@njit(nogil=True, cache=True)
def hash_unsigned(values, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of uint64 as numbers: int64 where they fit, else a double where that is exact or 15 digits are enough, else wide."""
    for i in range(values.shape[0]):
        v = values[i]
        if v < u(1 << 63):
            h1[i], h2[i] = finish(seed ^ tail1(v), seed, u(8))
        elif v & u(2047) == u(0) or v % (u(100_000) if v >= u(10**19) else u(10_000)) == u(0):
            word = double_bits(v)
            h1[i], h2[i] = finish(seed ^ tail1(word), seed ^ tail2(FLOAT_TAG), u(9))
        else:
            exponent = u(0)
            while v % u(10) == u(0):
                v //= u(10)
                exponent += u(1)
            h1[i], h2[i] = hash_block(exponent << u(1), v, seed)


@njit(inline="always")
def double_bits(v):  # type: ignore[no-untyped-def]
    """The bits of the double nearest to `v`, ties to even, for 2^63 <= v < 2^64."""
    mantissa = v >> u(11)
    rest = v & u(2047)
    mantissa += u((rest > u(1024)) | ((rest == u(1024)) & (mantissa & u(1) == u(1))))
    # Biased exponent of 2^63 is 1086; a mantissa that rounds up to 2^53 carries into it by itself.
    return (u(1086) << u(52)) + (mantissa - (u(1) << u(52)))


@njit(inline="always")
def hash_block(k1, k2, seed):  # type: ignore[no-untyped-def]
    """The hash of one 16-byte block and no tail."""
    h1 = (rotl(seed ^ tail1(k1), 27) + seed) * u(5) + u(0x52DCE729)
    h2 = (rotl(seed ^ tail2(k2), 31) + h1) * u(5) + u(0x38495AB5)
    return finish(h1, h2, u(16))


@njit(nogil=True, cache=True)
def hash_bytes(address, offsets, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of byte strings: string i lies from `address + offsets[i]` to `address + offsets[i + 1]`; int64 offsets."""
    base = u(address)
    readable = base + u(offsets[-1])
    for i in range(offsets.shape[0] - 1):
        start = base + u(offsets[i])
        h1[i], h2[i] = murmur128(start, u(offsets[i + 1] - offsets[i]), seed, readable)


@njit(nogil=True, cache=True)
def hash_views(views, buffers, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of byte strings in Arrow's view layout: `views` is int32 (n, 4), `buffers` uint64 (buffers, 2), start and end.

    A view is the length and twelve bytes of data, or the length, four bytes of prefix, which buffer, and where in it.
    """
    first = u(views.ctypes.data)
    readable = first + u(views.size * 4)
    for i in range(views.shape[0]):
        size = u(views[i, 0])
        if size <= u(12):
            h1[i], h2[i] = murmur128(first + u(16 * i + 4), size, seed, readable)
        else:
            buffer = buffers[views[i, 2]]
            h1[i], h2[i] = murmur128(buffer[0] + u(views[i, 3]), size, seed, buffer[1])


@njit(nogil=True, cache=True)
def set_nulls(nulls, null1, null2, h1, h2):  # type: ignore[no-untyped-def]
    """Puts the null's hash where `nulls` (bool) says so; whatever lay hidden under the null is gone."""
    for i in range(nulls.shape[0]):
        h1[i] = null1 if nulls[i] else h1[i]
        h2[i] = null2 if nulls[i] else h2[i]


@njit(nogil=True, cache=True)
def take_hashes(codes, d1, d2, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of dictionary-encoded values: those of the dictionary, `d1` and `d2`, by `codes` (int64, all within it)."""
    for i in range(codes.shape[0]):
        h1[i] = d1[codes[i]]
        h2[i] = d2[codes[i]]
