"""Cells of an invertible Bloom lookup table (Goodrich and Mitzenmacher 2011) over sums in the prime field of 2^61 - 1.

With XOR a row whose multiplicity differs by two leaves nothing behind; a sum n * x gives x back for every n that is not
a multiple of the prime. `cells` is uint64 (4 * 2^k, lanes + 2): the signed count as two's complement, the lanes, the check.
Four subtables of 2^k cells; a row takes one cell of each.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import fmix
from sameset.kernels.vectors import add_four, add_one, add_two

__all__ = ["SUBTABLES", "add_rows", "peel"]

u = np.uint64
P = u((1 << 61) - 1)
LOW32 = u(0xFFFFFFFF)
LOW29 = u((1 << 29) - 1)
POSITION_KEY = u(0x9E3779B97F4A7C15)
SUBTABLES = 4
TILE = 128  # rows prepared at a time: with 10 words a row they take 10 kB of the first-level cache


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
def chain(h, word):  # type: ignore[no-untyped-def]
    """The check of a row so far, with one more lane."""
    return fmix((h ^ word) * u(5) + u(0x52DCE729))


@njit(inline="always")
def check_of(lanes):  # type: ignore[no-untyped-def]
    """The check of a row: all its lanes chained through Murmur's finaliser, reduced."""
    h = u(lanes.shape[0])
    for j in range(lanes.shape[0]):
        h = chain(h, lanes[j])
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
def add_rows(keys, h1, h2, cells):  # type: ignore[no-untyped-def]
    """Adds every row once: packed keys, uint64 (rows, w), all below the prime, and both halves of the row hashes, any words.

    Tiles of rows are prepared in loops that vectorise (checks and places cost 1 ns a row), then each row is added to its
    four cells in vectors of up to four words: 4 ns a row of four words, where words one by one took 19.
    """
    width = cells.shape[1]
    columns = np.empty((width, TILE), np.uint64)
    places = np.empty((2, TILE), np.uint64)
    tile = np.empty((TILE, width), np.uint64)
    moduli = np.full(width, P)
    moduli[0] = u(0)
    columns[0] = u(1)
    for start in range(0, h1.shape[0], TILE):
        end = min(start + TILE, h1.shape[0])
        prepare_rows(keys[start:end], h1[start:end], h2[start:end], columns, places)
        rows = tile[: end - start]
        interleave(columns, rows)
        for i in range(rows.shape[0]):
            add_row(rows[i], places[0, i], places[1, i], moduli, cells)


@njit(inline="always")
def as_lane(h):  # type: ignore[no-untyped-def]
    """A word as a lane: modulo 2^61, and the prime itself as 0."""
    h &= P
    return min(h, h - P)


@njit(inline="always")
def prepare_rows(keys, h1, h2, columns, places):  # type: ignore[no-untyped-def]
    """What a tile of rows adds to its cells (lanes and check, one behind the other), and the words that choose the cells.

    Whatever is indexed starts at 0: an index that could be negative for all the compiler knows takes 2 ns instead of 1.
    """
    rows, lanes = keys.shape
    check = columns[lanes + 3][:rows]
    check[:] = u(lanes + 2)
    for j in range(lanes):
        column = columns[1 + j][:rows]
        for i in range(rows):
            column[i] = keys[i, j]
        for i in range(rows):
            check[i] = chain(check[i], column[i])
    one, two = columns[lanes + 1][:rows], columns[lanes + 2][:rows]
    first, second = places[0][:rows], places[1][:rows]
    for i in range(rows):
        a, b = as_lane(h1[i]), as_lane(h2[i])
        c = reduce(chain(chain(check[i], a), b))
        one[i], two[i], check[i] = a, b, c
        first[i], second[i] = fmix(c), fmix(c ^ POSITION_KEY)


@njit(inline="always")
def interleave(columns, tile):  # type: ignore[no-untyped-def]
    """Words one column behind the other -> one row behind the other; four at once, without a key, take half the time."""
    rows, width = tile.shape
    if width == 4:
        c0, c1, c2, c3 = columns[0][:rows], columns[1][:rows], columns[2][:rows], columns[3][:rows]
        for i in range(rows):
            row = tile[i]
            row[0], row[1], row[2], row[3] = c0[i], c1[i], c2[i], c3[i]
        return
    for j in range(width):
        column = columns[j][:rows]
        for i in range(rows):
            tile[i, j] = column[i]


@njit(inline="always")
def add_row(row, first, second, moduli, cells):  # type: ignore[no-untyped-def]
    """Adds the words of a row to its cell of each subtable."""
    size = u(cells.shape[0] // SUBTABLES)
    base, step = u(cells.ctypes.data), u(8 * cells.shape[1])
    mask = size - u(1)
    add_words(base + step * (first & mask), row, moduli)
    add_words(base + step * (size + ((first >> u(32)) & mask)), row, moduli)
    add_words(base + step * (u(2) * size + (second & mask)), row, moduli)
    add_words(base + step * (u(3) * size + ((second >> u(32)) & mask)), row, moduli)


@njit(inline="always")
def add_words(cell, row, moduli):  # type: ignore[no-untyped-def]
    """Adds the words of a row to those at an address, each below its modulus before and after; a modulus of 0 is 2^64."""
    r, m = u(row.ctypes.data), u(moduli.ctypes.data)
    left = row.shape[0]
    if left == 4:  # without a key
        add_four(cell, r, m)
        return
    if left == 6:  # with one of at most 14 bytes
        add_four(cell, r, m)
        add_two(cell + u(32), r + u(32), m + u(32))
        return
    while left >= 4:
        add_four(cell, r, m)
        cell, r, m = cell + u(32), r + u(32), m + u(32)
        left -= 4
    if left >= 2:
        add_two(cell, r, m)
        cell, r, m = cell + u(16), r + u(16), m + u(16)
        left -= 2
    if left:
        add_one(cell, r, m)


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
