"""A column of one Arrow type -> the 128-bit hashes of its values' canonical forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import bits_of, packed_bits, valid_of, values_of
from sameset.canonical.families import Family, family_of
from sameset.canonical.forms import AS_IS, Form
from sameset.canonical.murmur import hash_lightly
from sameset.canonical.nested import hash_list, hash_map, hash_struct, hash_used
from sameset.canonical.numbers import hash_numbers
from sameset.canonical.tensors import hash_any_tensor
from sameset.errors import SourceError
from sameset.kernels.arrays import FEW_ENTRIES
from sameset.kernels.texts import hash_bytes, hash_views
from sameset.kernels.values import hash_nanoseconds, hash_words, set_nulls, take_hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = [
    "NULL_HASH",
    "OFFSET_BYTES",
    "HashedColumn",
    "KnownEntries",
    "byte_strings",
    "check_utf8",
    "decode",
    "hash_column",
    "hash_entries",
    "null_mask",
    "to_plain",
    "view_buffers",
    "whole_ticks",
]

WORD = np.uint64(8)
BYTE = np.uint64(1)
INTERVAL_BYTES = 16
SLICE_BYTES = 1 << 18  # with their hashes and these side by side the elements take five times that
MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}
MILLISECONDS_A_DAY = 86_400_000
# Types are told apart by number: pyarrow's predicates take six times as long.
DICTIONARY = pa.lib.Type_DICTIONARY
ENCODED = {DICTIONARY, pa.lib.Type_RUN_END_ENCODED}
VIEWS = {pa.lib.Type_STRING_VIEW, pa.lib.Type_BINARY_VIEW}
LARGE = {pa.lib.Type_LARGE_STRING, pa.lib.Type_LARGE_BINARY}
#: Of texts and bytes that are no views.
OFFSET_BYTES = {pa.lib.Type_STRING: 4, pa.lib.Type_BINARY: 4, **dict.fromkeys(LARGE, 8)}
_PLAIN_VIEWS = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


class HashedColumn(NamedTuple):
    """The hashes of one column of one batch, row by row, or by entries that are each written down once.

    `h1`, `h2` are uint64 (n,) and `nulls` is bool (n,), or None if none is null: of the rows, or, where `codes`, int32 (rows,),
    says which entry every row has, of the entries.
    """

    family: Family
    h1: Words
    h2: Words
    nulls: NDArray[np.bool_] | None
    codes: NDArray[np.int32] | None = None

    def of_rows(self, rows: NDArray[np.intp]) -> Words:
        """The hashes of the values of some rows, uint64 (rows, 2)."""
        at = rows if self.codes is None else self.codes[rows]
        return np.stack([self.h1[at], self.h2[at]], axis=1)


def hash_column(array: pa.Array, column: str, form: Form = AS_IS) -> HashedColumn:
    """The hashes of all values of an array, row by row; UnsupportedTypeError names the column if its type has no canonical form.

    `column` is the column's name, or the path to a part of it, such as `tags[]` or `address.city`.
    """
    family = family_of(array.type, column)
    return _hash_formed(_formed(array, column, form), family, column, form)


class KnownEntries:
    """The entries that a column had last and their hashes: readers give the same dictionary, or a copy, with many batches."""

    def __init__(self) -> None:
        self._values: pa.Array | None = None
        self._hashed: tuple[Words, Words] | None = None

    def hashes(self, values: pa.Array, column: str, form: Form) -> tuple[Words, Words]:
        """The hashes of all entries; SourceError if there is something wrong with one of them."""
        if self._hashed is None or not values.equals(self._values):
            self._values, self._hashed = values, hash_column(values, column, form)[1:3]
        return self._hashed

    @property
    def places(self) -> tuple[int, int, int, int, int]:
        """Where texts or bytes of small offsets without nulls, and their hashes, lie (`plan_columns`); zeros if there are none."""
        values = self._values
        if values is None or self._hashed is None or OFFSET_BYTES.get(values.type.id) != 4 or values.null_count:
            return 0, 0, 0, 0, 0
        _, offsets, data = values.buffers()
        if offsets is None or data is None:
            return 0, 0, 0, 0, 0
        first = offsets.address + 4 * values.offset
        h1, h2 = (int(half.ctypes.data) for half in self._hashed)
        return first, data.address, len(values), h1, h2


def hash_entries(
    array: pa.Array, family: Family, column: str, form: Form = AS_IS, known: KnownEntries | None = None
) -> HashedColumn:
    """The hashes of the values of an array of a family: by entries where it is a dictionary or runs of few, else row by row.

    It runs for every column of every batch: what takes a microsecond here costs a row of 16 columns a nanosecond. `known`
    is of the same column and form, and used by one thread alone.
    """
    array = _formed(array, column, form)
    if array.type.id not in ENCODED or FEW_ENTRIES * len(_values(array)) > len(array):
        return _hash_formed(array, family, column, form)
    codes, values = _entries(array, column)
    own = ~valid_of(array) if array.null_count else None
    if own is not None:  # one more entry, for the rows without a value
        codes = codes + np.int32(len(values)) * own
    try:
        h1, h2 = (known or KnownEntries()).hashes(values, column, form)
    except SourceError:
        h1, h2 = _hash_used_entries(values, codes, own, column, form)
    nulls = null_mask(values)
    if own is not None:
        h1, h2 = np.append(h1, NULL_HASH[0]), np.append(h2, NULL_HASH[1])
        nulls = np.append(np.zeros(len(values), bool) if nulls is None else nulls, True)
    return HashedColumn(family, h1, h2, nulls, codes)


def _formed(array: pa.Array, column: str, form: Form) -> pa.Array:
    if form is AS_IS or array.type.id in ENCODED:  # entries are formed when they are hashed
        return array
    with _utf8_of(column):
        return form.apply(array)


@contextmanager
def _utf8_of(column: str) -> Iterator[None]:
    """Turns Arrow's word for text that is not UTF-8 into one that names the column."""
    try:
        yield
    except pa.ArrowInvalid as error:
        raise SourceError(f"column {column!r} holds text that is not UTF-8; read it as bytes or repair it") from error


def _hash_formed(array: pa.Array, family: Family, column: str, form: Form) -> HashedColumn:
    h1, h2 = np.empty(len(array), np.uint64), np.empty(len(array), np.uint64)
    nulls = null_mask(array, column)
    if array.type.id in ENCODED:
        codes, values = _entries(array, column)
        if len(values):  # otherwise all are null
            take_hashes(codes, *_hash_used_entries(values, codes, nulls, column, form), h1, h2)
    elif family in _NESTED:
        _hash_nested(array, family, column, form, h1, h2)
    elif family is not Family.NULL:
        _HASHERS[family](to_plain(array), column, h1, h2)
    if nulls is not None:
        set_nulls(nulls, *NULL_HASH, h1, h2)
    return HashedColumn(family, h1, h2, nulls)


def _hash_nested(array: pa.Array, family: Family, column: str, form: Form, h1: Words, h2: Words) -> None:
    """Some rows at a time, whose elements stay in the cache: 4 ns an element, 12 for lists of 16 by the 16,384."""
    rows = len(array)
    if array.nbytes > SLICE_BYTES and not _holds_entries(array.type):
        rows = max(rows * SLICE_BYTES // array.nbytes, 1)
    for start in range(0, len(array), rows or 1):
        part = array.slice(start, rows)
        end = start + len(part)
        inner = partial(_hash_part, form)
        _NESTED[family](part, column, inner, h1[start:end], h2[start:end])


def _hash_part(form: Form, array: pa.Array, path: str) -> tuple[Words, Words]:
    return hash_column(array, path, form)[1:3]


@lru_cache(maxsize=1024)
def _holds_entries(kind: pa.DataType) -> bool:
    """Whether there is a dictionary in a nested type, which would be hashed once for every slice."""
    kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    inner = (kind.field(i).type for i in range(kind.num_fields))
    return any(part.id == DICTIONARY or _holds_entries(part) for part in inner)


def _hash_used_entries(
    values: pa.Array, codes: NDArray[np.int32], nulls: NDArray[np.bool_] | None, column: str, form: Form
) -> tuple[Words, Words]:
    """The hashes of entries; what is wrong with one that no row has is no error."""
    return hash_used(
        partial(_hash_part, form),
        values,
        column,
        lambda: _used(codes, nulls, len(values)),
    )


def null_mask(array: pa.Array, column: str = "") -> NDArray[np.bool_] | None:
    """Where the array is null, also where it refers to a null of its dictionary; None if nowhere. `column` is for errors."""
    own = ~valid_of(array) if array.null_count else None
    if array.type.id not in ENCODED:
        return own
    codes, values = _entries(array, column)
    inner = null_mask(values, column) if len(values) else None
    if inner is None:
        return own
    return inner[codes] if own is None else inner[codes] | own


def decode(array: pa.Array) -> pa.Array:
    """The values themselves, one per row: without dictionary, runs or extension, whatever is within what.

    Arrow itself can neither decode all runs nor take from views.
    """
    if array.type.id not in ENCODED:
        return to_plain(array)
    codes, values = _entries(array)
    values = decode(values)
    wider = _PLAIN_VIEWS.get(values.type)
    places = pa.Array.from_buffers(pa.int32(), len(codes), [packed_bits(valid_of(array)), pa.py_buffer(codes)])
    return (values if wider is None else values.cast(wider)).take(places)


def to_plain(array: pa.Array) -> pa.Array:
    """The array of the values themselves: extension types as their storage."""
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _values(array: pa.Array) -> pa.Array:
    """The entries of a dictionary or run-end encoded array."""
    return array.dictionary if array.type.id == DICTIONARY else array.values


def _entries(array: pa.Array, column: str = "") -> tuple[NDArray[np.int32], pa.Array]:
    """Values that are each written down once, and which of them every place of a dictionary or run-end encoded array has."""
    return _codes(array, column) if array.type.id == DICTIONARY else _runs(array), _values(array)


def _used(codes: NDArray[np.int32], nulls: NDArray[np.bool_] | None, size: int) -> NDArray[np.bool_]:
    used = np.zeros(size, bool)
    used[codes if nulls is None else codes[~nulls]] = True
    return used


def _runs(array: pa.RunEndEncodedArray) -> NDArray[np.int32]:
    """Which run each value of a run-end encoded array belongs to."""
    ends = values_of(array.run_ends)
    places = np.arange(array.offset, array.offset + len(array))
    return np.searchsorted(ends, places, side="right").astype(np.int32)


def _codes(array: pa.DictionaryArray, column: str) -> NDArray[np.int32]:
    """Which entry of its dictionary each value of a dictionary array is; the first where it is null."""
    codes = values_of(array.indices)
    if array.null_count:  # what lies under a null may point anywhere; a product takes a tenth of what `where` takes
        codes = codes * valid_of(array)
    unsigned = codes.view(f"u{codes.itemsize}")  # a negative one is larger than all others
    if len(codes) and unsigned.max() >= max(len(array.dictionary), 1):
        place = f"column {column!r} has a dictionary of" if column else "a dictionary has"
        raise SourceError(f"{place} fewer entries than its codes say; the file is broken, write it anew")
    return codes.astype(np.int32, copy=False)  # Arrow's own words where they are int32 already


def _hash_booleans(array: pa.Array, column: str, h1: Words, h2: Words) -> None:
    words = (bits_of(array) if pa.types.is_boolean(array.type) else values_of(array) != 0).astype(np.int64)
    hash_words(words, BYTE, Family.BOOLEAN.seed, h1, h2)


def _hash_dates(array: pa.Array, column: str, h1: Words, h2: Words) -> None:
    hash_words(days(array), WORD, Family.DATE.seed, h1, h2)


def days(array: pa.Array) -> NDArray[np.int64]:
    """Days since 1970-01-01 of a date array, int32 as they are stored, or int64."""
    if array.type.id == pa.lib.Type_DATE64:
        return raw_words(array, np.int64) // MILLISECONDS_A_DAY
    return raw_words(array, np.int32)


def raw_words(array: pa.Array, dtype: type[np.generic]) -> NDArray[np.int64]:
    """The array's words as stored, without a copy."""
    buffer = array.buffers()[1]
    if buffer is None:
        return np.zeros(len(array), dtype)
    size = np.dtype(dtype).itemsize
    return np.frombuffer(buffer, dtype, count=len(array), offset=array.offset * size)


def _hash_ticks(family: Family, array: pa.Array, column: str, h1: Words, h2: Words) -> None:
    seed = family.seed
    if array.type.unit == "ns":
        hash_nanoseconds(np.ascontiguousarray(raw_words(array, np.int64)), seed, h1, h2)
    else:
        hash_words(whole_ticks(array, column), WORD, seed, h1, h2)


def whole_ticks(array: pa.Array, column: str) -> NDArray[np.int64]:
    """Microseconds of a time, timestamp or duration array whose unit is not finer; SourceError if they pass int64."""
    narrow = array.type.id == pa.lib.Type_TIME32
    words = raw_words(array, np.int32 if narrow else np.int64).astype(np.int64, copy=False)
    factor = MICROSECONDS[array.type.unit]
    if factor == 1:
        return words
    limit = np.iinfo(np.int64).max // factor
    outside = (words > limit) | (words < -limit)
    if outside.any():
        nulls = null_mask(array)
        if (outside if nulls is None else outside & ~nulls).any():
            raise SourceError(
                f"column {column!r} of type {array.type} holds a time beyond 292,271 years; cast it to text"
            )
        words = np.where(outside, 0, words)
    return words * factor


def _hash_intervals(array: pa.Array, column: str, h1: Words, h2: Words) -> None:
    """Months, days and nanoseconds as Arrow has them: 16 bytes."""
    offsets = (np.arange(len(array) + 1, dtype=np.int64) + array.offset) * INTERVAL_BYTES
    hash_bytes(_address(array.buffers()[1]), offsets, Family.INTERVAL.seed, h1, h2)


def _hash_texts(family: Family, array: pa.Array, column: str, h1: Words, h2: Words) -> None:
    if array.type.id in VIEWS:
        beyond_ascii = _hash_views(array, family.seed, h1, h2)
    else:
        address, offsets, _keep = byte_strings(array)
        beyond_ascii = hash_bytes(address, offsets, family.seed, h1, h2)
    check_utf8(array, family, column, beyond_ascii)


def check_utf8(array: pa.Array, family: Family, column: str, beyond_ascii: bool) -> None:
    """Refuses text with a byte above 127 that is not UTF-8; bytes may be anything."""
    if beyond_ascii and family is Family.TEXT:
        with _utf8_of(column):
            array.validate(full=True)  # 5 to 20 ns a text, so not where all is ASCII


def _hash_views(array: pa.Array, seed: np.uint64, h1: Words, h2: Words) -> bool:
    data = array.buffers()[1]
    if data is None or not len(array):
        return False
    views = np.frombuffer(data, np.int32, count=4 * len(array), offset=16 * array.offset).reshape(-1, 4)
    if array.null_count:  # what lies under a null may point anywhere
        views = np.where(null_mask(array)[:, None], np.int32(0), views)  # type: ignore[index]
    return bool(hash_views(views, view_buffers(array), seed, h1, h2))


def view_buffers(array: pa.Array) -> Words:
    """Where each buffer of an array in view layout starts and ends, uint64 (buffers, 2)."""
    ends = [(buffer.address, buffer.address + buffer.size) for buffer in array.buffers()[2:]]
    return np.array(ends, np.uint64).reshape(-1, 2)


def byte_strings(array: pa.Array) -> tuple[np.uint64, NDArray[np.int64], object]:
    """(address, int64 offsets (rows + 1,), what must stay alive) of a text or bytes array."""
    kind = array.type
    if kind.id == pa.lib.Type_FIXED_SIZE_BINARY:
        offsets = (np.arange(len(array) + 1, dtype=np.int64) + array.offset) * kind.byte_width
        return _address(array.buffers()[1]), offsets, array
    if kind.id in VIEWS:
        array = array.cast(pa.large_binary())
    dtype = np.dtype(np.int64 if array.type.id in LARGE else np.int32)
    _, offset_buffer, data = array.buffers()
    if offset_buffer is None or len(array) == 0:
        return np.uint64(0), np.zeros(len(array) + 1, np.int64), array
    offsets = np.frombuffer(offset_buffer, dtype, count=len(array) + 1, offset=array.offset * dtype.itemsize)
    return _address(data), offsets.astype(np.int64, copy=False), array


def _address(buffer: pa.Buffer | None) -> np.uint64:
    return np.uint64(0 if buffer is None else buffer.address)


_HASHERS: dict[Family, Callable[[pa.Array, str, Words, Words], None]] = {
    **{family: partial(_hash_texts, family) for family in (Family.TEXT, Family.BYTES)},
    **{
        family: partial(_hash_ticks, family)
        for family in (Family.TIME, Family.TIMESTAMP, Family.ZONED_TIMESTAMP, Family.DURATION)
    },
    Family.BOOLEAN: _hash_booleans,
    Family.NUMBER: lambda array, column, h1, h2: hash_numbers(array, h1, h2),
    Family.DATE: _hash_dates,
    Family.INTERVAL: _hash_intervals,
}
_NESTED = {Family.LIST: hash_list, Family.STRUCT: hash_struct, Family.MAP: hash_map, Family.TENSOR: hash_any_tensor}
NULL_HASH = hash_lightly(b"", int(Family.NULL.seed))
