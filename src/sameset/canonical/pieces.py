"""Values as byte strings, one piece per row, wherever in memory they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import bits_of, values_of
from sameset.canonical.columns import byte_strings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Offsets = NDArray[np.int64]
    Octets = NDArray[np.uint8]

__all__ = ["Pieces", "booleans_of", "table_pieces", "text_pieces"]


class Pieces(NamedTuple):
    """Piece i has `sizes[i]` bytes from `address + starts[i]` on; both are int64 (rows,)."""

    address: np.uint64
    starts: Offsets
    sizes: Offsets
    keep: object  #: what must stay alive as long as the address is used


def text_pieces(array: pa.Array) -> Pieces:
    """The bytes of a text or bytes array, without a copy; what lies hidden under nulls too."""
    address, offsets, keep = byte_strings(array)
    return Pieces(address, offsets[:-1], np.diff(offsets), keep)


def table_pieces(table: Octets, sizes: Offsets, rows: Sequence[int] = (), others: Sequence[bytes] = ()) -> Pieces:
    """The first bytes of each row of a table, uint8 (rows, width); for some `rows` the `others` instead."""
    table = np.ascontiguousarray(table)
    starts = np.arange(len(table), dtype=np.int64) * table.shape[1]
    if not others:
        return Pieces(np.uint64(table.ctypes.data), starts, sizes, table)
    data = np.frombuffer(table.tobytes() + b"".join(others), np.uint8)
    starts, sizes, where = starts.copy(), sizes.copy(), np.array(rows, np.int64)
    lengths = np.array([len(other) for other in others], np.int64)
    starts[where], sizes[where] = table.size + np.cumsum(lengths) - lengths, lengths
    return Pieces(np.uint64(data.ctypes.data), starts, sizes, data)


def booleans_of(array: pa.Array) -> NDArray[np.bool_]:
    """The values of an array of bits, or of bytes that stand for them."""
    return bits_of(array) if pa.types.is_boolean(array.type) else values_of(array) != 0
