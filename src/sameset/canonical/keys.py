"""Packed keys: the values of a row's key in a few bytes, and read back (docs/encoding.md, "Packed keys")."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sameset.canonical.buffers import bits_of, doubles_of, values_of
from sameset.canonical.columns import byte_strings, days, decode, null_mask, raw_words, whole_ticks
from sameset.canonical.families import Family, family_of
from sameset.canonical.numbers import EXACT, LARGEST_EXACT_POWER, exact_forms, low_words
from sameset.errors import SketchFormatError
from sameset.kernels.keys import LANE_BYTES, OVERFULL, pack_hashes, pack_texts, pack_words, to_lanes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HASHED_KEY", "KeyValue", "key_lanes", "pack_keys", "unpack_key"]

KeyValue = None | bool | int | float | str | bytes | dt.date | dt.time | dt.datetime | dt.timedelta

NULL, WHOLE, DOUBLE, TEXT, BYTES, BOOLEAN, UUID_TEXT = 0, 1, 2, 3, 4, 10, 11
HASHED_KEY = 0xF0
BUDGET = {Family.DATE: 5, Family.BOOLEAN: 2, Family.NULL: 1, Family.TEXT: 24, Family.BYTES: 24}
BUDGET_OF_WORD = 9
FEWEST_LANES, MOST_LANES = 2, 6
WORD_BYTES = 8
UUID_DIGITS, UUID_BYTES = 36, 16
DASHES = [8, 13, 18, 23]
NIBBLES = np.full(256, 255, np.uint8)  # the value of a lower-case hexadecimal digit
NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
EPOCH = dt.datetime(1970, 1, 1)
MICROSECONDS_A_DAY = 86_400_000_000


def key_lanes(families: Sequence[Family]) -> int:
    """How many seven-byte words the packed key of columns of these families takes."""
    size = sum(BUDGET.get(family, BUDGET_OF_WORD) for family in families)
    return min(max(-(-size // LANE_BYTES), FEWEST_LANES), MOST_LANES)


def pack_keys(
    columns: Sequence[tuple[str, pa.Array]], hashes: NDArray[np.uint64], lanes: NDArray[np.uint64], keep: bool
) -> None:
    """Writes the packed keys of all rows to `lanes`, uint64 (rows, words); `columns` in the order of their names.

    `hashes` (rows,) are the key hashes, which stand in for keys that do not fit, or for all unless `keep`.
    """
    packed = np.zeros((len(hashes), lanes.shape[1] * LANE_BYTES), np.uint8)
    used = np.full(len(hashes), 0 if keep else OVERFULL, np.int64)
    for name, array in columns if keep else ():
        _pack_column(name, array, packed, used)
    pack_hashes(HASHED_KEY, hashes, packed, used)
    to_lanes(packed, lanes)


def _pack_column(name: str, array: pa.Array, packed: NDArray[np.uint8], used: NDArray[np.int64]) -> None:
    family, nulls = family_of(array.type, name), null_mask(array)
    if family > Family.DURATION:  # nested values and intervals: their hash stands for them
        used[slice(None) if nulls is None else ~nulls] = OVERFULL
        family, array = Family.NULL, pa.nulls(len(array))
    array = decode(array)
    if family in (Family.TEXT, Family.BYTES):
        kinds, array = _text_kinds(array, family)
    else:
        kinds, words, lost = _words(array, family, name)
        used[lost if nulls is None else lost & ~nulls] = OVERFULL
    if nulls is not None:
        kinds[nulls] = NULL
    if family in (Family.TEXT, Family.BYTES):
        address, offsets, _keep = byte_strings(array)
        pack_texts(kinds, address, offsets, packed, used)
    else:
        pack_words(kinds, words, packed, used)


def _text_kinds(array: pa.Array, family: Family) -> tuple[NDArray[np.uint8], pa.Array]:
    """Kinds of a text or bytes array, and the array with UUIDs in text as their 16 bytes."""
    if family is Family.BYTES:
        return np.full(len(array), BYTES, np.uint8), array
    text = array.cast(pa.large_string())
    lengths = pc.fill_null(pc.binary_length(text), 0)
    if not pc.any(pc.equal(lengths, UUID_DIGITS)).as_py():
        return np.full(len(array), TEXT, np.uint8), text
    long_enough = pc.equal(lengths, UUID_DIGITS)
    packed, valid = _parse_uuids(text.filter(long_enough))
    are_uuids = bits_of(long_enough)
    places = np.cumsum(are_uuids) - 1
    are_uuids[are_uuids] = valid
    chosen = pa.Array.from_buffers(pa.int64(), len(text), [None, pa.py_buffer(np.where(are_uuids, places, 0))])
    mask = pa.Array.from_buffers(pa.bool_(), len(text), [None, pa.py_buffer(np.packbits(are_uuids, bitorder="little"))])
    short = packed.take(chosen) if len(packed) else text.cast(pa.large_binary())
    pieces = pc.if_else(mask, short, text.cast(pa.large_binary()))
    return np.where(are_uuids, UUID_TEXT, TEXT).astype(np.uint8), pieces


def _parse_uuids(texts: pa.LargeStringArray) -> tuple[pa.LargeBinaryArray, NDArray[np.bool_]]:
    """The 16 bytes of texts of 36 bytes each, and which of them are UUIDs in their canonical form."""
    _address, offsets, _keep = byte_strings(texts)
    data = texts.buffers()[2]
    if data is None or not len(texts):
        return pa.array([], pa.large_binary()), np.zeros(0, bool)
    digits = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]].reshape(-1, UUID_DIGITS)
    nibbles = NIBBLES[np.delete(digits, DASHES, axis=1)]
    valid = (digits[:, DASHES] == ord("-")).all(axis=1) & (nibbles < 16).all(axis=1)
    packed = np.ascontiguousarray(nibbles[:, 0::2] << 4 | nibbles[:, 1::2])
    ends = np.arange(len(texts) + 1, dtype=np.int64) * packed.shape[1]
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(packed)]
    return pa.Array.from_buffers(pa.large_binary(), len(texts), buffers), valid


def _words(
    array: pa.Array, family: Family, name: str
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """(kinds, words, which do not fit) of an array that is neither text nor bytes."""
    size = len(array)
    fits = np.zeros(size, bool)
    if family is Family.NULL:
        return np.zeros(size, np.uint8), np.zeros(size, np.int64), fits
    if family is Family.NUMBER:
        return _number_words(array)
    kinds = np.full(size, int(family), np.uint8)
    if family is Family.BOOLEAN:
        kinds[:] = BOOLEAN
        return (
            kinds,
            (bits_of(array) if pa.types.is_boolean(array.type) else values_of(array) != 0).astype(np.int64),
            fits,
        )
    kinds -= 1  # kinds 5 to 9 are the families 6 to 10
    if family is Family.DATE:
        return kinds, days(array), fits
    if array.type.unit == "ns":
        micro, rest = np.divmod(raw_words(array, np.int64), 1000)
        return kinds, micro, rest != 0
    return kinds, whole_ticks(array, name), fits


def _number_words(array: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    if pa.types.is_floating(array.type):
        return *_double_words(doubles_of(array)), np.zeros(len(array), bool)
    if pa.types.is_integer(array.type):
        words = values_of(array).astype(np.int64, copy=False)
        if array.type.id != pa.lib.Type_UINT64:
            return _whole(words), words, np.zeros(len(words), bool)
        return _with_exact_words(array, _whole(words), words, words < 0)
    words, narrow = low_words(array)
    if array.type.scale == 0:
        return _with_exact_words(array, _whole(words), words, ~narrow)
    plain = narrow & (words > -EXACT) & (words < EXACT) & (0 < array.type.scale <= LARGEST_EXACT_POWER)
    kinds, words = _double_words(words / 10.0 ** min(max(array.type.scale, 0), LARGEST_EXACT_POWER))
    return _with_exact_words(array, kinds, words, ~plain)


def _whole(words: NDArray[np.int64]) -> NDArray[np.uint8]:
    return np.full(len(words), WHOLE, np.uint8)


def _double_words(doubles: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    doubles = np.where(np.isnan(doubles), np.nan, doubles)
    whole = (doubles >= -(2.0**63)) & (doubles < 2.0**63) & (np.trunc(doubles) == doubles)
    words = np.where(whole, np.where(whole, doubles, 0).astype(np.int64), doubles.view(np.int64))
    return np.where(whole, WHOLE, DOUBLE).astype(np.uint8), words


def _with_exact_words(
    array: pa.Array, kinds: NDArray[np.uint8], words: NDArray[np.int64], odd: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """The same with the odd rows put right from their canonical bytes: 8 are a whole number, 9 a double, more do not fit."""
    rows = np.flatnonzero(odd)
    words, lost = words.copy(), np.zeros(len(array), bool)  # they may be Arrow's own
    for row, form in zip(rows, exact_forms(array, rows) if len(rows) else (), strict=True):
        kinds[row] = DOUBLE if len(form) == WORD_BYTES + 1 else WHOLE
        words[row] = int.from_bytes(form[:WORD_BYTES], "little", signed=True)
        lost[row] = len(form) > WORD_BYTES + 1
    return kinds, words, lost


def unpack_key(packed: bytes, columns: int) -> tuple[KeyValue, ...] | None:
    """The values of a packed key of so many columns, in the order of their names; None if only its hash was kept.

    Dates and instants outside the years 1 to 9999 come as text (ISO 8601). SketchFormatError if the bytes are not a packed
    key: the sketch or manifest that they come from may be hostile.
    """
    if packed[:1] == bytes([HASHED_KEY]):
        return None
    values, at = [], 0
    for _ in range(columns):
        kind, size = _byte(packed, at) >> 4, _byte(packed, at) & 15
        at += 1
        if kind in (TEXT, BYTES, UUID_TEXT):
            size = _byte(packed, at)
            at += 1
        if at + size > len(packed):
            raise _no_key("ends early")
        values.append(_unpack_value(kind, packed[at : at + size]))
        at += size
    return tuple(values)


def _byte(packed: bytes, at: int) -> int:
    if at >= len(packed):
        raise _no_key("ends early")
    return packed[at]


def _no_key(why: str) -> SketchFormatError:
    return SketchFormatError(f"a key of a row that differs is damaged, it {why}; make the sketches and manifests anew")


def _unpack_value(kind: int, data: bytes) -> KeyValue:
    if kind == NULL:
        return None
    if kind == TEXT:
        return data.decode("utf-8", "replace")
    if kind == BYTES:
        return data
    if kind == UUID_TEXT:
        if len(data) != UUID_BYTES:
            raise _no_key(f"holds a UUID of {len(data)} bytes")
        return str(uuid.UUID(bytes=data))
    if kind not in _READERS or not 0 < len(data) <= WORD_BYTES:
        raise _no_key(f"holds a value of kind {kind} and {len(data)} bytes")
    return _READERS[kind](int.from_bytes(data, "little", signed=True))


def _date(days: int) -> dt.date | str:
    try:
        return EPOCH.date() + dt.timedelta(days=days)
    except OverflowError:
        return str(np.datetime64(days, "D"))


def _instant(word: int) -> dt.datetime | str:
    try:
        return EPOCH + dt.timedelta(microseconds=word)
    except OverflowError:
        return str(np.datetime64(word, "us"))


def _zoned_instant(word: int) -> dt.datetime | str:
    instant = _instant(word)
    return f"{instant}Z" if isinstance(instant, str) else instant.replace(tzinfo=dt.UTC)


_READERS: dict[int, Callable[[int], KeyValue]] = {
    WHOLE: int,
    DOUBLE: lambda word: struct.unpack("<d", struct.pack("<q", word))[0],
    5: _date,
    6: lambda word: (EPOCH + dt.timedelta(microseconds=word % MICROSECONDS_A_DAY)).time(),
    7: _instant,
    8: _zoned_instant,
    9: lambda word: dt.timedelta(microseconds=word),
    BOOLEAN: bool,
}
