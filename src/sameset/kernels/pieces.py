"""Byte strings of rows, one piece per row, copied one behind the other.

Piece i has `sizes[i]` bytes from `address + starts[i]` on; `starts` and `sizes` are int64 (rows,), `out` is uint8.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from sameset.kernels.murmur import load8, load64

__all__ = ["append_values", "join_elements", "sort_groups"]

u = np.uint64
LINE_FEED = 10
WORD = 8


@intrinsic
def store64(typingctx: Any, address: Any, word: Any) -> Any:
    """Puts a word at any address as eight little-endian bytes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[1], builder.inttoptr(args[0], ir.IntType(64).as_pointer())).align = 1
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64), codegen


@njit(nogil=True, cache=True)
def append_values(head, families, address, starts, sizes, at, out):  # type: ignore[no-untyped-def]
    """Appends a value to every row's bytes: `head`, the byte `families[i]`, the size as u64, the piece; moves `at` on.

    `at`, int64 (rows,), says where in `out` each row goes on.
    """
    target = u(out.ctypes.data)
    for i in range(at.shape[0]):
        to = at[i]
        copy_bytes(u(head.ctypes.data), target + u(to), head.shape[0])
        to += head.shape[0]
        out[to] = families[i]
        store64(target + u(to + 1), u(sizes[i]))
        to += 1 + WORD
        copy_bytes(u(address) + u(starts[i]), target + u(to), sizes[i])
        at[i] = to + sizes[i]


@njit(inline="always")
def copy_bytes(source, target, size):  # type: ignore[no-untyped-def]
    """Copies word by word, the last word over a part of the one before it; byte by byte what is shorter than one."""
    if size >= WORD:
        for j in range(0, size - WORD, WORD):
            store64(target + u(j), load64(source + u(j)))
        store64(target + u(size - WORD), load64(source + u(size - WORD)))
    else:
        copy_few(source, target, size)


@njit(inline="always")
def copy_few(source, target, size):  # type: ignore[no-untyped-def]
    """Copies byte by byte."""
    for j in range(size):
        store8(target + u(j), load8(source + u(j)))


@intrinsic
def store8(typingctx: Any, address: Any, word: Any) -> Any:
    """Puts the low byte of a word at an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = builder.trunc(args[1], ir.IntType(8))
        builder.store(byte, builder.inttoptr(args[0], ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64), codegen


@njit(nogil=True, cache=True)
def sort_groups(data, ends, groups, out):  # type: ignore[no-untyped-def]
    """Copies byte strings of `data` group by group, those of a group in the order of their bytes; equal ones stay.

    String i lies from `ends[i]` to `ends[i + 1]`, group g has those from `groups[g]` to before `groups[g + 1]`; both int64.
    """
    order = np.arange(ends.shape[0] - 1)
    spare = np.empty_like(order)
    to = 0
    for g in range(groups.shape[0] - 1):
        sort_strings(data, ends, order[groups[g] : groups[g + 1]], spare)
        for i in order[groups[g] : groups[g + 1]]:
            for j in range(ends[i], ends[i + 1]):
                out[to] = data[j]
                to += 1


@njit
def sort_strings(data, ends, order, spare):  # type: ignore[no-untyped-def]
    """Merge sort: whoever writes the maps chooses their entries, so no order may take long."""
    size, width = order.shape[0], 1
    while width < size:
        for low in range(0, size, 2 * width):
            merge_runs(data, ends, order, low, min(low + width, size), min(low + 2 * width, size), spare)
        order[:] = spare[:size]
        width *= 2


@njit
def merge_runs(data, ends, order, low, middle, high, spare):  # type: ignore[no-untyped-def]
    """Merges the runs from `low` to `middle` and from there to `high` into `spare`."""
    left, right = low, middle
    for to in range(low, high):
        if right == high or (left < middle and not is_less(data, ends, order[right], order[left])):
            spare[to] = order[left]
            left += 1
        else:
            spare[to] = order[right]
            right += 1


@njit
def is_less(data, ends, a, b):  # type: ignore[no-untyped-def]
    """Whether string a comes before string b."""
    left, right = ends[a], ends[b]
    for _ in range(min(ends[a + 1] - left, ends[b + 1] - right)):
        if data[left] != data[right]:
            return data[left] < data[right]
        left += 1
        right += 1
    return ends[a + 1] - left < ends[b + 1] - right


@njit(nogil=True, cache=True)
def join_elements(address, starts, sizes, nulls, out):  # type: ignore[no-untyped-def]
    """Writes each piece with a line feed and a zero byte behind it, and three zero bytes where `nulls` (bool) says so."""
    base = u(address)
    to = 0
    for i in range(nulls.shape[0]):
        if nulls[i]:
            out[to] = 0
            out[to + 1] = 0
            out[to + 2] = 0
            to += 3
            continue
        start = base + u(starts[i])
        for j in range(sizes[i]):
            out[to + j] = load8(start + u(j))
        to += sizes[i]
        out[to] = LINE_FEED
        out[to + 1] = 0
        to += 2
