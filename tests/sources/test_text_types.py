"""CSV and JSON lines: a column gets a type only if no value changes by it, and every value comes back as written."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import json
import math
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_rows import multiset

from sameset.sources import open_source


def column(cells: list[str], tmp_path: Path) -> tuple[str, list[Any]]:
    """Type and values of a CSV column of these cells as they stand."""
    path = tmp_path / "x.csv"
    path.write_text("name,row\n" + "".join(f"{cell},{row}\n" for row, cell in enumerate(cells)), newline="")
    source = open_source(path)
    rows = [row for batch in source.batches() for row in batch.to_pylist()]
    return str(source.schema().field("name").type), [row["name"] for row in sorted(rows, key=lambda row: row["row"])]


@pytest.mark.parametrize(
    ("cells", "type_", "values"),
    [
        (["5", "-6", "0"], "int64", [5, -6, 0]),
        (["5", "", "7"], "int64", [5, None, 7]),
        (["5", '""', '"7"'], "int64", [5, None, 7]),
        (["5"] * 5_000 + ["5.5"], "double", [5.0] * 5_000 + [5.5]),
        (["5"] * 5_000 + ["x"], "large_string", ["5"] * 5_000 + ["x"]),
        ([""] * 5_000 + ["5.5"], "double", [None] * 5_000 + [5.5]),
        (["007", "1"], "large_string", ["007", "1"]),
        (["00501", "12345"], "large_string", ["00501", "12345"]),
        (["+5", "6"], "large_string", ["+5", "6"]),
        (["1_000", "2"], "large_string", ["1_000", "2"]),
        (['"1,000"', "2"], "large_string", ["1,000", "2"]),
        (["0x1F", "2"], "large_string", ["0x1F", "2"]),
        ([" 5", "6"], "large_string", [" 5", "6"]),
        (["9223372036854775807", "-9223372036854775808"], "int64", [2**63 - 1, -(2**63)]),
        (["18446744073709551615", "5"], "uint64", [2**64 - 1, 5]),
        (["18446744073709551616", "-5"], "decimal128(38, 0)", [Decimal(2**64), Decimal(-5)]),
        (["9" * 38], "decimal128(38, 0)", [Decimal("9" * 38)]),
        (["9" * 39], "large_string", ["9" * 39]),
        (["1.10", "2.5", ".5", "5."], "double", [1.1, 2.5, 0.5, 5.0]),
        (["0.1234567890123456789012", "5"], "decimal128(38, 22)", [Decimal("0.1234567890123456789012"), Decimal(5)]),
        (["12345678901234567.25", "-1"], "decimal128(38, 2)", [Decimal("12345678901234567.25"), Decimal(-1)]),
        (["0.30000000000000004", "1e-320"], "double", [0.1 + 0.2, 1e-320]),
        (["0.10000000000000001", "5"], "double", [0.1, 5.0]),
        (["1e5", "1E-5", "2.5e+3"], "double", [1e5, 1e-5, 2500.0]),
        (["1e999", "1"], "large_string", ["1e999", "1"]),
        (["1e-999", "1"], "large_string", ["1e-999", "1"]),
        (["1.5", "inf", "-Infinity"], "double", [1.5, math.inf, -math.inf]),
        (["nan", "inf"], "large_string", ["nan", "inf"]),
        (["true", "FALSE", ""], "bool", [True, False, None]),
        (["t", "f"], "large_string", ["t", "f"]),
        (["yes", "no"], "large_string", ["yes", "no"]),
        (["2024-02-29", ""], "date32[day]", [dt.date(2024, 2, 29), None]),
        (["2023-02-29"], "large_string", ["2023-02-29"]),
        (["01/02/2024"], "large_string", ["01/02/2024"]),
        (["20240101"], "int64", [20240101]),
        (["infinity"], "large_string", ["infinity"]),
        (["2024-01-01", "2024-01-01 10:00:00"], "large_string", ["2024-01-01", "2024-01-01 10:00:00"]),
        (["10:00:00", "10:00:00.500"], "time64[us]", [dt.time(10), dt.time(10, 0, 0, 500_000)]),
        (["24:00:00"], "large_string", ["24:00:00"]),
        (["2024-01-01T10:00:00"], "timestamp[us]", [dt.datetime(2024, 1, 1, 10)]),
        (["2024-01-01 10:00:00+02"], "timestamp[us, tz=UTC]", [dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC)]),
        (["2024-01-01T10:00:00Z"], "timestamp[us, tz=UTC]", [dt.datetime(2024, 1, 1, 10, tzinfo=dt.UTC)]),
        (["2024-13-01 10:00:00"], "large_string", ["2024-13-01 10:00:00"]),
        (["", ""], "large_string", [None, None]),
        (['""', ""], "large_string", ["", None]),
        (["NULL", "NA", "\\N"], "large_string", ["NULL", "NA", "\\N"]),
        (['"two\r\nlines"'], "large_string", ["two\r\nlines"]),
        (['"say ""x"""', "it's"], "large_string", ['say "x"', "it's"]),
        (["# no remark"], "large_string", ["# no remark"]),
    ],
)
def test_a_csv_column_is_typed_only_if_no_value_changes(
    cells: list[str], type_: str, values: list[Any], tmp_path: Path
) -> None:
    assert column(cells, tmp_path) == (type_, values)


@pytest.mark.parametrize(
    ("text", "type_", "nanoseconds"),
    [
        ("2024-01-01 10:00:00.123456789", "timestamp[ns]", 1_704_103_200_123_456_789),
        ("2024-01-01 10:00:00.123456789+02:00", "timestamp[ns, tz=UTC]", 1_704_096_000_123_456_789),
        ("00:00:01.123456789", "time64[ns]", 1_123_456_789),
    ],
)
def test_nanoseconds_are_kept(text: str, type_: str, nanoseconds: int, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"name\n{text}\n")
    (batch,) = open_source(tmp_path / "x.csv").batches()
    assert str(batch.schema.field(0).type) == type_
    assert batch.column(0).cast(pa.int64()).to_pylist() == [nanoseconds]


def test_an_instant_out_of_reach_of_nanoseconds_stays_text(tmp_path: Path) -> None:
    assert column(["9999-01-01 10:00:00.123456789"], tmp_path)[0] == "large_string"


@pytest.mark.parametrize("header", ["a", "a;b", "a,b", "a\tb\tc", "a|b", '"a,x";b', '"a\nb",c', ",a,b"])
def test_the_header_tells_the_delimiter(header: str, tmp_path: Path) -> None:
    delimiter = next((sign for sign in ";\t|," if sign in header), ",")
    names = next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter))
    (tmp_path / "x.csv").write_text(header + "\n" + delimiter.join(["v"] * len(names)) + "\n")
    source = open_source(tmp_path / "x.csv")
    assert source.schema().names == names
    assert [batch.to_pylist() for batch in source.batches()] == [[dict.fromkeys(names, "v")]]


def test_names_that_differ_in_case_are_two_columns_in_json(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": 1, "A": "x", "b/~": true}\n{"A": null, "": "y"}\n')
    source = open_source(tmp_path / "x.jsonl")
    assert source.schema().names == ["a", "A", "b/~", ""]
    rows = [row for batch in source.batches() for row in batch.to_pylist()]
    assert {"a": 1, "A": "x", "b/~": True, "": None} in rows
    assert {"a": None, "A": None, "b/~": None, "": "y"} in rows


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([1, None, 2**63], "uint64"),
        ([1, 2**64], "decimal128(38, 0)"),
        ([1, 2.5, 1e300], "double"),
        ([True, None], "bool"),
        (["5", "6"], "large_string"),
        (["true"], "large_string"),
        (["2024-02-29", None], "date32[day]"),
        (["2024-02-29", ""], "large_string"),
        (["null", None, "ünï\n\u0000"], "large_string"),
        ([None, None], "large_string"),
    ],
)
def test_json_values_keep_their_kind(values: list[Any], type_: str, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("".join(json.dumps({"row": i, "a": v}) + "\n" for i, v in enumerate(values)))
    source = open_source(tmp_path / "x.jsonl")
    rows = sorted((row for batch in source.batches() for row in batch.to_pylist()), key=lambda row: row["row"])
    assert str(source.schema().field("a").type) == type_
    expected = [dt.date.fromisoformat(v) if v and type_.startswith("date") else v for v in values]
    assert [row["a"] for row in rows] == expected


def test_a_key_that_only_a_late_line_has_is_a_column(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n' * 30_000 + '{"late": "x", "a": 2.5}\n')
    source = open_source(tmp_path / "x.jsonl")
    assert source.schema().names == ["a", "late"]
    assert source.aggregate("count(*), count(late), max(a)") == (30_001, 1, 2.5)


def test_objects_and_lists_are_refused_only_where_asked_for(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": 1, "b": {"c": [2]}}\n')
    source = open_source(tmp_path / "x.jsonl")
    assert [batch.to_pylist() for batch in source.batches(["a"])] == [[{"a": 1}]]
    with pytest.raises(Exception, match="column 'b' has type JSON object or list"):
        source.batches()


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)
DECIMALS = st.decimals(-(10**20), 10**20, places=8)
SINCE, UNTIL = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)
TYPES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "whole": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "unsigned": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "wide": (pa.decimal128(38, 8), DECIMALS),
    "double": (pa.float64(), st.floats(allow_nan=False)),
    "flag": (pa.bool_(), st.booleans()),
    # A letter at the start, so that the text is not the writing of a number or date.
    "text": (pa.string(), TEXTS.map("x".__add__) | st.just("")),
    "day": (pa.date32(), st.dates(SINCE.date(), UNTIL.date())),
    "clock": (pa.time64("us"), st.times()),
    "moment": (pa.timestamp("us"), st.datetimes(SINCE, UNTIL)),
    "instant": (pa.timestamp("us", "UTC"), st.datetimes(SINCE, UNTIL, timezones=st.just(dt.UTC))),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Tables of some of the types, with missing values; no column of nothing but words such as `inf`."""
    names = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=4, unique=True))
    rows = draw(st.integers(1, 6))
    columns = {}
    for name in names:
        type_, values = TYPES[name]
        cells = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        if name == "double" and not any(cell is not None and math.isfinite(cell) for cell in cells):
            cells[0] = 0.5
        columns[name] = pa.array(cells, type_)
    return pa.table(columns)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(tables())
def test_what_duckdb_writes_as_csv_comes_back(table: pa.Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            con.register("arriving", table)
            con.execute(f"COPY arriving TO '{path}' (HEADER)")
        assert multiset(open_source(path).batches()) == multiset(table.to_batches())


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(tables(), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
def test_what_python_writes_as_csv_comes_back(table: pa.Table, delimiter: str, newline: str) -> None:
    # Python's writer has one empty cell for a missing value and for the empty text.
    rows = [{k: v if v != "" else None for k, v in row.items()} for row in table.to_pylist()]
    # A blank line is no row where there are several columns and a missing value where there is one.
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, table.schema.names, delimiter=delimiter, lineterminator=newline)
    writer.writeheader()
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        batches = list(open_source(path).batches())
    values = itertools.chain.from_iterable(batch.to_pylist() for batch in batches)
    if table.num_columns > 1 or all(None not in row.values() for row in rows):
        assert multiset(batches) == multiset(pa.Table.from_pylist(rows, table.schema).to_batches())
    else:
        assert len(list(values)) == len(rows)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(tables())
def test_json_lines_come_back(table: pa.Table) -> None:
    # JSON has no decimals: a number with a point is a double there.
    table = table.drop_columns([name for name in ("wide",) if name in table.schema.names])
    if not table.num_columns:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl"
        path.write_text("".join(json.dumps(row, default=str) + "\n" for row in table.to_pylist()))
        assert multiset(open_source(path).batches()) == multiset(table.to_batches())
