"""SQLite: what declared types mean, values that do not fit them, how a table is named, and what is refused."""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refusal
from source_rows import multiset

from sameset.errors import SchemaError, SourceError
from sameset.execution.sketching import sketch_table
from sameset.sources import Source, open_source

Make = Callable[..., str]
INSTANT = pa.timestamp("us", "UTC")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "x.sqlite")


@pytest.fixture
def make(path: str) -> Make:
    """`make(script, statement, rows)`: the path of a file in which both were run."""

    def made(script: str, statement: str = "", rows: Any = ()) -> str:
        with closing(sqlite3.connect(path)) as con, con:
            con.executescript(script)
            if statement:
                con.executemany(statement, rows)
        return path

    return made


def at(path: str, content: str) -> str:
    return f"{path}::{content}"


def rows(source: Source) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for batch in source.batches() for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("declared", "stored", "type_", "value"),
    [
        ("INTEGER", -(2**63), pa.int64(), -(2**63)),
        ("unsigned big int", 5, pa.int64(), 5),
        ("TinyInt(1)", 5, pa.int64(), 5),
        ("INT8", "5", pa.int64(), 5),  # SQLite itself makes it a number
        ("REAL", 5, pa.float64(), 5.0),
        ("DOUBLE  PRECISION", 0.1, pa.float64(), 0.1),
        ("FLOAT(24)", 9e999, pa.float64(), float("inf")),
        ("DECIMAL(10, 2)", "1.50", pa.float64(), 1.5),
        ("DECIMAL(10,2)", 7, pa.float64(), 7.0),
        ("NUMERIC(20)", 2**60, pa.int64(), 2**60),
        ("numeric", 0.5, pa.float64(), 0.5),
        ("BOOLEAN", 1, pa.bool_(), True),
        ("VARCHAR(5)", "longer than five", pa.large_string(), "longer than five"),
        ("NATIVE CHARACTER(70)", "007", pa.large_string(), "007"),
        ("JSON", '{"a": 1}', pa.large_string(), '{"a": 1}'),
        ("TEXT", "nul\0in it, ünï", pa.large_string(), "nul\0in it, ünï"),
        ("BLOB", b"\0\xff", pa.large_binary(), b"\0\xff"),
        ("UUID", bytes(range(16)), pa.binary(16), bytes(range(16))),
        ("GUID", "00010203-0405-0607-0809-0A0B0C0D0E0F", pa.binary(16), bytes(range(16))),
        ("DATE", "2024-02-29", pa.date32(), dt.date(2024, 2, 29)),
        ("TIME", "10:30", pa.time64("us"), dt.time(10, 30)),
        ("TIME(6)", "10:30:00.000001", pa.time64("us"), dt.time(10, 30, 0, 1)),
        ("DATETIME", "2024-02-29T10:30:00.5", pa.timestamp("us"), dt.datetime(2024, 2, 29, 10, 30, 0, 500_000)),
        ("TIMESTAMP(6)", "2024-02-29", pa.timestamp("us"), dt.datetime(2024, 2, 29)),
        ("timestamp with time zone", "2024-02-29 10:00+02:00", INSTANT, dt.datetime(2024, 2, 29, 8, tzinfo=dt.UTC)),
        ("TIMESTAMPTZ", "2024-02-29 10:00:00Z", INSTANT, dt.datetime(2024, 2, 29, 10, tzinfo=dt.UTC)),
        ("", "x", pa.large_string(), "x"),
        ("ANY", 0.5, pa.float64(), 0.5),
        ("GEOMETRY", b"\1", pa.large_binary(), b"\1"),
    ],
)
def test_a_value_arrives_in_its_declared_type(
    declared: str, stored: Any, type_: pa.DataType, value: Any, make: Make
) -> None:
    source = open_source(
        at(make(f"CREATE TABLE t (a {declared})", "INSERT INTO t VALUES (?)", [(stored,), (None,)]), "t")
    )
    assert source.schema() == pa.schema([("a", type_)])
    assert rows(source) == [(value,), (None,)]
    sketch_table(source)


COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "BIGINT": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "DOUBLE": (pa.float64(), st.floats(allow_nan=False)),
    "DECIMAL(15, 2)": (pa.decimal128(15, 2), st.decimals(-(10**12), 10**12, places=2)),
    "BOOLEAN": (pa.bool_(), st.booleans()),
    "TEXT": (pa.string(), st.text(st.characters(codec="utf-8"))),
    "BLOB": (pa.binary(), st.binary()),
    "DATE": (pa.date32(), st.dates()),
    "TIME": (pa.time64("us"), st.times()),
    "TIMESTAMP": (pa.timestamp("us"), st.datetimes()),
    "": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
}


@pytest.mark.slow
@given(st.data())
def test_a_table_has_the_digest_of_the_same_values_elsewhere(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    values = [data.draw(st.lists(st.none() | COLUMNS[kind][1], min_size=3, max_size=3)) for kind in kinds]
    names = [f"c{i}" for i in range(len(kinds))]
    arrays = [pa.array(column, COLUMNS[kind][0]) for column, kind in zip(values, kinds, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        with closing(sqlite3.connect(f"{folder}/x.db")) as con, con:
            declared = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
            con.execute(f"CREATE TABLE t ({declared})")
            stored = [[_cell(value) for value in column] for column in values]
            con.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(kinds))})", zip(*stored, strict=True))  # noqa: S608
        found = {sketch_table(open_source(f"{folder}/x.db::{c}")).text_digest for c in ("t", "select * from t")}
    assert found == {sketch_table(pa.table(arrays, names=names)).text_digest}


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | bytes) else str(value)


@pytest.mark.parametrize(
    ("declared", "stored", "shown"),
    [
        ("INTEGER", "n/a", "the text 'n/a'"),
        ("INTEGER", 2.5, "the float 2.5"),
        ("BIGINT", str(2**63), "the float 9.22"),
        ("REAL", "1,5", "the text '1,5'"),
        ("DECIMAL(10, 2)", "12 EUR", "the text '12 EUR'"),
        ("DECIMAL(10, 2)", 2**53 + 1, "the integer 9007199254740993"),
        ("NUMERIC", "x", "the text 'x'"),
        ("BOOLEAN", 2, "the integer 2"),
        ("BOOLEAN", "true", "the text 'true'"),
        ("TEXT", b"x", "1 byte"),
        ("STRING", "007", "the integer 7"),  # SQLite makes it a number: no word of its for text
        ("BLOB", "x", "the text 'x'"),
        ("UUID", "xyz", "the text 'xyz'"),
        ("DATE", "29.02.2024", "the text '29.02.2024'"),
        ("DATE", 1_709_200_000, "the integer 1709200000"),
        ("DATE", 2_460_369.5, "the float 2460369.5"),
        ("TIME", "25:00", "the text '25:00'"),
        ("DATETIME", "2024-02-29 10:00:00+01:00", "the text '2024-02-29 10:00:00+01:00'"),
        ("DATETIME", "2024-02-29 10:00:00.1234567", "the text '2024-02-29 10:00:00.1234567'"),
        ("TIMESTAMPTZ", "2024-02-29 10:00:00", "the text '2024-02-29 10:00:00'"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_row(declared: str, stored: Any, shown: str, make: Make) -> None:
    path = make(
        f"CREATE VIEW v AS SELECT a FROM t; CREATE TABLE t (b INT, a {declared})",  # noqa: S608
        "INSERT INTO t (rowid, a) VALUES (?, ?)",
        [*((row, None) for row in range(1, 5_000)), (7_777, stored)],
    )
    told = refusal(f"{path}::t")
    assert f"declares 'a' as {declared}, but the row of rowid 7777 has {shown}" in told
    assert "cast the column to text in a query" in told
    for content in ("v", "select a from t order by b", "select a, b from t"):
        assert f"row 5000 has {shown}" in refusal(f"{path}::{content}")
    with pytest.raises(SourceError, match="row of rowid 7777 has"):
        open_source(f"{path}::t").aggregate("count(a)")
    assert len(rows(open_source(at(path, "select CAST(a AS TEXT) AS a FROM t")))) == 5_000
    if declared != "NUMERIC":  # what it holds only its values tell
        assert sum(batch.num_rows for batch in open_source(f"{path}::t").batches(["b"])) == 5_000


def test_a_column_without_a_type_has_that_of_all_its_values(make: Make) -> None:
    path = make(
        "CREATE TABLE t (whole, mixed, broken, empty)",
        "INSERT INTO t VALUES (?, ?, ?, NULL)",
        [*((n, n, n) for n in range(4_999)), (2**40, 0.5, "x")],
    )
    source = open_source(at(path, "select whole, mixed, empty, whole + 1 AS more, upper(broken) AS text FROM t"))
    assert source.schema().types == [pa.int64(), pa.float64(), pa.null(), pa.int64(), pa.large_string()]
    assert len(rows(source)) == 5_000
    assert "the integer 0 (row 1) and the text 'x' (row 5000) in 'broken'" in refusal(f"{path}::t")
    assert "neither a double nor a decimal" in refusal(at(path, "select 9007199254740993 AS a UNION ALL SELECT 0.5"))


def test_a_table_without_row_numbers_and_a_column_of_their_name(make: Make) -> None:
    path = make(
        "CREATE TABLE a (k TEXT PRIMARY KEY, n INT) WITHOUT ROWID; INSERT INTO a VALUES ('x', 'y');"
        "CREATE TABLE b (rowid TEXT, n INT); INSERT INTO b VALUES ('r', 'y'); CREATE TABLE c (n INT) STRICT"
    )
    assert "row 1 has the text 'y'" in refusal(f"{path}::a")
    assert "has the text 'y'" in refusal(f"{path}::b")
    assert rows(open_source(f"{path}::c")) == []


NAMED = 'CREATE TABLE "Order 5" (a INT); INSERT INTO "Order 5" VALUES (7); CREATE VIEW Seen AS SELECT a FROM "Order 5"'


@pytest.mark.parametrize(
    "content", ["Order 5", "order 5", '"ORDER 5"', "[Order 5]", "main.`Order 5`", "seen", " SEEN ; "]
)
def test_a_table_or_view_is_named_in_any_case(content: str, make: Make) -> None:
    assert rows(open_source(f"{make(NAMED)}::{content}")) == [(7,)]


@pytest.mark.parametrize("ending", ["sqlite", "sqlite3", "SQLITE", "db", "db3", "s3db", "duckdb"])
def test_content_tells_an_sqlite_file_whatever_its_ending(ending: str, make: Make, tmp_path: Path) -> None:
    path = Path(make(NAMED)).rename(tmp_path / f"we?rd #%20.{ending}")
    assert rows(open_source(f"{path}::seen")) == [(7,)]
    if ending != "duckdb":
        assert "name its table as" in refusal(str(path))


def test_an_address_may_be_a_url(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(make(NAMED))
    monkeypatch.chdir(path.parent)
    for url in (f"sqlite:///{path}", "sqlite:///x.sqlite", "SQLITE:///x.sqlite", "sqlite+pysqlite:///x.sqlite"):
        source = open_source(f"{url}::seen")
        assert rows(source) == [(7,)]
        assert source.address == f"{url}::seen".replace("SQLITE", "sqlite")
    assert "add ::TABLE" in refusal("sqlite:///x.sqlite")
    assert "no.sqlite does not exist" in refusal("sqlite:///no.sqlite::t")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("nope", "has no table 'nope'; it has "),
        ("temp.seen", "has no table"),
        ("", "has no table"),
        ("select nope", "no such column: nope"),
        ("select 1 as a, 2 as a", "two columns named 'a'"),
        ("select 1 as a; select 2", "syntax error"),
        ('select 1) as x; drop table "Order 5"; --', "only execute one statement"),
        ('with x as (select 1) delete from "Order 5"', "syntax error"),
        ("select ?", "number of bindings"),
        ("attach 'y.db' as y", "has no table"),
    ],
)
def test_only_one_select_is_read_and_nothing_is_changed(content: str, why: str, make: Make) -> None:
    path = Path(make(NAMED))
    before = path.read_bytes()
    assert why in refusal(f"{path}::{content}")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_query_keeps_its_names_and_its_order(make: Make) -> None:
    path = make("CREATE TABLE t (a INT, b TEXT)", "INSERT INTO t VALUES (?, ?)", [(n, str(n)) for n in range(5_000)])
    source = open_source(at(path, 'select a, b AS A, a AS "", b AS [x"y] FROM t ORDER BY t.a DESC -- all of them'))
    assert source.schema().names == ["a", "A", "", 'x"y']
    assert [v for batch in source.ordered_batches() for v in batch.column(0).to_pylist()] == list(range(4_999, -1, -1))
    assert [v for batch in source.batches(["A"]) for v in batch.column(0).to_pylist()] == [
        str(n) for n in range(4_999, -1, -1)
    ]
    for unordered in ("t", "select a from t"):
        with pytest.raises(SourceError, match="give a select with ORDER BY"):
            open_source(f"{path}::{unordered}").ordered_batches()
    assert rows(open_source(at(path, "VALUES (1, 'x'), (2, 'y')"))) == [(1, "x"), (2, "y")]
    with pytest.raises(SchemaError, match="two columns named 'A'"):
        open_source(at(path, "select a AS A, b AS A FROM t")).schema()


def test_a_choice_of_a_query_keeps_its_order(make: Make) -> None:
    path = make("CREATE TABLE t (a INT, b TEXT)", "INSERT INTO t VALUES (?, ?)", [(n, str(n)) for n in range(5_000)])
    source = open_source(at(path, "select a, b, a % 2 as c from t order by c, a desc"))
    ordered = sorted(range(5_000), key=lambda n: (n % 2, -n))
    batches = list(source.ordered_batches(["c", "b"], rows=1_000))
    assert max(batch.num_rows for batch in batches) <= 1_000
    assert [tuple(row.values()) for batch in batches for row in batch.to_pylist()] == [(n % 2, str(n)) for n in ordered]
    few = [v for batch in source.ordered_batches(["b"], "a % 3 = 0") for v in batch.column(0).to_pylist()]
    assert few == [str(n) for n in ordered if n % 3 == 0]
    assert sum(batch.num_rows for batch in source.ordered_batches([])) == 5_000


def test_text_that_is_not_utf8_is_refused(make: Make) -> None:
    path = make("CREATE TABLE t (a TEXT); INSERT INTO t VALUES (CAST(x'41ff' AS TEXT))")
    for content in ("t", "select a from t"):
        assert "column 'a' has text that is not UTF-8; cast it to BLOB in a query" in refusal(f"{path}::{content}")
    assert rows(open_source(at(path, "select CAST(a AS BLOB) AS a FROM t"))) == [(b"A\xff",)]


def test_a_file_that_is_none_or_broken_is_refused(make: Make, tmp_path: Path) -> None:
    assert "does not exist" in refusal(f"{tmp_path}/no.sqlite::t")
    (tmp_path / "empty.sqlite").touch()
    assert "is empty (0 bytes)" in refusal(f"{tmp_path}/empty.sqlite::t")
    (tmp_path / "text.sqlite").write_text("no database\n" * 500)
    assert "file is not a database; restore it from a backup, or copy" in refusal(f"{tmp_path}/text.sqlite::t")
    (tmp_path / "folder.sqlite").mkdir()
    assert "is a folder" in refusal(f"{tmp_path}/folder.sqlite::t")
    assert "files on disk only" in refusal("s3://bucket/x.sqlite::t")
    path = Path(make("CREATE TABLE t (a TEXT)", "INSERT INTO t VALUES (?)", [("x" * 500,)] * 1_000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "cannot be read: database disk image is malformed; restore it" in refusal(f"{path}::t")
    path.unlink()
    make("CREATE TABLE u (a TEXT)")
    path.write_bytes(path.read_bytes().replace(b"TABLE u (a", b"TABLE u (\xff"))
    assert "cannot be read: a name in it is not UTF-8; restore it" in refusal(f"{path}::u")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 12_287), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_file_of_broken_bytes_is_an_error_or_rows(make: Make, edits: list[tuple[int, int]]) -> None:
    path = Path(make("DROP TABLE IF EXISTS t; CREATE TABLE t (a INT, b TEXT, c DATE)"))
    make("", "INSERT INTO t VALUES (?, ?, '2024-02-29')", [(n, "x" * (n % 30)) for n in range(200)])
    data = bytearray(path.read_bytes())
    for place, byte in edits:
        data[place % len(data)] = byte
    broken = path.with_name("broken.sqlite")
    broken.write_bytes(data)
    with suppress(SourceError):
        rows(open_source(f"{broken}::t"))


def test_a_locked_file_is_told_and_one_being_written_is_read(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sameset.sources.sqlite.LOCK_SECONDS", 0.1)
    path = make("PRAGMA journal_mode = WAL; CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.execute("BEGIN IMMEDIATE")
        con.execute("INSERT INTO t VALUES (8)")
        assert rows(open_source(f"{path}::t")) == [(7,)]
        con.execute("ROLLBACK")
        con.execute("PRAGMA journal_mode = DELETE")
        con.execute("BEGIN EXCLUSIVE")
        assert "database is locked; try again" in refusal(f"{path}::t")


def test_closing_early_frees_the_file(make: Make) -> None:
    path = make("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (?)", [(n,) for n in range(5_000)])
    batches = open_source(f"{path}::t").batches()
    next(batches)
    batches.close()
    with closing(sqlite3.connect(path, timeout=0)) as con, con:
        con.execute("DROP TABLE t")


def test_what_pandas_writes_is_what_is_read(path: str) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "whole": [1, 2],
            "price": [0.5, None],
            "name": ["x", None],
            "flag": [True, False],
            "moment": pd.to_datetime(["2024-02-29 10:30:00.000001", "2024-03-01 00:00:00.000000"]),
            "day": [dt.date(2024, 2, 29), None],
        }
    )
    with closing(sqlite3.connect(path)) as con:
        frame.to_sql("t", con, index=False)
    source = open_source(f"{path}::t")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # A frame in memory is written with 0 and 1 for its booleans, in a column of integers.
    table = table.set_column(3, "flag", table.column("flag").cast(pa.int64()))
    assert multiset(source.batches()) == multiset(table.to_batches())


def test_decimals_beyond_what_sqlite_keeps_are_not_those_of_other_formats(make: Make) -> None:
    wide = Decimal("12345678901234567890.25")
    path = make("CREATE TABLE t (a DECIMAL(38, 2))", "INSERT INTO t VALUES (?)", [(str(wide),)])
    assert rows(open_source(f"{path}::t")) == [(float(wide),)]
