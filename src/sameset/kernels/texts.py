"""Hashes of byte strings, many at a time; `h1`, `h2` are uint64 of as many values as there are strings, and are overwritten.

How many 16-byte blocks a string has is nothing that a processor can foresee, and a wrong guess costs as much as two blocks.
So strings are gathered word by word into a tile, one column per string, and every step of Murmur runs over a row of the tile,
in vectors: 6 ns for a string of 10 to 43 bytes, where one after another took 13.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import finish, load8, load64, low_bytes, mix1, mix2, murmur128, tail1, tail2

__all__ = ["HIGH_BITS", "all_words", "hash_bytes", "hash_views"]

u = np.uint64
TILE = 128
MOST_WORDS = 16  # longer strings are hashed one by one, where the blocks outweigh the guess
INLINE_BYTES = u(12)
HIGH_BITS = u(0x8080808080808080)


@njit(nogil=True, cache=True)
def hash_bytes(address, offsets, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of byte strings: string i lies from `address + offsets[i]` to `address + offsets[i + 1]`; int64 offsets.

    Gives whether there is a byte above 127, so that what has none need not be looked at again to be UTF-8.
    """
    seen = u(0)
    starts, sizes, ends, words = new_tile()
    base = u(address)
    ends[:] = base + u(offsets[-1])
    for first in range(0, offsets.shape[0] - 1, TILE):
        tile = offsets[first : first + TILE + 1]
        count = tile.shape[0] - 1
        for i in range(count):
            starts[i] = base + u(tile[i])
            sizes[i] = u(tile[i + 1] - tile[i])
        seen |= hash_tile(starts[:count], sizes, ends, words, seed, h1[first:], h2[first:])
    return seen & HIGH_BITS != u(0)


@njit(nogil=True, cache=True)
def hash_views(views, buffers, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of byte strings in Arrow's view layout: `views` is int32 (n, 4), `buffers` uint64 (buffers, 2), start and end.

    A view is the length and twelve bytes of data, or the length, four bytes of prefix, which buffer, and where in it.
    Gives whether there is a byte above 127.
    """
    seen = u(0)
    starts, sizes, ends, words = new_tile()
    for first in range(0, views.shape[0], TILE):
        tile = views[first : first + TILE]
        here = u(tile.ctypes.data)
        for i in range(tile.shape[0]):
            sizes[i] = u(tile[i, 0])
            if sizes[i] <= INLINE_BYTES:
                starts[i], ends[i] = here + u(16 * i + 4), here + u(16 * tile.shape[0])
            else:
                start, ends[i] = buffers[tile[i, 2]]
                starts[i] = start + u(tile[i, 3])
        seen |= hash_tile(starts[: tile.shape[0]], sizes, ends, words, seed, h1[first:], h2[first:])
    return seen & HIGH_BITS != u(0)


@njit(inline="always")
def new_tile():  # type: ignore[no-untyped-def]
    """(addresses, sizes, ends of what may be read, words) of a tile of strings."""
    return (
        np.empty(TILE, np.uint64),
        np.empty(TILE, np.uint64),
        np.empty(TILE, np.uint64),
        np.zeros((MOST_WORDS, TILE), np.uint64),
    )


@njit(nogil=True, cache=True)
def hash_tile(starts, sizes, ends, words, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of as many strings as `starts` has: those that can be read in whole words together, the others one by one.

    Gives all their words, one ored to the other.
    """
    longest, long = u(0), 0
    for i in range(starts.shape[0]):
        longest = max(longest, sizes[i])
        long += sizes[i] >= u(8 * MOST_WORDS)
    blocks = min(longest // u(16) + u(1), u(MOST_WORDS // 2)) if 2 * long < starts.shape[0] else u(0)
    reach = u(16) * blocks
    seen = u(0)
    if blocks:
        seen = gather(starts, sizes, ends, reach, words, np.empty(TILE, np.uint64))
        mix(sizes, words, blocks, seed, h1[: starts.shape[0]], h2)
    for i in range(starts.shape[0]):
        if sizes[i] >= reach or starts[i] + reach > ends[i]:
            h1[i], h2[i] = murmur128(starts[i], sizes[i], seed, ends[i])
            seen |= all_words(starts[i], sizes[i])
    return seen


@njit(inline="always")
def gather(starts, sizes, ends, reach, words, places):  # type: ignore[no-untyped-def]
    """The words of the strings up to `reach` bytes, zero beyond their end; gives them all, one ored to the other.

    `reach` is a multiple of 16; `places`, uint64 (strings,), is overwritten.
    """
    seen = u(0)
    count = starts.shape[0]
    nothing = u(words.ctypes.data)  # read instead of what must not be read
    for i in range(count):
        places[i] = starts[i] if starts[i] + reach <= ends[i] else nothing
    for j in range(0, reach // u(8), 2):
        row, next_row = words[j], words[j + 1]
        for i in range(count):
            place = places[i] + u(8 * j)
            row[i], next_row[i] = load64(place), load64(place + u(8))
    for j in range(reach // u(8)):
        row, before = words[j], u(8 * j)
        for i in range(count):
            left = min(max(sizes[i], before) - before, u(8))
            row[i] = low_bytes(row[i], left)
            seen |= row[i]
    return seen


@njit(inline="always")
def all_words(start, size):  # type: ignore[no-untyped-def]
    """The words of one string, one ored to the other."""
    seen = u(0)
    for j in range(size // u(8)):
        seen |= load64(start + u(8 * j))
    for j in range(size & ~u(7), size):
        seen |= load8(start + u(j))
    return seen


@njit(inline="always")
def mix(sizes, words, blocks, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Murmur's steps over all strings at once: a block where there is a whole one, a tail after the last, nothing behind it."""
    for i in range(h1.shape[0]):
        h1[i] = seed
        h2[i] = seed
    for block in range(blocks):
        low, high = words[2 * block], words[2 * block + 1]
        for i in range(h1.shape[0]):
            a, b = h1[i] ^ tail1(low[i]), h2[i] ^ tail2(high[i])
            mixed = mix1(a, h2[i])
            whole = sizes[i] >= u(16 * (block + 1))
            h1[i] = mixed if whole else a
            h2[i] = mix2(b, mixed) if whole else b
    for i in range(h1.shape[0]):
        h1[i], h2[i] = finish(h1[i], h2[i], sizes[i])
