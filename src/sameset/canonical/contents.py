"""A batch of rows -> the content of each row as bytes, of which no two different rows have the same (docs/schemes.md).

For digests that must not rest on a hash of 128 bits, for which two values of one hash can be made at will.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.canonical.batches import check_columns, pack_word
from sameset.canonical.buffers import doubles_of, values_of
from sameset.canonical.columns import days, decode, null_mask, raw_words, whole_ticks
from sameset.canonical.families import Family, family_of
from sameset.canonical.numbers import EXACT, LARGEST_EXACT_POWER, exact_forms, low_words
from sameset.canonical.pieces import Pieces, booleans_of, table_pieces, text_pieces
from sameset.errors import UnsupportedTypeError
from sameset.kernels.pieces import append_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Doubles = NDArray[np.float64]

__all__ = ["RowContents", "RowWriter"]

FAMILY_AND_SIZE = 9
WORD, NANOSECONDS, DOUBLE = 8, 10, 9
INT64_SPAN = 2.0**63
CELLS_AT_ONCE, FEWEST_ROWS, MOST_ROWS = 2**17, 64, 4096


class RowContents(NamedTuple):
    """The contents of rows, one behind the other: row i from `offsets[i]` to `offsets[i + 1]`, int64 (rows + 1,)."""

    data: NDArray[np.uint8]
    offsets: Whole


class RowWriter:
    """Writes the contents of rows of one schema; UnsupportedTypeError names a column whose values have no bytes of their own."""

    def __init__(self, schema: pa.Schema) -> None:
        check_columns(schema.names, ())
        for field in schema:
            if family_of(field.type, field.name) not in _PIECES:
                raise UnsupportedTypeError(field.name, str(field.type))
        self._order = sorted(range(len(schema)), key=lambda i: schema.names[i].encode())
        self._names = schema.names
        #: How many rows to write at once, so that wide tables take no more memory than others.
        self.rows = min(max(CELLS_AT_ONCE // max(len(schema), 1), FEWEST_ROWS), MOST_ROWS)

    def write(self, batch: pa.RecordBatch) -> RowContents:
        """The contents of the rows of a batch: the columns in the order of their names' UTF-8 bytes."""
        columns = [_cells(batch.column(i), self._names[i]) for i in self._order]
        heads = [_head(self._names[i]) for i in self._order]
        sizes = np.zeros(batch.num_rows, np.int64)
        for head, (pieces, _) in zip(heads, columns, strict=True):
            sizes += len(head) + FAMILY_AND_SIZE + pieces.sizes
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        data, at = np.empty(int(offsets[-1]), np.uint8), offsets[:-1].copy()
        for head, (pieces, families) in zip(heads, columns, strict=True):
            append_values(head, families, pieces.address, pieces.starts, pieces.sizes, at, data)
        return RowContents(data, offsets)


def _head(name: str) -> NDArray[np.uint8]:
    return np.frombuffer(pack_word(len(name.encode())) + name.encode(), np.uint8)


def _cells(array: pa.Array, column: str) -> tuple[Pieces, NDArray[np.uint8]]:
    """The canonical bytes of the values, none for a null, and the numbers of their families."""
    family, nulls = family_of(array.type, column), null_mask(array)
    pieces = _PIECES[family](decode(array), column)
    families = np.full(len(array), family, np.uint8)
    if nulls is not None:
        families[nulls] = Family.NULL
        pieces = pieces._replace(sizes=np.where(nulls, 0, pieces.sizes))
    return pieces, families


def _nothing(array: pa.Array, column: str) -> Pieces:
    nothing = np.zeros(len(array), np.int64)
    return Pieces(np.uint64(0), nothing, nothing, None)


def _booleans(array: pa.Array, column: str) -> Pieces:
    return table_pieces(booleans_of(array).astype(np.uint8)[:, None], np.ones(len(array), np.int64))


def _words(words: Whole) -> tuple[NDArray[np.uint8], Whole]:
    """A table of the bytes of int64 words, uint8 (rows, 8), and that all of each row count."""
    table = np.ascontiguousarray(words, "<i8").view(np.uint8).reshape(-1, WORD)
    return table, np.full(len(words), WORD, np.int64)


def _dates(array: pa.Array, column: str) -> Pieces:
    return table_pieces(*_words(days(array)))


def _ticks(array: pa.Array, column: str) -> Pieces:
    if array.type.unit != "ns":
        return table_pieces(*_words(whole_ticks(array, column)))
    micro, rest = np.divmod(raw_words(array, np.int64), 1000)
    table = np.zeros((len(array), NANOSECONDS), np.uint8)
    table[:, :WORD] = micro.astype("<i8").view(np.uint8).reshape(-1, WORD)
    table[:, WORD:] = rest.astype("<u2").view(np.uint8).reshape(-1, 2)
    return table_pieces(table, np.where(rest == 0, WORD, NANOSECONDS).astype(np.int64))


def _numbers(array: pa.Array, column: str) -> Pieces:
    if pa.types.is_floating(array.type):
        return table_pieces(*_doubles(doubles_of(array)))
    if pa.types.is_decimal(array.type):
        return _decimals(array)
    words = values_of(array).astype(np.int64)
    return _with_exact(array, (words < 0) & (array.type == pa.uint64()), *_words(words))


def _decimals(array: pa.Array) -> Pieces:
    unscaled, plain = low_words(array)
    scale = array.type.scale
    if scale == 0:
        return _with_exact(array, ~plain, *_words(unscaled))
    plain &= (unscaled > -EXACT) & (unscaled < EXACT) & (0 < scale <= LARGEST_EXACT_POWER)
    return _with_exact(array, ~plain, *_doubles(unscaled / 10.0 ** min(max(scale, 0), LARGEST_EXACT_POWER)))


def _doubles(doubles: Doubles) -> tuple[NDArray[np.uint8], Whole]:
    """A table of canonical bytes of doubles, uint8 (rows, 9), and how many of each row count."""
    doubles = np.where(np.isnan(doubles), np.nan, doubles)
    whole = (doubles >= -INT64_SPAN) & (doubles < INT64_SPAN) & (np.trunc(doubles) == doubles)
    words = np.where(whole, np.where(whole, doubles, 0).astype(np.int64), doubles.view(np.int64))
    table = np.ones((len(doubles), DOUBLE), np.uint8)
    table[:, :WORD] = words.astype("<i8").view(np.uint8).reshape(-1, WORD)
    return table, np.where(whole, WORD, DOUBLE).astype(np.int64)


def _with_exact(array: pa.Array, odd: NDArray[np.bool_], table: NDArray[np.uint8], sizes: Whole) -> Pieces:
    """The pieces of a table, but for the odd rows the canonical bytes worked out one by one."""
    rows = np.flatnonzero(odd)
    return table_pieces(table, sizes, rows.tolist(), exact_forms(array, rows) if len(rows) else ())


_PIECES: dict[Family, Callable[[pa.Array, str], Pieces]] = {
    Family.NULL: _nothing,
    Family.BOOLEAN: _booleans,
    Family.NUMBER: _numbers,
    Family.TEXT: lambda array, column: text_pieces(array),
    Family.BYTES: lambda array, column: text_pieces(array),
    Family.DATE: _dates,
    Family.TIME: _ticks,
    Family.TIMESTAMP: _ticks,
    Family.ZONED_TIMESTAMP: _ticks,
    Family.DURATION: _ticks,
}
