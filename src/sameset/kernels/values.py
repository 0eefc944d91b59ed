"""Hashes of the values of one column: typed words in, two arrays of 64-bit halves out.

All arrays are one-dimensional and contiguous; `h1`, `h2` are uint64 of the length of `values` and are overwritten.
Nulls are hashed like the rest and put right by `set_nulls` in a pass of its own, so that the loops stay free of branches.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import finish, mix1, mix2, tail1, tail2

__all__ = [
    "are_few",
    "divide_words",
    "few_words",
    "hash_doubles",
    "hash_nanoseconds",
    "hash_unsigned",
    "hash_words",
    "set_nulls",
    "take_hashes",
]

u = np.uint64
INT64_SPAN = 9223372036854775808.0  # 2^63: from -2^63 to below 2^63, a whole double is an int64
FLOAT_TAG = u(1)  # the ninth byte of a number that is not a whole int64
CANONICAL_NAN = u(0x7FF8000000000000)
MOST = u(10**15 - 1)  # of 15 digits


@njit(nogil=True, cache=True)
def hash_words(values, length, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of the first `length` (1 to 8) little-endian bytes of each of `values`, int32 or int64, whose other bytes are zero."""
    for i in range(values.shape[0]):
        h1[i], h2[i] = finish(seed ^ tail1(u(np.int64(values[i]))), seed, length)


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
def divide_words(words, divisor, quotients):  # type: ignore[no-untyped-def]
    """Decimals as the doubles nearest to them: the low words of `words`, int64 (n, 1 or 2), each less than 2^53, by a power of ten.

    `quotients` is float64 (n,).
    """
    for i in range(words.shape[0]):
        quotients[i] = np.float64(words[i, 0]) / divisor


@njit(nogil=True, cache=True)
def are_few(words):  # type: ignore[no-untyped-def]
    """Whether all decimals, int64 (n, words), have at most 15 digits: Parquet files may hold more than their type says."""
    beyond = u(0)
    if words.shape[1] == 2:
        for i in range(words.shape[0]):
            low = words[i, 0]
            beyond |= u(u(low) + MOST > u(2) * MOST) | u(words[i, 1] ^ (low >> 63))
        return beyond == u(0)
    for i in range(words.shape[0]):
        low = words[i, 0]
        beyond |= u(u(low) + MOST > u(2) * MOST)
        for j in range(1, words.shape[1]):
            beyond |= u(words[i, j] ^ (low >> 63))
    return beyond == u(0)


@njit(inline="always")
def few_words(words, low):  # type: ignore[no-untyped-def]
    """`are_few` of decimals of two words, int64 (2 * n,), and their low words, int64 (n,).

    One behind the other, because the compiler gathers them so: 0.3 ns each and not 1.0 as (n, 2).
    """
    beyond = u(0)
    for i in range(low.shape[0]):
        word = words[2 * i]
        low[i] = word
        beyond |= u(u(word) + MOST > u(2) * MOST) | u(words[2 * i + 1] ^ (word >> 63))
    return beyond == u(0)


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
    h1 = mix1(seed ^ tail1(k1), seed)
    return finish(h1, mix2(seed ^ tail2(k2), h1), u(16))


@njit(nogil=True, cache=True)
def set_nulls(nulls, null1, null2, h1, h2):  # type: ignore[no-untyped-def]
    """Puts the null's hash where `nulls` (bool) says so; whatever lay hidden under the null is gone."""
    for i in range(nulls.shape[0]):
        h1[i] = null1 if nulls[i] else h1[i]
        h2[i] = null2 if nulls[i] else h2[i]


@njit(nogil=True, cache=True)
def take_hashes(codes, d1, d2, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of dictionary-encoded values: those of the dictionary, `d1` and `d2`, by `codes` (int32, all within it)."""
    for i in range(codes.shape[0]):
        h1[i] = d1[u(codes[i])]
        h2[i] = d2[u(codes[i])]
