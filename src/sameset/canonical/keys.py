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

from sameset.canonical.columns import byte_strings, days, null_mask, raw_words, to_plain, whole_ticks
from sameset.canonical.families import Family, family_of
from sameset.canonical.numbers import EXACT, low_words, values_of
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
UUID_TEXT_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
EPOCH = dt.datetime(1970, 1, 1)


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
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    family = family_of(array.type, name)
    array, nulls = to_plain(array), null_mask(array)
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
    if not pc.any(pc.equal(lengths, 36)).as_py():
        return np.full(len(array), TEXT, np.uint8), text
    are_uuids = np.asarray(pc.fill_null(pc.match_substring_regex(text, UUID_TEXT_PATTERN), False))
    pieces = [
        uuid.UUID(value.as_py()).bytes if is_uuid else (value.as_py() or "").encode()
        for value, is_uuid in zip(text, are_uuids, strict=True)
    ]
    return np.where(are_uuids, UUID_TEXT, TEXT).astype(np.uint8), pa.array(pieces, pa.large_binary())


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
        return kinds, np.asarray(pc.fill_null(array, False)).astype(np.int64), fits
    kinds -= 1  # kinds 5 to 9 are the families 6 to 10
    if family is Family.DATE:
        return kinds, days(array), fits
    if array.type.unit == "ns":
        micro, rest = np.divmod(raw_words(array, np.int64), 1000)
        return kinds, micro, rest != 0
    return kinds, whole_ticks(array, name), fits


def _number_words(array: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    if pa.types.is_integer(array.type):
        values = values_of(array)
        words = values.astype(np.int64)
        return np.full(len(array), WHOLE, np.uint8), words, (words < 0) if array.type == pa.uint64() else words != words
    if pa.types.is_floating(array.type):
        doubles, lost = values_of(array).astype(np.float64), np.zeros(len(array), bool)
    else:
        words, narrow = low_words(array)
        if array.type.scale == 0:
            return np.full(len(array), WHOLE, np.uint8), words, ~narrow
        lost = ~narrow | (abs(words) >= EXACT) | (not 0 < array.type.scale <= 22)
        doubles = words / 10.0 ** min(max(array.type.scale, 0), 22)
    doubles = np.where(np.isnan(doubles), np.nan, doubles)
    whole = (abs(doubles) < 2.0**63) & (np.trunc(doubles) == doubles)
    words = np.where(whole, np.where(whole, doubles, 0).astype(np.int64), doubles.view(np.int64))
    return np.where(whole, WHOLE, DOUBLE).astype(np.uint8), words, lost


def unpack_key(packed: bytes, columns: int) -> tuple[KeyValue, ...] | None:
    """The values of a packed key of so many columns, in the order of their names; None if only its hash was kept.

    ValueError if the bytes are not a packed key.
    """
    if packed[:1] == bytes([HASHED_KEY]):
        return None
    values, at = [], 0
    for _ in range(columns):
        kind, size = packed[at] >> 4, packed[at] & 15
        at += 1
        if kind in (TEXT, BYTES, UUID_TEXT):
            size = packed[at]
            at += 1
        if at + size > len(packed):
            raise ValueError("a packed key ends early")
        values.append(_unpack_value(kind, packed[at : at + size]))
        at += size
    return tuple(values)


def _unpack_value(kind: int, data: bytes) -> KeyValue:
    if kind == NULL:
        return None
    if kind == TEXT:
        return data.decode("utf-8", "replace")
    if kind == BYTES:
        return data
    if kind == UUID_TEXT:
        return str(uuid.UUID(bytes=data))
    word = int.from_bytes(data, "little", signed=True)
    return word if kind == WHOLE else _READERS[kind](word)


def _instant(word: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=word)


_READERS: dict[int, Callable[[int], KeyValue]] = {
    DOUBLE: lambda word: struct.unpack("<d", struct.pack("<q", word))[0],
    5: lambda word: dt.date(1970, 1, 1) + dt.timedelta(days=word),
    6: lambda word: _instant(word).time(),
    7: _instant,
    8: lambda word: _instant(word).replace(tzinfo=dt.UTC),
    9: lambda word: dt.timedelta(microseconds=word),
    BOOLEAN: bool,
}
