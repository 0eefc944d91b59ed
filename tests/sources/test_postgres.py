"""PostgreSQL: its types, its tables and queries, what is refused, what an error says, and how much is in memory."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from source_rows import plain

from sameset.errors import SchemaError, SourceError, UnsupportedTypeError
from sameset.execution.sketching import sketch_table
from sameset.sources import Source, open_source

Run = Callable[[str], None]


@pytest.fixture
def run(postgres: str) -> Run:
    """Runs a statement in the database."""

    def execute(statement: str) -> None:
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(postgres) as con, con.cursor() as cursor:
            for each in statement.split(";"):
                cursor.execute(each)
            con.commit()

    return execute


@pytest.fixture
def query(postgres: str) -> Callable[[str], Source]:
    return lambda text: open_source(f"{postgres}::{text}")


def rows(source: Source) -> list[dict[str, Any]]:
    return [row for batch in source.batches() for row in batch.to_pylist()]


IDENTIFIER = uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")


@pytest.mark.parametrize(
    ("sql", "type_", "value"),
    [
        ("5::smallint", pa.int16(), 5),
        ("4000000000::oid", pa.int64(), 4_000_000_000),
        ("1.5::real", pa.float32(), 1.5),
        ("'-Infinity'::float8", pa.float64(), float("-inf")),
        ("5.10::numeric(10, 2)", pa.decimal128(10, 2), Decimal("5.10")),
        ("1234567890123456789.5::numeric", pa.decimal128(38, 1), Decimal("1234567890123456789.5")),
        ("(10::numeric ^ 50)::numeric(60, 0)", pa.decimal256(60, 0), Decimal(10) ** 50),
        ("'Infinity'::numeric", pa.float64(), float("inf")),
        ("true", pa.bool_(), True),
        ("'ab'::char(4)", pa.string(), "ab  "),
        ("'ab'::name", pa.string(), "ab"),
        ("'{\"a\": 1}'::json", pa.string(), '{"a": 1}'),
        ("'{\"a\":1}'::jsonb", pa.string(), '{"a": 1}'),
        ("'<a/>'::xml", pa.string(), "<a/>"),
        (r"'\x0001ff'::bytea", pa.binary(), b"\0\1\xff"),
        (f"'{IDENTIFIER}'::uuid", pa.binary(16), IDENTIFIER.bytes),
        ("'2024-02-29'::date", pa.date32(), dt.date(2024, 2, 29)),
        ("'10:00:00.000001'::time", pa.time64("us"), dt.time(10, 0, 0, 1)),
        ("'2024-02-29 10:00'::timestamp", pa.timestamp("us"), dt.datetime(2024, 2, 29, 10)),
        ("'2024-02-29 10:00+02'::timestamptz", pa.timestamp("us", "UTC"), dt.datetime(2024, 2, 29, 8, tzinfo=dt.UTC)),
        ("'{1,null}'::int[]", pa.list_(pa.int32()), [1, None]),
        ("'{1.5,20}'::numeric[]", pa.list_(pa.decimal128(38, 1)), [Decimal("1.5"), Decimal("20.0")]),
        (f"array['{IDENTIFIER}'::uuid]", pa.list_(pa.binary(16)), [IDENTIFIER.bytes]),
        ("'{}'::text[]", pa.list_(pa.string()), []),
    ],
)
def test_a_value_arrives_in_its_type(query: Any, sql: str, type_: pa.DataType, value: object) -> None:
    source = query(f"select {sql} as a")
    assert source.schema() == pa.schema([("a", type_)])
    assert rows(source) == [{"a": value}]
    assert rows(query(f"select {sql} as a where false union all select null")) == [{"a": None}]
    sketch_table(source)


def test_enums_are_their_texts(run: Run, query: Any) -> None:
    run("create type mood as enum ('sad', 'glad')")
    source = query("select 'glad'::mood as a, '{sad,glad}'::mood[] as b")
    assert rows(source) == [{"a": "glad", "b": ["sad", "glad"]}]


@pytest.mark.parametrize("value", ["5", "5.00", "0.1", "1e15", "123456789012345678.25", "-0"])
def test_equal_numbers_are_equal_whatever_their_type(query: Any, value: str) -> None:
    digests = {
        sketch_table(query(f"select {value}::{type_} as a")).text_digest for type_ in ("numeric", "numeric(60, 20)")
    }
    assert digests == {sketch_table(pa.table({"a": [Decimal(value)]})).text_digest}


def test_nan_is_kept_where_a_double_keeps_the_other_numbers(query: Any) -> None:
    source = query("select 'NaN'::numeric(9, 2) as a union all select 1.25")
    assert sorted(str(plain(row["a"])) for row in rows(source)) == ["1.25", "NaN"]
    with pytest.raises(SourceError, match="too many digits in 'a'"):
        query("select 'NaN'::numeric as a union all select 1.234567890123456789").schema()


@pytest.mark.parametrize(
    "sql",
    [
        "'infinity'::date",
        "'-infinity'::timestamp",
        "'infinity'::timestamptz",
        "array['-infinity'::date]",
        "'294276-12-31'::timestamp",
    ],
)
def test_an_infinite_time_is_an_error(query: Any, sql: str) -> None:
    with pytest.raises(SourceError, match="infinite date or time in 'a'"):
        rows(query(f"select {sql} as a"))


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("5::money", "money"),
        ("'10:00+02'::timetz", "timetz"),
        ("B'101'", "bit"),
        ("'127.0.0.1'::inet", "inet"),
        ("'[1,3)'::int4range", "int4range"),
    ],
)
def test_types_without_a_canonical_form_are_refused_by_name(query: Any, sql: str, name: str) -> None:
    source = query(f"select 1 as fine, {sql} as bad")
    assert [batch.to_pylist() for batch in source.batches(["fine"])] == [[{"fine": 1}]]
    with pytest.raises(UnsupportedTypeError, match=f"'bad' has type {name}"):
        source.batches()


def test_arrays_of_several_dimensions_are_refused(query: Any) -> None:
    with pytest.raises(SourceError, match="several dimensions in 'a'"):
        query("select array[[1, 2], [3, 4]] as a").schema()


def test_a_table_is_named_as_postgresql_names_it(run: Run, query: Any) -> None:
    run('create schema "S x"; create table "S x"."T.1" (a int); insert into "S x"."T.1" values (7)')
    run("create table named (a int); create view seen as select 8 as a")
    assert rows(query('"S x"."T.1"')) == [{"a": 7}]
    assert rows(query("NAMED")) == rows(query("public.named")) == []
    assert rows(query("seen")) == [{"a": 8}]
    for missing, near in (("namedd", "named"), ('"NAMED"', "named"), ("t.1", "T.1")):  # the likest come first
        with pytest.raises(SourceError, match=rf"there is no table .* it has .*{near}"):
            query(missing).schema()


@pytest.mark.parametrize(
    "text",
    [
        "select 1 as a; select 2",
        "select nope",
        "insert into victims values (2)",
        "with x as (delete from victims returning a) select * from x",
        "select 1) as x; drop table victims; --",
        "",
        "drop table victims",
        "select nextval('counter')",
    ],
)
def test_only_one_select_is_read_and_nothing_is_changed(run: Run, query: Any, text: str) -> None:
    run("drop table if exists victims; create table victims as select 1 as a; create sequence if not exists counter")
    with pytest.raises(SourceError) as raised:
        rows(query(text))
    assert "\n" not in str(raised.value)
    assert rows(query("victims")) == [{"a": 1}]


def test_two_columns_of_one_name_are_refused(query: Any) -> None:
    with pytest.raises(SchemaError, match="two columns named 'a'"):
        query("select 1 as a, 2 as a").schema()


@pytest.mark.parametrize("user", ["joe:s3cret@", ":s3cret@"])
def test_no_error_shows_a_password(postgres: str, user: str) -> None:
    host = postgres.partition("@")[2].partition("/")[0]
    for address in (
        f"postgresql://{user}{host}/nowhere::t",
        f"postgresql://{user}127.0.0.1:1/x::t",
        f"postgresql://{user}{host}/postgres?password=s3cret&nope=1::t",
    ):
        with pytest.raises(SourceError, match="cannot be read") as raised:
            open_source(address).schema()
        assert "s3cret" not in str(raised.value)
        assert "s3cret" not in open_source(address).address


def test_a_server_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(SourceError, match="cannot be read"):
            open_source(f"postgresql://a@127.0.0.1:{silent.getsockname()[1]}/b?connect_timeout=2::t").schema()
        assert time.monotonic() - began < 60


def test_rows_in_order_need_an_order_by(query: Any) -> None:
    ordered = query("select x from generate_series(1, 9) as t(x) order by x desc")
    assert [v for batch in ordered.ordered_batches() for v in batch.column(0).to_pylist()] == list(range(9, 0, -1))
    with pytest.raises(SourceError, match="ORDER BY"):
        query("select 1 as x").ordered_batches()
    with pytest.raises(SourceError, match="ORDER BY"):
        query("select x, sum(x) over (order by x) as s from generate_series(1, 9) as t(x)").ordered_batches()
    wide = query("select x, x % 2 as y, '101'::bit(3) as bits from generate_series(1, 9) as t(x) order by y, x desc")
    found = [v for batch in wide.ordered_batches(["x"], "x > 2") for v in batch.column(0).to_pylist()]
    assert found == [8, 6, 4, 9, 7, 5, 3]


def test_closing_early_frees_the_connection(query: Any, run: Run) -> None:
    source = query("select x from generate_series(1, 10000000) as t(x)")
    batches = source.batches()
    assert next(batches).num_rows > 0
    batches.close()
    held = query("select 1 as a from pg_stat_activity where application_name = 'sameset' and pid <> pg_backend_pid()")
    deadline = time.monotonic() + 30
    while rows(held) and time.monotonic() < deadline:
        threading.Event().wait(0.05)  # the server notices a moment later
    assert rows(held) == []
