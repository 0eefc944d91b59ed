"""One table of typed rows, and writers of it in every format that a source reads."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from databases import write_mysql, write_sqlite

UTC = dt.UTC
ROWS: list[dict[str, Any]] = [
    {
        "id": number,
        "big": 2**53 + number,
        "ID": None if number % 7 == 0 else -number,
        "price": [0.5, 1.25, -3.0, 1e-7, 12345678.875][number % 5],
        "flag": [True, False, None][number % 3],
        "zip": f"{number:05d}",
        "text": ["", "a, b", 'say "x"', "two\nlines", None, "ünï", "NULL", "nan", " pad ", "a;b|c\td"][number % 10],
        "day": dt.date(2024, 2, 28) + dt.timedelta(days=number),
        "clock": dt.time(23, 59, 59, number),
        "moment": dt.datetime(1999, 12, 31, 23, 59, 59) + dt.timedelta(microseconds=number),
        "instant": dt.datetime(2024, 6, 1, 12, tzinfo=UTC) + dt.timedelta(hours=number),
        "select": "same" if number % 2 else None,
    }
    for number in range(50)
] * 2
SCHEMA = pa.schema(
    [
        ("id", pa.int32()),
        ("big", pa.int64()),
        ("ID", pa.int64()),
        ("price", pa.float64()),
        ("flag", pa.bool_()),
        ("zip", pa.string()),
        ("text", pa.string()),
        ("day", pa.date32()),
        ("clock", pa.time64("us")),
        ("moment", pa.timestamp("us")),
        ("instant", pa.timestamp("us", "UTC")),
        ("select", pa.string()),
    ]
)
TABLE = pa.Table.from_pylist(ROWS, SCHEMA)


def plain(value: Any) -> Any:
    """A value such that equal ones are equal whatever the type that a format has for them."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else Decimal(repr(value)).normalize()
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value).normalize()
    if isinstance(value, dt.datetime) and value.tzinfo:
        return value.astimezone(UTC)
    return (type(value).__name__, tuple(map(plain, value)) if isinstance(value, list) else value)


def marked(kinds: Iterable[str]) -> list[Any]:
    """The kinds as parameters of a test."""
    return [pytest.param(kind, marks=[pytest.mark.slow] * (kind in SLOW)) for kind in kinds]


def multiset(batches: Iterable[pa.RecordBatch]) -> Counter[tuple[Any, ...]]:
    """How often each row occurs."""
    rows: Counter[tuple[Any, ...]] = Counter()
    for batch in batches:
        columns = [batch.column(i).to_pylist() for i in range(batch.num_columns)]
        rows.update(tuple(map(plain, row)) for row in zip(*columns, strict=True))
    return rows


def csv_text(table: pa.Table, delimiter: str = ",", newline: str = "\n") -> str:
    """CSV in which a missing value is nothing and the empty text is quoted."""

    def cell(value: Any) -> str:
        if value is None:
            return ""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        quote = text == "" or any(sign in text for sign in '",;|\t\r\n')
        return '"' + text.replace('"', '""') + '"' if quote else text

    lines = [table.schema.names, *(row.values() for row in table.to_pylist())]
    return "".join(delimiter.join(map(cell, line)) + newline for line in lines)


def json_text(table: pa.Table) -> str:
    """One JSON object per line; what is missing is left out of every other line."""
    lines = []
    for number, row in enumerate(table.to_pylist()):
        kept = {key: value for key, value in row.items() if value is not None or number % 2 == 0}
        lines.append(json.dumps(kept, default=str, ensure_ascii=number % 2 == 1))
    return "\n".join(lines) + "\n"


def write_parquet(table: pa.Table, folder: Path) -> str:
    pq.write_table(table, folder / "rows.parquet", row_group_size=37 if table.num_rows < 10_000 else 50_000)
    return str(folder / "rows.parquet")


def write_text(text: str, folder: Path, name: str) -> str:
    stream = pa.output_stream(folder / name, compression="detect")
    with stream:
        stream.write(text.encode())
    return str(folder / name)


def write_ipc(table: pa.Table, folder: Path, name: str, new: Callable[..., Any]) -> str:
    with pa.OSFile(str(folder / name), "wb") as sink, new(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=33 if table.num_rows < 10_000 else 50_000)
    return str(folder / name)


def write_dataset(table: pa.Table, folder: Path) -> str:
    """A dataset of Hugging Face as `save_to_disk` writes it."""
    (folder / "dataset").mkdir()
    write_ipc(table, folder / "dataset", "data-00000-of-00001.arrow", pa.ipc.new_stream)
    (folder / "dataset" / "dataset_info.json").write_text('{"features": {}}')
    (folder / "dataset" / "state.json").write_text('{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}')
    return str(folder / "dataset")


def write_duckdb(table: pa.Table, folder: Path) -> str:
    """A DuckDB file; a table there cannot have names that differ only in case, so `ID` is stored as `id2`."""
    path = folder / "rows.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("SET TimeZone = 'UTC'")
        stored = table.rename_columns([name if name != "ID" else "id2" for name in table.schema.names])
        con.register("arriving", stored)
        con.execute('CREATE TABLE "order" AS SELECT * FROM arriving')
        con.execute("CREATE SCHEMA sales; CREATE VIEW sales.seen AS SELECT * FROM main.order")
    return str(path)


def query_of(table: pa.Table, quote: str = '"') -> str:
    names = table.schema.names
    return "select " + ", ".join(
        f"{quote}{name}{quote}" if name != "ID" else f"id2 AS {quote}ID{quote}" for name in names
    )


def write_object(table: pa.Table, name: str, folder: str = "") -> str:
    """A file of the store, written by the library that its ending names."""
    from pyarrow import fs

    store = fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
    path = f"bucket/{folder or uuid.uuid4().hex}/{name}"
    with store.open_output_stream(path, compression="gzip" if name.endswith(".gz") else None) as stream:
        if name.endswith(".parquet"):
            pq.write_table(table, stream, row_group_size=37 if table.num_rows < 10_000 else 50_000)
        elif name.endswith(".arrow"):
            with pa.ipc.new_file(stream, table.schema) as writer:
                writer.write_table(table, max_chunksize=33 if table.num_rows < 10_000 else 50_000)
        else:
            stream.write((json_text(table) if "json" in name else csv_text(table)).encode())
    return f"s3://{path}"


def write_postgres(table: pa.Table, server: str) -> str:
    """A table of the database, in a schema of its own."""
    from adbc_driver_postgresql import dbapi

    schema = f"s{uuid.uuid4().hex}"
    with dbapi.connect(server) as con, con.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")
        cursor.adbc_ingest("Order", table, mode="create", db_schema_name=schema)
        con.commit()
    return f'{server}::{schema}."Order"'


def mysql_query(table: pa.Table, server: str) -> str:
    address, _, name = write_mysql(table, server).partition("::")
    return f"{address}::{query_of(table, '`')} from {name}"


def write_delta(table: pa.Table, place: str) -> str:
    """A Delta table of four versions, of which only the last two have rows that stay."""
    from deltalake import DeltaTable, write_deltalake

    options = {"AWS_ALLOW_HTTP": "true"} if place.startswith("s3://") else None
    half = table.num_rows // 2
    write_deltalake(place, table.slice(0, half), storage_options=options)
    more = pa.concat_tables([table.slice(half), table.slice(0, 1)])
    write_deltalake(place, more, mode="append", storage_options=options)
    write_deltalake(place, table.slice(half), mode="overwrite", storage_options=options)
    write_deltalake(place, table.slice(0, half), mode="append", storage_options=options)
    assert DeltaTable(place, storage_options=options).version() == 3
    return place


def write_iceberg(table: pa.Table, folder: Path, parts: int = 2, warehouse: str = "") -> str:
    """The metadata file of an Iceberg table of several snapshots, in a catalog that is an SQLite file."""
    from pyiceberg.catalog.sql import SqlCatalog

    store = {"s3.endpoint": os.environ["AWS_ENDPOINT_URL"]} if warehouse else {}
    warehouse = warehouse or f"file://{folder}/warehouse"
    catalog = SqlCatalog("local", uri=f"sqlite:///{folder}/catalog.db", warehouse=warehouse, **store)
    catalog.create_namespace("sales")
    stored = catalog.create_table("sales.orders", schema=table.schema)
    size = table.num_rows // parts
    for i in range(parts):
        stored.append(table.slice(i * size, size if i < parts - 1 else None))
    location = stored.metadata_location
    catalog.close()
    return f"iceberg://{location.removeprefix('file://')}"


def in_store() -> str:
    """A place of its own in the local store."""
    return f"s3://bucket/{uuid.uuid4().hex}"


def write_parts(table: pa.Table, folder: Path, kind: str) -> str:
    """A folder of three files, below it folders, and notes that are no rows."""
    (folder / "parts" / "deep").mkdir(parents=True)
    (folder / "parts" / "_SUCCESS").touch()
    for i, start in enumerate(range(0, max(table.num_rows, 1), 40)):
        part, place = table.slice(start, 40), folder / "parts" / ("deep" if i else "")
        if kind == "csv":
            # Each file has an order of its own.
            write_text(csv_text(part.select(part.schema.names[i:] + part.schema.names[:i])), place, f"{i}.csv")
        elif kind == "json":
            write_text(json_text(part), place, f"{i}.jsonl")
        elif kind == "arrow":
            write_ipc(part, place, f"{i}.arrow", pa.ipc.new_file)
        else:
            pq.write_table(part, place / f"{i}.parquet")
    return str(folder / "parts")


def pandas_frame(table: pa.Table) -> Any:
    """The frame that pandas has for Arrow's own types."""
    import pandas as pd

    return table.to_pandas(types_mapper=pd.ArrowDtype)


def pandas_objects(table: pa.Table) -> Any:
    """The frame as pandas 2 has it: texts, dates and times as objects, missing numbers in nullable types."""
    import pandas as pd

    frame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get)
    for name in ("zip", "text", "select"):
        frame[name] = frame[name].astype(object)
    return frame.set_index("id")


def polars_frame(table: pa.Table) -> Any:
    import polars as pl

    return pl.from_arrow(table)


def duckdb_relation(table: pa.Table) -> Any:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    return con.from_arrow(table)


#: By kind, what writes a table into a folder or onto a server, and gives its address, or the object itself.
WRITERS: dict[str, Callable[[pa.Table, Path, str], Any]] = {
    "parquet": lambda table, folder, _: write_parquet(table, folder),
    "csv": lambda table, folder, _: write_text(csv_text(table), folder, "rows.csv"),
    "csv crlf gz": lambda table, folder, _: write_text(csv_text(table, newline="\r\n"), folder, "rows.csv.gz"),
    "csv semicolon zst": lambda table, folder, _: write_text(csv_text(table, ";"), folder, "rows.CSV.zst"),
    "csv bom": lambda table, folder, _: write_text("\ufeff" + csv_text(table), folder, "rows.csv"),
    "tsv": lambda table, folder, _: write_text(csv_text(table, "\t"), folder, "rows.tsv"),
    "json lines": lambda table, folder, _: write_text(json_text(table), folder, "rows.jsonl"),
    "json lines gz": lambda table, folder, _: write_text(json_text(table), folder, "rows.ndjson.gz"),
    "arrow file": lambda table, folder, _: write_ipc(table, folder, "rows.arrow", pa.ipc.new_file),
    "arrow stream": lambda table, folder, _: write_ipc(table, folder, "rows.ipc", pa.ipc.new_stream),
    "duckdb query": lambda table, folder, _: f'{write_duckdb(table, folder)}::{query_of(table)} from "order"',
    "parquet parts": lambda table, folder, _: write_parts(table, folder, "parquet"),
    "csv parts": lambda table, folder, _: write_parts(table, folder, "csv"),
    "json parts": lambda table, folder, _: write_parts(table, folder, "json"),
    "arrow parts": lambda table, folder, _: write_parts(table, folder, "arrow"),
    "hugging face": lambda table, folder, _: write_dataset(table, folder),
    "s3 parquet": lambda table, _, __: write_object(table, "rows.parquet"),
    "s3 csv gz": lambda table, _, __: write_object(table, "rows.csv.gz"),
    "s3 json lines": lambda table, _, __: write_object(table, "rows.jsonl"),
    "s3 arrow": lambda table, _, __: write_object(table, "rows.arrow"),
    "postgres table": lambda table, _, server: write_postgres(table, server),
    "postgres query": lambda table, _, server: write_postgres(table, server).replace("::", "::select * from ", 1),
    "postgres sqlalchemy": lambda table, _, server: write_postgres(table, server).replace(":", "+psycopg:", 1),
    "mysql table": lambda table, _, server: write_mysql(table, server),
    "mysql query": lambda table, _, server: mysql_query(table, server),
    "sqlite table": lambda table, folder, _: f"{write_sqlite(table, folder)}::Order",
    "sqlite query": lambda table, folder, _: f'{write_sqlite(table, folder)}::{query_of(table)} from "Order"',
    "delta": lambda table, folder, _: write_delta(table, str(folder / "delta")),
    "s3 delta": lambda table, _, __: write_delta(table, in_store()),
    "s3 iceberg": lambda table, folder, _: write_iceberg(table, folder, warehouse=in_store()),
    "iceberg": lambda table, folder, _: write_iceberg(table, folder),
    "memory table": lambda table, _, __: table,
    "pandas": lambda table, _, __: pandas_frame(table),
    "pandas objects": lambda table, _, __: pandas_objects(table),
    "polars": lambda table, _, __: polars_frame(table),
    "polars lazy": lambda table, _, __: polars_frame(table).lazy(),
    "duckdb relation": lambda table, _, __: duckdb_relation(table),
}
#: Kinds that differ from another only in how its rows are written: the plain run asks them for rows and digest alone.
VARIANTS = (
    *("csv crlf gz", "csv semicolon zst", "csv bom", "tsv", "json lines gz", "arrow stream", "parquet parts"),
    *("csv parts", "json parts", "arrow parts", "s3 csv gz", "s3 json lines", "postgres query", "postgres sqlalchemy"),
    *("mysql query", "sqlite query", "s3 delta", "s3 iceberg", "pandas", "polars"),
)
#: Kinds that need a server which not every machine has.
SLOW = ("mysql table", "mysql query")
#: What a kind cannot hold: the columns of `TABLE` that it goes without, and why.
LACKS: dict[str, dict[str, str]] = {
    "parquet parts": {"ID": "in several files names that differ only in case are refused"},
    "delta": {"ID": "names that differ only in case are one", "clock": "it has no times of a day"},
    "mysql table": {"ID": "names that differ only in case are one"},
    "sqlite table": {"ID": "names that differ only in case are one"},
    "duckdb relation": {"ID": "names that differ only in case are one"},
}
LACKS["s3 delta"] = LACKS["delta"]
#: Kinds of which no rows leave no names.
NAMELESS_WITHOUT_ROWS = ("json lines", "json lines gz", "json parts", "s3 json lines")
