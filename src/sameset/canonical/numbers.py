"""Hashes of numbers: integers, floats and decimals of one value have one hash (docs/encoding.md, "Numbers")."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import doubles_of, values_of
from sameset.canonical.families import Family
from sameset.kernels.decimals import hash_decimals
from sameset.kernels.texts import hash_bytes
from sameset.kernels.values import are_few, divide_words, hash_doubles, hash_unsigned, hash_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["LARGEST_EXACT_POWER", "canonical_number", "hash_numbers"]

# Types are told apart by number: pyarrow's predicates take six times as long.
DECIMALS = {pa.lib.Type_DECIMAL32, pa.lib.Type_DECIMAL64, pa.lib.Type_DECIMAL128, pa.lib.Type_DECIMAL256}
FLOATS = {pa.lib.Type_HALF_FLOAT, pa.lib.Type_FLOAT, pa.lib.Type_DOUBLE}
SEED = Family.NUMBER.seed
EXACT_DIGITS = 15
EXACT = 10**15  # whole numbers below it are doubles, and their quotient by up to 10^22 is the nearest double
INT64_LIMIT = 2**63
LARGEST_EXACT_POWER = 22
TWO_WORDS_DIGITS = 38


def hash_numbers(array: pa.Array, h1: Words, h2: Words) -> None:
    """Writes the hashes of a number array; what lies under nulls is hashed too and means nothing."""
    kind = array.type.id
    if kind in DECIMALS:
        _hash_decimals(array, h1, h2)
    elif kind in FLOATS:
        doubles = doubles_of(array)
        hash_doubles(doubles, doubles.view(np.uint64), SEED, h1, h2)
    elif kind == pa.lib.Type_UINT64:
        hash_unsigned(np.ascontiguousarray(values_of(array)), SEED, h1, h2)
    else:
        values = values_of(array)
        words = values if values.dtype == np.int32 else values.astype(np.int64, copy=False)
        hash_words(words, np.uint64(8), SEED, h1, h2)


def _hash_decimals(array: pa.Array, h1: Words, h2: Words) -> None:
    scale = array.type.scale
    if _has_few_digits(array):  # no value can need a second look
        doubles = np.empty(len(array))
        divide_words(_words_of(array), 10.0**scale, doubles)
        hash_doubles(doubles, doubles.view(np.uint64), SEED, h1, h2)
        return
    unscaled, narrow = low_words(array)
    if scale == 0:
        hash_words(unscaled, np.uint64(8), SEED, h1, h2)
        plain = narrow
    else:
        doubles = unscaled / 10.0 ** min(max(scale, 0), LARGEST_EXACT_POWER)
        hash_doubles(doubles, doubles.view(np.uint64), SEED, h1, h2)
        fits = 0 < scale <= LARGEST_EXACT_POWER
        plain = narrow & (unscaled > -EXACT) & (unscaled < EXACT) if fits else np.zeros(len(array), bool)
    if not plain.all():
        _hash_exactly(array, np.flatnonzero(~plain), h1, h2)


def _has_few_digits(array: pa.Array) -> bool:
    """Whether a decimal array has so few digits and places that every value is one division of doubles."""
    kind = array.type
    if kind.precision > EXACT_DIGITS or not 0 < kind.scale <= LARGEST_EXACT_POWER:
        return False
    words = _words_of(array)
    return words.dtype == np.int32 or bool(are_few(words))


def low_words(array: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The low 64 bits of decimals, contiguous, and where they alone are the number."""
    table = _words_of(array)
    low = np.ascontiguousarray(table[:, 0], np.int64)
    return low, (table[:, 1:] == (low >> 63)[:, None]).all(axis=1)


def _words_of(array: pa.Array) -> NDArray[Any]:
    """Decimals as words, the lowest first: (rows, 1 to 4) of 64 bits, or (rows, 1) of 32."""
    size = array.type.byte_width
    dtype, words = (np.int32, 1) if size == 4 else (np.int64, size // 8)
    if array.buffers()[1] is None:
        return np.zeros((len(array), words), dtype)
    table = np.frombuffer(array.buffers()[1], dtype, count=len(array) * words, offset=array.offset * size)
    return table.reshape(len(array), words)


def _hash_exactly(array: pa.Array, rows: NDArray[np.intp], h1: Words, h2: Words) -> None:
    """Writes the hashes of some rows of decimals, whatever their digits."""
    words, unfit = _two_words(_words_of(array)[rows])
    exact1, exact2, left = np.empty(len(rows), np.uint64), np.empty(len(rows), np.uint64), np.ones(len(rows), bool)
    if array.type.scale <= TWO_WORDS_DIGITS:
        hash_decimals(words, array.type.scale, SEED, exact1, exact2, left)
    h1[rows], h2[rows] = exact1, exact2
    left |= unfit
    if left.any():
        _hash_one_by_one(array, rows[left], h1, h2)


def _two_words(words: NDArray[Any]) -> tuple[Words, NDArray[np.bool_]]:
    """Numbers as two words of two's complement, uint64 (n, 2), and which do not fit into them."""
    low = words[:, 0].astype(np.int64)
    high = words[:, 1] if words.shape[1] > 1 else low >> 63
    unfit = (words[:, 2:] != (high >> 63)[:, None]).any(axis=1)
    return np.stack([low, high], axis=1).view(np.uint64), unfit


def _hash_one_by_one(array: pa.Array, rows: NDArray[np.intp], h1: Words, h2: Words) -> None:
    pieces = exact_forms(array, rows)
    data = np.frombuffer(b"".join(pieces) or b"\0", np.uint8)
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
    exact1, exact2 = np.empty(len(rows), np.uint64), np.empty(len(rows), np.uint64)
    hash_bytes(np.uint64(data.ctypes.data), offsets, SEED, exact1, exact2)
    h1[rows], h2[rows] = exact1, exact2


def exact_forms(array: pa.Array, rows: NDArray[np.intp]) -> list[bytes]:
    """The canonical bytes of some rows of an integer or decimal array, one by one, about 2 us each; none for a null."""
    pieces = []
    for value in array.take(pa.array(rows)).to_pylist():
        if value is None:
            pieces.append(b"")
            continue
        sign, digits, exponent = Decimal(value).as_tuple()
        pieces.append(canonical_number(int("".join(map(str, digits))) * (-1) ** sign, int(exponent)))
    return pieces


def canonical_number(unscaled: int, exponent: int) -> bytes:
    """The canonical bytes of the decimal number unscaled * 10^exponent."""
    magnitude = abs(unscaled)
    while magnitude and magnitude % 10 == 0:
        magnitude //= 10
        exponent += 1
    sign = -1 if unscaled < 0 else 1
    if magnitude == 0 or (exponent >= 0 and -INT64_LIMIT <= sign * magnitude * 10**exponent < INT64_LIMIT):
        whole_number: int = sign * magnitude * 10 ** max(exponent, 0)
        return whole_number.to_bytes(8, "little", signed=True)
    # Both divisions of Python integers are correctly rounded, and as_integer_ratio is exact.
    top, bottom = magnitude * 10 ** max(exponent, 0), 10 ** max(-exponent, 0)
    nearest = top / bottom
    whole, part = nearest.as_integer_ratio()
    if magnitude < EXACT or whole * bottom == top * part:
        return struct.pack("<d", sign * nearest) + b"\1"
    header: bytes = (2 * exponent + (sign < 0)).to_bytes(8, "little", signed=True)
    return header + magnitude.to_bytes((magnitude.bit_length() + 63) // 64 * 8, "little")
