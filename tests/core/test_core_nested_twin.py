"""Hashes of nested values, and tables read with the options of a spec, equal their naive twin bit for bit."""

from __future__ import annotations

from dataclasses import replace

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import specs
from strategies_nested import NESTED_TYPES, nested_arrays, nested_arrays_of, nested_batches

from sameset.canonical import columns
from sameset.canonical.batches import RowHasher
from sameset.canonical.columns import SLICE_BYTES, hash_column
from sameset.canonical.families import family_of
from sameset.canonical.forms import Form
from sameset.sketches.table import TableSketch, hasher_for

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
FORMS = st.builds(naive.Form, st.none() | st.integers(1, 15), st.booleans())


def pairs(h1: np.ndarray, h2: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(h1.tolist(), h2.tolist(), strict=True))


def assert_is_the_twins(array: pa.Array, form: naive.Form = naive.AS_IS) -> None:
    hashed = hash_column(array, "c", Form(*form))
    assert pairs(hashed.h1, hashed.h2) == naive.value_hashes(array, form)
    assert hashed.family == naive.family(array.type) == family_of(array.type, "c")
    nulls = [value is None for value in naive.values(array)]
    assert (nulls if hashed.nulls is None else hashed.nulls.tolist()) == nulls


@pytest.mark.parametrize("kind", NESTED_TYPES, ids=str)
@settings(GENEROUS, max_examples=15)
@given(data=st.data())
def test_hashes_of_nested_values_are_the_twins(kind: pa.DataType, data: st.DataObject) -> None:
    assert_is_the_twins(data.draw(nested_arrays_of(kind)))


@pytest.mark.slow
@settings(GENEROUS, max_examples=250)
@given(nested_arrays(), FORMS)
def test_hashes_of_values_nested_to_depth_four_are_the_twins_in_every_form(array: pa.Array, form: naive.Form) -> None:
    assert_is_the_twins(array, form)


@pytest.mark.parametrize("kind", NESTED_TYPES, ids=str)
@settings(GENEROUS, max_examples=5)
@given(data=st.data())
def test_packed_keys_of_nested_values_are_the_twins(kind: pa.DataType, data: st.DataObject) -> None:
    batch = pa.RecordBatch.from_arrays([data.draw(nested_arrays_of(kind))], names=["k"])
    form = data.draw(FORMS)
    lanes = RowHasher(batch.schema, ["k"], form=Form(*form)).hash(batch).lanes
    assert lanes.tolist() == [naive.words_of(row) for row in naive.packed_keys(batch, ["k"], 0, True, form)]


@pytest.mark.slow
@settings(GENEROUS, max_examples=60)
@given(st.data())
def test_sketches_of_nested_tables_are_the_twins(data: st.DataObject) -> None:
    batch, form = data.draw(nested_batches()), data.draw(FORMS)
    spec = replace(data.draw(specs(batch.schema.names)), digits=form.digits, nfc=form.nfc)
    sketch = TableSketch.empty(spec, batch.schema)
    sketch.update(hasher_for(spec, batch.schema).hash(batch))
    assert naive.as_plain(sketch) == naive.table_sketch(batch, spec)
    assert TableSketch.from_bytes(sketch.to_bytes()) == sketch


@pytest.mark.parametrize("slice_bytes", [1, 1_000, SLICE_BYTES])
def test_nested_values_are_hashed_some_rows_at_a_time(slice_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    lists = [None if i % 11 == 0 else chance.integers(0, 9, i % 40).tolist() for i in range(3_000)]
    nested = pa.array([{"a": row, "b": {"c": row and row[:2]}} for row in lists])
    whole = hash_column(nested, "c")
    monkeypatch.setattr(columns, "SLICE_BYTES", slice_bytes)
    parts = hash_column(nested.slice(7), "c")
    assert parts.h1.tolist() == whole.h1[7:].tolist()
    assert parts.h2.tolist() == whole.h2[7:].tolist()
    rows = [hash_column(nested.slice(i, 1), "c").h1[0] for i in range(0, 3_000, 500)]
    assert rows == whole.h1[::500].tolist()
