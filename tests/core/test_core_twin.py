"""Canonical forms, kernels and sketches equal their naive twin bit for bit, over every type and every shape of array."""

from __future__ import annotations

import itertools

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import TYPES, arrays, arrays_of, batches, specs

from sameset.canonical.batches import RowHasher
from sameset.canonical.buffers import hash_one
from sameset.canonical.columns import NULL_HASH, hash_column
from sameset.canonical.families import family_of
from sameset.canonical.murmur import murmur3
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch, hasher_for

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
KEY_TYPES = [kind for kind in TYPES if not pa.types.is_dictionary(kind) or pa.types.is_string(kind.value_type)]


def pairs(h1: np.ndarray, h2: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(h1.tolist(), h2.tolist(), strict=True))


@given(st.binary(max_size=100), st.integers(0, 2**32 - 1))
def test_the_hash_is_mmh3(data: bytes, seed: int) -> None:
    assert tuple(map(int, hash_one(data, seed))) == murmur3(data, seed) == naive.murmur(data, seed)


@pytest.mark.parametrize("kind", TYPES, ids=str)
@settings(GENEROUS, max_examples=12)
@given(data=st.data())
def test_value_hashes_are_the_twins(kind: pa.DataType, data: st.DataObject) -> None:
    array = data.draw(arrays_of(kind))
    hashed = hash_column(array, "c")
    assert pairs(hashed.h1, hashed.h2) == naive.value_hashes(array)
    assert hashed.family == naive.family(kind) == family_of(kind, "c")
    nulls = [value is None for value in naive.values(array)]
    assert (nulls if hashed.nulls is None else hashed.nulls.tolist()) == nulls


@pytest.mark.slow
@settings(GENEROUS, max_examples=300)
@given(arrays())
def test_whatever_lies_under_a_null_is_never_seen(array: pa.Array) -> None:
    hashed = hash_column(array, "c")
    for value, found in zip(naive.values(array), pairs(hashed.h1, hashed.h2), strict=True):
        assert (value is None) == (found == tuple(map(int, NULL_HASH)))


@pytest.mark.slow
@settings(GENEROUS, max_examples=300)
@given(st.data())
def test_row_hashes_key_hashes_and_packed_keys_are_the_twins(data: st.DataObject) -> None:
    batch = data.draw(batches())
    spec = data.draw(specs(batch.schema.names))
    hashed = RowHasher(batch.schema, spec.key, spec.seed, spec.keep_keys).hash(batch)
    named = naive.named_hashes(batch, spec.seed)
    assert pairs(*hashed.named) == named
    assert tuple(hashed.sums[0].tolist()) == naive.total(named)
    assert tuple(hashed.sums[1].tolist()) == naive.total(naive.positional_hashes(batch, spec.seed))
    if spec.key:
        assert hashed.key is not None
        key = naive.key_hashes(batch, spec.key, spec.seed)
        assert pairs(*hashed.key) == key
        assert tuple(hashed.sums[2].tolist()) == naive.total(key)
        packed = naive.packed_keys(batch, spec.key, spec.seed, spec.keep_keys)
        assert hashed.lanes.tolist() == [naive.words_of(row) for row in packed]
    else:
        assert hashed.key is None
        assert hashed.lanes.shape == (batch.num_rows, 0)


@pytest.mark.parametrize("kind", KEY_TYPES, ids=str)
@settings(GENEROUS, max_examples=8)
@given(data=st.data())
def test_packed_keys_of_every_type_are_the_twins(kind: pa.DataType, data: st.DataObject) -> None:
    batch = pa.RecordBatch.from_arrays([data.draw(arrays_of(kind))], names=["k"])
    lanes = RowHasher(batch.schema, ["k"]).hash(batch).lanes
    assert lanes.tolist() == [naive.words_of(row) for row in naive.packed_keys(batch, ["k"], 0, True)]


def sketch_of(batch: pa.RecordBatch, spec: Spec) -> TableSketch:
    sketch = TableSketch.empty(spec, batch.schema)
    sketch.update(hasher_for(spec, batch.schema).hash(batch))
    return sketch


@pytest.mark.slow
@settings(GENEROUS, max_examples=200)
@given(st.data())
def test_table_sketches_are_the_twins(data: st.DataObject) -> None:
    batch = data.draw(batches())
    spec = data.draw(specs(batch.schema.names))
    assert naive.as_plain(sketch_of(batch, spec)) == naive.table_sketch(batch, spec)


@settings(GENEROUS, max_examples=100)
@given(st.data())
def test_chunks_of_any_size_and_empty_ones_give_the_same_bytes(data: st.DataObject) -> None:
    batch = data.draw(batches())
    spec = data.draw(specs(batch.schema.names))
    hasher, sketch = hasher_for(spec, batch.schema), TableSketch.empty(spec, batch.schema)
    ends = sorted([0, *data.draw(st.lists(st.integers(0, batch.num_rows), max_size=4)), batch.num_rows])
    for start, end in itertools.pairwise(ends):
        sketch.fold(hasher, batch.slice(start, end - start))
    assert sketch.to_bytes() == sketch_of(batch, spec).to_bytes()


@settings(GENEROUS, max_examples=100)
@given(arrays())
def test_a_copy_without_offset_and_garbage_has_the_same_hashes(array: pa.Array) -> None:
    # Arrow writes a dictionary of UUIDs but does not read it back.
    assume(not (pa.types.is_dictionary(array.type) and array.type.value_type == pa.uuid()))
    batch = pa.RecordBatch.from_arrays([array], names=["c"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:  # which cuts slices out
        writer.write_batch(batch)
    copy = pa.ipc.open_stream(sink.getvalue()).read_next_batch().column(0)
    one, two = hash_column(array, "c"), hash_column(copy, "c")
    assert pairs(one.h1, one.h2) == pairs(two.h1, two.h2)


def test_a_table_without_columns_has_rows() -> None:
    batch = pa.table({"a": [1, 2, 3]}).select([]).to_batches()[0]
    assert batch.num_rows == 3
    sketch = sketch_of(batch, Spec())
    assert sketch.row_count == 3
    assert sketch.text_digest == naive.printed_digest(batch, 0)
    assert sketch.text_digest != sketch_of(batch.slice(1), Spec()).text_digest


@pytest.mark.parametrize(
    ("columns", "fits"),
    [
        ([pa.array(["x" * 26])], True),  # 2 + 26 bytes fill four words of seven
        ([pa.array(["x" * 27])], False),
        ([pa.array([2**46])] * 6, True),  # 6 * (1 + 6) bytes fill six words
        ([pa.array([2**46])] * 5 + [pa.array([2**47])], False),
        ([pa.array([2**46])] * 5 + [pa.array(["x" * 5])], True),
        ([pa.array([2**46])] * 5 + [pa.array(["x" * 6])], False),
        ([pa.nulls(1, pa.int64())] * 42, True),
        ([pa.nulls(1, pa.int64())] * 43, False),
    ],
)
def test_a_packed_key_may_fill_its_words_to_the_last_byte(columns: list[pa.Array], fits: bool) -> None:
    names = [f"{i:02}" for i in range(len(columns))]
    batch = pa.RecordBatch.from_arrays(columns, names=names)
    lanes = RowHasher(batch.schema, names).hash(batch).lanes
    (packed,) = naive.packed_keys(batch, names, 0, True)
    assert lanes.tolist() == [naive.words_of(packed)]
    assert (packed[0] != 0xF0) is fits
