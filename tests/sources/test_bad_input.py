"""What cannot be read as it stands is refused with one sentence that says what, where and what to do."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from refusals import read, refusal
from rights import without_rights
from source_rows import multiset

from sameset.errors import SchemaError, SourceError, UnsupportedTypeError
from sameset.sources import open_source, without_password

TABLE = pa.table({"a": list(range(1_000)), "b": ["x"] * 1_000})


@pytest.mark.parametrize(
    "name", ["x.parquet", "x.csv", "x.tsv.gz", "x.jsonl", "x.arrow", "x.duckdb::t", "x", "no*.parquet"]
)
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    text = refusal(str(tmp_path / name))
    assert str(tmp_path) in text
    assert "does not exist" in text or "has no Parquet, CSV" in text


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.csv.gz", "x.jsonl", "x.json.zst", "x.arrow", "x.duckdb::t"])
def test_an_empty_file_is_no_table(name: str, tmp_path: Path) -> None:
    (tmp_path / name.partition("::")[0]).touch()
    assert "is empty (0 bytes)" in refusal(str(tmp_path / name))


@pytest.mark.parametrize(
    "name", ["x.parquet", "x.csv.gz", "x.csv.zst", "x.jsonl", "x.json.gz", "x.arrow", "x.duckdb::t"]
)
def test_garbage_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name.partition("::")[0]).write_bytes(b"\x07garbage\xff\xfe" * 500)
    assert str(tmp_path) in refusal(str(tmp_path / name))


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.jsonl.gz", "x.duckdb::t", "x.sqlite::t", "x.tar"])
def test_a_pipe_is_refused_and_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name.partition("::")[0])
    assert "is a pipe or a device" in refusal(str(tmp_path / name))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,2\n3,4,5\n", "line 3 has 3 cells, but the header has 2"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, but the header has 2"),
        ("a,b\n1,2,3\n4,5,6\n", "line 2 has 3 cells, but the header has 2"),
        ('a,b\n1,2\n3,"x\n5,6\n', "line 3 has a quote that is not closed"),
        ('a,b\n1,2\n3,"x"y\n', "line 3 has a quote that is not closed"),
        ("a,b\r\n1,2\n3,4\r\n", "line ends are of several kinds"),
        ("a,b\n1,x\udcff\n", "not UTF-8"),
        ("\udcff,b\n1,x\n", "not UTF-8 in line 1"),
        ("some title\na,b\n1,2\n", "line 2 has 2 cells, but the header has 1"),
        ("# remark\na,b\n1,2\n", "line 2 has 2 cells"),
        ("1,2\n3,4\n", "seems to have no header"),
        ("1,2\n", "seems to have no header"),
        ("2024-01-01,x\n2024-01-02,y\n", "seems to have no header"),
        ("id;price, net\n1;5,00\n2;7,50\n", "can be read as separated by ',' and by ';'"),
        ("a,b;c\n", "can be read as separated by ',' and by ';'"),
        ("a,b,a\n1,2,3\n", "two columns named 'a'"),
        ('"a,b\n1,2\n', "no valid header in line 1"),
        ("\n\n", "no header line"),
        ("\na,b\n1,2\n", "an empty line 1"),
    ],
)
def test_a_broken_csv_names_the_line(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    told = refusal(path)
    assert why in told
    assert str(path) in told


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("codec", ["gzip", "zstd", "bz2", "xz", "zip"])
def test_what_is_packed_under_a_plain_name_is_told_as_that(codec: str, ending: str, tmp_path: Path) -> None:
    packed = {
        "gzip": lambda: gzip.compress(b"a\n1\n"),
        "zstd": lambda: pa.compress(b"a\n1\n", "zstd", asbytes=True),
        "bz2": lambda: bz2.compress(b"a\n1\n"),
        "xz": lambda: lzma.compress(b"a\n1\n"),
        "zip": lambda: b"PK\x03\x04" + bytes(26) + b"a\n1\n",
    }[codec]()
    path = tmp_path / f"x.{ending}"
    path.write_bytes(packed)
    assert refusal(path).startswith(f"{path} is {'a zip archive' if codec == 'zip' else 'compressed with'}")


@pytest.mark.parametrize("cells", ["9", "9,9,9", '9,"9'])
def test_a_broken_line_deep_in_a_csv_is_found(cells: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + "1,2\n" * 300_000 + cells + "\n" + "1,2\n" * 10)
    assert "line 300002" in refusal(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1}\n\n{"a":\n{"a": 2}\n', "line 3"),
        ('{"a": 1}\n{"a": 2} {"a": 3}\n', "line 2"),
        ('{"a": 1}\n[1]\n', "no JSON object"),
        ('[{"a": 1}]\n', "no JSON object"),
        ("5\n", "no JSON object"),
        ('{"a": 1, "a": 2}\n', "key 'a' twice"),
        ('{"a": 1}\n{"a": "x"}\n', "both text and number in 'a'"),
        ('{"a": true}\n{"a": 1}\n', "both boolean and number in 'a'"),
        ("{}\n{}\n", "no columns"),
        ("\n\n", "no columns"),
        ('{"a": 1e999}\n', "numbers in 'a' that no number type holds"),
        ('{"a": 0.123456789012345678901}\n', "21 digits"),
        ('{"a": "\udcff"}\n', "line 1 is not UTF-8"),
    ],
)
def test_broken_json_lines_are_named(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    told = refusal(path)
    assert why in told
    assert str(path) in told


def repeated_names() -> pa.Table:
    return pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["k", "v", "k"])


@pytest.mark.parametrize("kind", ["parquet", "arrow", "memory", "csv", "jsonl", "duckdb"])
def test_two_columns_of_one_name_are_refused_in_every_format(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{kind}"
    place: object = path
    if kind == "parquet":
        pq.write_table(repeated_names(), path)
    elif kind == "arrow":
        with pa.ipc.new_file(str(path), repeated_names().schema) as writer:
            writer.write_table(repeated_names())
    elif kind == "memory":
        place = repeated_names()
    elif kind == "duckdb":
        duckdb.connect(str(path)).close()
        place = f"{path}::select 1 as k, 2 as v, 3 as k"
    else:
        path.write_text("k,v,k\n1,2,3\n" if kind == "csv" else '{"k": 1, "v": 2, "k": 3}\n')
    assert "'k'" in refusal(place, SchemaError)


def test_parts_of_unequal_schema_list_their_differences(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "b": ["x"], "c": [1.5]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": ["1"], "b": ["x"], "d": [1.5]}), tmp_path / "2.parquet")
    told = refusal(tmp_path, SchemaError)
    for difference in ("'a' as string, not int64", "lacks 'c'", "has 'd' besides", "--union-by-name"):
        assert difference in told
    assert "'b'" not in told


def test_parts_that_differ_only_in_order_and_storage_are_one_table(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "b": ["x"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b": pa.array(["y"]).dictionary_encode(), "a": [2]}), tmp_path / "2.parquet")
    rows = [row for batch in open_source(tmp_path).batches() for row in batch.to_pylist()]
    assert sorted(rows, key=str) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_a_folder_without_files_of_a_known_kind_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    assert "has no Parquet, CSV" in refusal(tmp_path)
    assert "has no Parquet, CSV" in refusal(str(tmp_path / "*.parquet"))


def test_an_unknown_kind_lists_what_is_understood(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_text("hello")
    told = refusal(tmp_path / "x.xlsx")
    assert ".parquet" in told
    assert ".csv" in told
    assert "file.duckdb::table" in told


@pytest.mark.parametrize("thing", [None, 5, object(), [1, 2], {"a": 1}, b"x.csv", ""])
def test_what_is_no_table_is_refused(thing: object) -> None:
    refusal(thing)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE orders AS SELECT 1 AS a; CREATE SCHEMA s; CREATE TABLE s.parts AS SELECT 2 AS b")
    return path


def test_a_missing_table_says_which_there_are(database: Path) -> None:
    told = refusal(f"{database}::order")
    assert "orders" in told
    assert "s.parts" in told


def test_a_duckdb_table_is_known_by_its_very_name_before_one_that_is_written_alike(database: Path) -> None:
    with duckdb.connect(str(database)) as con:
        con.execute('CREATE TABLE "s.parts" AS SELECT 3 AS c; CREATE TABLE "q""x" AS SELECT 4 AS d')
    for name, column in (("s.parts", "b"), ('"s.parts"', "c"), ('"q""x"', "d"), ('q"x', "d"), ('S."Parts"', "b")):
        assert open_source(f"{database}::{name}").schema().names == [column]


@pytest.mark.parametrize(
    "query",
    [
        "select nope from orders",
        "select",
        "select 1; select 2",
        "select 1; drop table orders",
        "with x as (select 1) insert into orders select * from x",
        "from nowhere",
        "select error('no')",
        "select * from (select error('no')) where 'a?' = 'a?'",  # looks like a pattern of files, and is no damaged one
        "",
    ],
)
def test_only_a_single_select_that_works_is_read(query: str, database: Path) -> None:
    told = refusal(f"{database}::{query}")
    assert str(database) in told
    assert "damaged" not in told
    with duckdb.connect(str(database)) as con:
        assert con.sql("FROM orders").fetchall() == [(1,)]


def test_a_query_does_not_see_variables_of_the_program(database: Path) -> None:
    names = TABLE  # noqa: F841 - DuckDB would find it by its name
    refusal(f"{database}::from names")


def test_a_database_without_a_table_says_how_to_name_one(database: Path) -> None:
    assert f"{database}::TABLE" in refusal(database)


def test_a_locked_database_is_refused(database: Path) -> None:
    code = f"import duckdb, sys; c = duckdb.connect({str(database)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert "lock" in refusal(f"{database}::orders").lower()
        holder.stdin.close()
        holder.wait()
    assert read(f"{database}::orders") == 1


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.jsonl", "x.duckdb::t"])
def test_a_file_that_may_not_be_read_says_so(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder) / name.partition("::")[0]
        path.write_text("a\n1\n")
        path.chmod(0)
        refusal(f"{folder}/missing{name[1:]}")  # loads what opening needs, while it may be read
        with without_rights():
            told = refusal(f"{folder}/{name}")
        assert "cannot be read: Permission denied" in told


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://joe:s3cret@host:5432/db?sslmode=x::t", "postgresql://joe@host:5432/db?sslmode=x::t"),
        ("postgresql://host/db?user=joe&password=s3cret", "postgresql://host/db?user=joe&password=***"),
        (
            "postgresql://joe:s3cret@[::1]:x/db::select 1 where key=5",
            "postgresql://joe@[::1]:x/db::select 1 where key=5",
        ),
        ("postgresql://joe:s3c@ret@localhost:x/db::t", "postgresql://joe@localhost:x/db::t"),
        ("postgresql:///db?password=s3cret&nope=1::t", "postgresql:///db?password=***&nope=1::t"),
        ("s3://key:s3cret@bucket/a.parquet", "s3://key@bucket/a.parquet"),
        ("mysql://joe:s3c@ret@host/db", "mysql://joe@host/db"),
        ("https://host/a.csv?token=s3cret#sig=s3cret", "https://host/a.csv?token=***"),
        ("postgresql://joe:s3cret@[host/db", "postgresql://joe@[host/db"),
        ("/data/a:b@c.parquet", "/data/a:b@c.parquet"),
    ],
)
def test_passwords_are_never_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown
    if "://" in address:
        told = refusal(address)
        assert "s3c" not in told


UNREADABLE = {
    "TIME WITH TIME ZONE": "TIMETZ '10:00:00+02'",
    "BIT": "'0101'::BIT",
    "BIGNUM": "'123456789012345678901234567890123456789012345'::BIGNUM",
    "TIME WITH TIME ZONE[]": "[TIMETZ '10:00:00+02']",
    "STRUCT(u UUID)": "{'u': uuid()}",
}


@pytest.mark.parametrize("type_name", UNREADABLE)
def test_a_type_that_would_arrive_changed_is_refused_by_name(type_name: str, database: Path) -> None:
    source = open_source(f"{database}::select 1 as fine, {UNREADABLE[type_name]} as bad")
    assert [batch.to_pylist() for batch in source.batches(["fine"])] == [[{"fine": 1}]]
    with pytest.raises(UnsupportedTypeError, match="'bad'") as raised:
        source.batches()
    assert raised.value.type_name == type_name


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"bad": pa.array([10**50], pa.decimal256(60, 0))}),
        pa.table({"bad": pa.array([[5]], pa.list_(pa.duration("s")))}),
    ],
)
def test_wide_decimals_and_nested_durations_are_refused_in_parquet(table: pa.Table, tmp_path: Path) -> None:
    pq.write_table(table, tmp_path / "x.parquet")
    assert "'bad'" in refusal(tmp_path / "x.parquet", UnsupportedTypeError)
    assert multiset(open_source(table).batches()) == multiset(table.to_batches())


def test_an_unsigned_number_of_39_digits_is_an_error_and_never_negative(database: Path) -> None:
    source = open_source(f"{database}::select (2::uhugeint ** 100)::uhugeint as u")
    assert [int(row["u"]) for batch in source.batches() for row in batch.to_pylist()] == [2**100]
    assert "340282366920938463463374607431768211455" in refusal(f"{database}::select {2**128 - 1}::uhugeint as u")


def test_a_stream_can_be_read_only_once() -> None:
    source = open_source(pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches()))
    assert source.schema().names == ["a", "b"]
    assert sum(batch.num_rows for batch in source.batches()) == 1_000
    with pytest.raises(SourceError, match="was read before"):
        list(source.batches())
