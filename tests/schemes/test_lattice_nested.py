"""Lattice digests of nested values: the naive twin, what is equal whatever its encoding, what is never equal."""

from __future__ import annotations

import itertools
import random
import struct
from itertools import pairwise
from typing import Any

import naive
import naive_schemes
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nested_encodings import HIDING, LIST_TYPES, SAME, as_views, hidden
from strategies_nested import (
    NESTED,
    NESTED_TYPES,
    NESTED_VALUES,
    NUMBER_LIST,
    POINT,
    meaning,
    nested_arrays,
    nested_arrays_of,
    nested_batches,
)

from sameset.canonical.contents import RowWriter
from sameset.canonical.forms import AS_IS, Form
from sameset.errors import SourceError
from sameset.execution.digesting import lattice_digest
from sameset.sketches.lattice import LatticeDigest, LatticeHasher
from sameset.sources import open_source

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
FORMS = st.builds(naive.Form, st.none() | st.integers(1, 15), st.booleans())
NAME = (1).to_bytes(8, "little") + b"c"


def contents(array: pa.Array, form: Form = AS_IS) -> list[bytes]:
    """The contents of the rows of a table of one column, without the column's name."""
    batch = pa.RecordBatch.from_arrays([array], ["c"])
    found = []
    for data, offsets in RowWriter(batch.schema, form).write(batch):
        found += [data[a:b].tobytes() for a, b in pairwise(offsets.tolist())]
    assert all(row.startswith(NAME) for row in found)
    return [row.removeprefix(NAME) for row in found]


def one_content(value: Any, kind: pa.DataType) -> bytes:
    (found,) = contents(pa.array([value], kind))
    return found


def digest(batch: pa.RecordBatch) -> LatticeDigest:
    hasher = LatticeHasher(batch.schema)
    made = LatticeDigest.empty(hasher.spec)
    made.update(hasher.hash(batch))
    return made


# The twin


@pytest.mark.slow
@pytest.mark.parametrize("kind", NESTED_TYPES, ids=str)
@settings(GENEROUS, max_examples=15)
@given(data=st.data())
def test_contents_of_nested_values_are_the_twins(kind: pa.DataType, data: st.DataObject) -> None:
    array = data.draw(nested_arrays_of(kind))
    assert contents(array) == [naive_schemes.framed(value, kind) for value in naive.values(array)]


@pytest.mark.slow
@settings(GENEROUS, max_examples=250)
@given(nested_arrays(), FORMS)
def test_contents_of_values_nested_to_depth_four_are_the_twins_in_every_form(array: pa.Array, form: naive.Form) -> None:
    assert contents(array, Form(*form)) == [
        naive_schemes.framed(value, array.type) for value in naive.values(array, form)
    ]


@pytest.mark.slow
@settings(GENEROUS, max_examples=60)
@given(nested_batches())
def test_digests_of_nested_tables_are_the_twins(batch: pa.RecordBatch) -> None:
    assert digest(batch).text == naive_schemes.lattice_text(batch)


# The laws


@settings(GENEROUS, max_examples=60)
@given(nested_batches(), st.randoms(use_true_random=False))
def test_any_order_and_partitioning_gives_the_same_digest(batch: pa.RecordBatch, chance: random.Random) -> None:
    hasher = LatticeHasher(batch.schema)
    parts = [LatticeDigest.empty(hasher.spec) for _ in range(3)]
    for row in chance.sample(range(batch.num_rows), batch.num_rows):
        chance.choice(parts).update(hasher.hash(batch.slice(row, 1)))
    whole, before = digest(batch), parts[0].lanes.copy()
    assert parts[0].merge(parts[1]).merge(parts[2]) == parts[2].merge(parts[0].merge(parts[1])) == whole
    assert np.array_equal(parts[0].lanes, before)
    assert whole.subtract(parts[1]) == parts[0].merge(parts[2])
    assert whole.subtract(whole) == LatticeDigest.empty(hasher.spec)


@settings(GENEROUS, max_examples=40)
@given(nested_batches(), st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_count(batch: pa.RecordBatch, chance: random.Random) -> None:
    names = chance.sample(batch.schema.names, len(batch.schema.names))
    if names:
        assert digest(batch.select(names)).text == digest(batch).text


@pytest.mark.slow
@settings(GENEROUS, max_examples=150)
@given(nested_arrays(), st.data())
def test_a_slice_of_any_array_has_the_slice_of_its_contents(array: pa.Array, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(array)))
    size = data.draw(st.integers(0, len(array) - start))
    assert contents(array.slice(start, size)) == contents(array)[start : start + size]


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_any_number_of_threads_gives_the_same_digest(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"tags": [str(i % 7)] * (i % 4), "at": {"x": i % 5, "y": None if i % 3 else [i]}} for i in range(5000)]
    table = pa.Table.from_pylist(rows)
    monkeypatch.setattr("sameset.execution.scanning.cores", lambda: threads)
    found = lattice_digest(open_source(pa.Table.from_batches(table.to_batches(max_chunksize=97))))
    (whole,) = table.combine_chunks().to_batches()
    assert found.state == digest(whole)


# The same


@pytest.mark.parametrize("kind", LIST_TYPES, ids=str)
@settings(GENEROUS, max_examples=30)
@given(data=st.data())
def test_every_encoding_of_a_list_has_one_content(kind: pa.DataType, data: st.DataObject) -> None:
    array = data.draw(nested_arrays_of(kind))
    views = as_views(array, pa.list_view(kind.value_field))
    places = pa.array(range(len(array)), pa.int32())
    same = [
        views,
        as_views(array, pa.large_list_view(kind.value_field)),
        pa.DictionaryArray.from_arrays(places, array),
        pa.DictionaryArray.from_arrays(places, views),
        pa.RunEndEncodedArray.from_arrays(pa.array(range(1, len(array) + 1), pa.int32()), array),
        pa.concat_arrays([array, array]).slice(len(array)),
    ]
    assert [contents(other) for other in same] == [contents(array)] * len(same)


@pytest.mark.parametrize("kind", [kind for kind in NESTED_TYPES if not pa.types.is_run_end_encoded(kind)], ids=str)
@settings(GENEROUS, max_examples=5)
@given(data=st.data())
def test_dictionaries_and_runs_of_any_values_have_the_contents_of_the_values(
    kind: pa.DataType, data: st.DataObject
) -> None:
    array = data.draw(nested_arrays_of(kind))
    codes = data.draw(st.lists(st.integers(0, len(array) - 1), max_size=9)) if len(array) else []
    plain = contents(array)
    assert contents(pa.DictionaryArray.from_arrays(pa.array(codes, pa.int16()), array)) == [plain[i] for i in codes]
    if "date64" in str(kind):  # Arrow makes no runs of those that are no whole days
        return
    ends = list(itertools.accumulate(data.draw(st.integers(1, 3)) for _ in range(len(array))))
    runs = pa.RunEndEncodedArray.from_arrays(pa.array(ends, pa.int64()), array)
    expanded = [plain[i] for i, (start, end) in enumerate(pairwise([0, *ends])) for _ in range(start, end)]
    assert contents(runs) == expanded
    assert contents(runs.slice(len(runs) // 2)) == expanded[len(runs) // 2 :]


@pytest.mark.parametrize("name", SAME)
def test_nested_values_of_all_types_of_one_family_have_one_content(name: str) -> None:
    value, kinds = SAME[name]
    assert len({one_content(value, kind) for kind in kinds}) == 1


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_an_inner_time_does_not_count(unit: str) -> None:
    instants = pa.array([0, None, 1_700_000_000], pa.timestamp("s", "UTC")).cast(pa.timestamp(unit, "UTC"))
    lists = pa.ListArray.from_arrays(pa.array([0, 2, 3], pa.int32()), instants)
    nanoseconds = lists.cast(pa.list_(pa.timestamp("ns", "UTC")))
    assert contents(lists) == contents(nanoseconds)


ENTRIES = [("a", 1), ("b", None), ("c", 3)]


def test_the_order_of_map_entries_does_not_count_but_how_often_they_occur_does() -> None:
    kind = pa.map_(pa.string(), pa.int8())
    assert len({one_content(list(order), kind) for order in itertools.permutations(ENTRIES)}) == 1
    assert one_content([*ENTRIES, ENTRIES[0]], kind) != one_content(ENTRIES, kind)


def test_the_names_that_arrow_gives_to_elements_and_entries_do_not_count() -> None:
    plain = pa.array([[1, 2], None], pa.list_(pa.int8()))
    assert contents(plain) == contents(plain.cast(pa.list_(pa.field("element", pa.int8()))))
    usual = pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int8()))
    other = pa.map_(pa.field("name", pa.string(), nullable=False), pa.field("age", pa.int8()))
    assert contents(usual) == contents(usual.cast(other))


def test_a_tensor_is_its_logical_content_whatever_the_order_of_its_axes_in_memory() -> None:
    plain = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    found = set()
    for axes in itertools.permutations(range(3)):
        stored = np.ascontiguousarray(plain.transpose(axes))
        kind = pa.fixed_shape_tensor(pa.int32(), stored.shape, permutation=np.argsort(axes).tolist())
        storage = pa.FixedSizeListArray.from_arrays(pa.array(stored.ravel()), 24)
        found.add(contents(pa.ExtensionArray.from_storage(kind, storage))[0])
    assert len(found) == 1


# What lies hidden


@pytest.mark.parametrize("kind", HIDING)
def test_a_time_beyond_the_range_is_refused_where_it_is_seen_and_only_there(kind: str) -> None:
    with pytest.raises(SourceError, match="292,271 years"):
        contents(hidden(kind, True))
    seen = contents(hidden(kind, False))
    assert seen[0] == contents(hidden(kind, False).slice(0, 1))[0]
    assert len(set(seen)) == (2 if kind == "dictionary" else 3)


@pytest.mark.parametrize("form", [AS_IS, Form(nfc=True)], ids=["as it is", "nfc"])
def test_text_that_is_not_utf8_is_refused_by_its_path(form: Form) -> None:
    buffers = [None, pa.py_buffer(struct.pack("<ii", 0, 2)), pa.py_buffer(b"\xff\xfe")]
    broken = pa.Array.from_buffers(pa.string(), 1, buffers)
    lists = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), broken)
    words = pa.DictionaryArray.from_arrays(pa.array([0]), broken)
    for array, path in ((broken, "c"), (lists, r"c\[\]"), (words, "c")):
        with pytest.raises(SourceError, match=f"'{path}' holds text that is not UTF-8"):
            contents(array, form)


# Different


@settings(GENEROUS, max_examples=300)
@given(NESTED_VALUES, NESTED_VALUES)
def test_two_nested_values_have_one_content_if_and_only_if_they_are_equal(left: Any, right: Any) -> None:
    assert (one_content(left, NESTED) == one_content(right, NESTED)) == (meaning(left) == meaning(right))


@settings(GENEROUS, max_examples=100)
@given(NESTED_VALUES.filter(lambda value: value is not None), st.data())
def test_one_changed_part_of_a_nested_value_is_another_digest(value: Any, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(sorted(value)))
    other = value | {part: data.draw(NESTED_VALUES.filter(lambda it: it is not None))[part]}
    assume(meaning(other) != meaning(value))
    tables = [pa.RecordBatch.from_arrays([pa.array(rows, NESTED)], ["c"]) for rows in ([value] * 2, [value, other])]
    assert digest(tables[0]).text != digest(tables[1]).text


def distinct() -> dict[str, bytes]:
    six = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]

    def tensor(value: pa.DataType, shape: list[int]) -> bytes:
        kind = pa.fixed_shape_tensor(value, shape)
        return contents(pa.ExtensionArray.from_storage(kind, pa.array([six], kind.storage_type)))[0]

    def as_list(value: Any, inner: pa.DataType) -> bytes:
        return one_content(value, pa.list_(inner))

    return {
        "null": one_content(None, NUMBER_LIST),
        "[]": as_list([], pa.int8()),
        "[null]": as_list([None], pa.int8()),
        "[[]]": as_list([[]], NUMBER_LIST),
        "[[], []]": as_list([[], []], NUMBER_LIST),
        "[[1], [2, 3]]": as_list([[1], [2, 3]], NUMBER_LIST),
        "[[1, 2], [3]]": as_list([[1, 2], [3]], NUMBER_LIST),
        "[[1, 2, 3], null]": as_list([[1, 2, 3], None], NUMBER_LIST),
        "['1', '2']": as_list(["1", "2"], pa.string()),
        "['12']": as_list(["12"], pa.string()),
        "[b'12']": as_list([b"12"], pa.binary()),
        "[true]": as_list([True], pa.bool_()),
        "[1]": as_list([1], pa.int8()),
        "{}": one_content({}, pa.struct({})),
        "{x: null, y: null}": one_content({}, POINT),
        "{x: 1, y: 2}": one_content({"x": 1, "y": 2}, POINT),
        "{x: 2, y: 1}": one_content({"x": 2, "y": 1}, POINT),
        "{y: 1, z: 2}": one_content({"y": 1, "z": 2}, pa.struct({"y": pa.int8(), "z": pa.int8()})),
        "map {}": one_content([], pa.map_(pa.string(), pa.int8())),
        "map {a: 1}": one_content([("a", 1)], pa.map_(pa.string(), pa.int8())),
        "[{key: a, value: 1}]": as_list([{"key": "a", "value": 1}], pa.struct({"key": pa.string(), "value": pa.int8()})),
        "interval 1 month": one_content((1, 0, 0), pa.month_day_nano_interval()),
        "interval 30 days": one_content((0, 30, 0), pa.month_day_nano_interval()),
        "6 numbers": as_list(six, pa.float64()),
        "2 x 3": tensor(pa.float64(), [2, 3]),
        "3 x 2": tensor(pa.float64(), [3, 2]),
        "6 in a tensor": tensor(pa.float64(), [6]),
        "2 x 3 of int8": tensor(pa.int8(), [2, 3]),
        "the parts of a tensor": as_list([["double 6"], ["1"]], pa.list_(pa.string())),
    }  # fmt: skip


def test_different_nested_values_have_different_contents() -> None:
    found = distinct()
    assert [(a, b) for a, b in itertools.combinations(found, 2) if found[a] == found[b]] == []
    # No content is the beginning of another one either, so that what stands behind it is not taken for a part of it.
    assert [(a, b) for a, b in itertools.permutations(found, 2) if found[b].startswith(found[a])] == []
