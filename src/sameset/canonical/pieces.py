"""Values as byte strings, one piece per value, wherever in memory they lie; and pieces joined to longer ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.canonical.batches import pack_word
from sameset.canonical.buffers import bits_of, values_of
from sameset.canonical.columns import byte_strings
from sameset.errors import SourceError
from sameset.kernels.pieces import append_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Offsets = NDArray[np.int64]
    Octets = NDArray[np.uint8]

__all__ = [
    "Cells",
    "Joined",
    "Pieces",
    "booleans_of",
    "field_head",
    "join",
    "sizes_of",
    "table_pieces",
    "text_pieces",
    "utf8_pieces",
]

FAMILY_AND_SIZE = 9


class Pieces(NamedTuple):
    """Piece i has `sizes[i]` bytes from `address + starts[i]` on; both are int64 (values,)."""

    address: np.uint64
    starts: Offsets
    sizes: Offsets
    keep: object  #: what must stay alive as long as the address is used


class Cells(NamedTuple):
    """The canonical bytes of values, none for a null, and the numbers of their families, uint8 (values,)."""

    pieces: Pieces
    families: Octets

    def part(self, start: int, stop: int) -> Cells:
        """The values from `start` to before `stop`."""
        pieces = self.pieces._replace(starts=self.pieces.starts[start:stop], sizes=self.pieces.sizes[start:stop])
        return Cells(pieces, self.families[start:stop])

    def take(self, places: Offsets) -> Cells:
        """The values at the places."""
        pieces = self.pieces._replace(starts=self.pieces.starts[places], sizes=self.pieces.sizes[places])
        return Cells(pieces, self.families[places])


class Joined(NamedTuple):
    """Byte strings, one behind the other: string i from `offsets[i]` to `offsets[i + 1]`, int64 (strings + 1,)."""

    data: Octets
    offsets: Offsets


def text_pieces(array: pa.Array) -> Pieces:
    """The bytes of a text or bytes array, without a copy; what lies hidden under nulls too."""
    address, offsets, keep = byte_strings(array)
    return Pieces(address, offsets[:-1], np.diff(offsets), keep)


def utf8_pieces(array: pa.Array, path: str) -> Pieces:
    """The bytes of a text array; SourceError names the path if they are not UTF-8, also where nulls hide them."""
    try:
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        raise SourceError(f"column {path!r} holds text that is not UTF-8; read it as bytes or repair it") from error
    return text_pieces(array)


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


def field_head(name: str) -> Octets:
    """What stands before a value that has a name: the length of the name and the name."""
    return np.frombuffer(pack_word(len(name.encode())) + name.encode(), np.uint8)


def sizes_of(heads: Sequence[Octets], columns: Sequence[Cells], rows: int) -> Offsets:
    """How many bytes each row takes when it is joined."""
    sizes = np.zeros(rows, np.int64)
    for head, (pieces, _) in zip(heads, columns, strict=True):
        sizes += len(head) + FAMILY_AND_SIZE + pieces.sizes
    return sizes


def join(heads: Sequence[Octets], columns: Sequence[Cells], rows: int) -> Joined:
    """Row by row the values of all columns: head, one byte of family, `u64` size, the bytes."""
    offsets = np.zeros(rows + 1, np.int64)
    np.cumsum(sizes_of(heads, columns, rows), out=offsets[1:])
    data, at = np.empty(int(offsets[-1]), np.uint8), offsets[:-1].copy()
    for head, (pieces, families) in zip(heads, columns, strict=True):
        append_values(head, families, pieces.address, pieces.starts, pieces.sizes, at, data)
    return Joined(data, offsets)
