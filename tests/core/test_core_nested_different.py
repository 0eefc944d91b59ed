"""Nested values that are never equal, and tables at the edges."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from column_hashes import hashes, one_hash
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies_nested import (
    LISTS,
    NESTED,
    NESTED_TYPES,
    NESTED_VALUES,
    NUMBER_LIST,
    POINT,
    meaning,
    nested_arrays_of,
)

from sameset.canonical.batches import RowHasher
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch, hasher_for

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


# Different


TEXT_MAP = pa.map_(pa.string(), pa.int8())
TWO_BY_THREE, THREE_BY_TWO = (pa.fixed_shape_tensor(pa.float32(), shape) for shape in ([2, 3], [3, 2]))


def tensor(kind: pa.DataType, values: list[float] | None) -> tuple[int, int]:
    (found,) = hashes(pa.ExtensionArray.from_storage(kind, pa.array([values], kind.storage_type)))
    return found


def distinct_values() -> dict[str, tuple[int, int]]:
    six = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    return {
        "null": one_hash(None, NUMBER_LIST),
        "[]": one_hash([], NUMBER_LIST),
        "[null]": one_hash([None], NUMBER_LIST),
        "[null, null]": one_hash([None, None], NUMBER_LIST),
        "[[]]": one_hash([[]], LISTS),
        "[[], []]": one_hash([[], []], LISTS),
        "[[null]]": one_hash([[None]], LISTS),
        "[[[]]]": one_hash([[[]]], pa.list_(LISTS)),
        "[1]": one_hash([1], NUMBER_LIST),
        "[[1]]": one_hash([[1]], LISTS),
        "[1, 2]": one_hash([1, 2], NUMBER_LIST),
        "[2, 1]": one_hash([2, 1], NUMBER_LIST),
        "[1, null, 2]": one_hash([1, None, 2], NUMBER_LIST),
        "[1, 2, null]": one_hash([1, 2, None], NUMBER_LIST),
        "[[1, 2], [3]]": one_hash([[1, 2], [3]], LISTS),
        "[[1], [2, 3]]": one_hash([[1], [2, 3]], LISTS),
        "[[1, 2, 3]]": one_hash([[1, 2, 3]], LISTS),
        "[[1, 2, 3], []]": one_hash([[1, 2, 3], []], LISTS),
        "[[], [1, 2, 3]]": one_hash([[], [1, 2, 3]], LISTS),
        "[[1, 2, 3], null]": one_hash([[1, 2, 3], None], LISTS),
        "['1', '2']": one_hash(["1", "2"], pa.list_(pa.string())),
        "['12']": one_hash(["12"], pa.list_(pa.string())),
        "[true]": one_hash([True], pa.list_(pa.bool_())),
        "{}": one_hash({}, pa.struct({})),
        "[{}]": one_hash([{}], pa.list_(pa.struct({}))),
        "{x: 1, y: 2}": one_hash({"x": 1, "y": 2}, POINT),
        "{x: 2, y: 1}": one_hash({"x": 2, "y": 1}, POINT),
        "{x: 1, y: null}": one_hash({"x": 1}, POINT),
        "{x: 1}": one_hash({"x": 1}, pa.struct({"x": pa.int8()})),
        "{x: null, y: null}": one_hash({}, POINT),
        "{y: 1, z: 2}": one_hash({"y": 1, "z": 2}, pa.struct({"y": pa.int8(), "z": pa.int8()})),
        "[{x: 1, y: 2}]": one_hash([{"x": 1, "y": 2}], pa.list_(POINT)),
        "{x: {x: 1}}": one_hash({"x": {"x": 1}}, pa.struct({"x": pa.struct({"x": pa.int8()})})),
        "map {}": one_hash([], TEXT_MAP),
        "map {a: 1}": one_hash([("a", 1)], TEXT_MAP),
        "map {a: 1, a: 1}": one_hash([("a", 1)] * 2, TEXT_MAP),
        "map {a: 1, b: 2}": one_hash([("a", 1), ("b", 2)], TEXT_MAP),
        "map {a: 2, b: 1}": one_hash([("a", 2), ("b", 1)], TEXT_MAP),
        "map {a: null}": one_hash([("a", None)], TEXT_MAP),
        "map {1: 1}": one_hash([(1, 1)], pa.map_(pa.int8(), pa.int8())),
        "[{key: a, value: 1}]": one_hash(
            [{"key": "a", "value": 1}], pa.list_(pa.struct({"key": pa.string(), "value": pa.int8()}))
        ),
        "interval 0": one_hash((0, 0, 0), pa.month_day_nano_interval()),
        "interval 1 month": one_hash((1, 0, 0), pa.month_day_nano_interval()),
        "interval 30 days": one_hash((0, 30, 0), pa.month_day_nano_interval()),
        "interval 1 ns": one_hash((0, 0, 1), pa.month_day_nano_interval()),
        "6 numbers": one_hash(six, pa.list_(pa.float32())),
        "2 x 3": tensor(TWO_BY_THREE, six),
        "3 x 2": tensor(THREE_BY_TWO, six),
        "6": tensor(pa.fixed_shape_tensor(pa.float32(), [6]), six),
        "6 x 1": tensor(pa.fixed_shape_tensor(pa.float32(), [6, 1]), six),
        "2 x 3 of doubles": tensor(pa.fixed_shape_tensor(pa.float64(), [2, 3]), six),
        "2 x 3 of int8": tensor(pa.fixed_shape_tensor(pa.int8(), [2, 3]), [int(x) for x in six]),
        "2 x 3, another": tensor(TWO_BY_THREE, [*six[:5], 7.0]),
        "0 x 3": tensor(pa.fixed_shape_tensor(pa.float32(), [0, 3]), []),
        "3 x 0": tensor(pa.fixed_shape_tensor(pa.float32(), [3, 0]), []),
        "no axis": tensor(pa.fixed_shape_tensor(pa.float32(), []), [1.0]),
    }


def test_different_nested_values_have_different_hashes() -> None:
    found = distinct_values()
    assert [(a, b) for a, b in itertools.combinations(found, 2) if found[a] == found[b]] == []


def test_a_tensor_is_its_logical_content_whatever_the_order_of_its_axes_in_memory() -> None:
    plain = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    logical = pa.fixed_shape_tensor(pa.int32(), plain.shape)
    storage = pa.FixedSizeListArray.from_arrays(pa.array(plain.ravel()), 24)
    expected = hashes(pa.ExtensionArray.from_storage(logical, storage))
    for axes in itertools.permutations(range(3)):
        stored = np.ascontiguousarray(plain.transpose(axes))
        kind = pa.fixed_shape_tensor(pa.int32(), stored.shape, permutation=np.argsort(axes).tolist())
        storage = pa.FixedSizeListArray.from_arrays(pa.array(stored.ravel()), 24)
        assert hashes(pa.ExtensionArray.from_storage(kind, storage)) == expected


@settings(GENEROUS, max_examples=300)
@given(NESTED_VALUES, NESTED_VALUES)
def test_two_nested_values_have_one_hash_if_and_only_if_they_are_equal(left: Any, right: Any) -> None:
    assert (one_hash(left, NESTED) == one_hash(right, NESTED)) == (meaning(left) == meaning(right))


@settings(GENEROUS, max_examples=200)
@given(NESTED_VALUES.filter(lambda value: value is not None), st.data())
def test_one_changed_part_of_a_nested_value_is_another_hash(value: Any, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(sorted(value)))
    other = value | {part: data.draw(NESTED_VALUES.filter(lambda it: it is not None))[part]}
    assume(meaning(other) != meaning(value))
    rows = [value, other, value]
    first, changed, again = hashes(pa.array(rows, NESTED))
    assert first == again != changed


# Tables at the edges


def digest_of(batch: pa.RecordBatch) -> str:
    spec = Spec(rows=SampleSize(1, 1, 1), values=SampleSize(1, 1, 1), bins=1, delta_cells=4)
    sketch = TableSketch.empty(spec, batch.schema)
    sketch.update(hasher_for(spec, batch.schema).hash(batch))
    assert TableSketch.from_bytes(sketch.to_bytes()) == sketch
    return sketch.text_digest


def test_a_table_of_nothing_but_nulls_is_the_same_whatever_its_types() -> None:
    columns = [pa.nulls(3, kind) for kind in NESTED_TYPES if "run_end" not in str(kind)]
    digests = {digest_of(pa.RecordBatch.from_arrays([column, pa.nulls(3)], ["a", "b"])) for column in columns}
    assert digests == {digest_of(pa.RecordBatch.from_arrays([pa.nulls(3)] * 2, ["a", "b"]))}
    assert digests != {digest_of(pa.RecordBatch.from_arrays([pa.nulls(4)] * 2, ["a", "b"]))}


@pytest.mark.parametrize("kind", NESTED_TYPES, ids=str)
@settings(GENEROUS, max_examples=3)
@given(data=st.data())
def test_empty_batches_of_every_type_change_nothing(kind: pa.DataType, data: st.DataObject) -> None:
    schema = pa.schema([("c", kind)])
    nothing = pa.RecordBatch.from_arrays([data.draw(nested_arrays_of(kind, 0))], schema=schema)
    sketch = TableSketch.empty(Spec(), schema)
    before = sketch.to_bytes()
    sketch.update(hasher_for(Spec(), schema).hash(nothing))
    assert sketch.to_bytes() == before


def test_two_thousand_columns() -> None:
    names = [f"c{i}" for i in range(2000)]
    rows = [[i + j for i in range(2000)] for j in range(3)]
    batch = pa.RecordBatch.from_arrays([pa.array(column) for column in zip(*rows, strict=True)], names)
    shuffled = random.Random(1).sample(names, len(names))
    assert digest_of(batch) == digest_of(batch.select(shuffled))
    swapped = batch.rename_columns([names[1], names[0], *names[2:]])
    assert digest_of(batch) != digest_of(swapped)
    wide = pa.RecordBatch.from_struct_array(pa.array([{"s": dict(zip(names, row, strict=True))} for row in rows]))
    assert RowHasher(wide.schema).hash(wide).rows == 3


WRAPPED: dict[str, Callable[[pa.Array], pa.Array]] = {
    "list": lambda inner: pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), inner),
    "struct": lambda inner: pa.StructArray.from_arrays([inner], ["x"]),
    "map": lambda inner: pa.MapArray.from_arrays(pa.array([0, 1, 2], pa.int32()), pa.array(["k", "k"]), inner),
    "dictionary": lambda inner: pa.DictionaryArray.from_arrays(pa.array([0, 1]), inner),
    "runs": lambda inner: pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), inner),
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_values_may_be_nested_300_deep(kind: str) -> None:
    """Python's own limit would end it at about 150, and earlier within a flow."""
    array = pa.array([1, None], pa.int8())
    for _ in range(300):
        array = WRAPPED[kind](array)
    found = [sketch_table(pa.table({"c": it}), Spec(digits=3, nfc=True)).text_digest for it in (array, array.slice(1))]
    assert len(set(found)) == 2
    if kind in ("dictionary", "runs"):
        assert found[0] == digest_of(pa.record_batch([pa.array([1, None], pa.int8())], names=["c"]))


def test_rows_without_any_value_in_them_still_count() -> None:
    kinds = [pa.struct({}), pa.list_(pa.int8(), 0), pa.list_(pa.struct({}), 2), pa.fixed_shape_tensor(pa.int8(), [0])]
    values: list[Any] = [{}, [], [{}, {}], []]
    for kind, value in zip(kinds, values, strict=True):
        batches = []
        for rows in (1, 2, 3):
            storage = pa.array([value] * rows, getattr(kind, "storage_type", kind))
            array = storage if storage.type == kind else pa.ExtensionArray.from_storage(kind, storage)
            batches.append(pa.RecordBatch.from_arrays([array], ["c"]))
        assert len({digest_of(batch) for batch in batches}) == 3
        assert hashes(batches[2].column(0)) == hashes(batches[0].column(0)) * 3
