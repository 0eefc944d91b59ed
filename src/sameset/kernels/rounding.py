"""Rounding of doubles to significant digits, where one multiplication and one division are provably right."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["LARGEST_POWER", "MOST_DIGITS", "round_doubles"]

MOST_DIGITS = 15  # a decimal of so many digits is always told apart by its nearest double
LARGEST_POWER = 22  # up to 10^22 powers of ten are doubles
POWERS = 10.0 ** np.arange(LARGEST_POWER + 1)
DOUBT = 1.125 * 2.0**-52  # of the scaled value: error of repr (2^-53) and of the product (2^-53), and an eighth more


@njit(nogil=True, cache=True)
def round_doubles(values, digits, out, unsure):  # type: ignore[no-untyped-def]
    """Writes values rounded to `digits` (1 to 15) significant ones to `out`; `unsure` (bool) marks those to be rounded exactly.

    The decimal rounded is the shortest that names the double. Unsure is what lies too near the middle of two neighbours,
    and what needs a power of ten that is no double.
    """
    ceiling = POWERS[digits]
    for i in range(values.shape[0]):
        size = abs(values[i])
        out[i] = values[i]
        unsure[i] = False
        if size == 0.0 or not np.isfinite(size):
            continue
        power = digits - 1 - np.int64(np.floor(np.log10(size)))
        if power > LARGEST_POWER - 1 or power < 1 - LARGEST_POWER:
            unsure[i] = True
            continue
        scaled = size * POWERS[power] if power >= 0 else size / POWERS[-power]
        if scaled >= ceiling or scaled < ceiling / 10.0:  # the logarithm was off by one
            power += -1 if scaled >= ceiling else 1
            scaled = size * POWERS[power] if power >= 0 else size / POWERS[-power]
        whole = np.floor(scaled)
        part = scaled - whole
        if abs(part - 0.5) <= scaled * DOUBT:
            unsure[i] = True
            continue
        whole += 1.0 if part > 0.5 else 0.0
        rounded = whole / POWERS[power] if power >= 0 else whole * POWERS[-power]
        out[i] = -rounded if values[i] < 0 else rounded
