"""A batch of rows -> the content of each row as bytes, of which no two different rows have the same (docs/schemes.md).

For digests that must not rest on a hash of 128 bits, for which two values of one hash can be made at will.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sameset.canonical.batches import check_columns
from sameset.canonical.buffers import doubles_of, valid_of, values_of
from sameset.canonical.columns import days, decode, null_mask, raw_words, to_plain, whole_ticks
from sameset.canonical.families import Family, family_of
from sameset.canonical.forms import AS_IS, Form
from sameset.canonical.nested_contents import any_tensor_pieces, list_pieces, map_pieces, struct_pieces, used_cells
from sameset.canonical.numbers import EXACT, LARGEST_EXACT_POWER, exact_forms, low_words
from sameset.canonical.pieces import (
    Cells,
    Joined,
    Pieces,
    booleans_of,
    field_head,
    join,
    sizes_of,
    table_pieces,
    text_pieces,
    utf8_pieces,
)
from sameset.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Doubles = NDArray[np.float64]

__all__ = ["RowWriter", "cells_of"]

WORD, NANOSECONDS, DOUBLE, INTERVAL = 8, 10, 9, 16
INT64_SPAN = 2.0**63
CELLS_AT_ONCE, FEWEST_ROWS, MOST_ROWS = 2**17, 64, 4096
BYTES_AT_ONCE = 2**24  # what the values take in Arrow, which for lists of numbers is half of what their contents take


class RowWriter:
    """Writes the contents of rows of one schema, their values in a form; UnsupportedTypeError as `family_of`."""

    def __init__(self, schema: pa.Schema, form: Form = AS_IS) -> None:
        check_columns(schema.names, ())
        for field in schema:
            family_of(field.type, field.name)
        self._names = schema.names
        self._order = sorted(range(len(schema)), key=lambda i: schema.names[i].encode())
        self._heads = [field_head(schema.names[i]) for i in self._order]
        self._form = form

    def write(self, batch: pa.RecordBatch) -> Iterator[Joined]:
        """The contents of the rows of a batch, some rows at a time: the columns in the order of their names' UTF-8 bytes."""
        step = self._rows_at_once(batch)
        columns = [_parts_of(batch.column(i), self._names[i], self._form) for i in self._order]
        for start in range(0, batch.num_rows, step):
            cells = [part(start, step) for part in columns]
            yield from self._joined(cells, min(step, batch.num_rows - start))

    def _rows_at_once(self, batch: pa.RecordBatch) -> int:
        """So few that tables of many columns or of long lists take no more memory than others."""
        by_cells = max(CELLS_AT_ONCE // max(len(self._names), 1), FEWEST_ROWS)
        bytes_a_row = 1 + int(batch.nbytes) // max(int(batch.num_rows), 1)
        return max(min(by_cells, BYTES_AT_ONCE // bytes_a_row, MOST_ROWS), 1)

    def _joined(self, cells: list[Cells], rows: int) -> Iterator[Joined]:
        """The rows in runs of limited size: a long text may stand once in a dictionary and in every row."""
        ends = np.cumsum(sizes_of(self._heads, cells, rows))
        start = 0
        while start < rows:
            limit = BYTES_AT_ONCE + (ends[start - 1] if start else 0)
            stop = max(int(np.searchsorted(ends, limit, side="right")), start + 1)
            yield join(self._heads, [column.part(start, stop) for column in cells], stop - start)
            start = stop


def _parts_of(array: pa.Array, path: str, form: Form) -> Callable[[int, int], Cells]:
    """What gives the cells from a place on; those of entries that are written down once are made once."""
    if not _is_encoded(array.type):
        return lambda start, size: cells_of(array.slice(start, size), path, form)
    entries = _entry_cells(_formed(array, path, form), path, form)
    return lambda start, size: _at_places(array.slice(start, size), entries)


def cells_of(array: pa.Array, path: str, form: Form = AS_IS) -> Cells:
    """The canonical bytes of the values of an array in a form, and their families; `path` is that of `hash_column`."""
    family = family_of(array.type, path)
    array = _formed(array, path, form)
    if _is_encoded(array.type):
        return _at_places(array, _entry_cells(array, path, form))

    def inner(part: pa.Array, part_path: str) -> Cells:
        return cells_of(part, part_path, form)

    pieces = _NESTED[family](array, path, inner) if family in _NESTED else _FLAT[family](to_plain(array), path)
    return _with_nulls(Cells(pieces, np.full(len(array), family, np.uint8)), null_mask(array, path))


def _formed(array: pa.Array, path: str, form: Form) -> pa.Array:
    try:
        return form.apply(array)
    except pa.ArrowInvalid as error:
        raise SourceError(f"column {path!r} holds text that is not UTF-8; read it as bytes or repair it") from error


def _with_nulls(cells: Cells, nulls: NDArray[np.bool_] | None) -> Cells:
    if nulls is None:
        return cells
    sizes, families = np.where(nulls, 0, cells.pieces.sizes), np.where(nulls, np.uint8(Family.NULL), cells.families)
    return Cells(cells.pieces._replace(sizes=sizes), families)


def _is_encoded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind))


def _entry_cells(array: pa.Array, path: str, form: Form) -> Cells:
    """The cells of the entries of a dictionary or of runs, and a null behind them, so that there is always one."""
    entries = array.dictionary if pa.types.is_dictionary(array.type) else array.values
    pieces, families = used_cells(
        lambda part, part_path: cells_of(part, part_path, form), entries, path, lambda: _used(array, len(entries))
    )
    one_more = pieces._replace(starts=np.append(pieces.starts, 0), sizes=np.append(pieces.sizes, 0))
    return Cells(one_more, np.append(families, np.uint8(Family.NULL)))


def _used(array: pa.Array, size: int) -> NDArray[np.bool_]:
    """Which entries the values of an array are."""
    used = np.zeros(size + 1, bool)
    used[_places(array, size)] = True
    return used[:size]


def _at_places(array: pa.Array, entries: Cells) -> Cells:
    """The cells of the values, given those of the entries and of a null behind them."""
    return entries.take(_places(array, len(entries.families) - 1))


def _places(array: pa.Array, size: int) -> Whole:
    """Which of so many entries each value is; `size` where it is null."""
    places = values_of(decode(_numbered(array, size))).astype(np.int64)
    if array.null_count:
        places[~valid_of(array)] = size
    return places


def _numbered(array: pa.Array, size: int) -> pa.Array:
    """The same encoding with the numbers of the entries instead of the entries."""
    numbers = pa.Array.from_buffers(pa.int64(), size, [None, pa.py_buffer(np.arange(size))])
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(array.indices, numbers, safe=False)
    return pa.RunEndEncodedArray.from_arrays(array.run_ends, numbers).slice(array.offset, len(array))


def _nothing(array: pa.Array, path: str) -> Pieces:
    nothing = np.zeros(len(array), np.int64)
    return Pieces(np.uint64(0), nothing, nothing, None)


def _booleans(array: pa.Array, path: str) -> Pieces:
    return table_pieces(booleans_of(array).astype(np.uint8)[:, None], np.ones(len(array), np.int64))


def _words(words: Whole) -> tuple[NDArray[np.uint8], Whole]:
    """A table of the bytes of int64 words, uint8 (rows, 8), and that all of each row count."""
    table = np.ascontiguousarray(words, "<i8").view(np.uint8).reshape(-1, WORD)
    return table, np.full(len(words), WORD, np.int64)


def _dates(array: pa.Array, path: str) -> Pieces:
    return table_pieces(*_words(days(array)))


def _ticks(array: pa.Array, path: str) -> Pieces:
    if array.type.unit != "ns":
        return table_pieces(*_words(whole_ticks(array, path)))
    micro, rest = np.divmod(raw_words(array, np.int64), 1000)
    table = np.zeros((len(array), NANOSECONDS), np.uint8)
    table[:, :WORD] = micro.astype("<i8").view(np.uint8).reshape(-1, WORD)
    table[:, WORD:] = rest.astype("<u2").view(np.uint8).reshape(-1, 2)
    return table_pieces(table, np.where(rest == 0, WORD, NANOSECONDS).astype(np.int64))


def _numbers(array: pa.Array, path: str) -> Pieces:
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


def _intervals(array: pa.Array) -> Pieces:
    """Months, days and nanoseconds as Arrow has them."""
    starts = (np.arange(len(array), dtype=np.int64) + array.offset) * INTERVAL
    address = np.uint64(array.buffers()[1].address if array.buffers()[1] is not None else 0)
    return Pieces(address, starts, np.full(len(array), INTERVAL, np.int64), array)


def _with_exact(array: pa.Array, odd: NDArray[np.bool_], table: NDArray[np.uint8], sizes: Whole) -> Pieces:
    """The pieces of a table, but for the odd rows the canonical bytes worked out one by one."""
    rows = np.flatnonzero(odd)
    return table_pieces(table, sizes, rows.tolist(), exact_forms(array, rows) if len(rows) else ())


_FLAT: dict[Family, Callable[[pa.Array, str], Pieces]] = {
    Family.NULL: _nothing,
    Family.BOOLEAN: _booleans,
    Family.NUMBER: _numbers,
    Family.TEXT: utf8_pieces,
    Family.BYTES: lambda array, path: text_pieces(array),
    Family.DATE: _dates,
    Family.TIME: _ticks,
    Family.TIMESTAMP: _ticks,
    Family.ZONED_TIMESTAMP: _ticks,
    Family.DURATION: _ticks,
    Family.INTERVAL: lambda array, path: _intervals(array),
}
_NESTED = {
    Family.LIST: list_pieces,
    Family.STRUCT: struct_pieces,
    Family.MAP: map_pieces,
    Family.TENSOR: any_tensor_pieces,
}
