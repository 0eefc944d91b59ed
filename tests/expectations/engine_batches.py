"""The same rows as a batch of every kind of data source of Great Expectations that our expectations run on."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator

import sameset_expectations as se
from sameset.sketches.table import TableSketch

MOMENT = dt.datetime(2024, 2, 29, 10, 30, 0, 123456)
OLD = dt.datetime(1901, 1, 1)
FINE = 1_709_202_600_000_000_001
EVERY = pa.table(
    {
        "boolean": [True, False, None],
        "int8": pa.array([1, -128, None], pa.int8()),
        "int64": pa.array([2**63 - 1, -(2**63), None]),
        "uint32": pa.array([0, 2**32 - 1, None], pa.uint32()),
        "uint64": pa.array([2**64 - 1, 0, None], pa.uint64()),
        "float": pa.array([0.1, -1e30, None], pa.float32()),
        "double": [0.1, -1e300, None],
        "infinite": [float("inf"), float("-inf"), None],
        "decimal": pa.array([Decimal("1.50"), Decimal("-12345678901234567890.25"), None], pa.decimal128(38, 2)),
        "text": ["ünï", "", None],
        "dictionary": pa.array(["x", "y", None]).dictionary_encode(),
        "bytes": pa.array([b"\x00\xff", b"", None]),
        "date": [dt.date(2024, 2, 29), dt.date(1901, 1, 1), None],
        "time": [dt.time(10, 30, 0, 1), dt.time(0), None],
        "timestamp": pa.array([MOMENT, OLD, None], pa.timestamp("us")),
        "fine timestamp": pa.array([FINE, 0, None], pa.timestamp("ns")),
        "instant": pa.array([MOMENT, OLD, None], pa.timestamp("us", "UTC")),
        "instant elsewhere": pa.array([MOMENT, OLD, None], pa.timestamp("us", "Asia/Tokyo")),
        "duration": pa.array([1, -5_000_000, None], pa.duration("us")),
        "list": [["x", None], [], None],
        "nested list": [[[1], []], [None], None],
        "struct": [{"a": 1, "b": "x"}, {"a": None, "b": None}, None],
        "map": pa.array([[("a", 1), ("b", None)], [], None], pa.map_(pa.string(), pa.int64())),
        "null": pa.nulls(3),
    }
)
PLAIN = pa.table(
    {
        "id": list(range(60)) * 2,
        "price": [None if i % 7 == 0 else i / 4 for i in range(60)] * 2,
        "note": [None if i % 5 == 0 else f"n{i}%:x" for i in range(60)] * 2,
        "day": [dt.date(2023 + i % 3, 1 + i % 12, 1) for i in range(60)] * 2,
    }
)


@dataclass(frozen=True)
class Places:
    """Where an engine may put a table."""

    context: Any
    folder: Path
    server: Callable[[], str]  #: the address of an empty schema of a PostgreSQL server
    mysql: Callable[[], str]  #: the address of a MariaDB server
    spark: Callable[[], Any]  #: a Spark session


Make = Callable[[pa.Table, Places], Any]


def sketch_of(batch: Any) -> TableSketch:
    """The sketch that all expectations about a batch judge."""
    engine = batch.data.execution_engine
    engine.batch_manager.load_batch_list([batch])
    metric = MetricConfiguration(se.SKETCH, {"batch_id": batch.id}, {})
    found = MetricsCalculator(engine).get_metric(metric)
    assert isinstance(found, TableSketch)
    return found


def whole(asset: Any) -> Any:
    return asset.add_batch_definition_whole_table("all").get_batch()


def parquet(table: pa.Table, places: Places) -> str:
    path = places.folder / "rows.parquet"
    pq.write_table(table, path)
    return str(path)


def ours(table: pa.Table, places: Places) -> Any:
    asset = places.context.data_sources.add_sameset("ours").add_table("rows", parquet(table, places))
    return asset.add_batch_definition("all").get_batch()


def frame_batch(frame: Any, places: Places, source: str = "pandas") -> Any:
    add = getattr(places.context.data_sources, f"add_{source}")
    definition = add("frames").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    return definition.get_batch(batch_parameters={"dataframe": frame})


def pandas_arrow(table: pa.Table, places: Places) -> Any:
    import pandas as pd

    return frame_batch(table.to_pandas(types_mapper=pd.ArrowDtype), places)


def pandas_objects(table: pa.Table, places: Places) -> Any:
    """Whatever pandas makes of the table by itself: texts, dates, decimals and nested values as objects."""
    return frame_batch(table.to_pandas(integer_object_nulls=True), places)


def pandas_file(table: pa.Table, places: Places) -> Any:
    parquet(table, places)
    source = places.context.data_sources.add_pandas_filesystem("files", base_directory=places.folder)
    asset = source.add_parquet_asset("rows", dtype_backend="pyarrow")
    return asset.add_batch_definition_path("all", "rows.parquet").get_batch()


def spark_frame(table: pa.Table, places: Places) -> Any:
    frame = places.spark().read.parquet(parquet(table, places))
    return frame_batch(frame.repartition(7), places, "spark")


def spark_file(table: pa.Table, places: Places) -> Any:
    parquet(table, places)
    places.spark()  # Great Expectations takes the session that is there
    source = places.context.data_sources.add_spark_filesystem("spark files", base_directory=places.folder)
    asset = source.add_parquet_asset("rows")
    return asset.add_batch_definition_path("all", "rows.parquet").get_batch()


def duckdb_table(table: pa.Table, places: Places) -> Any:
    path = places.folder / "rows.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("arriving", table)
        con.execute("CREATE TABLE orders AS SELECT * FROM arriving")
    source = places.context.data_sources.add_sameset_duckdb("duckdb", connection_string=f"duckdb:///{path}")
    return whole(source.add_table_asset("rows", table_name="orders"))


def duckdb_query(table: pa.Table, places: Places) -> Any:
    source = places.context.data_sources.add_sameset_duckdb("duckdb", connection_string="duckdb:///:memory:")
    return whole(source.add_query_asset("rows", query=f"select * from read_parquet('{parquet(table, places)}')"))  # noqa: S608


def write_postgres(table: pa.Table, address: str) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(address) as con, con.cursor() as cursor:
        cursor.adbc_ingest("Order", table, mode="create")
        con.commit()


def add_postgres(table: pa.Table, places: Places, **options: Any) -> Any:
    address = places.server()
    write_postgres(table, address)
    string = address.replace("postgresql:", "postgresql+psycopg:", 1)
    return places.context.data_sources.add_postgres("postgres", connection_string=string, **options)


def postgres_table(table: pa.Table, places: Places) -> Any:
    return whole(add_postgres(table, places).add_table_asset("rows", table_name='"Order"'))


def postgres_query(table: pa.Table, places: Places) -> Any:
    return whole(add_postgres(table, places).add_query_asset("rows", query='select * from "Order"'))


def postgres_temporary(table: pa.Table, places: Places) -> Any:
    source = add_postgres(table, places, create_temp_table=True)
    return whole(source.add_query_asset("rows", query='select * from "Order"'))


def sqlite_table(table: pa.Table, places: Places) -> Any:
    kinds = {pa.int64(): "INTEGER", pa.float64(): "REAL", pa.string(): "TEXT", pa.date32(): "DATE"}
    path = places.folder / "rows.sqlite"
    con = sqlite3.connect(path)
    con.execute(f"CREATE TABLE orders ({', '.join(f'{field.name} {kinds[field.type]}' for field in table.schema)})")
    marks = ", ".join("?" * table.num_columns)
    rows = [
        tuple(str(cell) if isinstance(cell, dt.date) else cell for cell in row.values()) for row in table.to_pylist()
    ]
    con.executemany(f"INSERT INTO orders VALUES ({marks})", rows)  # noqa: S608
    con.commit()
    con.close()
    source = places.context.data_sources.add_sqlite("sqlite", connection_string=f"sqlite:///{path}")
    return whole(source.add_table_asset("rows", table_name="orders"))


def mysql_table(table: pa.Table, places: Places) -> Any:
    import sqlalchemy as sa

    kinds = {pa.int64(): "BIGINT", pa.float64(): "DOUBLE", pa.string(): "TEXT", pa.date32(): "DATE"}
    address = places.mysql().replace("mysql:", "mysql+pymysql:", 1)
    engine = sa.create_engine(address, poolclass=sa.pool.NullPool)
    with engine.begin() as con:
        columns = ", ".join(f"{field.name} {kinds[field.type]}" for field in table.schema)
        con.exec_driver_sql(f"CREATE OR REPLACE TABLE orders ({columns})")
        marks = ", ".join(f":{name}" for name in table.schema.names)
        if table.num_rows:
            con.execute(sa.text(f"INSERT INTO orders VALUES ({marks})"), table.to_pylist())  # noqa: S608
    source = places.context.data_sources.add_sql("mysql", connection_string=address)
    return whole(source.add_table_asset("rows", table_name="orders"))


MAKERS: dict[str, Make] = {
    "ours": ours,
    "pandas arrow": pandas_arrow,
    "pandas objects": pandas_objects,
    "pandas file": pandas_file,
    "duckdb table": duckdb_table,
    "duckdb query": duckdb_query,
    "postgres table": postgres_table,
    "postgres query": postgres_query,
    "postgres temporary": postgres_temporary,
    "sqlite table": sqlite_table,
    "mysql table": mysql_table,
    "spark frame": spark_frame,
    "spark file": spark_file,
}
