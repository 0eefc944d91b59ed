"""The naive twins of the schemes besides our own: docs/schemes.md in plain Python, with hashlib and the package blake3.

Nothing here imports `sameset`. Lanes have any width, so that the construction can be held against vectors of LtHash16.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

import naive
import numpy as np
import pyarrow as pa
from blake3 import blake3
from naive_nested import row_major
from naive_values import INTERVAL, LIST, MAP, STRUCT

Lanes = list[int]

# UNF version 6

DAYS_OF_400_YEARS = 146_097


def unf_number(x: float, digits: int) -> str:
    if x != x:
        return "+nan"
    sign = "-" if str(x).startswith("-") else "+"
    if x in (float("inf"), float("-inf")):
        return sign + "inf"
    if x == 0:
        return sign + "0.e+"
    shortest = abs(Decimal(repr(x)))
    last_place = Decimal(1).scaleb(shortest.adjusted() - digits + 1)
    rounded = shortest.quantize(last_place, ROUND_HALF_EVEN)
    mantissa = "".join(map(str, rounded.as_tuple().digits)).rstrip("0")
    power = rounded.adjusted()
    return f"{sign}{mantissa[0]}.{mantissa[1:]}e{'-' if power < 0 else '+'}{abs(power) if power else ''}"


def unf_date(days: int) -> str:
    """Python's calendar starts in year 1, so the year 0 is looked up 400 years later."""
    years = 400 if days < 0 else 0
    day = dt.date(1970, 1, 1) + dt.timedelta(days=days + years // 400 * DAYS_OF_400_YEARS)
    if day.year < years:
        raise OverflowError("before the year 0")
    return f"{day.year - years:04}-{day.month:02}-{day.day:02}"


def unf_time(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    if not 0 <= seconds < 86_400:
        raise OverflowError("no time of a day")
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


def unf_text(value: Any, kind: pa.DataType, digits: int, characters: int) -> str:
    """The text of a value, as `naive.values` gives it, that is not missing; OverflowError if it cannot be written."""
    kind = naive.value_type(kind)
    family = naive.family(kind)
    if family in (naive.BOOLEAN, naive.NUMBER):
        return unf_number(value if isinstance(value, float) else float(Fraction(value)), digits)
    if family == naive.TEXT:
        return str(value)[:characters]
    if family == naive.DATE:
        return unf_date(naive.days(value, kind))
    nanoseconds = value * naive.NANOSECONDS[kind.unit]
    if family == naive.TIME:
        return unf_time(nanoseconds)
    days, rest = divmod(nanoseconds, 86_400 * 10**9)
    return f"{unf_date(days)}T{unf_time(rest)}" + ("Z" if family == naive.ZONED else "")


def unf_element(value: Any, kind: pa.DataType, digits: int = 7, characters: int = 128) -> bytes:
    if value is None:
        return b"\0\0\0"
    return unf_text(value, kind, digits, characters).encode() + b"\n\0"


def unf_hash(data: bytes, bits: int = 128) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()[: bits // 8]).decode()


def unf_of_array(array: pa.Array, digits: int = 7, characters: int = 128, bits: int = 128) -> str:
    """The Base64 of a vector's UNF."""
    elements = [unf_element(value, array.type, digits, characters) for value in naive.values(array)]
    return unf_hash(b"".join(elements), bits)


def unf_of_parts(parts: Sequence[str], bits: int = 128) -> str:
    """The Base64 of the UNF of several columns or files."""
    if len(parts) == 1:
        return parts[0]
    return unf_hash(b"".join(sorted(part.encode() + b"\n\0" for part in parts)), bits)


# LtHash


def content(value: Any, kind: pa.DataType) -> bytes:
    """The canonical bytes of a value without any hash in them."""
    kind = naive.value_type(kind)
    family = naive.family(kind)
    if value is None or family < LIST or family == INTERVAL:
        return naive.canonical_bytes(value, kind)
    if family == LIST:
        return b"".join(framed(element, kind.value_type) for element in value)
    if family == STRUCT:
        return struct_content(value, {field.name: field.type for field in kind})
    if family == MAP:
        return b"".join(sorted(framed(e["key"], kind.key_type) + framed(e["value"], kind.item_type) for e in value))
    shape = [kind.shape[axis] for axis in kind.permutation or range(len(kind.shape))]
    head = " ".join([str(kind.value_type), *map(str, shape)])
    return framed(head, pa.string()) + framed(row_major(value, kind), pa.list_(kind.value_type))


def framed(value: Any, kind: pa.DataType) -> bytes:
    data = content(value, kind)
    return bytes([naive.NULL if value is None else naive.family(kind)]) + naive.u64(len(data)) + data


def struct_content(fields: dict[str, Any], kinds: dict[str, pa.DataType]) -> bytes:
    names = sorted(fields, key=str.encode)
    return b"".join(naive.u64(len(name.encode())) + name.encode() + framed(fields[name], kinds[name]) for name in names)


def row_contents(batch: pa.RecordBatch, form: naive.Form = naive.AS_IS) -> list[bytes]:
    """The content of each row: that of the struct of its columns."""
    kinds = {field.name: field.type for field in batch.schema}
    columns = {name: naive.values(array, form) for name, array in zip(kinds, batch.columns, strict=True)}
    return [struct_content({name: columns[name][i] for name in kinds}, kinds) for i in range(batch.num_rows)]


def element(data: bytes, width: int = 32, key: bytes | None = None) -> Lanes:
    """1024 little-endian numbers of so many bits; `key` is the one derived from the secret."""
    size = width // 8
    stream = (blake3(data) if key is None else blake3(data, key=key)).digest(1024 * size)
    return [int.from_bytes(stream[i : i + size], "little") for i in range(0, len(stream), size)]


def add(left: Lanes, right: Lanes, width: int = 32) -> Lanes:
    return [(a + b) % 2**width for a, b in zip(left, right, strict=True)]


def total(elements: Sequence[Lanes], width: int = 32) -> Lanes:
    lanes = [0] * 1024
    for one in elements:
        lanes = add(lanes, one, width)
    return lanes


def state(lanes: Lanes, width: int = 32) -> bytes:
    return b"".join(lane.to_bytes(width // 8, "little") for lane in lanes)


def derived_key(secret: bytes) -> tuple[bytes, str]:
    """The key of the rows, and the name of the key."""
    key = blake3(secret, derive_key_context="sameset 2026-11-20 lthash32-1024:1 key of the rows").digest()
    name = blake3(secret, derive_key_context="sameset 2026-11-20 lthash32-1024:1 name of the key").digest(8)
    return key, name.hex()


def lattice_text(batch: pa.RecordBatch, secret: bytes | None = None, form: naive.Form = naive.AS_IS) -> str:
    """The printed digest of the rows of a batch."""
    key = None if secret is None else derived_key(secret)[0]
    return printed(
        batch.schema.names, batch.num_rows, total([element(row, key=key) for row in row_contents(batch, form)]), secret
    )


def printed(names: Sequence[str], rows: int, lanes: Lanes, secret: bytes | None = None) -> str:
    """The printed digest of a state."""
    start = "lthash32-1024:1:" + ("" if secret is None else f"k{derived_key(secret)[1]}:")
    encoded = sorted(name.encode() for name in names)
    head = naive.u64(len(start)) + start.encode() + naive.u64(rows) + naive.u64(len(encoded))
    return start + blake3(head + b"".join(naive.u64(len(n)) + n for n in encoded) + state(lanes)).hexdigest()


def np_total(contents: Sequence[bytes]) -> np.ndarray:
    """The same as `total` of many elements of 32 bits, in numpy."""
    lanes = np.zeros(1024, np.uint64)
    for data in contents:
        lanes += np.frombuffer(blake3(data).digest(4096), "<u4")
    return (lanes % 2**32).astype(np.uint32)
