"""Sketches as bytes: what was written comes back; anything else is refused with SketchFormatError, fast, and never otherwise."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from arrow_bytes import arrow_file, table_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import batches, specs

from sameset.errors import SketchFormatError
from sameset.sketches.digest import print_digest
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.storage import is_sketch, read_sketch, write_sketch
from sameset.sketches.table import TableSketch, hasher_for

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SPEC = Spec(key=("id",), rows=SampleSize(8, 4, 16), values=SampleSize(4, 1000, 4), bins=16, delta_cells=16)


def sketch_of(batch: pa.RecordBatch, spec: Spec) -> TableSketch:
    sketch = TableSketch.empty(spec, batch.schema)
    sketch.update(hasher_for(spec, batch.schema).hash(batch))
    return sketch


@pytest.fixture(scope="module")
def small() -> bytes:
    batch = pa.RecordBatch.from_pydict(
        {"id": list(range(40)), "text": [None if i % 7 == 0 else str(i) for i in range(40)]}
    )
    return sketch_of(batch, SPEC).to_bytes()


@settings(GENEROUS, max_examples=80)
@given(st.data())
def test_what_was_written_comes_back(data: st.DataObject) -> None:
    batch = data.draw(batches())
    sketch = sketch_of(batch, data.draw(specs(batch.schema.names)))
    written = sketch.to_bytes()
    assert is_sketch(written)
    back = TableSketch.from_bytes(written)
    assert back == sketch
    assert back.to_bytes() == written
    assert (back.schema, back.spec, back.text_digest) == (sketch.schema, sketch.spec, sketch.text_digest)
    back.update(hasher_for(sketch.spec, batch.schema).hash(batch))
    assert back == sketch.merge(sketch)


def refused_or_valid(data: bytes) -> str:
    """ "refused", or "valid" if what was read is a sketch that works; anything else fails the test."""
    try:
        sketch = read_sketch(data)
    except SketchFormatError:
        return "refused"
    again = sketch.to_bytes()
    assert read_sketch(again) == sketch
    assert read_sketch(again).to_bytes() == again
    merged = sketch.merge(sketch)
    assert merged.row_count == 2 * sketch.row_count
    assert all(column.values.distinct() >= 0 for column in merged.columns)
    sketch.delta.decode()
    return "valid"


@pytest.mark.slow
def test_every_byte_may_be_damaged(small: bytes) -> None:
    chance = random.Random(1)
    outcomes = []
    for at in chance.sample(range(len(small)), min(len(small), 1200)):
        damaged = bytearray(small)
        damaged[at] ^= chance.randrange(1, 256)
        outcomes.append(refused_or_valid(bytes(damaged)))
        is_sketch(bytes(damaged))
    assert outcomes.count("refused") > len(outcomes) / 4


@settings(max_examples=200)
@given(st.data())
def test_many_bytes_may_be_damaged(small: bytes, data: st.DataObject) -> None:
    damaged = bytearray(small)
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(small) - 1), st.integers(0, 255)), max_size=20)):
        damaged[at] = byte
    refused_or_valid(bytes(damaged))


def test_every_truncation_is_refused(small: bytes) -> None:
    for size in [*range(0, len(small), 37), *range(len(small) - 40, len(small))]:
        with pytest.raises(SketchFormatError):
            read_sketch(small[:size])
        assert is_sketch(small[:size]) is False


@given(st.binary(max_size=300), st.booleans())
def test_random_bytes_are_refused(data: bytes, marked: bool) -> None:
    data = b"ARROW1\0\0" + data + b"ARROW1" if marked else data
    assert is_sketch(data) is False
    with pytest.raises(SketchFormatError):
        read_sketch(data)


def test_an_arrow_file_that_is_no_sketch_is_refused(small: bytes) -> None:
    other = arrow_file(pa.table({"a": [1]}))
    assert not is_sketch(other)
    with pytest.raises(SketchFormatError, match="Arrow file is not a sameset sketch"):
        read_sketch(other)
    unmarked = arrow_file(table_in(small).replace_schema_metadata(None))
    with pytest.raises(SketchFormatError, match="Arrow file is not a sameset sketch"):
        read_sketch(unmarked)


@pytest.mark.parametrize("mark", ["3", "0", "", "1 ", "\xff", "9" * 100])
def test_another_format_is_refused_by_its_number(small: bytes, mark: str) -> None:
    other = arrow_file(table_in(small).replace_schema_metadata({"sameset": mark.encode("latin-1")}))
    assert is_sketch(other)
    with pytest.raises(SketchFormatError, match="this program reads formats 1 and 2"):
        read_sketch(other)


def test_fields_missing_and_rows_more_or_less_are_refused(small: bytes) -> None:
    table = table_in(small)
    for other in (table.drop_columns(["keys"]), table.slice(0, 0), pa.concat_tables([table, table])):
        with pytest.raises(SketchFormatError):
            read_sketch(arrow_file(other))


Row = dict[str, Any]


def spec_with(**fields: Any) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        found = json.loads(row["spec"])
        for name, value in fields.items():
            if isinstance(value, dict):
                found[name] |= value
            else:
                found[name] = value
        row["spec"] = json.dumps(found)

    return change


def setting(*path: Any, to: Any) -> Callable[[Row], None]:
    """Sets what lies at the path, or what a function makes of it."""

    def change(row: Row) -> None:
        place: Any = row
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to(place[path[-1]]) if callable(to) else to

    return change


HOSTILE: dict[str, Callable[[Row], None]] = {
    "format twice": setting("format", to=2),
    "spec is not JSON": setting("spec", to="{"),
    "spec is a number": setting("spec", to="5"),
    "spec is deep": setting("spec", to="[" * 100_000),
    "spec is a list of its names": setting("spec", to=lambda text: json.dumps(list(json.loads(text)))),
    "spec has a field more": spec_with(more=1),
    "seed is text": spec_with(seed="0"),
    "seed is a fraction": spec_with(seed=0.5),
    "seed is huge": spec_with(seed=10**4000),
    "digits is text": spec_with(digits="3"),
    "digits is true": spec_with(digits=True),
    "digits 0": spec_with(digits=0),
    "digits 16": spec_with(digits=16),
    "digits another": spec_with(digits=3),
    "nfc is a number": spec_with(nfc=1),
    "nfc is null": spec_with(nfc=None),
    "nfc another": spec_with(nfc=True),
    "columns is text": spec_with(columns="id"),
    "columns is empty": spec_with(columns=[]),
    "columns another": spec_with(columns=["id", "text"]),
    "columns of numbers": spec_with(columns=[1]),
    "ignore is null": spec_with(ignore=None),
    "ignore another": spec_with(ignore=["other"]),
    "where is a number": spec_with(where=1),
    "where another": spec_with(where="true"),
    "keep_keys is text": spec_with(keep_keys="false"),
    "key is text": spec_with(key="id"),
    "key of a missing column": spec_with(key=["other"]),
    "key of a surrogate": spec_with(key=["\ud800"]),
    "key twice": spec_with(key=["id", "id"]),
    "encoding 2": spec_with(encoding=2),
    "bins 3": spec_with(bins=3),
    "bins another": spec_with(bins=32),
    "bins huge": spec_with(bins=2**24),
    "delta cells another": spec_with(delta_cells=32),
    "delta cells huge": spec_with(delta_cells=2**24),
    "delta cells beyond": spec_with(delta_cells=2**40),
    "sample size 0": spec_with(rows={"size": 0}),
    "sample sizes huge": spec_with(rows={"size": 2**24, "cap": 2**24}, values={"size": 2**24, "cap": 2**24}),
    "sample scaled another": spec_with(rows={"scaled": 2}),
    "digest another": setting("digest", to="v1:" + "0" * 32),
    "rows more": setting("row_count", to=41),
    "rows huge": setting("row_count", to=2**64 - 1),
    "rows fewer than nulls": setting("row_count", to=3),
    "sums short": setting("sums", to=lambda words: words[:-1]),
    "sums another": setting("sums", 0, to=lambda word: word ^ 1),
    "sums null": setting("sums", to=None),
    "columns null": setting("columns", to=None),
    "columns fewer": setting("columns", to=lambda columns: columns[1:]),
    "column null": setting("columns", 0, to=None),
    "column names equal": setting("columns", 1, "name", to="id"),
    "column name null": setting("columns", 1, "name", to=None),
    "column name another": setting("columns", 1, "name", to="other"),
    "column type null": setting("columns", 1, "type", to=None),
    "family 0": setting("columns", 0, "family", to=0),
    "family 11": setting("columns", 0, "family", to=11),
    "family null": setting("columns", 0, "family", to=None),
    "family of the key another": setting("columns", 0, "family", to=4),
    "nulls null": setting("columns", 0, "nulls", to=None),
    "nulls huge": setting("columns", 1, "nulls", to=2**63),
    "column sums short": setting("columns", 0, "sums", to=[1]),
    "column sums null": setting("columns", 0, "sums", to=None),
    "values null": setting("columns", 0, "values", to=None),
    "sample null": setting("rows", to=None),
    "sample unsorted": setting("rows", "hashes", to=lambda hashes: hashes[::-1]),
    "sample hash twice": setting("rows", "hashes", to=lambda hashes: [hashes[0], *hashes[:-1]]),
    "sample hashes null": setting("rows", "hashes", to=None),
    "sample counts null": setting("rows", "counts", to=None),
    "sample counts fewer": setting("rows", "counts", to=lambda counts: counts[1:]),
    "sample count 0": setting("rows", "counts", 0, to=0),
    "sample count huge": setting("rows", "counts", 0, to=2**64 - 1),
    "sample threshold 0": setting("rows", "threshold", to=0),
    "sample threshold null": setting("rows", "threshold", to=None),
    "sample threshold low": setting("rows", "threshold", to=lambda threshold: threshold // 2),
    "sample threshold high": setting("rows", "threshold", to=lambda threshold: threshold + 1),
    "sample threshold highest": setting("rows", "threshold", to=2**64 - 1),
    "sample shorter than its size": setting("rows", to={"threshold": 2**60, "hashes": [1], "counts": [1]}),
    "sample longer than its cap": setting(
        "rows", to={"threshold": 2**64 - 1, "hashes": list(range(17)), "counts": [1] * 17}
    ),
    "signature short": setting("signature", to=lambda words: words[1:]),
    "signature null": setting("signature", to=None),
    "signature out of range": setting("signature", 0, to=2**60),
    "delta short": setting("delta", to=lambda words: words[1:]),
    "delta empty": setting("delta", to=[]),
    "delta null": setting("delta", to=None),
    "delta of the prime": setting("delta", 1, to=2**61 - 1),
    "delta of 2^64 - 1": setting("delta", -1, to=2**64 - 1),
}


def with_change(data: bytes, change: Callable[[Row], None]) -> bytes:
    table = table_in(data)
    row = table.to_pylist()[0]
    change(row)
    return arrow_file(pa.Table.from_pylist([row], schema=table.schema))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_field_is_refused_and_takes_no_memory(small: bytes, name: str) -> None:
    hostile = with_change(small, HOSTILE[name])
    tracemalloc.start()
    try:
        with pytest.raises(SketchFormatError) as caught:
            read_sketch(hostile)
        assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 500
    assert len(str(caught.value).splitlines()) == 1


def test_two_columns_of_one_name_are_refused_even_if_the_digest_fits() -> None:
    sketch = sketch_of(pa.RecordBatch.from_pydict({"a": [1, 2], "b": [3, 4]}), Spec())

    def named_twice(row: Row) -> None:
        row["columns"][1]["name"] = "a"
        row["digest"] = print_digest(sketch.digest, ["a", "a"], 0)

    with pytest.raises(SketchFormatError, match="two columns are named 'a'"):
        read_sketch(with_change(sketch.to_bytes(), named_twice))


def test_an_untouched_row_is_read(small: bytes) -> None:
    """The hostile fields above are refused for what they are, not for the way they were written."""
    assert read_sketch(with_change(small, lambda row: None)) == read_sketch(small)


@pytest.mark.parametrize("size", [10 << 30, 2**62, 2**63 - 1])
def test_a_sketch_that_claims_gigabytes_is_refused_before_it_is_unpacked(small: bytes, size: int) -> None:
    packed = (SPEC.delta_cells * read_sketch(small).delta.cells.shape[1] * 8).to_bytes(8, "little")
    assert small.count(packed) >= 1  # before a buffer stands how large it is when it is unpacked
    with pytest.raises(SketchFormatError, match="it claims more data than a sketch has; copy it again"):
        read_sketch(small.replace(packed, size.to_bytes(8, "little")))


@pytest.mark.parametrize("start", [b"\xff\xff\xff\xff\0\0\0\0", b"\0" * 8, b"\xff" * 8])
def test_a_sketch_whose_footer_alone_is_whole_is_refused(small: bytes, start: bytes) -> None:
    with pytest.raises(SketchFormatError, match="the sketch is damaged: "):
        read_sketch(small[:8] + start + small[16:])


def test_what_is_wrong_is_told_with_what_to_do(small: bytes) -> None:
    for damaged in (small[:-20], with_change(small, HOSTILE["spec is deep"])):
        with pytest.raises(SketchFormatError, match="; copy it again from where it was made, or make it anew with: "):
            read_sketch(damaged)


def test_an_option_of_a_younger_program_is_named(small: bytes) -> None:
    with pytest.raises(
        SketchFormatError, match=r"does not know \('more'\); use the program that wrote it, or sketch again"
    ):
        read_sketch(with_change(small, HOSTILE["spec has a field more"]))


def test_a_null_word_in_a_list_is_refused(small: bytes) -> None:
    table = table_in(small)
    at = table.schema.get_field_index("signature")
    words = table.column("signature").combine_chunks()
    damaged = pa.ListArray.from_arrays(
        words.offsets, pa.array([None, *words.values[1:].to_pylist()], pa.uint64()), words.type
    )
    with pytest.raises(SketchFormatError):
        read_sketch(arrow_file(table.set_column(at, table.schema.field(at), damaged)))


def test_a_large_spec_is_written_and_read_without_the_memory_it_could_take() -> None:
    spec = Spec(rows=SampleSize(2**24, 1, 2**24))
    batch = pa.RecordBatch.from_pydict({"a": [1, 2, 2]})
    tracemalloc.start()
    try:
        sketch = sketch_of(batch, spec)
        assert read_sketch(write_sketch(sketch)) == sketch
        assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
    finally:
        tracemalloc.stop()
    assert sketch.rows.counts.sum() == np.uint64(3)
