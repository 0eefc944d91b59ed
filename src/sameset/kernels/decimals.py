"""Hashes of decimals of more digits than a double has (docs/encoding.md, "Numbers"), a magnitude of 128 bits as two words."""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import finish, mix1, mix2, tail1, tail2

__all__ = ["hash_decimals"]

u = np.uint64
LOW32 = u(0xFFFFFFFF)
SIGN = u(1 << 63)
DOUBLE_TAG = u(1)
FEW_DIGITS = u(10**15)
EXACT_DOUBLE = u(1 << 53)
POWERS = np.array([10.0**i for i in range(23)])  # these are doubles exactly
WHOLE_POWERS = np.array([10**i for i in range(19)], np.uint64)


@njit(nogil=True, cache=True)
def hash_decimals(words, scale, seed, h1, h2, left):  # type: ignore[no-untyped-def]
    """Hashes of words[i] / 10^scale, words uint64 (n, 2), the low one first, of two's complement.

    `left`, bool (n,), says where the nearest double takes more than one rounding: few digits, more than 22 places from the point;
    of a scale from 0 to 22 none is.
    30 ns each, where Python's integers take 3,000 to 5,000.
    """
    scratch = np.empty(1, np.float64)
    bits = scratch.view(np.uint64)
    for i in range(words.shape[0]):
        low, high, negative = magnitude(words[i, 0], words[i, 1])
        low, high, places = strip_zeros(low, high, scale)
        left[i] = False
        if high == u(0) and low == u(0):
            h1[i], h2[i] = finish(seed ^ tail1(u(0)), seed, u(8))
        elif places <= 0 and fits_whole(low, high, -places, negative):
            whole = low * WHOLE_POWERS[-places]
            h1[i], h2[i] = finish(seed ^ tail1(u(0) - whole if negative else whole), seed, u(8))
        elif places <= 0:
            left[i] = scale < 0 and -places >= POWERS.shape[0]
            scratch[0], is_double = large_double(low, high, 0 if left[i] else -places)
            if is_double:
                h1[i], h2[i] = hash_double(bits[0], negative, seed)
            else:
                h1[i], h2[i] = hash_wide(u(np.int64(-2 * places + negative)), low, high, seed)
        elif high == u(0) and low < FEW_DIGITS:
            left[i] = places >= POWERS.shape[0]
            scratch[0] = np.float64(low) / POWERS[min(places, POWERS.shape[0] - 1)]
            h1[i], h2[i] = hash_double(bits[0], negative, seed)
        else:
            odd, fives = strip_fives(low, high, places)
            if fives == places and odd < EXACT_DOUBLE:
                scratch[0] = np.float64(odd) / np.float64(u(1) << u(places))
                h1[i], h2[i] = hash_double(bits[0], negative, seed)
            else:
                h1[i], h2[i] = hash_wide(u(np.int64(-2 * places + negative)), low, high, seed)


@njit(inline="always")
def magnitude(low, high):  # type: ignore[no-untyped-def]
    """(low, high, whether negative) of a number of 128 bits in two's complement."""
    if high & SIGN:
        return u(0) - low, ~high + u(low == u(0)), True
    return low, high, False


@njit(inline="always")
def divide(low, high, divisor):  # type: ignore[no-untyped-def]
    """(low, high) of the quotient and the remainder, by a divisor below 2^32, in halves of words."""
    quotient, rest = high // divisor, high % divisor
    part = (rest << u(32)) | (low >> u(32))
    upper, rest = part // divisor, part % divisor
    part = (rest << u(32)) | (low & LOW32)
    return (upper << u(32)) | part // divisor, quotient, part % divisor


@njit(inline="always")
def strip_zeros(low, high, places):  # type: ignore[no-untyped-def]
    """The number without decimal zeros at its end, and how many places it has then; nothing is done to zero."""
    while low & u(1) == u(0) and (low | high) != u(0):
        less, more, rest = divide(low, high, u(10))
        if rest != u(0):
            break
        low, high, places = less, more, places - 1
    return low, high, places


@njit(inline="always")
def strip_fives(low, high, most):  # type: ignore[no-untyped-def]
    """What is left after at most so many divisions by five, 2^64 - 1 if it has more than 64 bits; and how many there were."""
    fives = 0
    while fives < most:
        less, more, rest = divide(low, high, u(5))
        if rest != u(0):
            break
        low, high, fives = less, more, fives + 1
    return low if high == u(0) else ~u(0), fives


@njit(inline="always")
def fits_whole(low, high, zeros, negative):  # type: ignore[no-untyped-def]
    """Whether the number with so many zeros behind it is a signed word."""
    most = SIGN if negative else SIGN - u(1)
    return high == u(0) and zeros < WHOLE_POWERS.shape[0] and low <= most // WHOLE_POWERS[min(zeros, 18)]


@njit(inline="always")
def large_double(low, high, zeros):  # type: ignore[no-untyped-def]
    """(double, whether it stands for the number) of a whole number with so many zeros behind it, beyond 64 bits and below 2^127.

    It does if the number has at most 15 digits before the zeros, or is exactly a double: an odd number below 2^53 times a
    power of two.
    """
    if high == u(0) and low < FEW_DIGITS:
        if zeros < POWERS.shape[0]:
            return np.float64(low) * POWERS[zeros], True
        low, high = times_tens(low, zeros)
        return nearest_double(low, high), True
    twos = zeros
    while low & u(1) == u(0):
        low, high, twos = (low >> u(1)) | (high << u(63)), high >> u(1), twos + 1
    if high != u(0) or low >= EXACT_DOUBLE:
        return 0.0, False
    for _ in range(zeros):
        low *= u(5)
        if low >= EXACT_DOUBLE:
            return 0.0, False
    return np.ldexp(np.float64(low), twos), True


@njit(inline="always")
def times_tens(low, zeros):  # type: ignore[no-untyped-def]
    """(low, high) of a number times so many tens, of at most 128 bits."""
    high = u(0)
    for _ in range(zeros):
        part = (low & LOW32) * u(10)
        upper = (low >> u(32)) * u(10) + (part >> u(32))
        low, high = (upper << u(32)) | (part & LOW32), high * u(10) + (upper >> u(32))
    return low, high


@njit(inline="always")
def nearest_double(low, high):  # type: ignore[no-untyped-def]
    """The double nearest to a number from 2^64 to below 2^127, ties to even."""
    shift = u(0)
    while (high << shift) & SIGN == u(0):
        shift += u(1)
    top = (high << shift) | (low >> (u(64) - shift))
    top |= u(low << shift != u(0))  # what is cut off is more than nothing: 11 bits stand before it
    return np.ldexp(np.float64(top), 64 - np.int64(shift))


@njit(inline="always")
def hash_double(bits, negative, seed):  # type: ignore[no-untyped-def]
    """The hash of a double that is not a signed word."""
    word = bits | SIGN if negative else bits
    return finish(seed ^ tail1(word), seed ^ tail2(DOUBLE_TAG), u(9))


@njit(inline="always")
def hash_wide(header, low, high, seed):  # type: ignore[no-untyped-def]
    """The hash of a header and a magnitude of one word, or two where the second is not zero."""
    h1 = mix1(seed ^ tail1(header), seed)
    h2 = mix2(seed ^ tail2(low), h1)
    if high == u(0):
        return finish(h1, h2, u(16))
    return finish(h1 ^ tail1(high), h2, u(24))
