"""A column of one Arrow type -> the 128-bit hashes of its values' canonical forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sameset.canonical.buffers import bits_of, values_of
from sameset.canonical.families import Family, family_of
from sameset.canonical.numbers import hash_numbers
from sameset.errors import SourceError
from sameset.kernels.values import hash_bytes, hash_nanoseconds, hash_words, set_nulls, take_hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = [
    "NULL_HASH",
    "HashedColumn",
    "byte_strings",
    "decode_dictionary",
    "hash_column",
    "hash_one",
    "null_mask",
    "to_plain",
    "whole_ticks",
]

WORD = np.uint64(8)
BYTE = np.uint64(1)
MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}
MILLISECONDS_A_DAY = 86_400_000
_PLAIN_VIEWS = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


class HashedColumn(NamedTuple):
    """The hashes of one column of one batch: `h1`, `h2` uint64 (rows,), `nulls` bool (rows,) or None if there are none."""

    family: Family
    h1: Words
    h2: Words
    nulls: NDArray[np.bool_] | None


def hash_column(array: pa.Array, column: str) -> HashedColumn:
    """The hashes of all values of an array; UnsupportedTypeError names the column if its type has no canonical form."""
    family = family_of(array.type, column)
    h1, h2 = np.empty(len(array), np.uint64), np.empty(len(array), np.uint64)
    nulls = null_mask(array)
    if pa.types.is_dictionary(array.type):
        _hash_dictionary(array, column, h1, h2)
    elif family is not Family.NULL:
        _HASHERS[family](to_plain(array), column, h1, h2)
    if nulls is not None:
        set_nulls(nulls, *NULL_HASH, h1, h2)
    return HashedColumn(family, h1, h2, nulls)


def null_mask(array: pa.Array) -> NDArray[np.bool_] | None:
    """Where the array is null, also where it refers to a null of its dictionary; None if nowhere."""
    if pa.types.is_dictionary(array.type) and array.dictionary.null_count:
        return bits_of(pc.is_null(decode_dictionary(array)))
    return bits_of(pc.is_null(array)) if array.null_count else None


def decode_dictionary(array: pa.DictionaryArray) -> pa.Array:
    """The values that a dictionary array stands for; Arrow itself cannot take from a dictionary of views."""
    wider = _PLAIN_VIEWS.get(array.type.value_type)
    if wider is not None:
        array = pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(wider), safe=False)
    return array.dictionary_decode()


def to_plain(array: pa.Array) -> pa.Array:
    """The array of the values themselves: extension types as their storage."""
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def hash_one(data: bytes, seed: int) -> tuple[np.uint64, np.uint64]:
    """Both halves of the hash of one byte string."""
    buffer = np.frombuffer(data or b"\0", np.uint8)
    h1, h2 = np.empty(1, np.uint64), np.empty(1, np.uint64)
    hash_bytes(np.uint64(buffer.ctypes.data), np.array([0, len(data)], np.int64), np.uint64(seed), h1, h2)
    return h1[0], h2[0]


def _hash_dictionary(array: pa.DictionaryArray, column: str, h1: Words, h2: Words) -> None:
    if len(array.dictionary) == 0:  # then all are null
        return
    values = hash_column(array.dictionary, column)
    codes = values_of(array.indices).astype(np.int64)
    if array.null_count:  # what lies under a null may point anywhere
        codes[bits_of(pc.is_null(array.indices))] = 0
    take_hashes(codes, values.h1, values.h2, h1, h2)


def _hash_booleans(array: pa.Array, column: str, h1: Words, h2: Words) -> None:
    words = bits_of(array).astype(np.int64)
    hash_words(words, BYTE, Family.BOOLEAN.seed, h1, h2)


def _hash_dates(array: pa.Array, column: str, h1: Words, h2: Words) -> None:
    hash_words(days(array), WORD, Family.DATE.seed, h1, h2)


def days(array: pa.Array) -> NDArray[np.int64]:
    """Days since 1970-01-01 of a date array."""
    if pa.types.is_date64(array.type):
        return raw_words(array, np.int64) // MILLISECONDS_A_DAY
    return raw_words(array, np.int32).astype(np.int64)


def raw_words(array: pa.Array, dtype: type[np.generic]) -> NDArray[np.int64]:
    """The array's words as stored, without a copy."""
    buffer = array.buffers()[1]
    if buffer is None:
        return np.zeros(len(array), dtype)
    size = np.dtype(dtype).itemsize
    return np.frombuffer(buffer, dtype, count=len(array), offset=array.offset * size)


def _hash_ticks(array: pa.Array, column: str, h1: Words, h2: Words) -> None:
    seed = family_of(array.type, column).seed
    if array.type.unit == "ns":
        hash_nanoseconds(np.ascontiguousarray(raw_words(array, np.int64)), seed, h1, h2)
    else:
        hash_words(whole_ticks(array, column), WORD, seed, h1, h2)


def whole_ticks(array: pa.Array, column: str) -> NDArray[np.int64]:
    """Microseconds of a time, timestamp or duration array whose unit is not finer; SourceError if they pass int64."""
    narrow = pa.types.is_time32(array.type)
    words = raw_words(array, np.int32 if narrow else np.int64).astype(np.int64)
    factor = MICROSECONDS[array.type.unit]
    limit = np.iinfo(np.int64).max // factor
    outside = (words > limit) | (words < -limit)
    if factor > 1 and outside.any():
        nulls = null_mask(array)
        if (outside if nulls is None else outside & ~nulls).any():
            raise SourceError(
                f"column {column!r} of type {array.type} holds a time beyond 292,271 years; cast it to text"
            )
        words = np.where(outside, 0, words)
    return words * factor


def _hash_texts(array: pa.Array, column: str, h1: Words, h2: Words) -> None:
    address, offsets, _keep = byte_strings(array)
    hash_bytes(address, offsets, family_of(array.type, column).seed, h1, h2)


def byte_strings(array: pa.Array) -> tuple[np.uint64, NDArray[np.int64], object]:
    """(address, int64 offsets (rows + 1,), what must stay alive) of a text or bytes array."""
    kind = array.type
    if pa.types.is_fixed_size_binary(kind):
        offsets = (np.arange(len(array) + 1, dtype=np.int64) + array.offset) * kind.byte_width
        return _address(array.buffers()[1]), offsets, array
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        array = array.cast(pa.large_binary())
    large = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    dtype = np.dtype(np.int64 if large else np.int32)
    _, offset_buffer, data = array.buffers()
    if offset_buffer is None or len(array) == 0:
        return np.uint64(0), np.zeros(len(array) + 1, np.int64), array
    offsets = np.frombuffer(offset_buffer, dtype, count=len(array) + 1, offset=array.offset * dtype.itemsize)
    return _address(data), offsets.astype(np.int64), array


def _address(buffer: pa.Buffer | None) -> np.uint64:
    return np.uint64(0 if buffer is None else buffer.address)


_HASHERS = {
    Family.BOOLEAN: _hash_booleans,
    Family.NUMBER: lambda array, column, h1, h2: hash_numbers(array, h1, h2),
    Family.TEXT: _hash_texts,
    Family.BYTES: _hash_texts,
    Family.DATE: _hash_dates,
    Family.TIME: _hash_ticks,
    Family.TIMESTAMP: _hash_ticks,
    Family.ZONED_TIMESTAMP: _hash_ticks,
    Family.DURATION: _hash_ticks,
}
NULL_HASH = hash_one(b"", int(Family.NULL.seed))
