"""Numbers as UNF version 6 writes them: a sign, one digit, a point, more digits, `e`, the exponent.

A double that is k / 10^j with k below 10^15 and j up to 22 is the double nearest to that decimal, because both are doubles
and division rounds correctly; and since no two decimals of 15 digits share a nearest double, that decimal is its shortest
form. So its digits are those of the integer k, and rounding them is exact.

Any other double is rounded by its first 15 digits, got by at most two roundings and so wrong by less than one in the last. No
midpoint between two decimals of N digits (it has N + 1) lies between the double and its shortest form, which would be the
midpoint then, and of the kind above. So where those digits are two or more away from a midpoint, they decide.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["LEFT", "WIDTH", "write_numbers"]

WIDTH = 32  # 17 digits take 26 bytes
LEFT = -1
EXACT = 1e15
LARGEST_EXACT_POWER = 22
POWERS = np.array([float(10**i) for i in range(LARGEST_EXACT_POWER + 1)])
LEADING = 15
MOST_ROUNDED = 13  # of 15 digits; then midpoints are at least 100 apart
LEAST, LARGEST = 1e-29, 1e58  # scaled to 15 digits by at most two of the powers
ZERO, POINT, PLUS, MINUS, LETTER_E = 48, 46, 43, 45, 101
SPECIAL = np.frombuffer(b"naninf", np.uint8)


@njit(nogil=True, cache=True)
def write_numbers(values, digits, out, sizes):  # type: ignore[no-untyped-def]
    """Writes float64 `values`, rounded half-even to so many significant digits, to `out`, uint8 (n, WIDTH).

    `sizes` is int64 (n,): the bytes written, or LEFT where the number is not as simple as that.
    """
    for i in range(values.shape[0]):
        x = values[i]
        out[i, 0] = MINUS if np.signbit(x) and x == x else PLUS
        if x != x or np.isinf(x):
            sizes[i] = write_special(0 if x != x else 3, out[i])
            continue
        whole, places = shortest(abs(x))
        if whole < 0 and digits <= MOST_ROUNDED:
            whole, places = leading(abs(x), digits)
        sizes[i] = LEFT if whole < 0 else write_decimal(whole, places, digits, out[i])


@njit(inline="always")
def write_special(at, out):  # type: ignore[no-untyped-def]
    """`nan` or `inf` behind the sign."""
    for j in range(3):
        out[1 + j] = SPECIAL[at + j]
    return 4


@njit(inline="always")
def shortest(x):  # type: ignore[no-untyped-def]
    """(k, j) with x = k / 10^j, or (-1, 0)."""
    power = 1.0
    for j in range(LARGEST_EXACT_POWER + 1):
        k = np.rint(x * power)
        if k >= EXACT:
            break
        if k / power == x:
            return np.int64(k), j
        power *= 10.0
    return np.int64(LEFT), 0


@njit(inline="always")
def leading(x, digits):  # type: ignore[no-untyped-def]
    """(k, j) with k of 15 digits that rounds to N digits as x * 10^j does, or (-1, 0) if that is not certain."""
    if not LEAST <= x < LARGEST:
        return np.int64(LEFT), 0
    places = LEADING - 1 - int(np.floor(np.log10(x)))
    first, second = min(abs(places), LARGEST_EXACT_POWER), max(abs(places) - LARGEST_EXACT_POWER, 0)
    scaled = x * POWERS[first] * POWERS[second] if places >= 0 else x / POWERS[first] / POWERS[second]
    if not EXACT / 10.0 <= scaled < EXACT - 1.0:
        return np.int64(LEFT), 0
    whole = np.int64(np.rint(scaled))
    unit = 10 ** (LEADING - digits)
    if abs(2 * (whole % unit) - unit) <= 4:
        return np.int64(LEFT), 0
    return whole, places


@njit(inline="always")
def write_decimal(whole, places, digits, out):  # type: ignore[no-untyped-def]
    """Writes whole / 10^places behind the sign; gives the bytes written."""
    count = 1
    power = 1
    while whole // power >= 10:
        power *= 10
        count += 1
    exponent = count - 1 - places
    if count > digits:
        unit = 10 ** (count - digits)
        rest = whole % unit
        whole //= unit
        whole += rest * 2 > unit or (rest * 2 == unit and whole % 2 == 1)
        power = 10 ** (digits - 1)
        if whole == 10 * power:
            whole //= 10
            exponent += 1
    if whole == 0:
        exponent = 0
    return write_exponent(exponent, write_digits(whole, power, out), out)


@njit(inline="always")
def write_digits(whole, power, out):  # type: ignore[no-untyped-def]
    """Writes a digit, the point, and the other digits without zeros at the end; `power` is that of the first digit."""
    out[1] = ZERO + whole // power
    out[2] = POINT
    at = 3
    whole %= power
    while whole > 0:
        power //= 10
        out[at] = ZERO + whole // power
        whole %= power
        at += 1
    return at


@njit(inline="always")
def write_exponent(exponent, at, out):  # type: ignore[no-untyped-def]
    """Writes `e`, the sign, and the digits unless the exponent is 0; it has at most two."""
    out[at] = LETTER_E
    out[at + 1] = MINUS if exponent < 0 else PLUS
    at += 2
    exponent = abs(exponent)
    if exponent >= 10:
        out[at] = ZERO + exponent // 10
        at += 1
    if exponent > 0:
        out[at] = ZERO + exponent % 10
        at += 1
    return at
