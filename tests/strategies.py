"""Hypothesis strategies of Arrow arrays of every supported type, with hard values, garbage under nulls and odd offsets.

Arrays of fixed width are built from raw words, so every slot holds something even where the validity bitmap says null.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from sameset.sketches.spec import SampleSize, Spec

__all__ = ["TYPES", "arrays", "arrays_of", "batches", "fixed_array", "specs", "text_array"]

Strategy = st.SearchStrategy[Any]

INT_TYPES = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
FLOAT_TYPES = [pa.float16(), pa.float32(), pa.float64()]
MOST_DIGITS = {pa.decimal32: 9, pa.decimal64: 18, pa.decimal128: 38, pa.decimal256: 76}
DECIMAL_TYPES = [
    make(digits, scale)
    for make, digits in MOST_DIGITS.items()
    for scale in sorted({0, 1, 2, 5, digits // 2, 22, 23, digits - 1, digits, -1, -3, -digits})
    if abs(scale) <= digits
]
TEXT_TYPES = [pa.string(), pa.large_string(), pa.string_view()]
BYTE_TYPES = [pa.binary(), pa.large_binary(), pa.binary_view()]
FIXED_TYPES = [pa.binary(1), pa.binary(7), pa.binary(16), pa.binary(33), pa.uuid()]
ZONES = [None, "UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "+05:30"]
TIME_TYPES = [
    pa.date32(),
    pa.date64(),
    pa.time32("s"),
    pa.time32("ms"),
    pa.time64("us"),
    pa.time64("ns"),
    *(pa.duration(unit) for unit in ("s", "ms", "us", "ns")),
    *(pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in ZONES),
]
PLAIN_TYPES = [
    pa.null(),
    pa.bool_(),
    *INT_TYPES,
    *FLOAT_TYPES,
    *DECIMAL_TYPES,
    *TEXT_TYPES,
    *BYTE_TYPES,
    *FIXED_TYPES,
    *TIME_TYPES,
]
TYPES = [*PLAIN_TYPES, *(pa.dictionary(pa.int8(), kind) for kind in PLAIN_TYPES)]


def near(*centres: int) -> list[int]:
    return [sign * centre + step for centre in centres for sign in (1, -1) for step in (-1, 0, 1)]


# A word of each is a hard case of some type: bounds of integers and doubles, of int64 microseconds, of 15 digits, whole days.
HARD_WORDS = near(
    *(0, 10, 999, 1000, 86_399, 86_400, 86_400_000, 2**7, 2**8, 2**15, 2**16, 2**31, 2**32, 2**53, 2**63, 2**64),
    *(10**15, 10**18, 10**19, 10**20, 10**22, (2**63 - 1) // 10**3, (2**63 - 1) // 10**6, 2**63 - 2048, 2**64 - 1024),
)
HARD_BITS = {
    2: [0x0000, 0x8000, 0x0001, 0x3C00, 0x7BFF, 0x7C00, 0xFC00, 0x7C01, 0x7E00, 0xFE17],
    4: [
        *(0, 1 << 31, 1, 0x3DCCCCCD, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FA00001, 0x7FC00000, 0xFFC12345),
        *(0x5EFFFFFF, 0x5F000000, 0xDF000000, 0xDF000001, 0x4B800000),
    ],
    8: [
        *(0, 1 << 63, 1, 0x3FB999999999999A, 0x7FEFFFFFFFFFFFFF, 0x7FF << 52, 0xFFF << 52, 0x7FF0000000000001),
        *(0xFFF8000000000123, 0x43DFFFFFFFFFFFFF, 0x43E << 52, 0xC3E << 52, 0xC3E0000000000001, 0x434 << 52),
        *(0x4340000000000001, 0x4014000000000000, 0x3FE << 52),
    ],
}


def words_of_width(width: int) -> Strategy:
    """Raw words of so many bytes: hard ones cut to it, and any."""
    hard = st.sampled_from(HARD_WORDS).map(lambda word: word % 2 ** (8 * width))
    return (
        hard | st.integers(-1000, 1000).map(lambda word: word % 2 ** (8 * width)) | st.integers(0, 2 ** (8 * width) - 1)
    )


def decimal_words(kind: pa.DataType) -> Strategy:
    """Raw words of a decimal type within its precision: any, few digits with zeros behind them, and hard ones."""
    most = 10**kind.precision - 1
    few = st.builds(lambda m, zeros: m * 10**zeros, st.integers(-(10**16), 10**16), st.integers(0, kind.precision))
    binary = st.builds(lambda m, power: m << power, st.integers(-9, 9), st.integers(0, 8 * kind.byte_width - 1))
    within = (st.sampled_from(HARD_WORDS) | few | binary).filter(lambda word: abs(word) <= most)
    return (within | st.integers(-most, most)).map(lambda word: word % 2 ** (8 * kind.byte_width))


def tick_words(kind: pa.DataType) -> Strategy:
    """Raw words of a date or time type: what is beyond 292,271 years is refused, and tested elsewhere."""
    factor = {"s": 10**6, "ms": 10**3}.get(getattr(kind, "unit", "us"), 1)
    width = kind.bit_width // 8
    most = (2 ** (8 * width - 1) - 1) // (factor if width == 8 else 1)
    hard = st.sampled_from(HARD_WORDS).filter(lambda word: abs(word) <= most)
    return (hard | st.integers(-most, most)).map(lambda word: word % 2 ** (8 * width))


def raw_words(kind: pa.DataType) -> Strategy:
    if pa.types.is_decimal(kind):
        return decimal_words(kind)
    if pa.types.is_temporal(kind):
        return tick_words(kind)
    width = kind.bit_width // 8
    if pa.types.is_floating(kind):
        whole = {2: "<e", 4: "<f", 8: "<d"}[width]
        small = st.integers(-40, 40).map(lambda n: int.from_bytes(struct.pack(whole, n / 4), "little"))
        return st.sampled_from(HARD_BITS[width]) | small | st.integers(0, 2 ** (8 * width) - 1)
    return words_of_width(width)


def bitmap(valid: Sequence[bool]) -> pa.Buffer:
    return pa.py_buffer(sum(bit << i for i, bit in enumerate(valid)).to_bytes(len(valid) // 8 + 1, "little"))


def fixed_array(kind: pa.DataType, words: Sequence[int], valid: Sequence[bool] | None = None) -> pa.Array:
    """An array of a type of fixed width from its raw words; those that are not valid lie hidden under nulls."""
    width = kind.bit_width // 8
    data = pa.py_buffer(b"".join((word % 2 ** (8 * width)).to_bytes(width, "little") for word in words))
    return pa.Array.from_buffers(kind, len(words), [None if valid is None else bitmap(valid), data])


def text_array(kind: pa.DataType, pieces: Sequence[bytes], valid: Sequence[bool] | None = None) -> pa.Array:
    """A text or bytes array with offsets from its pieces; those that are not valid lie hidden under nulls."""
    large = kind in (pa.large_string(), pa.large_binary())
    ends = [sum(map(len, pieces[:i])) for i in range(len(pieces) + 1)]
    offsets = pa.py_buffer(b"".join(end.to_bytes(8 if large else 4, "little") for end in ends))
    buffers = [None if valid is None else bitmap(valid), offsets, pa.py_buffer(b"".join(pieces))]
    return pa.Array.from_buffers(kind, len(pieces), buffers)


UUIDS = st.uuids().map(str)
TEXTS = (
    st.sampled_from(
        ["", "null", "\0", "\0\0", "a\0", "a", "é", "e\u0301", "\U0001f600", "NaN", "5", "x" * 15, "x" * 16]
    )
    | st.text(max_size=40)
    | UUIDS
    | UUIDS.map(str.upper)
    | UUIDS.map(lambda text: text[:-1] + "\n")
)
BLOBS = st.binary(max_size=40) | TEXTS.map(str.encode)


def array_of(kind: pa.DataType, size: int, draw: Callable[[Strategy], Any]) -> pa.Array:
    """An array of the type and length, nulls in it or not."""

    def listed(one: Strategy) -> list[Any]:
        return list(draw(st.lists(one, min_size=size, max_size=size)))

    if pa.types.is_null(kind):
        return pa.nulls(size)
    if kind == pa.uuid():
        return pa.ExtensionArray.from_storage(kind, array_of(kind.storage_type, size, draw))
    valid = draw(st.none() | st.lists(st.booleans(), min_size=size, max_size=size))
    if pa.types.is_dictionary(kind):
        return dictionary_of(kind.value_type, valid, size, draw)
    if pa.types.is_boolean(kind):
        return pa.Array.from_buffers(
            kind, size, [None if valid is None else bitmap(valid), bitmap(listed(st.booleans()))]
        )
    if kind in TEXT_TYPES:
        return of_pieces(kind, pa.large_string(), [text.encode() for text in listed(TEXTS)], valid)
    if kind in BYTE_TYPES:
        return of_pieces(kind, pa.large_binary(), listed(BLOBS), valid)
    if pa.types.is_fixed_size_binary(kind):
        return fixed_array(kind, listed(words_of_width(kind.byte_width)), valid)
    return fixed_array(kind, listed(raw_words(kind)), valid)


def of_pieces(kind: pa.DataType, plain: pa.DataType, pieces: Sequence[bytes], valid: Sequence[bool] | None) -> pa.Array:
    view = pa.types.is_string_view(kind) or pa.types.is_binary_view(kind)
    array = text_array(plain if view else kind, pieces, valid)
    return array.cast(kind) if view else array


def dictionary_of(
    kind: pa.DataType, valid: Sequence[bool] | None, size: int, draw: Callable[[Strategy], Any]
) -> pa.Array:
    """A dictionary array with entries that nothing uses, nulls in it, and indices out of range under nulls."""
    entries = draw(st.integers(0 if size == 0 or (valid is not None and not any(valid)) else 1, 5))
    dictionary = array_of(kind, entries, draw)
    index_type = draw(st.sampled_from([kind for kind in INT_TYPES if kind != pa.uint64()]))
    there = st.integers(0, max(entries - 1, 0))
    codes = [
        draw(there if valid is None or valid[i] else st.integers(0, 2**index_type.bit_width - 1)) for i in range(size)
    ]
    indices = fixed_array(index_type, codes, valid)
    return pa.DictionaryArray.from_arrays(indices, dictionary, safe=False)


@st.composite
def arrays_of(draw: Callable[[Strategy], Any], kind: pa.DataType, size: int | None = None) -> pa.Array:
    """Arrays of one type, often a slice at an odd offset of something longer."""
    size = draw(st.integers(0, 9)) if size is None else size
    before, behind = draw(st.sampled_from([(0, 0), (1, 0), (3, 2), (9, 1)]))
    return array_of(kind, before + size + behind, draw).slice(before, size)


def arrays() -> Strategy:
    """Arrays of any supported type."""
    return st.sampled_from(TYPES).flatmap(arrays_of)


NAMES = st.sampled_from(["a", "b", "id", "Name", "ä", "\U0001f600", "", "x y", "z\0"]) | st.text(max_size=4)


@st.composite
def batches(
    draw: Callable[[Strategy], Any], most_columns: int = 4, types: Sequence[pa.DataType] = TYPES
) -> pa.RecordBatch:
    """Record batches of any supported types, of no rows and of no columns too."""
    names = draw(st.lists(NAMES, max_size=most_columns, unique=True))
    size = draw(st.integers(0, 9))
    columns = [draw(arrays_of(draw(st.sampled_from(types)), size)) for _ in names]
    schema = pa.schema([(name, column.type) for name, column in zip(names, columns, strict=True)])
    return pa.RecordBatch.from_arrays(columns, schema=schema)


SMALL_SIZES = st.builds(
    lambda size, scaled, more: SampleSize(size, scaled, size + more),
    st.sampled_from([1, 2, 8, 64]),
    st.sampled_from([1, 2, 4, 1000]),
    st.sampled_from([0, 1, 8, 500]),
)


@st.composite
def specs(draw: Callable[[Strategy], Any], names: Sequence[str] = ()) -> Spec:
    """Specs with small sizes, and keys made of the columns named."""
    key = tuple(draw(st.lists(st.sampled_from(list(names)), unique=True, max_size=3))) if names else ()
    buckets = st.sampled_from(list(names)).map(lambda name: f"{name}:3") if names else st.none()
    return Spec(
        seed=draw(st.sampled_from([0, 1, 2**64 - 1]) | st.integers(0, 2**64 - 1)),
        key=key,
        keep_keys=draw(st.booleans()),
        rows=draw(SMALL_SIZES),
        values=draw(SMALL_SIZES),
        bins=draw(st.sampled_from([1, 2, 16, 64])),
        delta_cells=draw(st.sampled_from([4, 16, 64])),
        bucket_by=draw(st.none() | st.none() | buckets),
    )
