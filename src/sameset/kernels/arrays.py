"""Where the values of a batch lie, by Arrow's C data interface: for most columns of a batch nothing is done in Python.

What Python did for a column took 8 us by itself and 30 between kernels that take the caches, 0.1 s of the 1.0 for 6 million rows
of 16 columns. `struct ArrowArray` is ten words; addresses and words are uint64
(https://arrow.apache.org/docs/format/CDataInterface.html).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

from sameset.kernels.murmur import load8, load64, murmur128
from sameset.kernels.texts import HIGH_BITS, all_words

__all__ = [
    "BITS",
    "BOUND",
    "BYTES",
    "BYTES32",
    "DECIMALS",
    "DOUBLES",
    "ENTRIES",
    "FEW_ENTRIES",
    "FLOATS",
    "HASHED",
    "INT8",
    "INT16",
    "LEFT",
    "NANOSECONDS",
    "PLAN_WORDS",
    "UINT8",
    "UINT16",
    "UINT32",
    "VIEWS",
    "WORDS32",
    "WORDS64",
    "plan_columns",
    "pointer",
    "unpack_bits",
]

u = np.uint64
#: Kinds of columns (`kernels.fold`): hashes of rows; the same, only to be bound; hashes of entries and codes; and the values
#: themselves. LEFT is what is not known here.
LEFT, HASHED, BOUND, ENTRIES, WORDS32, WORDS64, DOUBLES, DECIMALS, VIEWS, BYTES, BYTES32 = range(11)
NANOSECONDS, FLOATS, BITS, INT8, INT16, UINT8, UINT16, UINT32 = range(11, 19)
#: Of a row of a plan: kind, three addresses, number of entries or seed, size in bytes or scale, bitmap of nulls, its first bit.
PLAN_WORDS = 8
FEW_ENTRIES = 4  # at least so many rows an entry, or hashing by entries is not worth it
# Of a struct ArrowArray, in bytes from its start.
LENGTH, NULLS, OFFSET, BUFFERS, CHILDREN, DICTIONARY = u(0), u(8), u(16), u(40), u(48), u(56)


@intrinsic
def pointer(typingctx: Any, address: Any) -> Any:
    """An address as a pointer."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.uint64), codegen


@njit(nogil=True, cache=True)
def plan_columns(batch, layouts, known, entry_hashes, plan):  # type: ignore[no-untyped-def]
    """Fills `plan`, uint64 (columns, 8), as `fold_columns` takes it, for the struct at `batch`; gives how many columns are LEFT.

    `layouts` is uint64 (columns, 4): kind (LEFT: not to be looked at), bytes of a value, code or offset (of BITS 0), seed, and how
    many bytes are hashed, of DECIMALS the scale. ENTRIES have offsets of four bytes. Hashes of at most n entries are made and
    written to `entry_hashes`, uint64 (columns, 2, n); `known`, uint64 (columns, 5), are larger dictionaries whose hashes
    are known: addresses of offsets (0: none) and bytes, number of entries, addresses of both halves of their hashes.
    LEFT are also columns of codes with nulls, codes of entries that are not there, entries with a byte above 127 (whether they are
    UTF-8, or in which form, is looked at elsewhere), and many entries that are not known.
    """
    rows, children = load64(batch + LENGTH), load64(batch + CHILDREN)
    left = 0
    for c in range(layouts.shape[0]):
        plan[c, 0] = u(LEFT)
        array = load64(children + u(8 * c))
        if rows and layouts[c, 0] != LEFT:
            plan_column(array, rows, layouts[c], known[c], entry_hashes[c], plan[c])
        left += plan[c, 0] == LEFT
    return left


@njit(inline="always")
def is_without_nulls(array):  # type: ignore[no-untyped-def]
    """Whether an array that has a bitmap of nulls says that there are none; a number of nulls not yet known is 2^64 - 1."""
    return load64(array + NULLS) == u(0) or load64(load64(array + BUFFERS)) == u(0)


@njit(inline="always")
def plan_column(array, rows, layout, known, entry_hashes, row):  # type: ignore[no-untyped-def]
    """Fills the plan's row for one column."""
    kind = layout[0]
    buffers, offset = load64(array + BUFFERS), load64(array + OFFSET)
    values = load64(buffers + u(8))
    place = values + layout[1] * offset
    full = is_without_nulls(array)
    if values == u(0):
        return
    row[6], row[7] = u(0) if full else load64(buffers), offset
    if kind == ENTRIES:
        dictionary = load64(array + DICTIONARY)
        entries = load64(dictionary + LENGTH)
        if full and is_worth_it(dictionary, entries, rows):
            h1, h2 = hashes_of(dictionary, entries, layout[2], known, entry_hashes)
            if h1 and highest(carray(pointer(place), (np.int64(rows),), np.uint32)) < entries:
                row[0], row[1], row[2], row[3], row[4], row[5] = kind, place, h1, h2, entries, u(0)
    elif kind in (BYTES, BYTES32):
        row[0], row[1], row[2], row[3], row[4], row[5] = kind, load64(buffers + u(16)), place, u(0), layout[2], u(0)
    else:
        row[0], row[1], row[2], row[3], row[4], row[5] = kind, place, u(0), u(0), layout[2], layout[3]


@njit(inline="always")
def unpack_bits(bitmap, first, bits):  # type: ignore[no-untyped-def]
    """The bits of a bitmap from one on, each as a word of `bits`, uint64 (n,); no byte behind the last one is read."""
    base, skip = bitmap + (first >> u(3)), first & u(7)
    whole = bits.shape[0] // 64
    for k in range(whole):
        word = load64(base + u(8 * k)) >> skip
        if skip:
            word |= load8(base + u(8 * k + 8)) << (u(64) - skip)
        part = bits[64 * k : 64 * k + 64]
        for j in range(64):
            part[j] = (word >> u(j)) & u(1)
    for i in range(64 * whole, bits.shape[0]):
        at = first + u(i)
        bits[i] = (load8(bitmap + (at >> u(3))) >> (at & u(7))) & u(1)


@njit(inline="always")
def is_worth_it(dictionary, entries, rows):  # type: ignore[no-untyped-def]
    """Whether there are entries, but not too many for so many rows, and no null among them."""
    return entries != u(0) and u(FEW_ENTRIES) * entries <= rows and is_without_nulls(dictionary)


@njit(inline="always")
def hashes_of(dictionary, entries, seed, known, made):  # type: ignore[no-untyped-def]
    """Addresses of both halves of the hashes of a dictionary's byte strings; zeros if they are not known and cannot be made."""
    buffers = load64(dictionary + BUFFERS)
    place = load64(buffers + u(8)) + u(4) * load64(dictionary + OFFSET)
    data = load64(buffers + u(16))
    offsets = carray(pointer(place), (np.int64(entries) + 1,), np.int32)
    if entries > u(made.shape[1]):
        same = known[0] != u(0) and known[2] == entries and are_equal(offsets, data, known)
        return (known[3], known[4]) if same else (u(0), u(0))
    seen, end = u(0), data + u(offsets[-1])
    for i in range(offsets.shape[0] - 1):
        start, size = data + u(offsets[i]), u(offsets[i + 1] - offsets[i])
        made[0, i], made[1, i] = murmur128(start, size, seed, end)
        seen |= all_words(start, size)
    return (u(0), u(0)) if seen & HIGH_BITS else (u(made[0].ctypes.data), u(made[1].ctypes.data))


@njit(inline="always")
def are_equal(offsets, data, known):  # type: ignore[no-untyped-def]
    """Whether byte strings are those known, of which there are as many: readers give the same, or a copy, with many batches."""
    others = carray(pointer(known[0]), (offsets.shape[0],), np.int32)
    unlike = np.int32(0)
    for i in range(offsets.shape[0]):
        unlike |= (offsets[i] - offsets[0]) ^ (others[i] - others[0])
    if unlike != 0:
        return False
    one, other, size = data + u(offsets[0]), known[1] + u(others[0]), u(offsets[-1] - offsets[0])
    differing = u(0)
    for i in range(size // u(8)):
        differing |= load64(one + u(8 * i)) ^ load64(other + u(8 * i))
    for i in range(size & ~u(7), size):
        differing |= load8(one + u(i)) ^ load8(other + u(i))
    return differing == u(0)


@njit(inline="always")
def highest(codes):  # type: ignore[no-untyped-def]
    """The highest of codes, taken as unsigned: a negative one is higher than all others."""
    most = np.uint32(0)
    for i in range(codes.shape[0]):
        most = max(most, codes[i])
    return u(most)
