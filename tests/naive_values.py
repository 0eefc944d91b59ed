"""The naive twin of single values: docs/encoding.md, "Values" and "Options of the spec", in plain Python; mmh3 is the oracle.

Slow and obvious on purpose, and without any import of `sameset`. Nested values are in `naive_nested`, rows and sketches in `naive`.
"""

from __future__ import annotations

import struct
import unicodedata
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import mmh3
import pyarrow as pa

Hash = tuple[int, int]
Value = Any

M64 = 2**64 - 1
PRIME = 2**61 - 1
NULL, BOOLEAN, NUMBER, TEXT, BYTES, DATE, TIME, TIMESTAMP, ZONED, DURATION = range(1, 11)
LIST, STRUCT, MAP, TENSOR, INTERVAL = range(11, 16)
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def u64(number: int) -> bytes:
    return struct.pack("<Q", number)


def i64(number: int) -> bytes:
    return struct.pack("<q", number)


def murmur(data: bytes, seed: int) -> Hash:
    whole = mmh3.hash128(data, seed, x64arch=True, signed=False)
    return whole & M64, whole >> 64


def fmix(k: int) -> int:
    k ^= k >> 33
    k = k * 0xFF51AFD7ED558CCD & M64
    k ^= k >> 33
    k = k * 0xC4CEB9FE1A85EC53 & M64
    return k ^ k >> 33


def finish(a: int, b: int, length: int) -> Hash:
    a ^= length
    b ^= length
    a = a + b & M64
    b = b + a & M64
    a, b = fmix(a), fmix(b)
    a = a + b & M64
    b = b + a & M64
    return a, b


# What a spec may ask of values


class Form(NamedTuple):
    """The options `digits` and `nfc`."""

    digits: int | None = None
    nfc: bool = False


AS_IS = Form()


def rounded(value: float, digits: int) -> float:
    """The double nearest to the shortest decimal that names a finite double, rounded half-even to significant digits."""
    shortest = Decimal(repr(value))
    if value == 0 or not shortest.is_finite():
        return value
    last_place = Decimal((0, (1,), shortest.adjusted() - digits + 1))
    return float(shortest.quantize(last_place, ROUND_HALF_EVEN, Context(prec=400, Emin=-2000, Emax=2000)))


# Values that hold no others


def leaf_family(kind: pa.DataType) -> int:
    """The number of the family of an Arrow type without others in it."""
    types = pa.types
    families = {
        NULL: types.is_null(kind),
        BOOLEAN: types.is_boolean(kind),
        NUMBER: types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind),
        TEXT: types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind),
        BYTES: types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind),
        DATE: types.is_date(kind),
        TIME: types.is_time(kind),
        TIMESTAMP: types.is_timestamp(kind) and kind.tz is None,
        ZONED: types.is_timestamp(kind) and kind.tz is not None,
        DURATION: types.is_duration(kind),
        INTERVAL: types.is_interval(kind),
    }
    (number,) = [number for number, is_it in families.items() if is_it]
    return number


def leaf_values(array: pa.Array, form: Form) -> list[Value]:
    """The values of an array, exactly: floats as doubles, dates and times as the integers that count their units."""
    kind = array.type
    if pa.types.is_floating(kind):
        doubles = list(array.cast(pa.float64()).to_pylist())
        return [x if x is None or form.digits is None else rounded(x, form.digits) for x in doubles]
    if leaf_family(kind) in (DATE, TIME, TIMESTAMP, ZONED, DURATION):
        return list(array.view(pa.int32() if kind.bit_width == 32 else pa.int64()).to_pylist())
    if leaf_family(kind) == TEXT and form.nfc:
        return [text if text is None else unicodedata.normalize("NFC", text) for text in array.to_pylist()]
    return list(array.to_pylist())


def leaf_bytes(value: Value, kind: pa.DataType) -> bytes:
    """The canonical bytes of a value that is not null, as `leaf_values` gives it, of the Arrow type `kind`."""
    number = leaf_family(kind)
    if number == BOOLEAN:
        return bytes([value])
    if number == NUMBER:
        return number_bytes(value)
    if number == TEXT:
        return bytes(value.encode())
    if number == BYTES:
        return bytes(value)
    if number == DATE:
        return i64(days(value, kind))
    if number == INTERVAL:
        return struct.pack("<iiq", *value)
    microseconds, rest = ticks(value, kind)
    return i64(microseconds) + (struct.pack("<H", rest) if rest else b"")


def days(value: int, kind: pa.DataType) -> int:
    return value // 86_400_000 if kind == pa.date64() else value


def ticks(value: int, kind: pa.DataType) -> tuple[int, int]:
    return divmod(value * NANOSECONDS[kind.unit], 1000)


def number_bytes(value: int | float | Decimal) -> bytes:
    """The four rules of numbers, in their order."""
    if isinstance(value, float) and value != value:
        return bytes.fromhex("000000000000f87f01")
    if value in (float("inf"), float("-inf")):
        return struct.pack("<d", value) + b"\1"
    exact = Fraction(value)
    if exact.denominator == 1 and -(2**63) <= exact < 2**63:
        return i64(int(exact))
    nearest = float(exact)
    if Fraction(nearest) == exact or (digits := significant_digits(exact)) <= 15:
        return struct.pack("<d", nearest) + b"\1"
    exponent = 0
    while exact.denominator != 1:
        exact, exponent = exact * 10, exponent - 1
    while exact % 10 == 0:
        exact, exponent = exact / 10, exponent + 1
    m = abs(int(exact))
    assert len(str(m)) == digits
    words = 1
    while m >= 2 ** (64 * words):
        words += 1
    return i64(2 * exponent + (exact < 0)) + m.to_bytes(8 * words, "little")


def significant_digits(exact: Fraction) -> int:
    """How many digits a decimal or whole number has, zeros at its ends not counted."""
    while exact.denominator != 1:
        exact *= 10
    return len(str(abs(int(exact))).strip("0"))
