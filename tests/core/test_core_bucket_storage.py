"""Sketches with buckets as bytes: format 2, read back as they were; hostile ones are refused; without buckets nothing changed."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from typing import Any

import naive
import pyarrow as pa
import pytest
from arrow_bytes import arrow_file

from sameset.canonical.buckets import NAN_KEY, NULL_KEY
from sameset.errors import SketchFormatError
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.storage import is_sketch, read_sketch
from sameset.sketches.table import TableSketch, hasher_for

SPEC = Spec(rows=SampleSize(8, 4, 16), values=SampleSize(4, 1000, 4), bins=16, delta_cells=16, bucket_by="id:range=10")
Row = dict[str, Any]


def sketch_of(spec: Spec) -> TableSketch:
    batch = pa.RecordBatch.from_pydict({"id": [*range(40), None], "text": [str(i) for i in range(41)]})
    sketch = TableSketch.empty(spec, batch.schema)
    sketch.update(hasher_for(spec, batch.schema).hash(batch))
    return sketch


@pytest.fixture(scope="module")
def small() -> bytes:
    return sketch_of(SPEC).to_bytes()


def check_of(row: Row) -> str:
    """The check that a hostile writer computes for what it has changed (docs/encoding.md, "Files"); none of what has gaps."""
    try:
        h1, h2 = naive.murmur(b"".join(content(value) for name, value in row.items() if name != "check"), 105)
    except (TypeError, AttributeError, UnicodeError, struct.error):
        return "none"
    return f"{h1:016x}{h2:016x}"


def content(value: Any) -> bytes:
    if isinstance(value, str):
        return naive.u64(len(value.encode())) + value.encode()
    if isinstance(value, int):
        return naive.u64(value % 2**64)
    if isinstance(value, dict):
        return b"".join(map(content, value.values()))
    return naive.u64(len(value)) + b"".join(map(content, value))


def with_change(data: bytes, change: Callable[[Row], None]) -> bytes:
    table = pa.ipc.open_file(data).read_all()
    row = table.to_pylist()[0]
    change(row)
    row["check"] = check_of(row)
    return arrow_file(pa.Table.from_pylist([row], schema=table.schema))


def test_the_format_is_2_only_where_there_are_buckets(small: bytes) -> None:
    table = pa.ipc.open_file(small).read_all()
    assert (table.schema.metadata[b"sameset"], table["format"].to_pylist()) == (b"2", [2])
    assert table.column_names[-2:] == ["buckets", "check"]
    plain = pa.ipc.open_file(sketch_of(SPEC.altered(bucket_by="")).to_bytes()).read_all()
    assert (plain.schema.metadata[b"sameset"], plain["format"].to_pylist()) == (b"1", [1])
    assert plain.column_names == [name for name in table.column_names if name != "buckets"]
    assert "bucket_by" not in json.loads(plain["spec"][0].as_py())
    for name in ("digest", "sums", "columns", "rows", "delta"):
        assert plain[name] == table[name]


def test_a_table_without_rows_comes_back() -> None:
    empty = TableSketch.empty(SPEC, pa.schema({"id": pa.int64(), "text": pa.string()}))
    assert read_sketch(empty.to_bytes()) == empty


def test_what_was_written_comes_back(small: bytes) -> None:
    assert is_sketch(small)
    back = read_sketch(small)
    assert back == sketch_of(SPEC)
    assert back.to_bytes() == small
    assert back.spec.bucket_by == "id:range=10"
    assert back.buckets is not None
    assert back.buckets.keys.tolist() == [NULL_KEY, 0, 1, 2, 3]


def setting(name: str, value: Any) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        row["buckets"][name] = value(row["buckets"][name]) if callable(value) else value

    return change


def spec_with(**fields: Any) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        row["spec"] = json.dumps(json.loads(row["spec"]) | fields)

    return change


def without_the_field(row: Row) -> None:
    found = json.loads(row["spec"])
    del found["bucket_by"]
    row["spec"] = json.dumps(found)


def swapped(words: list[int]) -> list[int]:
    return [words[5], *words[1:5], words[0], *words[6:]]


HOSTILE: dict[str, Callable[[Row], None]] = {
    "no buckets": lambda row: row.update(buckets=None),
    "level null": setting("level", None),
    "level huge": setting("level", 255),
    "keys null": setting("keys", None),
    "keys fewer": setting("keys", lambda keys: keys[1:]),
    "keys unsorted": setting("keys", lambda keys: [*keys[:2], keys[3], keys[2], keys[4]]),
    "key twice": setting("keys", lambda keys: [*keys[:-1], keys[-2]]),
    "key too large": setting("keys", lambda keys: [*keys[:-1], 2**50 + 1]),
    "key too small": setting("keys", lambda keys: [keys[0], -(2**50) - 1, *keys[2:]]),
    "null is NaN": setting("keys", lambda keys: [NAN_KEY, *keys[1:]]),
    "null is another": setting("keys", lambda keys: [-5, *keys[1:]]),
    "sums null": setting("sums", None),
    "sums fewer": setting("sums", lambda words: words[1:]),
    "sums another": setting("sums", lambda words: [*words[:-1], words[-1] ^ 1]),
    "rows exchanged": setting("sums", swapped),
    "rows beyond the table": setting(
        "sums", lambda words: [2**63, *words[1:5], words[5] - 2**63 & 2**64 - 1, *words[6:]]
    ),
    "a bucket without rows": setting("sums", lambda words: [0, *words[1:5], words[5] + 1, *words[6:]]),
    "spec without": without_the_field,
    "spec with null": spec_with(bucket_by=None),
    "spec empty": spec_with(bucket_by=""),
    "spec of a number": spec_with(bucket_by=3),
    "spec not in its form": spec_with(bucket_by="id:range=010"),
    "spec of a missing column": spec_with(bucket_by="other:8"),
    "spec of a surrogate": spec_with(bucket_by="\ud800"),
    "spec of another family": spec_with(bucket_by="text:month"),
    "spec of other buckets": spec_with(bucket_by="id:2"),
    "spec of another column": spec_with(bucket_by="text:64"),
    "spec of a huge number": spec_with(bucket_by="id:" + "9" * 10_000),
    "format twice": lambda row: row.update(format=1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_field_is_refused(small: bytes, name: str) -> None:
    with pytest.raises(SketchFormatError) as caught:
        read_sketch(with_change(small, HOSTILE[name]))
    assert "its check does not fit" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert len(str(caught.value).splitlines()) == 1


def test_an_untouched_row_is_read(small: bytes) -> None:
    assert read_sketch(with_change(small, lambda row: None)) == read_sketch(small)


def test_more_buckets_than_there_is_room_for_are_refused(small: bytes) -> None:
    def many(row: Row) -> None:
        row["buckets"] = {"level": 0, "keys": list(range(5_000)), "sums": [1] * 5 * 5_000}

    with pytest.raises(SketchFormatError, match="buckets are not in order"):
        read_sketch(with_change(small, many))


@pytest.mark.parametrize("mark", [b"1", b"2"])
def test_a_file_of_one_format_that_calls_itself_another_is_refused(small: bytes, mark: bytes) -> None:
    data = small if mark == b"1" else sketch_of(SPEC.altered(bucket_by="")).to_bytes()
    table = pa.ipc.open_file(data).read_all().replace_schema_metadata({b"sameset": mark})
    with pytest.raises(SketchFormatError, match="its fields are not those of its format"):
        read_sketch(arrow_file(table))


def test_damaged_bytes_are_refused_or_a_sketch_that_works(small: bytes) -> None:
    chance = random.Random(1)
    refused = 0
    for at in chance.sample(range(len(small)), 250):
        damaged = bytearray(small)
        damaged[at] ^= chance.randrange(1, 256)
        try:
            found = read_sketch(bytes(damaged))
        except SketchFormatError:
            refused += 1
        else:
            assert read_sketch(found.to_bytes()) == found
            assert found.merge(found).row_count == 2 * found.row_count
    assert refused > 60
