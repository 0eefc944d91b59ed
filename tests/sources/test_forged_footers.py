"""Parquet files whose footer or pages contradict themselves, and Arrow files with names that are none, are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from refusals import refusal

from sameset.errors import SourceError, UnsupportedTypeError
from sameset.sources import open_source
from sameset.sources.footers import coded_texts, footer_of

ROWS = 123_457  # whose three bytes are nowhere else in the file
TABLE = pa.table({"a": pa.array(range(ROWS), pa.int64()), "b": [f"name {i % 90_001:06}" for i in range(ROWS)]})
COUNTED, MORE = b"\x16\x82\x89\x0f", b"\x16\x84\x89\x0f"  # a number of rows in a footer, and one more


def parquet(path: Path, table: pa.Table = TABLE, **options: Any) -> bytearray:
    pq.write_table(table, path, **({"compression": "none"} | options))
    return bytearray(path.read_bytes())


def read(path: Path) -> int:
    """How many rows there are, read as a sketch reads them: row groups as they are, without DuckDB."""
    return sum(batch.num_rows for stream in open_source(path).streams(1) for batch in stream)


def first(data: bytearray) -> bytes:
    """The number of rows of the file is the first in the footer."""
    return bytes(data).replace(COUNTED, MORE, 1)


def last(data: bytearray) -> bytes:
    """That of the row group is the last."""
    before, after = bytes(data).rsplit(COUNTED, 1)
    return before + MORE + after


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (first, "is damaged: its row groups have 123,457 rows and its footer says 123,458; copy it again"),
        (last, "is damaged: its row groups have 123,458 rows and its footer says 123,457; copy it again"),
        (
            lambda data: last(bytearray(first(data))),
            "is damaged: row group 0 has 123,457 rows and its footer says 123,458; copy it again",
        ),
    ],
)
def test_numbers_of_rows_that_contradict_each_other_are_refused(
    edit: Callable[[bytearray], bytes], told: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(edit(parquet(path)))
    with pytest.raises(SourceError, match=told):
        read(path)


def test_sizes_that_do_not_fit_their_type_do_not_end_the_process(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    column, optional, required = b"\x18\x01a", b"\x15\x04\x25\x02", b"\x15\x04\x25\x00"
    data = bytes(parquet(path))
    assert optional + column in data
    path.write_bytes(data.replace(optional + column, required + column))
    with pytest.raises(SourceError, match="level histogram size mismatch"):
        read(path)


def test_a_page_that_does_not_fit_its_checksum_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    data = parquet(path, write_page_checksum=True, use_dictionary=False)
    data[data.index(b"name 077777") + 10] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match="CRC checksum verification failed"):
        read(path)
    data = parquet(path, use_dictionary=False)
    data[data.index(b"name 077777") + 10] ^= 1
    path.write_bytes(data)
    assert read(path) == ROWS  # nothing shows that it is another name


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_texts_of_small_dictionaries_are_found_in_every_group(version: str, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = TABLE.append_column("é" * 70, pa.array([f"word {i % 7}" for i in range(ROWS)]))
    table = table.append_column("none", pa.nulls(ROWS, pa.string()))
    parquet(path, table, row_group_size=ROWS // 3 + 1, data_page_version=version, use_dictionary=["é" * 70])
    assert coded_texts(footer_of(str(path)), 3) == [["é" * 70, "none"]] * 3
    assert coded_texts(footer_of(str(path)), 4) == [[]] * 4
    assert read(path) == ROWS


@pytest.mark.parametrize(
    "values",
    [
        pa.array([{"abcdef": 1}]),
        pa.DictionaryArray.from_arrays(pa.array([0]), pa.array([{"abcdef": 1}])),
        pa.array([[0]], pa.list_(pa.timestamp("us", "abcdef"))),
        pa.array([0], pa.timestamp("us", "abcdef")),
    ],
    ids=["field", "entries", "nested zone", "zone"],
)
def test_names_that_are_no_text_are_refused(values: pa.Array, tmp_path: Path) -> None:
    path = tmp_path / "x.arrow"
    with pa.ipc.new_file(str(path), pa.schema({"x": values.type})) as writer:
        writer.write_table(pa.table({"x": values}))
    path.write_bytes(path.read_bytes().replace(b"abcdef", b"ab\xff\xfeef"))
    assert "'utf-8' codec can't decode byte 0xff in position 2: invalid start byte; it may be damaged" in refusal(path)
    with pa.ipc.open_file(path.read_bytes()) as reader:
        assert "'utf-8' codec can't decode byte 0xff" in refusal(reader.read_all())


def test_the_name_of_an_unknown_type_is_told_in_signs_that_print(tmp_path: Path) -> None:
    metadata = {"ARROW:extension:name": "ab\nc\x1bd"}
    table = pa.table({"x": [1]}, schema=pa.schema([pa.field("x", pa.int64(), metadata=metadata)]))
    with pa.ipc.new_file(str(tmp_path / "x.arrow"), table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(UnsupportedTypeError, match=r"extension<ab\?c\?d>"):
        list(open_source(tmp_path / "x.arrow").batches())
