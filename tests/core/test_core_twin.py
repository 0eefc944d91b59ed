"""Canonical forms, kernels and sketches equal their naive twin bit for bit, over every type and every shape of array."""

from __future__ import annotations

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import TYPES, arrays, arrays_of, batches, specs

from sameset.canonical.batches import RowHasher
from sameset.canonical.columns import NULL_HASH, hash_column, hash_one
from sameset.canonical.families import family_of
from sameset.sketches.sample import Sample
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch, hasher_for

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
KEY_TYPES = [kind for kind in TYPES if not pa.types.is_dictionary(kind) or pa.types.is_string(kind.value_type)]


def pairs(h1: np.ndarray, h2: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(h1.tolist(), h2.tolist(), strict=True))


@given(st.binary(max_size=100), st.integers(0, 2**32 - 1))
def test_the_hash_is_mmh3(data: bytes, seed: int) -> None:
    assert tuple(map(int, hash_one(data, seed))) == naive.murmur(data, seed)


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


@settings(GENEROUS, max_examples=300)
@given(arrays())
def test_whatever_lies_under_a_null_is_never_seen(array: pa.Array) -> None:
    hashed = hash_column(array, "c")
    for value, found in zip(naive.values(array), pairs(hashed.h1, hashed.h2), strict=True):
        assert (value is None) == (found == tuple(map(int, NULL_HASH)))


@settings(GENEROUS, max_examples=300)
@given(st.data())
def test_row_hashes_key_hashes_and_packed_keys_are_the_twins(data: st.DataObject) -> None:
    batch = data.draw(batches())
    spec = data.draw(specs(batch.schema.names))
    hashed = RowHasher(batch.schema, spec.key, spec.seed, spec.keep_keys).hash(batch)
    named = naive.named_hashes(batch, spec.seed)
    assert pairs(*hashed.named) == named
    assert tuple(hashed.named_sum.tolist()) == naive.total(named)
    assert tuple(hashed.positional_sum.tolist()) == naive.total(naive.positional_hashes(batch, spec.seed))
    if spec.key:
        assert hashed.key is not None
        key = naive.key_hashes(batch, spec.key, spec.seed)
        assert pairs(*hashed.key) == key
        assert tuple(hashed.key_sum.tolist()) == naive.total(key)
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


def kept(sample: Sample) -> tuple[dict[int, int], int]:
    return dict(zip(sample.hashes.tolist(), sample.counts.tolist(), strict=True)), sample.threshold


def sketch_of(batch: pa.RecordBatch, spec: Spec) -> TableSketch:
    sketch = TableSketch.empty(spec, batch.schema)
    sketch.update(hasher_for(spec, batch.schema).hash(batch))
    return sketch


@settings(GENEROUS, max_examples=200)
@given(st.data())
def test_table_sketches_are_the_twins(data: st.DataObject) -> None:
    batch = data.draw(batches())
    spec = data.draw(specs(batch.schema.names))
    sketch = sketch_of(batch, spec)
    named = naive.named_hashes(batch, spec.seed)
    r1 = [h1 for h1, _ in named]
    assert sketch.row_count == batch.num_rows
    assert sketch.text_digest == naive.printed_digest(batch, spec.seed)
    for array, column in zip(batch.columns, sketch.columns, strict=True):
        hashes, there = naive.value_hashes(array), [value is not None for value in naive.values(array)]
        assert column.digest == naive.total(hashes)
        assert column.nulls == there.count(False)
        v1 = [h1 for (h1, _), is_there in zip(hashes, there, strict=True) if is_there]
        assert kept(column.values) == naive.sample(v1, spec.values.size, spec.values.scaled, spec.values.cap)
    assert kept(sketch.rows) == naive.sample(r1, spec.rows.size, spec.rows.scaled, spec.rows.cap)
    k1 = [h1 for h1, _ in naive.key_hashes(batch, spec.key, spec.seed)] if spec.key else []
    assert kept(sketch.keys) == naive.sample(k1, spec.rows.size, spec.rows.scaled, spec.rows.cap)
    assert sketch.signature.bins.tolist() == naive.signature(r1, spec.bins)
    rows = [(row, 1) for row in naive.row_lanes(batch, spec.key, spec.seed, spec.keep_keys)]
    assert sketch.delta.cells.tolist() == naive.delta(rows, spec.delta_cells, sketch.delta.key_lanes + 2)


def test_a_table_without_columns_has_rows() -> None:
    batch = pa.table({"a": [1, 2, 3]}).select([]).to_batches()[0]
    assert batch.num_rows == 3
    sketch = sketch_of(batch, Spec())
    assert sketch.row_count == 3
    assert sketch.text_digest == naive.printed_digest(batch, 0)
    assert sketch.text_digest != sketch_of(batch.slice(1), Spec()).text_digest
