"""Columns hashed by entries (dictionaries and runs of few), and texts hashed in tiles: as if each value were hashed by itself."""

from __future__ import annotations

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.canonical.columns import FEW_ENTRIES, HashedColumn, KnownEntries, hash_column, hash_entries
from sameset.canonical.families import family_of
from sameset.errors import SourceError
from sameset.sketches.column import ColumnSketch
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch, hasher_for

Hashes = list[tuple[int, int]]
ENTRIES = st.lists(st.text(max_size=20) | st.none(), min_size=1, max_size=6)
SMALL = SampleSize(4, 10, 8)
OFFSETS = pa.array([0, 1, 2], pa.int32())


def by_row(column: HashedColumn) -> Hashes:
    h1, h2 = (half if column.codes is None else half[column.codes] for half in (column.h1, column.h2))
    return list(zip(h1.tolist(), h2.tolist(), strict=True))


def coded(entries: list[str | None], codes: list[int | None], index: pa.DataType, kind: pa.DataType) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, index), pa.array(entries, kind))


@settings(max_examples=80)
@given(
    ENTRIES,
    st.integers(0, 2**32),
    st.booleans(),
    st.sampled_from([pa.int8(), pa.uint16(), pa.int32(), pa.int64()]),
    st.sampled_from([pa.string(), pa.string_view()]),
    st.integers(0, 5),
)
def test_entries_and_rows_have_the_same_hashes_and_sketches(
    entries: list[str | None], seed: int, nulls: bool, index: pa.DataType, kind: pa.DataType, offset: int
) -> None:
    chance = np.random.default_rng(seed)
    codes: list[int | None] = chance.integers(0, len(entries), 10 * len(entries) + offset).tolist()
    if nulls:
        codes = [None if chance.random() < 0.2 else code for code in codes]
    array = coded(entries, codes, index, kind).slice(offset)
    plain = pa.array([None if code is None else entries[code] for code in codes], pa.string()).slice(offset)
    family = family_of(array.type, "c")
    hashed, rows = hash_entries(array, family, "c"), hash_column(plain, "c")
    assert hashed.codes is not None
    assert by_row(hashed) == by_row(rows) == by_row(hash_column(array, "c")) == naive.value_hashes(plain)
    one, two = ColumnSketch.empty(family, SMALL), ColumnSketch.empty(family, SMALL)
    one.update(hashed)
    two.update(rows)
    assert one == two
    tables = [pa.record_batch([it, plain], ["c", "d"]) for it in (array, plain)]
    sketches = [TableSketch.empty(Spec(key=("c",)), tables[1].schema) for _ in tables]
    for sketch, table in zip(sketches, tables, strict=True):
        sketch.fold(hasher_for(sketch.spec, table.schema), table)
    assert sketches[0].to_bytes() == sketches[1].to_bytes()


@pytest.mark.parametrize("runs", [3, 40])
def test_runs_have_the_hashes_of_their_rows(runs: int) -> None:
    chance = np.random.default_rng(runs)
    ends = np.cumsum(chance.integers(1, 30, runs)).astype(np.int32)
    values = pa.array([None if i % 7 == 3 else float(i % 5) for i in range(runs)])
    array = pa.RunEndEncodedArray.from_arrays(pa.array(ends), values).slice(2)
    plain = pa.array([values[int(np.searchsorted(ends, i, "right"))].as_py() for i in range(2, ends[-1])], pa.float64())
    assert by_row(hash_entries(array, family_of(array.type, "c"), "c")) == by_row(hash_column(plain, "c"))


def test_few_entries_are_few() -> None:
    many = pa.array([str(i) for i in range(10)] * (FEW_ENTRIES - 1)).dictionary_encode()
    few = pa.array([str(i) for i in range(10)] * FEW_ENTRIES).dictionary_encode()
    family = family_of(pa.string(), "c")
    assert hash_entries(many, family, "c").codes is None
    assert hash_entries(few, family, "c").codes is not None


@pytest.mark.parametrize("code", [3, -1, 2**32])
def test_a_code_beyond_the_dictionary_is_refused(code: int) -> None:
    codes = pa.array([0, 1, 2, code] * 10, pa.int32() if code < 2**31 else pa.int64())
    broken = pa.DictionaryArray.from_arrays(codes, pa.array(["a", "b", "c"]), safe=False)
    with pytest.raises(SourceError, match="column 'c' has a dictionary of fewer entries"):
        hash_entries(broken, family_of(broken.type, "c"), "c")
    nested = pa.StructArray.from_arrays([broken], ["x"])
    with pytest.raises(SourceError, match=r"column 'c\.x' has a dictionary of fewer entries"):
        hash_column(nested, "c")


def of_parts(kind: str, numbers: pa.Array, places: pa.Array) -> pa.Array:
    """Two entries made of two numbers; all buffers but those of the numbers are the same for any."""
    if kind == "list":
        return pa.ListArray.from_arrays(OFFSETS, numbers)
    if kind == "struct":
        return pa.StructArray.from_arrays([numbers], ["x"])
    if kind == "dictionary":
        return pa.DictionaryArray.from_arrays(places, numbers)
    storage = pa.FixedSizeListArray.from_arrays(numbers, 1)
    return pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.int64(), [1]), storage)


@pytest.mark.parametrize("kind", ["list", "struct", "dictionary", "tensor"])
def test_entries_of_other_parts_in_the_same_buffers_are_other_entries(kind: str) -> None:
    """The second batch's entries differ from the first's in nothing but where their parts start."""
    numbers, places, codes = pa.array([1, 2, 3, 4]), pa.array([0, 1], pa.int32()), pa.array([0, 1] * 8, pa.int32())
    known = KnownEntries()
    for start in (0, 2, 0):
        entries = of_parts(kind, numbers.slice(start, 2), places)
        array = pa.DictionaryArray.from_arrays(codes, entries)
        found = hash_entries(array, family_of(array.type, "c"), "c", known=known)
        assert found.codes is not None
        assert by_row(found) == by_row(hash_column(entries, "c")) * 8


@settings(max_examples=80)
@given(
    st.lists(st.integers(0, 300) | st.integers(0, 40), max_size=300),
    st.sampled_from([pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.binary_view()]),
    st.integers(0, 3),
    st.booleans(),
)
def test_texts_of_all_lengths_have_the_hashes_of_the_twin(
    lengths: list[int], kind: pa.DataType, offset: int, beyond_ascii: bool
) -> None:
    letters = "äbcdéfghij" if beyond_ascii else "abcdefghij"
    texts = ["".join(letters[(i + j) % 10] for j in range(length)) for i, length in enumerate(lengths)]
    is_text = not (pa.types.is_binary(kind) or pa.types.is_binary_view(kind))
    array = pa.array(texts if is_text else [text.encode() for text in texts], kind).slice(min(offset, len(texts)))
    assert by_row(hash_column(array, "c")) == naive.value_hashes(array)
