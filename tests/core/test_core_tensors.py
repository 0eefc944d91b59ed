"""Tensors of any shapes in one column have the hashes and contents that each has in a column of Arrow's own tensors."""

from __future__ import annotations

from typing import Any

import naive
import numpy as np
import pyarrow as pa
import pytest
from column_hashes import hashes
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sameset.canonical import tensors
from sameset.canonical.columns import hash_column
from sameset.canonical.contents import RowWriter
from sameset.canonical.families import Family, family_of
from sameset.canonical.forms import Form
from sameset.canonical.tensors import KINDS, TENSORS, tensor_array
from sameset.errors import SourceError

KIND = st.sampled_from([np.dtype(kind.to_pandas_dtype()) for kind in KINDS.values()])
SHAPE = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
TENSOR = st.one_of(st.none(), KIND.flatmap(lambda dtype: hnp.arrays(dtype, SHAPE)))


def in_arrow(tensor: np.ndarray[Any, Any] | None) -> pa.Array:
    """One tensor as Arrow has it, or a null of a type that does not matter."""
    if tensor is None:
        return pa.nulls(1)
    kind = pa.from_numpy_dtype(tensor.dtype)
    elements = pa.array(tensor.ravel(), kind)
    lists = (
        pa.FixedSizeListArray.from_arrays(elements, tensor.size) if tensor.size else pa.array([[]], pa.list_(kind, 0))
    )
    return pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(kind, list(tensor.shape)), lists)


@settings(max_examples=150)
@given(st.lists(TENSOR, max_size=5), st.none() | st.integers(1, 15), st.integers(0, 3))
def test_each_tensor_has_the_hash_of_the_twin(given: list[Any], digits: int | None, start: int) -> None:
    array = tensor_array(given)
    expected = [pair for tensor in given for pair in naive.value_hashes(in_arrow(tensor), naive.Form(digits, False))]
    assert hashes(array, Form(digits)) == expected
    assert hashes(array.slice(start), Form(digits)) == expected[start:]
    nulls = hash_column(array, "c").nulls
    assert [tensor is None for tensor in given] == ([False] * len(given) if nulls is None else nulls.tolist())


@settings(max_examples=50)
@given(st.lists(TENSOR.filter(lambda tensor: tensor is not None), min_size=1, max_size=4))
def test_each_tensor_has_the_content_that_it_has_in_arrow(given: list[Any]) -> None:
    together = pa.record_batch([tensor_array([None, *given])], names=["c"])
    joined = next(RowWriter(together.schema).write(together))
    contents = [joined.data[a:b].tobytes() for a, b in zip(joined.offsets, joined.offsets[1:], strict=False)]
    for tensor, content in zip(given, contents[1:], strict=True):
        alone = pa.record_batch([in_arrow(tensor)], names=["c"])
        assert next(RowWriter(alone.schema).write(alone)).data.tobytes() == content


def test_large_tensors_are_hashed_some_elements_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [np.arange(50, dtype=kind).reshape(5, 10) for kind in ("uint8", "uint16", "int32", "float64")]
    whole = hashes(tensor_array(given))
    monkeypatch.setattr(tensors.Elements.chunks, "__defaults__", (7,))
    assert hashes(tensor_array(given)) == whole == [pair for tensor in given for pair in hashes(in_arrow(tensor))]


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_every_byte_and_word_has_its_own_hash(kind: str) -> None:
    numbers = np.arange(np.iinfo(kind).max + 1).astype(kind)
    found = hashes(tensor_array(list(numbers.reshape(-1, 1)[:: 1 if kind == "uint8" else 97])))
    assert len(set(found)) == len(found)


def test_shape_number_type_and_order_of_axes_count() -> None:
    one = np.arange(6, dtype=np.uint8)
    others = [
        one,
        one.reshape(2, 3),
        one.reshape(3, 2),
        one.reshape(2, 3).T,
        one.astype(np.int8),
        one.astype(np.uint16),
    ]
    assert len(set(hashes(tensor_array(others)))) == len(others)


def test_a_tensor_of_another_type_is_refused() -> None:
    with pytest.raises(SourceError, match="complex128 has no canonical form"):
        tensor_array([np.zeros(2, complex)])


def test_the_type_is_of_the_family_of_tensors_and_shows_what_its_values_are() -> None:
    array = tensor_array([np.zeros((4, 5, 3), np.uint8), np.float32(1.5), None])
    assert family_of(array.type, "c") is Family.TENSOR
    assert str(array.type) == "tensor"
    assert hash(TENSORS) == hash(type(TENSORS)())
    assert array.to_pylist() == ["uint8 4x5x3", "float", None]
