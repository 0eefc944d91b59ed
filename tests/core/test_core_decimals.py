"""Decimals of more than 15 digits, of which the kernel decides all but a few: the hashes of the twin, whatever their form."""

from __future__ import annotations

import naive
import pyarrow as pa
import pytest
from column_hashes import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch, hasher_for

TYPES = [
    pa.decimal128(38, 10),
    pa.decimal128(38, 2),
    pa.decimal128(38, 22),
    pa.decimal128(38, 23),
    pa.decimal128(12, 2),
    pa.decimal128(38, 0),
    pa.decimal128(38, 38),
    pa.decimal128(30, -5),
    pa.decimal128(38, 25),
    pa.decimal64(18, 3),
    pa.decimal64(18, 18),
    pa.decimal256(76, 10),
    pa.decimal256(76, 60),
]
EDGES = [0, 10**15, 10**15 - 1, 2**53, 2**53 + 1, 2**63, 2**63 - 1, 2**64, 2**64 - 1, 10**37, 10**38 - 1]
POWERS = st.integers(0, 38)


@st.composite
def unscaled(draw: st.DrawFn, digits: int) -> int:
    """A whole number of at most so many digits: any, with zeros at its end, a double times a power of two, five or ten."""
    size = draw(st.integers(1, digits))
    number = draw(st.sampled_from(EDGES) | st.integers(0, 10**size - 1))
    if draw(st.booleans()):
        number = draw(st.integers(0, 2**54)) * draw(st.sampled_from([2, 5, 10])) ** draw(POWERS)
    if draw(st.booleans()):
        number = number // 10 ** (size // 2) * 10 ** (size // 2)
    return min(number, 10**digits - 1) * draw(st.sampled_from([1, -1]))


def decimals(kind: pa.DataType, numbers: list[int], valid: bytes | None = None) -> pa.Array:
    """Decimals of these unscaled numbers, whatever the digits that their type states."""
    size = kind.bit_width // 8
    words = b"".join(number.to_bytes(size, "little", signed=True) for number in numbers)
    return pa.Array.from_buffers(kind, len(numbers), [valid and pa.py_buffer(valid), pa.py_buffer(words)])


def sketch_of(array: pa.Array) -> TableSketch:
    batch = pa.record_batch([array], names=["c"])
    sketch = TableSketch.empty(Spec(), batch.schema)
    sketch.fold(hasher_for(Spec(), batch.schema), batch)
    return sketch


def digest_of(array: pa.Array) -> str:
    return sketch_of(array).text_digest


WIDE = [10**15 - 1, 10**15, 2**53 + 1, 2**63 - 1, -(10**15), -(2**63) + 1, 2**64 + 1, -(2**65)]
FEW = [(pa.decimal64(15, 2), WIDE[:6]), (pa.decimal128(5, 2), WIDE), (pa.decimal256(15, 2), WIDE)]


@pytest.mark.parametrize(("kind", "number"), [(kind, number) for kind, numbers in FEW for number in numbers])
def test_a_decimal_of_more_digits_than_its_type_states_is_what_it_is(kind: pa.DataType, number: int) -> None:
    """Nobody who reads Parquet files looks whether they keep what they say."""
    for valid in (None, b"\5"):
        few, wide = (decimals(it, [125, number, number], valid) for it in (kind, pa.decimal128(38, 2)))
        assert digest_of(few) == digest_of(wide)
        assert hashes(few) == hashes(wide)
    assert digest_of(decimals(kind, [number])) != digest_of(decimals(kind, [number - 1]))


@settings(max_examples=150)
@given(st.data(), st.sampled_from(TYPES))
def test_decimals_of_any_digits_have_the_hashes_of_the_twin(data: st.DataObject, kind: pa.DataType) -> None:
    numbers = data.draw(st.lists(unscaled(kind.precision), min_size=1, max_size=20))
    array = decimals(kind, numbers)
    expected = naive.value_hashes(array)
    assert hashes(array) == expected
    assert sketch_of(array).columns[0].digest == naive.total(expected)
