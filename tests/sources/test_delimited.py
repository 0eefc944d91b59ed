"""CSV that is nearly CSV: a ragged line, another separator or another encoding is an error, never a guess."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest

from sameset.errors import SourceError
from sameset.sources import open_source


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as raised:
        open_source(path).schema()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def put(text: str, tmp_path: Path, name: str = "x.csv") -> Path:
    data = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return tmp_path / name


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b\n1,2,\n", 2),
        ("a,b\n1,2\n3,4,,,\n", 3),
        ("a,b\nx,y\nx,y,\n", 3),  # no column has a type that is looked for in all lines
        ("a,b\n" + "x,y\n" * 3_000 + "x,y,\nx,y\n", 3_002),  # beyond the sample
        ('a\n"x",\n', 2),
    ],
)
@pytest.mark.parametrize("schema", [None, pa.schema([("a", pa.string()), ("b", pa.string())])])
def test_empty_cells_behind_the_last_column_are_ragged_too(
    text: str, line: int, schema: pa.Schema | None, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=rf"x\.csv.* line {line} has \d+ cells, but the header has \d"):
        open_source(put(text, tmp_path), schema=schema).schema()


def test_empty_cells_within_are_missing_values(tmp_path: Path) -> None:
    source = open_source(put('a,b,\n1,,\n,"",x\n', tmp_path))
    rows = [row for batch in source.batches() for row in batch.to_pylist()]
    assert rows == [{"a": 1, "b": None, "": None}, {"a": None, "b": "", "": "x"}]


@pytest.mark.parametrize(
    ("text", "name", "sign"),
    [
        ("a:b\n1:2\n", "x.csv", ":"),
        ("a^b^c\n1^^2\n3^x y^\n", "x.csv", "^"),
        ("a b\n1 2\n", "x.csv.gz", " "),
        ("a\x01b\n1\x01x\n", "x.csv", "\x01"),
        ("a,b\n1,2\n", "x.tsv", ","),
    ],
)
def test_one_column_that_reads_as_several_is_refused(text: str, name: str, sign: str, tmp_path: Path) -> None:
    path = put(text, tmp_path, name)
    told = refusal(path)
    assert f"separated by {sign!r}" in told
    assert "--schema-from" in told
    header = text.partition("\n")[0]
    given = open_source(path, schema=pa.schema([(header, pa.string())]))
    assert given.schema().names == [header]


@pytest.mark.parametrize(
    "text", ["a\nx y\nz\n", "a b\nx y\nz w\n", "a b\nx\n", "a b\n", "name\n10:00\n", '"a:b"\n1:2\n', "a:b\n1:2\n3\n"]
)
def test_one_column_is_one(text: str, tmp_path: Path) -> None:
    assert len(open_source(put(text, tmp_path)).schema()) == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\0" * 512, "NUL bytes in line 1"),  # what a crash leaves of a file
        ("id,x\n1,2\n".encode("utf-16-le"), "NUL bytes in line 1"),
        (b"sep=;\na;b\n1;2\n", "'sep=;' in line 1, which only Excel understands"),
        (b"\xef\xbb\xbfsep=,\r\na,b\r\n", "only Excel understands"),
    ],
)
def test_what_is_no_header_is_refused(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(data)
    assert told in refusal(tmp_path / "x.csv")


def test_a_delimiter_that_the_header_leaves_open_is_told_by_the_lines_or_by_given_names(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id;price, net\n1;5\n2;7\n")
    assert open_source(path).schema().names == ["id", "price, net"]
    path.write_text("id;price, net\n1;5,00\n")
    schema = pa.schema([("id", pa.int64()), ("price, net", pa.string())])
    assert [batch.to_pylist() for batch in open_source(path, schema=schema).batches()] == [
        [{"id": 1, "price, net": "5,00"}]
    ]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_types_of_many_columns_are_found_like_those_of_few(ending: str, tmp_path: Path) -> None:
    values = {
        "int64": [5, 6, 7],
        "double": [5, 0.5, 7],
        "date32[day]": ["2024-02-29"] * 3,
        "large_string": ["x", "y", "z"],
    }
    few = [(f"c{i}{type_}", type_, cells) for i in range(50) for type_, cells in values.items()]
    path = tmp_path / f"x.{ending}"
    rows = [{name: cells[i] for name, _, cells in few} for i in range(3)]
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    text = "\n".join(lines if ending == "csv" else map(json.dumps, rows))
    path.write_text(text + "\n")
    assert {field.name: str(field.type) for field in open_source(path).schema()} == {
        name: type_ for name, type_, _ in few
    }


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ('"a", "b"', ["a", "b"]),
        ('"a" , "b,c" ', ["a", "b,c"]),
        (' a , "b""c"', [" a ", 'b"c']),
        ('"a\nb",5" pipe', ["a\nb", '5" pipe']),
        ('a, ""', ["a", ""]),
    ],
)
def test_blanks_around_the_quotes_of_a_name_are_no_part_of_it(header: str, names: list[str], tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(f"{header}\n1,2\n".encode())
    source = open_source(tmp_path / "x.csv")
    assert [batch.to_pylist() for batch in source.batches()] == [[dict(zip(names, (1, 2), strict=True))]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("within", ["\n", "\r\n", "\r"])
def test_a_line_break_within_a_name_hides_no_rows(within: str, end: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(f'"a{within}b",c{end}1,"x{within}y"{end}2,z{end}'.encode())
    if within == end:
        rows = [row for batch in open_source(path).batches() for row in batch.to_pylist()]
        assert rows == [{f"a{within}b": 1, "c": f"x{within}y"}, {f"a{within}b": 2, "c": "z"}]
    else:
        assert "has a line break within the name" in refusal(path)


def test_a_line_of_many_quotes_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('"' + '""' * 400_000 + "\n1,2\n")
    with pytest.raises(SourceError, match="no valid header in line 1"):
        open_source(tmp_path / "x.csv").schema()
