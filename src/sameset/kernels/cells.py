"""Cells of an invertible Bloom lookup table (Goodrich and Mitzenmacher 2011) over sums in the prime field of 2^61 - 1.

With XOR a row whose multiplicity differs by two leaves nothing behind; a sum n * x gives x back for every n that is not
a multiple of the prime. `cells` is uint64 (4 * 2^k, lanes + 2): the signed count as two's complement, the lanes, the check.
Four subtables of 2^k cells; a row takes one cell of each.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import fmix

__all__ = ["SUBTABLES", "add_rows", "peel"]

u = np.uint64
P = u((1 << 61) - 1)
LOW32 = u(0xFFFFFFFF)
LOW29 = u((1 << 29) - 1)
POSITION_KEY = u(0x9E3779B97F4A7C15)
SUBTABLES = 4


@njit(inline="always")
def reduce(x):  # type: ignore[no-untyped-def]
    """x modulo the prime, for any 64-bit x."""
    x = (x & P) + (x >> u(61))
    return min(x, x - P)  # x - P wraps to something huge when x < P


@njit(inline="always")
def multiply(a, b):  # type: ignore[no-untyped-def]
    """a * b modulo the prime, for a, b below it: 2^61 is 1 there, so 2^64 is 8."""
    al, ah = a & LOW32, a >> u(32)
    bl, bh = b & LOW32, b >> u(32)
    middle = ah * bl + al * bh
    low = al * bl
    total = ah * bh * u(8) + (middle >> u(29)) + ((middle & LOW29) << u(32)) + (low & P) + (low >> u(61))
    return reduce(total)


@njit(nogil=True, cache=True)
def inverse(n):  # type: ignore[no-untyped-def]
    """1 / n modulo the prime, for 0 < n below it, by Fermat's little theorem."""
    result, power, exponent = u(1), n, P - u(2)
    while exponent:
        if exponent & u(1):
            result = multiply(result, power)
        power = multiply(power, power)
        exponent >>= u(1)
    return result


@njit(inline="always")
def field(count):  # type: ignore[no-untyped-def]
    """A signed count (two's complement) as an element of the field."""
    if count >> u(63):
        negative = reduce(u(0) - count)
        return P - negative if negative else u(0)
    return reduce(count)


@njit(inline="always")
def check_of(lanes):  # type: ignore[no-untyped-def]
    """The check of a row: all its lanes chained through Murmur's finaliser, reduced."""
    h = u(lanes.shape[0])
    for j in range(lanes.shape[0]):
        h = fmix((h ^ lanes[j]) * u(5) + u(0x52DCE729))
    return reduce(h)


@njit(inline="always")
def add_cell(cell, count, times, lanes, check):  # type: ignore[no-untyped-def]
    """Adds a row `times` times (an element of the field) to one cell; `count` is the same number as two's complement."""
    cell[0] += count
    for j in range(lanes.shape[0]):
        x = cell[j + 1] + multiply(times, lanes[j])
        cell[j + 1] = min(x, x - P)
    x = cell[-1] + multiply(times, check)
    cell[-1] = min(x, x - P)


@njit(nogil=True, cache=True)
def add_rows(rows, cells):  # type: ignore[no-untyped-def]
    """Adds every row of `rows`, uint64 (rows, lanes) with all lanes below the prime, once."""
    size = u(cells.shape[0] // SUBTABLES)
    lanes = rows.shape[1]
    for i in range(rows.shape[0]):
        check = check_of(rows[i])
        p1 = fmix(check)
        p2 = fmix(check ^ POSITION_KEY)
        for q in range(SUBTABLES):
            word = p1 if q < 2 else p2
            at = u(q) * size + ((word >> u(32 * (q & 1))) & (size - u(1)))
            cells[at, 0] += u(1)
            for j in range(lanes):
                x = cells[at, j + 1] + rows[i, j]
                cells[at, j + 1] = min(x, x - P)
            x = cells[at, lanes + 1] + check
            cells[at, lanes + 1] = min(x, x - P)


@njit(nogil=True, cache=True)
def peel(cells, found, counts):  # type: ignore[no-untyped-def]
    """Takes rows out of `cells` until none comes loose; gives how many distinct ones, written to `found` and `counts`.

    `found`: uint64 (cells, lanes); `counts`: int64 (cells,), signed multiplicities. The table was decoded if and only if
    all cells are zero afterwards. Hostile cells cannot make it run on: each row found takes a place of `found`.
    """
    lanes = cells.shape[1] - 2
    size = u(cells.shape[0] // SUBTABLES)
    stack = np.arange(cells.shape[0] * (SUBTABLES + 1))
    top = cells.shape[0]
    rows = 0
    while top > 0 and rows < found.shape[0]:
        top -= 1
        cell = cells[stack[top]]
        count = cell[0]
        times = field(count)
        if times == u(0):
            continue
        inverted = times if times == u(1) else inverse(times)
        for j in range(lanes):
            found[rows, j] = multiply(inverted, cell[j + 1])
        check = check_of(found[rows])
        if multiply(times, check) != cell[lanes + 1]:
            continue  # more than one distinct row lies in here
        p1 = fmix(check)
        p2 = fmix(check ^ POSITION_KEY)
        for q in range(SUBTABLES):
            word = p1 if q < 2 else p2
            at = u(q) * size + ((word >> u(32 * (q & 1))) & (size - u(1)))
            add_cell(cells[at], u(0) - count, P - times, found[rows], check)
            stack[top] = at
            top += 1
        counts[rows] = np.int64(count)
        rows += 1
    return rows
