"""Tensors of any shapes in one column have the hashes and contents that each has in a column of Arrow's own tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import naive
import numpy as np
import pyarrow as pa
import pytest
from column_hashes import hashes
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nested_encodings import varied_tensors

from sameset.canonical import tensors
from sameset.canonical.columns import hash_column
from sameset.canonical.contents import RowWriter
from sameset.canonical.families import Family, family_of
from sameset.canonical.forms import Form
from sameset.canonical.tensors import KINDS, TENSORS, tensor_array
from sameset.errors import SourceError, UnsupportedTypeError

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


# Arrow's own tensors of several shapes


@st.composite
def several_shapes(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[pa.Array, list[Any]]:
    """Such a column, and the tensors that are in it."""
    kind = draw(st.sampled_from([np.dtype(name) for name in ("uint8", "int64", "float32", "bool")]))
    axes = draw(st.integers(0, 3))
    permutation = draw(st.none() | st.permutations(range(axes)))
    stored = draw(st.lists(st.none() | hnp.arrays(kind, st.tuples(*[st.integers(0, 3)] * axes)), max_size=6))
    values = [one if one is None else (list(one.shape), one.ravel().tolist()) for one in stored]
    tensors = [one if one is None or permutation is None else one.transpose(permutation) for one in stored]
    return varied_tensors(values, pa.from_numpy_dtype(kind), axes, permutation), tensors


@settings(max_examples=100)
@given(several_shapes(), st.none() | st.integers(1, 15), st.integers(0, 3))
def test_each_tensor_of_several_shapes_has_the_hash_and_content_that_it_has_among_others(
    given: tuple[pa.Array, list[Any]], digits: int | None, start: int
) -> None:
    array, expected = given[0].slice(start), tensor_array(given[1][start:])
    assert family_of(array.type, "c") is Family.TENSOR
    assert hashes(array, Form(digits)) == hashes(expected, Form(digits))
    nested = [pa.ListArray.from_arrays(pa.array([0, len(it)], pa.int32()), it) for it in (array, expected)]
    assert hashes(nested[0]) == hashes(nested[1])
    batches = [pa.record_batch([it], names=["c"]) for it in (array, expected)]
    one, two = ([joined.data.tobytes() for joined in RowWriter(batch.schema).write(batch)] for batch in batches)
    assert one == two


@pytest.mark.parametrize(
    "value", [([2, 2], [1, 2]), ([0, 2], None), ([-1, -1], [1]), (None, [1]), ([None, 1], [1]), ([2**31 - 1, 2], [])]
)
def test_a_tensor_that_does_not_fill_its_shape_is_refused(value: Any) -> None:
    for values in ([value], [None, ([1, 1], [5]), value]):
        with pytest.raises(SourceError, match=r"'c' holds a tensor of more or fewer elements than its shape says"):
            hash_column(varied_tensors(values, pa.int8(), 2), "c")


def test_a_tensor_of_several_shapes_may_be_empty_and_its_elements_are_of_known_types() -> None:
    assert len(set(hashes(varied_tensors([([2**31 - 1, 2**31 - 1, 0], []), ([0, 1, 1], [])], pa.int8(), 3)))) == 2
    odd = varied_tensors([], pa.decimal128(5, 39), 1)
    with pytest.raises(UnsupportedTypeError, match=r"'c\[\]'"):
        family_of(odd.type, "c")


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
