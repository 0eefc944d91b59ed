"""Hashes of tensors out of the hashes of their elements, which are never all in memory (docs/encoding.md, "Nested values").

An element's hash is 16 bytes, one block of Murmur. So a tensor of bytes needs no more than a table of 256 blocks, 4 kB, and
one of any other numbers can be hashed some elements at a time: an image of 50 million elements would have 800 MB of hashes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import finish, load8, mix1, mix2, tail1, tail2

__all__ = ["absorb_hashes", "finish_tensor", "hash_coded"]

u = np.uint64
BLOCK = u(16)


@njit(nogil=True, cache=True)
def hash_coded(address, places, width, heads, blocks, seed, h1, h2):  # type: ignore[no-untyped-def]
    """Hashes of tensors of unsigned numbers of `width` bytes, 1 or 2.

    Tensor i has the elements that lie from byte `places[i, 0]` to `places[i, 1]` behind `address`, and the head
    `heads[i]`, uint64 (n, 2); `blocks`, uint64 (256 or 65536, 2), are the hashes of all numbers of that width.
    """
    for i in range(places.shape[0]):
        a = mix1(seed ^ tail1(heads[i, 0]), seed)
        b = mix2(seed ^ tail2(heads[i, 1]), a)
        at, end = u(address) + u(places[i, 0]), u(address) + u(places[i, 1])
        count = (end - at) // u(width)
        while at < end:
            code = load8(at)
            if width == 2:
                code |= load8(at + u(1)) << u(8)
            a = mix1(a ^ tail1(blocks[code, 0]), b)
            b = mix2(b ^ tail2(blocks[code, 1]), a)
            at += u(width)
        h1[i], h2[i] = finish(a, b, BLOCK * (count + u(1)))


@njit(nogil=True, cache=True)
def absorb_hashes(h1, h2, state):  # type: ignore[no-untyped-def]
    """Takes the hashes of some elements, in order, into the state of one tensor, uint64 (2,), which starts as the seed twice."""
    a, b = state[0], state[1]
    for i in range(h1.shape[0]):
        a = mix1(a ^ tail1(h1[i]), b)
        b = mix2(b ^ tail2(h2[i]), a)
    state[0], state[1] = a, b


@njit(nogil=True, cache=True)
def finish_tensor(state, elements):  # type: ignore[no-untyped-def]
    """The hash of a tensor of so many elements whose state has taken its head and all of them."""
    return finish(state[0], state[1], BLOCK * (u(elements) + u(1)))
