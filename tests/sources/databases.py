"""Writers of a table into databases that have no way from Arrow: the columns are declared by their Arrow types."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

SQLITE = (
    (pa.types.is_integer, "BIGINT"),
    (pa.types.is_floating, "DOUBLE PRECISION"),
    (pa.types.is_decimal, "DECIMAL({p}, {s})"),
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_time, "TIME"),
    (lambda type_: pa.types.is_timestamp(type_) and type_.tz, "TIMESTAMP WITH TIME ZONE"),
    (pa.types.is_timestamp, "DATETIME"),
    (lambda type_: is_text(type_), "VARCHAR(99)"),
    (lambda type_: pa.types.is_binary(type_) or pa.types.is_fixed_size_binary(type_), "BLOB"),
)
INTEGERS = {8: "TINYINT(4)", 16: "SMALLINT", 32: "INT", 64: "BIGINT"}
MYSQL = (
    (pa.types.is_integer, "{integer}"),
    (pa.types.is_float64, "DOUBLE"),
    (pa.types.is_floating, "FLOAT"),
    (pa.types.is_decimal, "DECIMAL({p}, {s})"),
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_time, "TIME(6)"),
    (lambda type_: pa.types.is_timestamp(type_) and type_.tz, "TIMESTAMP(6) NULL"),
    (pa.types.is_timestamp, "DATETIME(6)"),
    (lambda type_: is_text(type_), "LONGTEXT CHARACTER SET utf8mb4"),
    (pa.types.is_binary, "LONGBLOB"),
    (pa.types.is_fixed_size_binary, "BINARY(16)"),
)
Types = tuple[tuple[Callable[[pa.DataType], Any], str], ...]


def is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def declared(type_: pa.DataType, types: Types) -> str:
    """How a column of this type is declared; ValueError if the database has no type for it."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    name = next((name for is_kind, name in types if is_kind(type_)), None)
    if name is None:
        raise ValueError(f"no type for {type_}")
    if pa.types.is_integer(type_):
        unsigned = " UNSIGNED" if pa.types.is_unsigned_integer(type_) else ""
        return name.format(integer=INTEGERS[type_.bit_width] + unsigned)
    return name.format(p=type_.precision, s=type_.scale) if pa.types.is_decimal(type_) else name


def columns(table: pa.Table, types: Types, quote: str) -> str:
    """The columns of a CREATE TABLE; where names that differ only in case are one, `ID` is stored as `id2`."""
    stored = [name if name != "ID" else "id2" for name in table.schema.names]
    return ", ".join(
        f"{quote}{name}{quote} {declared(type_, types)}" for name, type_ in zip(stored, table.schema.types, strict=True)
    )


def rows_of(table: pa.Table, cell: Callable[[Any], Any]) -> Any:
    """The rows as tuples, a portion at a time in memory."""
    for batch in table.to_batches(max_chunksize=10_000):
        yield from zip(*[[cell(value) for value in column.to_pylist()] for column in batch.columns], strict=True)


def write_sqlite(table: pa.Table, folder: Path) -> str:
    """An SQLite file with the table `Order`; dates and times are text, as all libraries write them."""

    def cell(value: Any) -> Any:
        return value if value is None or isinstance(value, int | float | bytes) else str(value)

    path = folder / "rows.sqlite"
    with closing(sqlite3.connect(path)) as con, con:
        con.execute(f'CREATE TABLE "Order" ({columns(table, SQLITE, chr(34))})')
        places = ", ".join("?" * table.num_columns)
        con.executemany(f'INSERT INTO "Order" VALUES ({places})', rows_of(table, cell))  # noqa: S608 - places
    return str(path)


def connect_mysql(server: str) -> Any:
    """A connection of the driver itself, in UTC."""
    import pymysql

    parts = urlsplit(server)
    options = {"init_command": "SET time_zone = '+00:00'", "local_infile": True, "autocommit": True}
    return pymysql.connect(host=parts.hostname, port=parts.port, user=parts.username, **options)


def write_mysql(table: pa.Table, server: str) -> str:
    """The address of the table `Order` in a database of its own."""

    def cell(value: Any) -> Any:
        # The driver would write a zone that MySQL reads as it likes.
        return re.sub(r"\+00:00$", "", str(value)) if getattr(value, "tzinfo", None) else value

    database = f"s{uuid.uuid4().hex}"
    with closing(connect_mysql(server)) as con, con.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {database}")
        cursor.execute(f"CREATE TABLE {database}.`Order` ({columns(table, MYSQL, '`')})")
        places = ", ".join(["%s"] * table.num_columns)
        if table.num_rows:
            statement = f"INSERT INTO {database}.`Order` VALUES ({places})"  # noqa: S608 - places
            cursor.executemany(statement, list(rows_of(table, cell)))
    return f"{server.rpartition('/')[0]}/{database}::`Order`"


def load_mysql(path: str, address: str) -> None:
    """Adds the rows of a CSV file with a header to the table of an address; row by row a million takes a minute."""
    place, _, name = address.partition("::")
    table = f"{place.rpartition('/')[2]}.{name}"
    with closing(connect_mysql(place)) as con, con.cursor() as cursor:
        lines = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' IGNORE 1 LINES"
        cursor.execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {table} CHARACTER SET utf8mb4 {lines}")
