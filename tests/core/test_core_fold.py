"""A batch folded by one call of a kernel is what its hashes are column by column, whatever the types, tiles and full tables."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import batches, specs

from sameset.canonical.batches import RowHasher
from sameset.errors import SourceError
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch, hasher_for

ROWS = 7_000  # several tiles, and many more values than a sample's table takes at first
CHANCE = np.random.default_rng(5)


def table(nulls: bool) -> pa.Table:
    mask = CHANCE.random(ROWS) < 0.1 if nulls else None
    numbers = CHANCE.integers(-(2**62), 2**62, ROWS)
    arrays = {
        "int32": pa.array(numbers % 2**31, pa.int32(), mask=mask),
        "int64": pa.array(numbers, mask=mask),
        "few": pa.array(numbers % 9, mask=mask),
        "int8": pa.array(numbers % 100, pa.int8(), mask=mask),
        "double": pa.array(numbers / 8, mask=mask),
        "day": pa.array((numbers % 3_000).astype("datetime64[D]"), mask=mask),
        "us": pa.array(numbers, pa.timestamp("us"), mask=mask),
        "ms": pa.array(numbers % 10**12, pa.timestamp("ms"), mask=mask),
        "zoned": pa.array(numbers, pa.timestamp("us", "UTC"), mask=mask),
        "price": pa.array([Decimal(int(n) % 10**9) / 100 for n in numbers], pa.decimal128(15, 2)),
        "wide": pa.array([Decimal(int(n)) for n in numbers], pa.decimal128(38, 2)),
        "text": pa.array([f"text {n}" for n in numbers], pa.string_view()),
        "long": pa.array([chr(945) * (int(n) % 90) + str(n) for n in numbers], pa.string_view(), mask=mask),
        "plain text": pa.array([f"text {n}" * (int(n) % 3) for n in numbers]),
        "bytes": pa.array([bytes([int(n) % 256]) * (int(n) % 40) for n in numbers], pa.large_binary()),
        "coded": pa.array([None if nulls and n % 5 == 0 else str(n % 20) for n in numbers]).dictionary_encode(),
        "coded by many": pa.array([str(n % 1_100) for n in numbers]).dictionary_encode(),
        "list": pa.array([[int(n) % 7] * (int(n) % 3) for n in numbers]),
    }
    return pa.table(arrays)


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("key", [(), ("int64",), ("coded", "text", "day")])
@pytest.mark.parametrize("options", [{}, {"digits": 3, "nfc": True}])
@pytest.mark.parametrize("entries", ["few", "many"])  # rows are bound a block at a time, or all at once
def test_folding_is_hashing_and_updating(
    nulls: bool, key: tuple[str, ...], options: dict[str, int], entries: str
) -> None:
    whole = table(nulls)
    whole = whole.drop_columns(["coded by many"]) if entries == "few" else whole
    spec = Spec(key=key, rows=SampleSize(64, 100, 512), values=SampleSize(16, 1_000, 64), **options)  # type: ignore[arg-type]
    hasher, one, two = hasher_for(spec, whole.schema), *(TableSketch.empty(spec, whole.schema) for _ in "ab")
    for start, size in [(0, 3), (3, 5_000), (5_003, 0), (5_003, 1_997)]:
        for batch in whole.slice(start, size).combine_chunks().to_batches():
            one.update(hasher.hash(batch))
            two.fold(hasher, batch)
    assert one.row_count == ROWS
    assert one.to_bytes() == two.to_bytes()


@settings(max_examples=60)
@given(st.data())
def test_any_batch_is_folded_as_it_is_hashed(data: st.DataObject) -> None:
    batch = data.draw(batches())
    spec = data.draw(specs(batch.schema.names))
    hasher, one, two = hasher_for(spec, batch.schema), *(TableSketch.empty(spec, batch.schema) for _ in "ab")
    for offset in (0, 1):
        one.update(hasher.hash(batch.slice(offset)))
        two.fold(hasher, batch.slice(offset))
    assert one.to_bytes() == two.to_bytes()


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()], ids=str)
def test_text_that_is_not_utf8_is_refused_wherever_it_stands_and_bytes_may_be_anything(kind: pa.DataType) -> None:
    values = [b"plain"] * ROWS
    values[ROWS - 2] = b"caf\xe9"
    raw = pa.record_batch({"c": pa.array(values, kind)})
    text = {pa.binary(): pa.string(), pa.large_binary(): pa.large_string()}.get(kind, pa.string_view())
    named = pa.record_batch({"c": pa.Array.from_buffers(text, ROWS, raw.column(0).buffers())})
    TableSketch.empty(Spec(), raw.schema).fold(hasher_for(Spec(), raw.schema), raw)
    with pytest.raises(SourceError, match="column 'c' holds text that is not UTF-8"):
        TableSketch.empty(Spec(), named.schema).fold(hasher_for(Spec(), named.schema), named)


def test_each_thread_has_a_hasher_of_its_own_memory() -> None:
    batch = table(False).select(["int64", "coded"]).combine_chunks().to_batches()[0]
    hasher = hasher_for(Spec(), batch.schema)
    one, two = hasher.for_thread(), hasher.for_thread()
    sketches = [TableSketch.empty(Spec(), batch.schema) for _ in "ab"]
    sketches[0].fold(one, batch)
    sketches[1].fold(two, batch)
    assert not np.shares_memory(one._words, two._words)
    assert sketches[0].to_bytes() == sketches[1].to_bytes()


ENTRIES = st.sampled_from(
    [["a", "b", "c"], ["a", "b", "d"], ["c", "b", "a"], ["a", None, "c"], [0.0, 1.5, float("nan")], [-0.0, 1.5, 2.5]]
)


@given(st.lists(st.tuples(ENTRIES, st.booleans(), st.lists(st.none() | st.integers(0, 2), min_size=12)), max_size=6))
def test_a_dictionary_after_another_is_hashed_by_its_own_entries(
    parts: list[tuple[list[object], bool, list[int | None]]],
) -> None:
    """Whatever a column's last dictionary was, whether this one is a slice, and whatever the codes under its nulls are."""
    kinds: dict[pa.DataType, tuple[RowHasher, TableSketch, TableSketch]] = {}
    for entries, sliced, codes in parts:
        values = pa.array([None, *entries])[1:] if sliced else pa.array(entries)
        words = np.array([-99 if code is None else code for code in codes], np.int32)
        valid = pa.py_buffer(np.packbits([code is not None for code in codes], bitorder="little"))
        indices = pa.Array.from_buffers(pa.int32(), len(codes), [valid, pa.py_buffer(words)])
        array = pa.DictionaryArray.from_arrays(indices, values, safe=False)
        schema = pa.schema([("x", array.type)])
        made = hasher_for(Spec(), schema), TableSketch.empty(Spec(), schema), TableSketch.empty(Spec(), schema)
        hasher, sketch, other = kinds.setdefault(array.type, made)
        sketch.fold(hasher, pa.record_batch([array], schema=schema))
        plain = pa.array([None if code is None else entries[code] for code in codes], values.type)
        other.update(hasher_for(Spec(), schema).hash(pa.record_batch([plain.dictionary_encode()], schema=schema)))
        assert sketch.digest == other.digest
        assert sketch.columns == other.columns
