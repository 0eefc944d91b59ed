"""Tables in memory: what pandas, Polars, pyarrow and DuckDB mean by their types, and what can be read twice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from source_rows import multiset

from sameset.errors import SourceError, UnsupportedTypeError
from sameset.execution.sketching import sketch_table
from sameset.sources import open_source


def digest(place: object) -> str:
    return sketch_table(place).text_digest


ZONED = dt.datetime(2024, 6, 1, 10, tzinfo=dt.timezone(dt.timedelta(hours=2)))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["a", None, np.nan], dtype=object), pa.array(["a", None, None])),
        (pd.Series(["a", None], dtype="str"), pa.array(["a", None])),
        (pd.Series(["a", None], dtype="string"), pa.array(["a", None])),
        (pd.Series(["a", None, "a"], dtype="category"), pa.array(["a", None, "a"])),
        (pd.Series([1, None], dtype="Int8"), pa.array([1, None])),
        (pd.Series([True, None], dtype="boolean"), pa.array([True, None])),
        (pd.Series([1.5, np.nan]), pa.array([1.5, None])),
        (pd.Series([dt.date(2024, 2, 29)], dtype=object), pa.array([dt.date(2024, 2, 29)])),
        (pd.Series(pd.to_datetime(["2024-02-29 10:00", None])), pa.array([dt.datetime(2024, 2, 29, 10), None])),
        (
            pd.Series([pd.Timestamp("2024-06-01 10:00", tz="Europe/Berlin")]),
            pa.array([ZONED], pa.timestamp("us", "UTC")),
        ),
        (pd.Series([pd.Timedelta("1 day 00:00:00.5")]), pa.array([86_400_500], pa.duration("ms"))),
        (pd.Series([b"x"], dtype=object), pa.array([b"x"])),
        (pd.Series([[1, 2], None], dtype=object), pa.array([[1, 2], None])),
    ],
)
def test_a_column_of_pandas_is_what_it_means(column: pd.Series[Any], expected: pa.Array) -> None:
    assert digest(pd.DataFrame({"a": column})) == digest(pa.table({"a": expected}))


def test_a_named_index_is_data_and_an_unnamed_one_is_not() -> None:
    frame = pd.DataFrame({"id": [1, 2, 3], "a": [4, 5, 6]})
    table = pa.table({"id": [1, 2, 3], "a": [4, 5, 6]})
    assert digest(frame) == digest(frame.set_index("id")) == digest(table)
    assert digest(frame[frame.a > 4]) == digest(table.slice(1))
    assert digest(frame.set_index(["id", "a"])) == digest(table)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, "x"]}, dtype=object),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [object()]}),
    ],
)
def test_a_frame_that_is_no_table_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(SourceError, match="memory:table"):
        open_source(frame).schema()


POLARS = pl.DataFrame(
    {
        "category": pl.Series(["x", None], dtype=pl.Categorical),
        "enum": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"])),
        "moment": pl.Series([dt.datetime(2024, 1, 1), None], dtype=pl.Datetime("ns", "UTC")),
        "clock": [dt.time(1, 2, 3), None],
        "gap": [dt.timedelta(days=1), None],
        "list": [[1, None], []],
        "struct": [{"u": 1, "v": "x"}, None],
        "number": pl.Series(["1.50", None]).cast(pl.Decimal(10, 2)),
        "bytes": [b"x", None],
    }
)
ARROW = pa.table(
    {
        "category": ["x", None],
        "enum": ["x", "y"],
        "moment": pa.array([dt.datetime(2024, 1, 1), None], pa.timestamp("us", "UTC")),
        "clock": pa.array([dt.time(1, 2, 3), None]),
        "gap": pa.array([86_400, None], pa.duration("s")),
        "list": [[1, None], []],
        "struct": [{"u": 1, "v": "x"}, None],
        "number": [1.5, None],
        "bytes": [b"x", None],
    }
)


@pytest.mark.parametrize("name", ARROW.schema.names)
def test_a_column_of_polars_is_what_it_means(name: str) -> None:
    expected = digest(ARROW.select([name]))
    assert digest(POLARS.select(name)) == digest(POLARS.lazy().select(name)) == expected


def test_a_dataset_of_pyarrow_is_read_and_a_scanner_of_one(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2, 3], "b": ["x", "y", None]})
    pq.write_table(table, tmp_path / "x.parquet")
    dataset = ds.dataset(tmp_path / "x.parquet")
    source = open_source(dataset)
    assert digest(dataset) == digest(table)
    assert source.aggregate("sum(a)") == source.aggregate("sum(a)") == (6,)
    assert digest(dataset.scanner(columns=["b"], filter=ds.field("a") < 3)) == digest(table.select(["b"]).slice(0, 2))
    assert digest(ds.Scanner.from_batches(table.to_reader())) == digest(table)  # of which there is only one scan


@pytest.mark.parametrize("column", [pd.Series([1]), pl.Series([1]), pa.chunked_array([[1]])])
def test_one_column_is_no_table(column: object) -> None:
    with pytest.raises(SourceError, match="is one column and no table"):
        open_source(column)


def test_a_file_that_this_process_writes_says_so(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "x.duckdb") as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS a")
        with pytest.raises(SourceError, match="this process has it open; close that connection"):
            open_source(f"{tmp_path}/x.duckdb::t").schema()


def test_a_polars_query_runs_again_for_each_scan() -> None:
    query = pl.LazyFrame({"a": range(1_000)}).filter(pl.col("a") % 2 == 0).select(pl.col("a") + 1)
    source = open_source(query)
    assert source.aggregate("count(*), max(a)") == (500, 999)
    assert source.aggregate("count(*), max(a)", "a > 500") == (250, 999)
    assert sum(batch.num_rows for batch in source.batches()) == 500


def test_what_is_no_frame_of_a_library_is_refused() -> None:
    for thing in (pl.Series([1]), pd.Series([1]), np.zeros(3)):
        with pytest.raises(SourceError):
            open_source(thing).schema()


class Once:
    """An object with the Arrow stream protocol that hands its rows out once."""

    def __init__(self) -> None:
        self._reader = pa.RecordBatchReader.from_batches(pa.schema([("a", pa.int64())]), [pa.record_batch({"a": [1]})])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._reader.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("make", [Once, lambda: pa.table({"a": [1]}).to_reader()])
def test_a_stream_that_is_read_twice_says_so(make: Any) -> None:
    source = open_source(make())
    assert source.schema().names == ["a"]
    assert [batch.to_pylist() for batch in source.batches()] == [[{"a": 1}]]
    with pytest.raises(SourceError, match="was read before; give a table to read it twice"):
        list(source.batches())


def test_a_duckdb_relation_gives_what_a_duckdb_file_gives(tmp_path: Any) -> None:
    query = (
        "select 1::uhugeint << 100 as u, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as i, "
        "interval 1 day as v, 1.5::decimal(9, 2) as d"
    )
    path = tmp_path / "x.duckdb"
    duckdb.connect(str(path)).close()
    with duckdb.connect() as con:
        source = open_source(con.sql(query))
        assert multiset(source.batches()) == multiset(open_source(f"{path}::{query}").batches())
        assert source.aggregate("count(*)", "d = 1.5") == (1,)
        with pytest.raises(UnsupportedTypeError, match="'z'"):
            open_source(con.sql("select '10:00:00+02'::timetz as z"))
