"""Databases through SQLAlchemy: MySQL's types, PostgreSQL as its own source reads it, what is refused, what an error says."""

from __future__ import annotations

import datetime as dt
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from databases import connect_mysql
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sameset.errors import MissingExtraError, SchemaError, SourceError, UnsupportedTypeError
from sameset.execution.sketching import sketch_table
from sameset.sources import Source, open_source

Run = Callable[[str], None]
Fill = Callable[..., None]
Query = Callable[[str], Source]
INSTANT = pa.timestamp("us", "UTC")
IDENTIFIER = uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")


def rows(source: Source) -> list[dict[str, Any]]:
    return [row for batch in source.batches() for row in batch.to_pylist()]


@pytest.fixture
def database(mysql: str) -> str:
    """The address of an empty database."""
    name = f"d{uuid.uuid4().hex}"
    with closing(connect_mysql(mysql)) as con, con.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    return f"{mysql.rpartition('/')[0]}/{name}"


@pytest.fixture
def run(database: str) -> Run:
    """Runs statements in the database."""

    def execute(statements: str) -> None:
        with closing(connect_mysql(database)) as con, con.cursor() as cursor:
            con.select_db(database.rpartition("/")[2])
            for each in statements.split(";"):
                cursor.execute(each)

    return execute


@pytest.fixture
def fill(run: Run) -> Fill:
    """`fill(type, value, ...)`: the table `t` anew, with a column `a` of this type and a row for each value, as SQL has it."""

    def filled(declared: str, *values: str) -> None:
        rows = ", ".join(f"({value})" for value in values)
        run(f"SET sql_mode = ''; CREATE OR REPLACE TABLE t (a {declared} NULL); INSERT INTO t VALUES {rows}")  # noqa: S608

    return filled


@pytest.fixture
def query(database: str) -> Query:
    return lambda text: open_source(f"{database}::{text}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("declared", "stored", "type_", "value"),
    [
        ("TINYINT", "-128", pa.int64(), -128),
        ("TINYINT(1)", "1", pa.bool_(), True),
        ("BIT", "b'1'", pa.bool_(), True),
        ("INT(9) ZEROFILL", "7", pa.uint64(), 7),
        ("BIGINT UNSIGNED", "18446744073709551615", pa.uint64(), 2**64 - 1),
        ("YEAR", "2024", pa.int64(), 2024),
        ("FLOAT", "16777216", pa.float64(), 16777216.0),
        ("DOUBLE", "1e-300", pa.float64(), 1e-300),
        ("DECIMAL(9, 2)", "5.10", pa.decimal128(9, 2), Decimal("5.10")),
        ("DECIMAL(65, 30)", "5.1", pa.decimal256(65, 30), Decimal("5.1")),
        ("CHAR(4)", "'ab'", pa.large_string(), "ab"),
        ("VARCHAR(9) CHARACTER SET latin1", "'ü'", pa.large_string(), "ü"),
        ("TEXT", "'a\\0b'", pa.large_string(), "a\0b"),
        ("ENUM('x', 'y')", "'y'", pa.large_string(), "y"),
        ("SET('x', 'y')", "'x,y'", pa.large_string(), "x,y"),
        ("JSON", "'{\"a\": 1}'", pa.large_string(), '{"a": 1}'),
        ("BLOB", "x'00ff'", pa.large_binary(), b"\0\xff"),
        ("BINARY(3)", "x'00ff'", pa.large_binary(), b"\0\xff\0"),
        ("VARBINARY(9)", "x'00ff'", pa.large_binary(), b"\0\xff"),
        ("DATE", "'2024-02-29'", pa.date32(), dt.date(2024, 2, 29)),
        ("TIME(6)", "'10:00:00.000001'", pa.time64("us"), dt.time(10, 0, 0, 1)),
        ("DATETIME(6)", "'2024-02-29 10:00:00.000001'", pa.timestamp("us"), dt.datetime(2024, 2, 29, 10, 0, 0, 1)),
        ("TIMESTAMP", "'2024-02-29 10:00'", INSTANT, dt.datetime(2024, 2, 29, 10, tzinfo=dt.UTC)),
    ],
)
def test_a_value_of_mysql_arrives_in_its_type(
    declared: str, stored: str, type_: pa.DataType, value: Any, fill: Fill, run: Run, query: Query
) -> None:
    fill(declared, stored, "NULL")
    run("CREATE VIEW v AS SELECT * FROM t")
    for content in ("t", "v"):
        source = query(content)
        assert source.schema() == pa.schema([("a", type_)])
        assert rows(source) == [{"a": value}, {"a": None}]
    # The type of a query may be wider, but its values are the same, and so is its type where it has no rows.
    asked, empty = query("select * from t"), query("select * from t where false")
    assert rows(asked) == [{"a": value}, {"a": None}]
    assert sketch_table(asked).text_digest == sketch_table(query("t")).text_digest
    assert empty.schema() == asked.schema()


@pytest.mark.slow
def test_a_uuid_of_mariadb_is_its_bytes_and_of_a_query_text(fill: Fill, query: Query) -> None:
    fill("UUID", f"'{IDENTIFIER}'")
    assert rows(query("t")) == [{"a": IDENTIFIER.bytes}]
    assert rows(query("select * from t")) == [{"a": str(IDENTIFIER)}]


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=20))
def test_single_floats_are_not_rounded(fill: Fill, query: Query, values: list[float]) -> None:
    # As text, which is how they travel, MySQL gives a FLOAT six digits.
    fill("FLOAT", *map(repr, values))
    for content in ("t", "select * from t"):
        assert sorted(row["a"] for row in rows(query(content))) == sorted(float(np.float32(value)) for value in values)
    with pytest.raises(SourceError, match="cast them to DOUBLE"):
        query("select a from t order by a").ordered_batches()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("declared", "stored", "shown"),
    [
        ("TINYINT(1)", "2", "the integer 2"),
        ("TIME", "'-01:00:00'", "the timedelta -1 day, 23:00:00"),
        ("TIME", "'30:00:00'", "the timedelta 1 day, 6:00:00"),
        ("DATE", "'0000-00-00'", "the text '0000-00-00'"),
        ("DATETIME", "'2024-00-00'", "the text '2024-00-00 00:00:00'"),
    ],
)
def test_a_value_of_mysql_that_does_not_fit_is_named(
    declared: str, stored: str, shown: str, fill: Fill, query: Query
) -> None:
    fill(declared, "NULL", stored)
    for content in ("t", "select a from t"):
        with pytest.raises(SourceError, match="but row 2 has") as raised:
            rows(query(content))
        assert shown in str(raised.value)
    assert len(rows(query("select cast(a as char) as a from t"))) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("declared", "stored", "name"), [("BIT(9)", "b'101'", "BIT"), ("POINT", "point(1, 2)", "(point|GEOMETRY)")]
)
def test_types_of_mysql_without_a_canonical_form_are_refused(
    declared: str, stored: str, name: str, fill: Fill, run: Run, query: Query
) -> None:
    fill(declared, stored)
    run("CREATE VIEW v AS SELECT a, 1 AS fine FROM t")
    for content in ("v", "select * from v"):
        source = query(content)
        assert [batch.to_pylist() for batch in source.batches(["fine"])] == [[{"fine": 1}]]
        with pytest.raises(UnsupportedTypeError, match=f"'a' has type .*{name}"):
            source.batches()


@pytest.mark.slow
def test_a_table_of_mysql_is_named_with_or_without_its_database(run: Run, query: Query, database: str) -> None:
    run(
        "CREATE TABLE `T 1%` (`a%b``c` INT, `select` INT); INSERT INTO `T 1%` VALUES (7, 8); CREATE VIEW v AS SELECT 9 AS a"
    )
    expected = [{"a%b`c": 7, "select": 8}]
    name = database.rpartition("/")[2]
    for content in ("T 1%", "`T 1%`", f"{name}.`T 1%`", "select * from `T 1%` where 'a%d' like 'a%'"):
        assert rows(query(content)) == expected
        assert [batch.to_pylist() for batch in query(content).batches(["a%b`c"])] == [[{"a%b`c": 7}]]
    assert rows(query("v")) == [{"a": 9}]
    for missing in ("T 2%", f"{name}.nope", "a.b.c"):
        with pytest.raises(SourceError, match=r"there is no table .*; it has .*T 1%|names no table"):
            query(missing).schema()
    with pytest.raises(SourceError, match=r"no table 'nowhere\.t'; check the names"):
        query("nowhere.t").schema()


@pytest.mark.slow
def test_columns_whose_names_differ_in_case_are_told_apart(query: Query) -> None:
    source = query("select 1 as a, 'x' as A, x'00' as b")
    assert source.schema().names == ["a", "A", "b"]
    assert [batch.to_pylist() for batch in source.batches(["A", "a"])] == [[{"A": "x", "a": 1}]]
    with pytest.raises(SchemaError, match="two columns named 'a'"):
        query("select 1 as a, 2 as a").schema()


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "select 1 as a; select 2",
        "select nope",
        "with x as (select 1) delete from victims",
        "select 1) as x; drop table victims; --",
        "",
        "drop table victims",
        "select nextval(counter)",
    ],
)
def test_only_one_select_of_mysql_is_read_and_nothing_is_changed(text: str, run: Run, query: Query) -> None:
    run("CREATE TABLE victims AS SELECT 1 AS a; CREATE SEQUENCE counter")
    with pytest.raises(SourceError) as raised:
        rows(query(text))
    assert "\n" not in str(raised.value)
    assert rows(query("victims")) == [{"a": 1}]


@pytest.mark.slow
def test_a_semicolon_in_a_text_or_remark_ends_no_statement(query: Query) -> None:
    assert rows(query("select ';' as a, \"it\\';\" as b /* ; */ -- ;")) == [{"a": ";", "b": "it';"}]


@pytest.mark.slow
def test_rows_of_mysql_in_order_need_an_order_by(query: Query) -> None:
    ordered = query("select seq as a from mysql.seq_1_to_20000 order by seq desc")
    assert [v for batch in ordered.ordered_batches() for v in batch.column(0).to_pylist()] == list(range(20_000, 0, -1))
    with pytest.raises(SourceError, match="ORDER BY"):
        query("select 1 as x").ordered_batches()
    wide = query("select seq as a, seq % 2 as b, cast(seq as float) as c from mysql.seq_1_to_20000 order by b, a desc")
    expected = [*range(20_000, 0, -2), *range(19_999, 0, -2)]
    assert [v for batch in wide.ordered_batches(["a"]) for v in batch.column(0).to_pylist()] == expected
    for columns, where in ((None, None), (["a"], "a > 3")):
        with pytest.raises(SourceError, match="cast them to DOUBLE"):
            wide.ordered_batches(columns, where)


@pytest.mark.slow
def test_closing_early_ends_the_statement_of_mysql(query: Query) -> None:
    source = query("select seq, repeat('x', 1000) as text from mysql.seq_1_to_100000000")
    began = time.monotonic()
    batches = source.batches()
    assert next(batches).num_rows > 0
    batches.close()
    assert time.monotonic() - began < 60  # of all rows it would be half an hour
    held = query("select count(*) as n from information_schema.processlist where info like 'select seq, repeat%'")
    assert rows(held) == [{"n": 0}]


#: Columns that PostgreSQL delivers the same way over both drivers, tables and queries alike.
POSTGRES = """
    true as a, 5::smallint as b, 9223372036854775807 as c, 0.1::real as d, 'NaN'::float8 as e,
    1.50::numeric(5, 2) as f, 12345678901234567890.5::numeric as g, 'x'::varchar(3) as h, 'ab'::char(4) as i,
    '\\x00ff'::bytea as j, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as k, date '2024-02-29' as l,
    time '10:00:00.000001' as m, timestamp '2024-02-29 10:00' as n, timestamptz '2024-02-29 10:00+02' as o, 'a%b' as "P%q"
"""


def test_enums_of_postgresql_are_their_texts(postgres: str) -> None:
    from adbc_driver_postgresql import dbapi

    name = f"e{uuid.uuid4().hex}"
    with dbapi.connect(postgres) as con, con.cursor() as cursor:
        cursor.execute(f"CREATE TYPE {name} AS ENUM ('sad', 'glad')")
        cursor.execute(f"CREATE VIEW v{name} AS SELECT 'glad'::{name} AS a")
        con.commit()
    for content in (f"v{name}", f"select 'glad'::{name} as a"):
        assert rows(open_source(f"{postgres.replace('postgresql:', 'postgresql+psycopg:')}::{content}")) == [
            {"a": "glad"}
        ]


def test_postgresql_is_the_same_through_sqlalchemy(postgres: str) -> None:
    from adbc_driver_postgresql import dbapi

    view = f"v{uuid.uuid4().hex}"
    with dbapi.connect(postgres) as con, con.cursor() as cursor:
        cursor.execute(f"CREATE VIEW {view} AS SELECT {POSTGRES}, jsonb '{{\"a\": 1}}' AS z")
        con.commit()
    through = postgres.replace("postgresql:", "postgresql+psycopg:")
    selected = f"select {POSTGRES}, '{{\"a\": 1}}' as z"
    sources = [open_source(f"{address}::{content}") for address in (postgres, through) for content in (view, selected)]
    assert len({sketch_table(source).text_digest for source in sources}) == 1
    for source in sources:
        assert sum(batch.num_rows for batch in source.batches(["a"], where="\"P%q\" LIKE 'a%'")) == 1


@pytest.mark.parametrize(
    "sql",
    [
        *("interval '1 day'", "timetz '10:00+02'", "B'101'", "5::money", "'{1,2}'::int[]", "'127.0.0.1'::inet"),
        *("int4range(1, 3)", "point(1, 2)", "'infinity'::date", "'{\"a\": 1}'::json"),
    ],
)
def test_other_types_of_postgresql_are_refused_in_a_query(sql: str, postgres: str) -> None:
    source = open_source(f"{postgres.replace('postgresql:', 'postgresql+psycopg:')}::select 1 as fine, {sql} as bad")
    with pytest.raises(SourceError) as raised:
        rows(source)
    assert "\n" not in str(raised.value)


def test_of_peoples_own_types_of_postgresql_a_query_has_enums_and_refuses_what_is_made_of_them(postgres: str) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as con:
        con.execute(
            "create type size as enum ('s', 'l'); create type pair as (a int, b int); create domain word as text"
        )
    through = postgres.replace("postgresql:", "postgresql+psycopg:")
    assert rows(open_source(f"{through}::select 's'::size as a, 'x'::word as b")) == [{"a": "s", "b": "x"}]
    for sql, name in (("array['s'::size]", r"size\[\]"), ("row(1, 2)::pair", "pair")):
        with pytest.raises(UnsupportedTypeError, match=f"column 'bad' has type {name}"):
            rows(open_source(f"{through}::select 1 as fine, {sql} as bad"))


@pytest.mark.parametrize("content", ["insert into x values (1)", "select nextval('s')", "select 1; select 2"])
def test_only_one_select_of_postgresql_is_read(content: str, postgres: str) -> None:
    with pytest.raises(SourceError):
        rows(open_source(f"{postgres.replace('postgresql:', 'postgresql+psycopg:')}::{content}"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    ["joe:s3cret@{host}/mysql", ":s3cret@127.0.0.1:1/x", "joe@{host}/mysql?password=s3cret", "joe:s3cret@{host}/no"],
)
def test_no_error_of_mysql_shows_a_password(place: str, mysql: str) -> None:
    host = mysql.partition("@")[2].partition("/")[0]
    address = f"mysql://{place.format(host=host)}::t"
    with pytest.raises(SourceError, match="cannot be read") as raised:
        open_source(address).schema()
    assert "s3cret" not in str(raised.value)
    assert "s3cret" not in open_source(address).address


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("postgresql+asyncpg://joe:s3cret@h/d::t", r"postgresql\+asyncpg://joe@h/d::t names a driver for asyncio"),
        ("foo://joe:s3cret@h/d::t", "foo://joe@h/d::t is of no kind of database that SQLAlchemy knows"),
        ("foo://joe:s3cret@h/d", "foo addresses cannot be read yet"),
        ("mysql://joe:s3cret@h/d", "mysql://joe@h/d is a database; add ::TABLE or ::select"),
        ("mariadb+pymysql://h/d", "is a database; add ::TABLE"),
        ("mysql://joe:s3cret@h:port/d::t", "mysql://joe@h:port/d::t cannot be read as it is written"),
        ("mysql+mysqldb://joe:s3cret@h/d::t", "needs the driver MySQLdb, which is not installed"),
    ],
)
def test_an_address_of_no_database_is_refused(address: str, why: str) -> None:
    with pytest.raises(SourceError, match=why) as raised:
        open_source(address).schema()
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "driver", "extra"),
    [
        ("mysql://h/d::t", "pymysql", "mysql"),
        ("mariadb://h/d::t", "pymysql", "mysql"),
        ("postgresql+psycopg://h/d::t", "psycopg", "postgres"),
    ],
)
def test_a_missing_driver_is_named_by_its_extra(
    address: str, driver: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(MissingExtraError, match=f"'{extra}'"):
        open_source(address).schema()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["mysql", "postgresql+psycopg"])
def test_a_server_that_does_not_answer_is_given_up(scheme: str) -> None:
    if scheme == "mysql":
        pytest.importorskip("pymysql")
    options = {"mysql": "read_timeout=1", "postgresql+psycopg": "connect_timeout=2"}[scheme]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(SourceError, match="cannot be read"):
            open_source(f"{scheme}://a@127.0.0.1:{silent.getsockname()[1]}/b?{options}::t").schema()
        assert time.monotonic() - began < 60
