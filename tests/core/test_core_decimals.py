"""Decimals of more than 15 digits, of which the kernel decides all but a few: the hashes of the twin, whatever their form."""

from __future__ import annotations

import naive
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.canonical.columns import hash_column

TYPES = [
    pa.decimal128(38, 10),
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


@settings(max_examples=150)
@given(st.data(), st.sampled_from(TYPES))
def test_decimals_of_any_digits_have_the_hashes_of_the_twin(data: st.DataObject, kind: pa.DataType) -> None:
    numbers = data.draw(st.lists(unscaled(kind.precision), min_size=1, max_size=20))
    size = kind.bit_width // 8
    words = b"".join(number.to_bytes(size, "little", signed=True) for number in numbers)
    array = pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(words)])
    hashed = hash_column(array, "c")
    assert list(zip(hashed.h1.tolist(), hashed.h2.tolist(), strict=True)) == naive.value_hashes(array)
