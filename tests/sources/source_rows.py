"""One table of typed rows, and writers of it in every format that a source reads."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

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
    return (type(value).__name__, value)


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
    pq.write_table(table, folder / "rows.parquet", row_group_size=37)
    return str(folder / "rows.parquet")


def write_text(text: str, folder: Path, name: str) -> str:
    stream = pa.output_stream(folder / name, compression="detect")
    with stream:
        stream.write(text.encode())
    return str(folder / name)


def write_ipc(table: pa.Table, folder: Path, name: str, new: Callable[..., Any]) -> str:
    with pa.OSFile(str(folder / name), "wb") as sink, new(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=33)
    return str(folder / name)


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


def query_of(table: pa.Table) -> str:
    return "select " + ", ".join(f'"{name}"' if name != "ID" else 'id2 AS "ID"' for name in table.schema.names)


WRITERS: dict[str, Callable[[pa.Table, Path], Any]] = {
    "parquet": write_parquet,
    "csv": lambda table, folder: write_text(csv_text(table), folder, "rows.csv"),
    "csv crlf gz": lambda table, folder: write_text(csv_text(table, newline="\r\n"), folder, "rows.csv.gz"),
    "csv semicolon zst": lambda table, folder: write_text(csv_text(table, ";"), folder, "rows.CSV.zst"),
    "csv bom": lambda table, folder: write_text("\ufeff" + csv_text(table), folder, "rows.csv"),
    "tsv": lambda table, folder: write_text(csv_text(table, "\t"), folder, "rows.tsv"),
    "json lines": lambda table, folder: write_text(json_text(table), folder, "rows.jsonl"),
    "json lines gz": lambda table, folder: write_text(json_text(table), folder, "rows.ndjson.gz"),
    "arrow file": lambda table, folder: write_ipc(table, folder, "rows.arrow", pa.ipc.new_file),
    "arrow stream": lambda table, folder: write_ipc(table, folder, "rows.ipc", pa.ipc.new_stream),
    "duckdb query": lambda table, folder: f'{write_duckdb(table, folder)}::{query_of(table)} from "order"',
    "memory table": lambda table, folder: table,
    "pandas": lambda table, folder: table.to_pandas(types_mapper=_pandas_type),
}


def _pandas_type(type_: pa.DataType) -> Any:
    import pandas as pd

    return pd.ArrowDtype(type_)
