"""Queries as people have them in files (brackets, remarks, semicolons), and databases with settings of their own: the same rows."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from databases import connect_mysql

from sameset.errors import SourceError
from sameset.sources import Source, open_source
from sameset.sources.database_names import without_end

Query = Callable[[str], Source]
FORMS = [
    "t;",
    "(select * from t)",
    "/*all*/select * from t",
    "-- all;\nselect * from t",
    "select * from t; -- all",
    "select * from t;; /* of\nthem; */ ;\n",
    "select * from t where b <> ';' -- ; no end",
]


def rows(source: Source) -> list[dict[str, Any]]:
    return sorted((row for batch in source.batches() for row in batch.to_pylist()), key=lambda row: row["a"])


def duckdb_file(folder: Path) -> str:
    with duckdb.connect(str(folder / "x.duckdb")) as con:
        con.execute("CREATE TABLE t AS SELECT * FROM (VALUES (1, 'x'), (2, 'y')) v(a, b)")
    return str(folder / "x.duckdb")


def sqlite_file(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "x.sqlite")) as con, con:
        con.execute("CREATE TABLE t(a int, b text)")
        con.execute("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    return str(folder / "x.sqlite")


@pytest.fixture(params=["duckdb", "sqlite", "postgresql", "postgresql+psycopg", "mysql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with two rows in the table `t`."""
    if request.param in ("duckdb", "sqlite"):
        return (duckdb_file if request.param == "duckdb" else sqlite_file)(tmp_path)
    create = "CREATE TABLE t(a int, b varchar(5))", "INSERT INTO t VALUES (1, 'x'), (2, 'y')"
    name = f"q{uuid.uuid4().hex}"
    if request.param == "mysql":
        address: str = request.getfixturevalue("mysql")
        with closing(connect_mysql(address)) as con, con.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            con.select_db(name)
            for statement in create:
                cursor.execute(statement)
            con.commit()
        return f"{address.rpartition('/')[0]}/{name}"
    address = request.getfixturevalue("postgres")
    with psycopg.connect(address) as con:
        for statement in (f"CREATE SCHEMA {name}", f"SET search_path = {name}", *create):
            con.execute(statement.encode())
    return f"{address.replace('postgresql', request.param, 1)}?options=-csearch_path%3D{name}"


def test_a_query_may_have_brackets_remarks_and_semicolons(place: str) -> None:
    for form in FORMS:
        assert rows(open_source(f"{place}::{form}")) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], form


def test_what_follows_a_semicolon_is_refused(place: str) -> None:
    for form in ("select * from t; select 1", "select * from t; drop table t -- all"):
        with pytest.raises(SourceError):
            open_source(f"{place}::{form}").schema()


@pytest.mark.parametrize("text", ["select ';' -- a", 'select 1 as "a;"', "t", "select 1 /* ; */", "select '--;'"])
def test_only_an_end_is_taken_away(text: str) -> None:
    assert without_end(f" {text} ") == text


def test_no_query_of_mysql_writes_a_file(mysql: str) -> None:
    for statement in (
        "select 1 into outfile '/tmp/x'",
        "select 1 INTO\nDUMPFILE '/tmp/x'",
        "select 1 /*!into outfile 'x'*/",
    ):
        with pytest.raises(SourceError, match="is not a single SELECT"):
            open_source(f"{mysql}::{statement}").schema()
    assert open_source(f"{mysql}::select 'into outfile' as a").schema().names == ["a"]


@pytest.fixture
def odd_database(postgres: str) -> Iterator[str]:
    """A database that writes floats in 15 digits, and days as in Germany."""
    name = f"d{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as con:
        for statement in (
            f"CREATE DATABASE {name}",
            f"ALTER DATABASE {name} SET extra_float_digits = 0",
            f"ALTER DATABASE {name} SET DateStyle = 'German'",
            f"ALTER DATABASE {name} SET TimeZone = 'Asia/Tokyo'",
        ):
            con.execute(statement.encode())
        yield f"{postgres.rpartition('/')[0]}/{name}"
        con.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_settings_of_a_database_change_no_value(odd_database: str) -> None:
    query = (
        "select 1 as a, 0.12345678901234568::float8 as f, 0.12345679::real as r, date '2024-02-01' as d, "
        "timestamptz '2024-02-01 00:00:00+00' as t, (date '2024-02-01')::text as s, (0.1::float8 + 0.2)::text as n"
    )
    over_adbc = rows(open_source(f"{odd_database}::{query}"))
    assert over_adbc == rows(open_source(f"{odd_database.replace('postgresql', 'postgresql+psycopg', 1)}::{query}"))
    assert over_adbc[0]["f"] == 0.12345678901234568
    assert (over_adbc[0]["s"], over_adbc[0]["n"]) == ("2024-02-01", "0.30000000000000004")


def test_own_names_of_types_are_the_types_below_them(postgres: str) -> None:
    schema = f"n{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as con:
        for statement in (
            f"CREATE SCHEMA {schema}",
            f"SET search_path = {schema}",
            "CREATE EXTENSION citext",
            "CREATE DOMAIN price AS numeric(10, 2) CHECK (value > 0)",
            "CREATE DOMAIN short AS varchar(5)",
            "CREATE TABLE t(a price, b short, c oid, d citext, e xml)",
            "INSERT INTO t VALUES (1.5, 'x', 4294967295, 'Ab', '<a/>')",
        ):
            con.execute(statement.encode())
        try:
            for scheme in ("postgresql", "postgresql+psycopg"):
                address = f"{postgres.replace('postgresql', scheme, 1)}?options=-csearch_path%3D{schema}"
                (row,) = rows(open_source(f"{address}::t"))
                assert {**row, "a": float(row["a"])} == {"a": 1.5, "b": "x", "c": 2**32 - 1, "d": "Ab", "e": "<a/>"}
        finally:
            con.execute(f"DROP SCHEMA {schema} CASCADE".encode())


def test_an_error_while_rows_come_is_the_databases_sentence(postgres: str) -> None:
    source = open_source(f"{postgres}::select 1 / (g - 5000) as a from generate_series(1, 9000) g")  # noqa: S608 - fixed
    with pytest.raises(SourceError, match=r"cannot be read: division by zero$"):
        list(source.batches())


def test_options_that_are_no_secrets_stay_readable(postgres: str) -> None:
    address = postgres.replace("postgresql", "postgresql+psycopg", 1)
    with pytest.raises(SourceError, match="SSL was required"):
        open_source(f"{address}?sslmode=require::select 1").schema()
