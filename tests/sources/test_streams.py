"""Streams for several threads: the same rows as the batches of one, and plain Parquet without DuckDB gives no other values."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_rows import multiset

from sameset.errors import SourceError
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec
from sameset.sources import Source, open_source
from sameset.sources.row_groups import RowGroups
from sameset.sources.scan import ScannedSource

ROWS = 1_000
NUMBERS = np.arange(ROWS)
INSTANTS = [dt.datetime(2024, 1, 1) + dt.timedelta(microseconds=i * 1_000_003) for i in range(ROWS)]
COLUMNS = {
    "int8": pa.array(NUMBERS % 100, pa.int8()),
    "uint64": pa.array([2**63 + i for i in range(ROWS)], pa.uint64()),
    "double": pa.array(NUMBERS / 7),
    "float": pa.array(NUMBERS / 7, pa.float32()),
    "narrow": pa.array([Decimal(i) / 100 for i in range(ROWS)], pa.decimal128(15, 2)),
    "wide": pa.array([Decimal(i) * 10**30 + Decimal("0.01") for i in range(ROWS)], pa.decimal128(38, 2)),
    "flag": pa.array(NUMBERS % 3 == 0),
    "few": pa.array([["a", "ünï", None, ""][i % 4] for i in range(ROWS)]),
    "many": pa.array([f"text number {i}, of more than twelve bytes" if i % 5 else None for i in range(ROWS)]),
    "bytes": pa.array([bytes([i % 256, 255]) for i in range(ROWS)]),
    "day": pa.array([moment.date() for moment in INSTANTS]),
    "ms": pa.array(INSTANTS, pa.timestamp("us")).cast(pa.timestamp("ms"), safe=False),
    "us": pa.array(INSTANTS, pa.timestamp("us")),
    "ns": pa.array(NUMBERS * 1_000_000_007, pa.timestamp("ns")),
    "instant": pa.array(INSTANTS, pa.timestamp("us", "UTC")),
}
TABLE = pa.table(COLUMNS)


def streamed(source: Source, count: int) -> list[pa.RecordBatch]:
    return [batch for stream in source.streams(count) for batch in stream]


def test_streams_of_every_kind_hold_each_row_once(source: Source, table: pa.Table) -> None:
    for count in (1, 3):
        assert multiset(streamed(source, count)) == multiset(table.to_batches())


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([37, 500, 10_000]),
    st.sampled_from(["none", "snappy", "zstd"]),
    st.booleans(),
    st.sampled_from(["1.0", "2.0"]),
    st.sets(st.sampled_from(sorted(COLUMNS)), min_size=1),
)
def test_a_plain_file_has_the_values_that_duckdb_reads(
    tmp_path: Path, rows: int, codec: str, dictionary: bool, pages: str, names: set[str]
) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(
        TABLE.select(sorted(names)), file, row_group_size=rows, compression=codec, use_dictionary=dictionary,
        data_page_version=pages,
    )  # fmt: skip
    source = open_source(str(file))
    assert source.schema() == ScannedSource.schema(source)  # type: ignore[arg-type]
    assert isinstance(source.streams(2)[0].gi_frame.f_locals["self"], RowGroups)  # type: ignore[attr-defined]
    assert multiset(streamed(source, 2)) == multiset(source.batches())
    read_by_duckdb = sketch_table(source, Spec(where="true"))
    assert (
        sketch_table(source).text_digest
        == read_by_duckdb.text_digest
        == sketch_table(TABLE.select(sorted(names))).text_digest
    )


def test_old_timestamps_and_nested_values_are_left_to_duckdb(tmp_path: Path) -> None:
    far = pa.table({"when": pa.array([dt.datetime(9999, 12, 31)], pa.timestamp("us"))})
    pq.write_table(far, tmp_path / "old.parquet", use_deprecated_int96_timestamps=True)
    pq.write_table(pa.table({"list": [[1, 2], []]}), tmp_path / "nested.parquet")
    assert sketch_table(open_source(str(tmp_path / "old.parquet"))).text_digest == sketch_table(far).text_digest
    nested = sketch_table(open_source(str(tmp_path / "nested.parquet")))
    assert nested.text_digest == sketch_table(pa.table({"list": [[1, 2], []]})).text_digest


@pytest.mark.parametrize("dictionary", [False, True])
def test_text_that_is_not_utf8_is_refused_with_file_and_column(tmp_path: Path, dictionary: bool) -> None:
    broken = pa.array([b"ok", b"\xff\xfe", b"ok"] * 50).view(pa.binary()).cast(pa.binary())
    texts = pa.Array.from_buffers(pa.string(), len(broken), broken.buffers())
    pq.write_table(pa.table({"name": texts}), tmp_path / "t.parquet", use_dictionary=dictionary)
    with pytest.raises(SourceError, match=r"t\.parquet.*'name'.*not UTF-8"):
        sketch_table(open_source(str(tmp_path / "t.parquet")))


def test_a_file_that_breaks_off_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(TABLE, file, row_group_size=100, use_dictionary=False, compression="none")
    data = bytearray(file.read_bytes())
    source = open_source(str(file))
    source.schema()
    file.write_bytes(data[: len(data) // 3])
    with pytest.raises(SourceError, match=r"t\.parquet"):
        sketch_table(source)
