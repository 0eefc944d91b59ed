"""One column of every type through every kind of place: one digest, or the reason why the format cannot hold the type."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_rows import WRITERS, marked

from sameset.execution.sketching import sketch_table
from sameset.sources import open_source

Write = Callable[[str, pa.Table], Any]

MOMENT = dt.datetime(2024, 2, 29, 10, 30)
NANOSECONDS = 1_709_202_600_000_000_001
EVERY = pa.table(
    {
        "boolean": [True, False, None],
        "int8": pa.array([1, -128, None], pa.int8()),
        "uint32": pa.array([0, 2**32 - 1, None], pa.uint32()),
        "int64": pa.array([2**63 - 1, -(2**63), None]),
        "uint64": pa.array([2**64 - 1, 0, None], pa.uint64()),
        "half": pa.array([1.5, -0.25, None], pa.float16()),
        "float": pa.array([0.1, -1e30, None], pa.float32()),
        "double": [0.1, -1e300, None],
        "nan": pa.array([float("nan"), float("inf"), None]),
        "decimal": pa.array([Decimal("1.50"), Decimal("-12345678901234567890.25"), None], pa.decimal128(38, 2)),
        "wide decimal": pa.array([Decimal(10) ** 50, Decimal(-1), None], pa.decimal256(60, 0)),
        "text": ["x", "", None],
        "view": pa.array(["x", "longer than twelve bytes", None], pa.string_view()),
        "dictionary": pa.array(["x", "y", None]).dictionary_encode(),
        "bytes": pa.array([b"\x00\xff", b"", None]),
        "uuid": pa.array([bytes(range(16)), bytes(16), None], pa.binary(16)),
        "date": [dt.date(2024, 2, 29), dt.date(1900, 1, 1), None],
        "time": [dt.time(10, 30, 0, 1), dt.time(0), None],
        "fine time": pa.array([36_000_000_000_001, 0, None], pa.time64("ns")),
        "timestamp": pa.array([MOMENT, dt.datetime(1900, 1, 1), None], pa.timestamp("us")),
        "fine timestamp": pa.array([NANOSECONDS, 0, None], pa.timestamp("ns")),
        "instant": pa.array([MOMENT, dt.datetime(1900, 1, 1), None], pa.timestamp("us", "Europe/Berlin")),
        "duration": pa.array([1, -5_000_000, None], pa.duration("us")),
        "list": [["x", None], [], None],
        "nested list": [[[1], []], [None], None],
        "fixed list": pa.array([[1, 2], [3, None], None], pa.list_(pa.int32(), 2)),
        "struct": [{"a": 1, "b": "x"}, {"a": None, "b": None}, None],
        "map": pa.array([[("a", 1), ("b", None)], [], None], pa.map_(pa.string(), pa.int64())),
        "list of durations": pa.array([[1], [], None], pa.list_(pa.duration("us"))),
    }
)
NESTED = ("list", "nested list", "fixed list", "struct", "map", "list of durations")
#: By kind, the columns that it cannot hold, and why.
CANNOT: dict[str, dict[str, str]] = {
    "parquet": {
        "wide decimal": "DuckDB reads more than 38 digits as doubles, so they are refused",
        "list of durations": "DuckDB has no durations within lists",
    },
    "arrow file": {},
    "memory table": {},
    "duckdb relation": dict.fromkeys(
        ("half", "wide decimal", "duration", "list of durations"), "DuckDB has no such type, or another one"
    ),
    "polars": {"wide decimal": "Polars has decimals of 38 digits"},
    "pandas": {},
    "delta": {
        **dict.fromkeys(("time", "fine time", "duration", "list of durations"), "Delta has no such type"),
        "fine timestamp": "Delta keeps microseconds",
        "half": "Delta has no half floats",
        "uint32": "Delta has signed integers only",
        "uint64": "Delta has signed integers only",
        "wide decimal": "Delta has decimals of 38 digits",
    },
    "iceberg": {
        **dict.fromkeys(("duration", "list of durations"), "Iceberg has no durations"),
        **dict.fromkeys(("fine time", "fine timestamp"), "Iceberg (format 2) keeps microseconds"),
        "uint32": "Iceberg has signed integers only",
        "uint64": "Iceberg has signed integers only",
        "instant": "Iceberg keeps instants in UTC",
        "wide decimal": "Iceberg has decimals of 38 digits",
    },
}
CANNOT["sqlite table"] = {
    **dict.fromkeys(("uint64", "decimal"), "SQLite keeps 64 bits with a sign, and 15 digits of others"),
    "nan": "SQLite keeps NaN as null",
    **dict.fromkeys(("duration", *NESTED), "SQLite has no such type"),
    **dict.fromkeys(("fine time", "fine timestamp"), "text of more than microseconds is refused"),
}
CANNOT["mysql table"] = {
    "nan": "MySQL has neither NaN nor infinity",
    **dict.fromkeys(("duration", *NESTED), "MySQL has no such type"),
    **dict.fromkeys(("fine time", "fine timestamp"), "MySQL keeps microseconds"),
    "instant": "MySQL keeps instants from 1970 on",
}
CANNOT["s3 delta"] = CANNOT["delta"]
CANNOT["s3 parquet"] = CANNOT["parquet"]
CANNOT["s3 arrow"] = CANNOT["arrow file"]
CANNOT["polars lazy"] = CANNOT["polars"]


#: Of the kinds in a store the same formats are tried on disk, column by column, and each as a table everywhere.
IN_STORES = [kind for kind in CANNOT if kind.startswith("s3 ")]


@pytest.mark.parametrize("name", EVERY.schema.names)
@pytest.mark.parametrize(
    "kind",
    [
        *marked(kind for kind in CANNOT if kind not in IN_STORES),
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in IN_STORES),
    ],
)
def test_a_column_of_every_type_has_one_digest_or_a_reason(kind: str, name: str, write: Write) -> None:
    table = EVERY.select([name])
    expected = sketch_table(table).text_digest
    if name not in CANNOT[kind]:
        assert sketch_table(open_source(write(kind, table))).text_digest == expected
        return
    try:
        digest = sketch_table(open_source(write(kind, table))).text_digest
    except BaseException as error:  # whoever refuses it: the library that writes, or we; Polars panics
        if isinstance(error, KeyboardInterrupt):
            raise
        digest = str(error)
    assert digest != expected, f"{kind} can hold {name}: {CANNOT[kind][name]}?"


TEXTS = ("bytes", "uuid", "wide decimal", "duration", *NESTED)


@pytest.mark.parametrize("kind", ["csv", "json lines", "s3 csv gz"])
def test_texts_hold_every_type_that_has_a_writing_once_it_is_given(kind: str, write: Write) -> None:
    # Bytes, durations and nested values have no writing as text that everybody shares (test_given_types.py).
    table = EVERY.drop_columns([*TEXTS, "fine time", "fine timestamp"])
    source = open_source(write(kind, table), schema=table.schema)
    assert sketch_table(source).text_digest == sketch_table(table).text_digest


@pytest.mark.parametrize("kind", ["postgres table", "postgres sqlalchemy"])
def test_postgresql_holds_what_it_has_types_for(kind: str, write: Write) -> None:
    # It has no unsigned integers, half floats, nanoseconds, durations apart from intervals, structs by name or maps.
    lacks = ("uint32", "uint64", "half", "wide decimal", "fine time", "fine timestamp", "duration", *NESTED)
    table = EVERY.drop_columns(list(lacks))
    source = open_source(write(kind, table))
    assert sketch_table(source).text_digest == sketch_table(table).text_digest


@pytest.fixture(scope="module")
def tpc_h(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """By name, the eight tables of TPC-H."""
    generator, folder = Path(sys.executable).with_name("tpchgen-cli"), tmp_path_factory.mktemp("tpch")
    subprocess.run([generator, "parquet", "-s", "0.001", f"--output-dir={folder}"], check=True, capture_output=True)
    return {path.stem: pq.read_table(path) for path in sorted(folder.glob("*.parquet"))}


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(WRITERS))
def test_each_table_of_tpc_h_is_one_table_in_every_place(kind: str, write: Write, tpc_h: dict[str, pa.Table]) -> None:
    assert len(tpc_h) == 8
    for name, table in tpc_h.items():
        digest = sketch_table(table).text_digest
        found = sketch_table(open_source(write_tpc_h(kind, table, write), schema=table.schema)).text_digest
        assert found == digest, name


def write_tpc_h(kind: str, table: pa.Table, write: Write) -> Any:
    # The other writer of this frame knows the columns of another table.
    return table.to_pandas() if kind == "pandas objects" else write(kind, table)
