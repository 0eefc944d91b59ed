"""Nested values that are equal: whatever their encoding, order, partitioning and what lies hidden."""

from __future__ import annotations

import itertools
import random

import pyarrow as pa
import pytest
from column_hashes import hashes, one_hash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nested_encodings import HIDING, LIST_TYPES, SAME, as_views, hidden
from strategies import bitmap, specs
from strategies_nested import (
    NESTED_TYPES,
    nested_arrays,
    nested_arrays_of,
    nested_batches,
)

from sameset.canonical.columns import hash_column
from sameset.errors import SourceError
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch, hasher_for

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


# The same


@settings(GENEROUS, max_examples=150)
@given(nested_arrays(), st.data())
def test_a_slice_of_any_array_has_the_slice_of_its_hashes(array: pa.Array, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(array)))
    size = data.draw(st.integers(0, len(array) - start))
    assert hashes(array.slice(start, size)) == hashes(array)[start : start + size]


@settings(GENEROUS, max_examples=60)
@given(nested_batches(), st.randoms(use_true_random=False), st.data())
def test_any_order_and_partitioning_of_nested_rows_gives_the_same_bytes(
    batch: pa.RecordBatch, chance: random.Random, data: st.DataObject
) -> None:
    spec = data.draw(specs(batch.schema.names))
    hasher, parts = hasher_for(spec, batch.schema), [TableSketch.empty(spec, batch.schema) for _ in range(3)]
    for row in chance.sample(range(batch.num_rows), batch.num_rows):
        chance.choice(parts).update(hasher.hash(batch.slice(row, 1)))
    whole = TableSketch.empty(spec, batch.schema)
    whole.update(hasher.hash(batch))
    assert parts[0].merge(parts[1]).merge(parts[2]).to_bytes() == whole.to_bytes()


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_any_number_of_threads_gives_the_same_bytes(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"tags": [str(i % 7)] * (i % 4), "at": {"x": i % 5, "y": None if i % 3 else [i]}} for i in range(5000)]
    table = pa.Table.from_pylist(rows)
    spec = Spec(rows=SampleSize(16, 4, 64), values=SampleSize(8, 4, 16), bins=16, delta_cells=64)
    expected = TableSketch.empty(spec, table.schema)
    expected.update(hasher_for(spec, table.schema).hash(table.combine_chunks().to_batches()[0]))
    monkeypatch.setattr("sameset.execution.scanning.cores", lambda: threads)
    batches = table.to_batches(max_chunksize=97)
    assert sketch_table(pa.Table.from_batches(batches), spec).to_bytes() == expected.to_bytes()


@pytest.mark.parametrize("kind", LIST_TYPES, ids=str)
@settings(GENEROUS, max_examples=30)
@given(data=st.data())
def test_every_encoding_of_a_list_has_one_hash(kind: pa.DataType, data: st.DataObject) -> None:
    array = data.draw(nested_arrays_of(kind))
    field, places = kind.value_field, pa.array(range(len(array)), pa.int32())
    views = as_views(array, pa.list_view(field))
    once = pa.concat_arrays([array, array]).slice(len(array))
    same = [
        views,
        as_views(array, pa.large_list_view(field)),
        pa.DictionaryArray.from_arrays(places, array),
        pa.DictionaryArray.from_arrays(places, views),
        pa.RunEndEncodedArray.from_arrays(pa.array(range(1, len(array) + 1), pa.int32()), array),
        once,
    ]
    assert [hashes(other) for other in same] == [hashes(array)] * len(same)


@pytest.mark.parametrize("kind", [kind for kind in NESTED_TYPES if not pa.types.is_run_end_encoded(kind)], ids=str)
@settings(GENEROUS, max_examples=5)
@given(data=st.data())
def test_dictionaries_and_runs_of_any_values_have_the_hashes_of_the_values(
    kind: pa.DataType, data: st.DataObject
) -> None:
    array = data.draw(nested_arrays_of(kind))
    codes = data.draw(st.lists(st.integers(0, len(array) - 1), max_size=9)) if len(array) else []
    plain = hashes(array)
    encoded = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int16()), array)
    assert hashes(encoded) == [plain[code] for code in codes]
    ends = list(itertools.accumulate(data.draw(st.integers(1, 3)) for _ in range(len(array))))
    if "date64" in str(kind):  # Arrow makes no runs of those that are no whole days
        return
    runs = pa.RunEndEncodedArray.from_arrays(pa.array(ends, pa.int64()), array)
    expanded = [plain[i] for i, (start, end) in enumerate(itertools.pairwise([0, *ends])) for _ in range(start, end)]
    assert hashes(runs) == expanded
    assert hashes(runs.slice(len(runs) // 2)) == expanded[len(runs) // 2 :]


TICKS = [pa.timestamp(unit, "UTC") for unit in ("s", "ms", "us", "ns")]
SAME_OR_TICKS = SAME | {"unit in a list": ([0, None, 86_400 * 10**9], [pa.list_(kind) for kind in TICKS])}


def in_unit(value: list[int | None], kind: pa.DataType) -> pa.Array:
    """A list of instants, in nanoseconds, as one of the unit."""
    divisor = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[kind.value_type.unit]
    words = pa.array([None if word is None else word // divisor for word in value], pa.int64())
    return pa.ListArray.from_arrays(pa.array([0, len(value)], pa.int32()), words.cast(kind.value_type))


@pytest.mark.parametrize("name", SAME_OR_TICKS)
def test_nested_values_of_all_types_of_one_family_have_one_hash(name: str) -> None:
    value, kinds = SAME_OR_TICKS[name]
    arrays = [in_unit(value, kind) if name == "unit in a list" else pa.array([value], kind) for kind in kinds]
    assert len({tuple(hashes(array)) for array in arrays}) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2) | st.none()), max_size=6), st.randoms())
def test_the_order_of_map_entries_does_not_matter_but_how_often_they_occur_does(
    entries: list[tuple[str, int | None]], chance: random.Random
) -> None:
    kind = pa.map_(pa.string(), pa.int8())
    assert one_hash(chance.sample(entries, len(entries)), kind) == one_hash(entries, kind)
    for entry in set(entries):
        assert one_hash([*entries, entry], kind) != one_hash(entries, kind)


def test_the_names_that_arrow_gives_to_elements_and_entries_do_not_matter() -> None:
    plain = pa.array([[1, 2], None], pa.list_(pa.int8()))
    assert hashes(plain) == hashes(plain.cast(pa.list_(pa.field("element", pa.int8()))))
    usual = pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int8()))
    other = pa.map_(pa.field("name", pa.string(), nullable=False), pa.field("age", pa.int8()))
    assert hashes(usual) == hashes(usual.cast(other))


# What lies hidden


@pytest.mark.parametrize("kind", HIDING)
def test_a_time_beyond_the_range_is_refused_where_it_is_seen_and_only_there(kind: str) -> None:
    with pytest.raises(SourceError, match="292,271 years"):
        hash_column(hidden(kind, True), "c")
    seen = hashes(hidden(kind, False))
    assert seen[0] == hashes(hidden(kind, False).slice(0, 1))[0]
    assert len(set(seen)) == (2 if kind == "dictionary" else 3)


def test_a_list_within_a_hidden_struct_within_a_list_may_hold_anything() -> None:
    inner = hidden("list", False)
    outer = pa.Array.from_buffers(pa.struct({"l": inner.type}), 3, [bitmap([False, True, True])], children=[inner])
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 3], pa.int32()), outer)
    expected = pa.array([[None], [{"l": None}, {"l": [5]}]], pa.list_(pa.struct({"l": pa.list_(pa.timestamp("s"))})))
    assert hashes(lists) == hashes(expected)
