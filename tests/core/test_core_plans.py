"""What a kernel finds in a batch by itself, without Python: the same sketch as from the hashes of all values, batch after batch."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from sameset.errors import SourceError
from sameset.kernels.arrays import unpack_bits
from sameset.kernels.entries import MOST_JOINED, join_columns
from sameset.sketches.sample import Sample
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch, hasher_for

ROWS = 9_000  # several blocks
CHANCE = np.random.default_rng(11)


def sketches_of(batches: list[pa.RecordBatch], spec: Spec | None = None) -> tuple[TableSketch, TableSketch]:
    """The sketch of batches folded one after another, and that of the hashes of their values, each batch by a new hasher."""
    spec = spec or Spec()
    schema = batches[0].schema
    hasher, folded, updated = hasher_for(spec, schema), *(TableSketch.empty(spec, schema) for _ in "ab")
    for batch in batches:
        folded.fold(hasher, batch)
        updated.update(hasher_for(spec, schema).hash(batch))
    return folded, updated


def coded(entries: list[str | None], nulls: bool = False, index: pa.DataType | None = None) -> pa.Array:
    codes = CHANCE.integers(0, len(entries), ROWS)
    mask = CHANCE.random(ROWS) < 0.1 if nulls else None
    return pa.DictionaryArray.from_arrays(pa.array(codes, index or pa.int32(), mask=mask), pa.array(entries))


SIZES = st.sampled_from([1, 2, 3, 7, 50, 512, 513, 700])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(SIZES, st.booleans(), st.booleans()), min_size=1, max_size=9), st.sets(st.integers(0, 8)))
def test_columns_of_entries_are_the_same_together_as_one_by_one(
    columns: list[tuple[int, bool, bool]], in_key: set[int]
) -> None:
    """However many entries each has, with nulls or none, among the entries or the rows, in the key or not."""
    arrays = {}
    for i, (size, nulls, null_entry) in enumerate(columns):
        entries = [*([None] if null_entry else []), *(f"{i} {e}" for e in range(size))]
        arrays[f"c{i}"] = coded(entries, nulls)
    key = tuple(f"c{i}" for i in in_key if i < len(columns))
    folded, updated = sketches_of([pa.record_batch(arrays)], Spec(key=key))
    assert folded.to_bytes() == updated.to_bytes()


@given(st.lists(st.tuples(st.integers(1, 2_000), st.booleans(), st.booleans()), max_size=12))
def test_joined_entries_lie_side_by_side_and_are_never_too_many(columns: list[tuple[int, bool, bool]]) -> None:
    plan = np.array([[3 if are_entries else 4, 0, 0, 0, size, 0, 0, 0] for size, are_entries, _ in columns], np.uint64)
    in_key = np.array([key for *_, key in columns], bool)
    groups, total = join_columns(plan.reshape(-1, 8), in_key)
    leaders = [c for c, row in enumerate(groups) if row[0] == c]
    assert [row[0] >= 0 for row in groups.tolist()] == [are_entries for _, are_entries, _ in columns]
    assert total == sum(groups[c, 2] for c in leaders)
    assert [groups[c, 3] for c in leaders] == np.cumsum([0, *(groups[c, 2] for c in leaders)])[:-1].tolist()
    for leader in leaders:
        members = [c for c in range(len(columns)) if groups[c, 0] == leader]
        assert groups[leader, 2] == np.prod([columns[c][0] for c in members])
        assert groups[members, 1].tolist() == np.cumprod([1, *(columns[c][0] for c in members)])[:-1].tolist()
        assert len(members) == 1 or (groups[leader, 2] <= MOST_JOINED and not in_key[members].any())


LARGE = [f"entry {i}" for i in range(900)]
CHANGES: dict[str, Callable[[], list[str | None]]] = {
    "a copy": lambda: list(LARGE),
    "another byte": lambda: [*LARGE[:-1], "entry 89_"],
    "other ends": lambda: ["entry", " 0" + LARGE[1], *LARGE[2:]],
    "fewer": lambda: LARGE[:-1],
    "more": lambda: [*LARGE, "entry 900"],
    "a null": lambda: [*LARGE[:-1], None],
    "beyond ASCII": lambda: [*LARGE[:-1], "entry 89é"],
    "few": lambda: ["a", "b"],
    "few beyond ASCII": lambda: ["a", "é"],
    "few with a null": lambda: ["a", None],
}


PAIRS = [(first, second, pa.string()) for first in CHANGES for second in CHANGES]
KINDS = (pa.large_string(), pa.binary(), pa.string_view())


@pytest.mark.parametrize(
    ("first", "second", "kind"), [*PAIRS, *(("a copy", change, kind) for change in CHANGES for kind in KINDS)]
)
def test_entries_are_those_of_their_batch_whatever_the_last_one_had(first: str, second: str, kind: pa.DataType) -> None:
    batches = []
    for change in (first, second, first):
        array = coded(CHANGES[change]())
        entries = array.dictionary.cast(kind)
        batches.append(pa.record_batch({"c": pa.DictionaryArray.from_arrays(array.indices, entries)}).slice(3))
    folded, updated = sketches_of(batches)
    assert folded.to_bytes() == updated.to_bytes()


def test_entries_that_are_a_slice_are_those_of_the_slice() -> None:
    codes = pa.array(CHANCE.integers(0, 600, ROWS), pa.int32())
    for entries in (LARGE, ["x", "yy", "zzz"] * 300):
        whole = pa.array(["before", *entries])
        arrays = [pa.DictionaryArray.from_arrays(codes, whole.slice(start, 700)) for start in (1, 2, 1)]
        folded, updated = sketches_of([pa.record_batch({"c": array}) for array in arrays])
        assert folded.to_bytes() == updated.to_bytes()


def test_a_column_may_come_as_codes_in_one_batch_and_as_texts_in_the_next() -> None:
    texts = [f"text {n % 300}" for n in range(ROWS)]
    forms = [
        pa.array(texts).dictionary_encode(),
        pa.array(texts),
        pa.array(texts, pa.large_string()),
        pa.array(texts).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())),
        pa.array(texts, pa.string_view()),
        pa.array(texts).cast(pa.dictionary(pa.int32(), pa.large_string())),
    ]
    batches = [pa.record_batch({"c": form, "n": np.arange(ROWS)}) for form in (*forms, *forms)]
    folded, updated = sketches_of(batches)
    plain, _ = sketches_of([batches[1]] * 12)
    assert folded.to_bytes() == updated.to_bytes()
    assert folded.text_digest == plain.text_digest


@pytest.mark.parametrize("codes", [[0, 5], [0, -1], [0, 2**31 - 1]])
@pytest.mark.parametrize("entries", [["a", "b"], LARGE[:3]])
def test_codes_that_no_entry_has_are_refused(codes: list[int], entries: list[str]) -> None:
    broken = pa.DictionaryArray.from_arrays(pa.array(codes * 20, pa.int32()), pa.array(entries), safe=False)
    batch = pa.record_batch({"c": broken})
    with pytest.raises(SourceError, match="column 'c' has a dictionary of fewer entries than its codes say"):
        TableSketch.empty(Spec(), batch.schema).fold(hasher_for(Spec(), batch.schema), batch)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_bits_are_those_of_the_bitmap_wherever_they_start(bitmap: bytes, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, 8 * len(bitmap)))
    count = data.draw(st.integers(0, 8 * len(bitmap) - first))
    packed, bits = np.frombuffer(bitmap, np.uint8), np.empty(count, np.uint64)
    unpack(np.uint64(packed.ctypes.data), np.uint64(first), bits)
    assert bits.tolist() == np.unpackbits(packed, bitorder="little")[first : first + count].tolist()


@njit
def unpack(bitmap: np.uint64, first: np.uint64, bits: np.ndarray) -> None:  # type: ignore[type-arg]
    unpack_bits(bitmap, first, bits)


NULLED = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "int16": pa.int16(),
    "int8": pa.int8(),
    "uint32": pa.uint32(),
    "uint16": pa.uint16(),
    "uint8": pa.uint8(),
    "bool": pa.bool_(),
    "float": pa.float32(),
    "double": pa.float64(),
    "decimal": pa.decimal128(15, 2),
    "us": pa.timestamp("us"),
    "ns": pa.timestamp("ns"),
    "time": pa.time64("us"),
    "duration": pa.duration("ns"),
    "text": pa.string(),
    "large text": pa.large_string(),
    "bytes": pa.binary(),
    "view": pa.string_view(),
}


LIMITS = {
    "int16": (-(2**15), 2**15),
    "int8": (-(2**7), 2**7),
    "uint32": (0, 2**32),
    "uint16": (0, 2**16),
    "uint8": (0, 2**8),
    "bool": (0, 2),
    "time": (0, 86_400_000_000),
}
STEPS = {
    "decimal": pa.int32(),
    "text": pa.string(),
    "large text": pa.string(),
    "bytes": pa.string(),
    "view": pa.string(),
}


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("start", [0, 3, 4_097])
@pytest.mark.parametrize("name", NULLED)
def test_nulls_are_nulls_wherever_a_batch_starts(name: str, start: int, share: float) -> None:
    """And what lies under them is nothing; there are more values than samples have room for."""
    spec = Spec(values=SampleSize(64, 1_000, 256), key=("c",))
    kind = NULLED[name]
    low, high = LIMITS.get(name, (-(10**6), 10**6))
    numbers = pa.array(CHANCE.integers(low, high, ROWS), mask=CHANCE.random(ROWS) < share)
    array = numbers.cast(STEPS.get(name, pa.int64())).cast(kind)
    values = pa.Array.from_buffers(array.type, ROWS, [None, *array.buffers()[1:]])  # whatever is under the nulls
    hidden = pa.Array.from_buffers(array.type, ROWS, [array.buffers()[0], *values.buffers()[1:]])
    batches = [pa.record_batch({"c": one}).slice(start, 3_000) for one in (array, hidden)]
    folded, updated = sketches_of(batches, spec)
    assert folded.to_bytes() == updated.to_bytes()
    assert folded.columns[0].nulls == 2 * array.slice(start, 3_000).null_count


def batch_of(seed: int) -> pa.RecordBatch:
    chance = np.random.default_rng(seed)
    return pa.record_batch({"n": chance.integers(0, 10**9, ROWS), "t": [f"{n}" for n in chance.integers(0, 99, ROWS)]})


COPIES: dict[str, Callable[[TableSketch], TableSketch]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda sketch: pickle.loads(pickle.dumps(sketch)),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_of_a_sketch_grows_by_itself(way: str) -> None:
    """Kernels count at addresses, and those of a copy must be its own."""
    spec = Spec(values=SampleSize(64, 1_000, 256))
    first, second, third = map(batch_of, range(3))
    hasher, sketch = hasher_for(spec, first.schema), TableSketch.empty(spec, first.schema)
    sketch.fold(hasher, first)
    before = sketch.to_bytes()
    other = COPIES[way](sketch)
    assert other == sketch
    other.fold(hasher, second)
    assert sketch.to_bytes() == before
    sketch.fold(hasher, third)
    assert other.to_bytes() == sketches_of([first, second], spec)[1].to_bytes()
    assert sketch.to_bytes() == sketches_of([first, third], spec)[1].to_bytes()


def test_two_sketches_that_share_their_columns_may_both_be_folded_into() -> None:
    """Nobody should, but nothing may be written to memory that is gone."""
    spec = Spec(values=SampleSize(64, 1_000, 256))
    first, second, third = map(batch_of, range(3))
    hasher, sketch = hasher_for(spec, first.schema), TableSketch.empty(spec, first.schema)
    sketch.fold(hasher, first)
    other = copy.copy(sketch)
    other.fold(hasher, second)
    sketch.fold(hasher, third)
    expected = sketches_of([first, second, third], spec)[1]
    assert [column.values for column in sketch.columns] == [column.values for column in expected.columns]
    assert sketch.columns == other.columns == expected.columns


def test_a_sample_that_was_read_goes_on_counting() -> None:
    spec = Spec(values=SampleSize(16, 1_000, 64))
    first, second, _ = map(batch_of, range(3))
    hasher, sketch = hasher_for(spec, first.schema), TableSketch.empty(spec, first.schema)
    for batch in (first, second):
        sketch.fold(hasher, batch)
        assert all(column.values.hashes.size and column.values.threshold for column in sketch.columns)
    assert sketch.columns == sketches_of([first, second], spec)[1].columns


@given(st.lists(st.integers(0, 2**64 - 2), max_size=60), st.lists(st.integers(0, 2**64 - 2), max_size=60))
def test_a_sample_lies_wherever_it_is_put(before: list[int], after: list[int]) -> None:
    size = SampleSize(4, 10, 8)
    sample, other = Sample.empty(size), Sample.empty(size)
    words = np.zeros(8, np.uint64)
    sample.update(np.array(before, np.uint64))
    sample.lie_in(words)
    sample.update(np.array(after, np.uint64))
    other.update(np.array(before + after, np.uint64))
    assert sample == other == pickle.loads(pickle.dumps(sample))
    assert words[2] >= 1


def test_the_sums_of_columns_are_the_twins() -> None:
    batch = batch_of(0).slice(0, 5_000)
    folded, _ = sketches_of([batch])
    for column, array in zip(folded.columns, batch.columns, strict=True):
        assert column.digest == naive.total(naive.value_hashes(array))
