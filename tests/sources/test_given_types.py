"""Types of CSV and JSON lines that are given (`--schema-from`): what is read as them, what is refused and where."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from source_rows import TABLE, csv_text, json_text, write_object, write_parquet, write_text

import sameset
from sameset.cli.main import cli
from sameset.errors import SamesetError, SchemaError, SourceError, UnsupportedTypeError
from sameset.execution.operands import column_types
from sameset.execution.sketching import sketch_table
from sameset.sources import open_source
from sameset.sources.arrow_types import parse_type

FORMATS = ("csv", "jsonl")
KEY_TYPES = (pa.string(), pa.large_string(), pa.int8())


def write(values: list[str], folder: Path, ending: str) -> Path:
    path = folder / f"x.{ending}"
    lines = ["a,b", *(f"{v},1" for v in values)] if ending == "csv" else [f'{{"a": "{v}", "b": 1}}' for v in values]
    path.write_text("\n".join(lines) + "\n")
    return path


def values(place: object, type_: pa.DataType) -> list[object]:
    source = open_source(place, schema=pa.schema([("a", type_)]))
    return [value for batch in source.batches(["a"]) for value in batch.column(0).to_pylist()]


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(
    ("type_", "texts", "read"),
    [
        (pa.int32(), ["7", "+7", "007", "7.0", "7."], [7] * 5),
        (pa.int64(), ["-9223372036854775808"], [-(2**63)]),
        (pa.uint64(), ["18446744073709551615"], [2**64 - 1]),
        (pa.float64(), ["5", "-0.5e3", ".5", "inf"], [5.0, -500.0, 0.5, float("inf")]),
        (pa.float64(), ["1e308", "5e-324", "0e-999", "-0"], [1e308, 5e-324, 0.0, 0.0]),
        (pa.float16(), ["0.1", "65519", "6e-8"], [0.0999755859375, 65504.0, 2.0**-24]),
        (pa.decimal32(5, 2), ["1.5"], [Decimal("1.50")]),
        (pa.decimal256(38, 2), ["1.5"], [Decimal("1.50")]),
        (pa.decimal128(5, 2), ["1.5", "-999.99", "1.500"], [Decimal("1.50"), Decimal("-999.99"), Decimal("1.50")]),
        (pa.bool_(), ["TRUE", "f", "1", "0"], [True, False, True, False]),
        (pa.string(), ["007", "2024-01-01", "true"], ["007", "2024-01-01", "true"]),
        (pa.dictionary(pa.int8(), pa.string()), ["007"], ["007"]),
    ],
)
def test_texts_are_read_as_the_type_given(
    ending: str, type_: pa.DataType, texts: list[str], read: list[object], tmp_path: Path
) -> None:
    assert values(write(texts, tmp_path, ending), type_) == read


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(
    ("type_", "text"),
    [
        *((pa.int8(), text) for text in ("128", "1.5", "1e2", "x", "1 0")),
        *((pa.uint8(), text) for text in ("-1", "256")),
        *((pa.float64(), text) for text in ("1e", "0x10", "none", "1e400", "-1e-400")),
        *((pa.float32(), text) for text in ("1e39", "1e-50")),
        *((pa.float16(), text) for text in ("65520", "-1e9", "1e-9")),
        *((pa.decimal128(5, 2), text) for text in ("1000", "0.001", "nan", "1e1")),
        *((pa.bool_(), text) for text in ("yes", "2")),
        *((pa.date32(), text) for text in ("2024-02-30", "2024-2-3", "infinity", "2024-01-01 00:00:00")),
        *((pa.time64("us"), text) for text in ("25:00:00", "10:00", "10:00:00.1234567")),
        *((pa.timestamp("s"), text) for text in ("2024-01-01 10:00:00.5", "2024-01-01 10:00:00Z", "now")),
        (pa.timestamp("us", "UTC"), "2024-01-01 10:00:00"),
    ],
)
def test_what_is_no_value_of_the_type_names_file_line_and_column(
    ending: str, type_: pa.DataType, text: str, tmp_path: Path
) -> None:
    fine = "" if ending == "csv" else None
    path = write([text], tmp_path, ending)
    head, *rest = path.read_text().splitlines()
    lines = [head, fine + ",1", "", *rest] if fine is not None else ["{}", "", head, *rest]
    path.write_text("\n".join(line for line in lines if line or ending == "jsonl") + "\n")
    with pytest.raises(SourceError) as raised:
        values(path, type_)
    told = str(raised.value)
    assert f"{path} in line 3 has {text!r} in column 'a'" in told.replace(",1'", "'")
    assert f"is no {type_}" in told


def test_the_line_is_that_where_a_row_begins_in_the_file_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,x\n")
    (tmp_path / "2.csv").write_text('b,a\n"two\nlines",2\n"three\n\nlines",oops\n')
    with pytest.raises(SourceError, match=r"2\.csv in line 4 has 'oops' in column 'a'"):
        open_source(tmp_path, schema=pa.schema([("a", pa.int64())])).schema()


@pytest.mark.parametrize("type_", [pa.binary(), pa.duration("s"), pa.list_(pa.int8()), pa.decimal256(50, 0)])
def test_types_that_texts_cannot_hold_are_refused(type_: pa.DataType, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedTypeError, match="'a'"):
        values(write(["1"], tmp_path, "csv"), type_)


def test_names_that_read_as_data_are_names_if_their_types_are_given(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("2023,2024\n1,2\n")
    with pytest.raises(SourceError, match=r"seems to have no header.*--schema-from"):
        open_source(path).schema()
    source = open_source(path, schema=pa.schema([("2023", pa.int8()), ("2024", pa.int8())]))
    assert source.schema().names == ["2023", "2024"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow"])
def test_keys_of_folders_are_texts_where_such_are_given(kind: str, tmp_path: Path) -> None:
    table = pa.table({"a": [1], "b": ["x"]})
    for month in ("10", "11"):
        folder = tmp_path / f"month={month}"
        folder.mkdir()
        if kind == "parquet":
            write_parquet(table, folder)
        elif kind == "arrow":
            with pa.ipc.new_file(str(folder / "x.arrow"), table.schema) as writer:
                writer.write_table(table)
        else:
            write(["1"], folder, kind)
    months = {
        type_: open_source(tmp_path, schema=pa.schema([("month", type_), ("a", pa.int8())])) for type_ in KEY_TYPES
    }
    read = [
        [value for batch in each.batches(["month"]) for value in batch["month"].to_pylist()] for each in months.values()
    ]
    assert list(map(sorted, read)) == [["10", "11"], ["10", "11"], [10, 11]]
    assert sketch_table(months[pa.string()]).text_digest == sketch_table(months[pa.large_string()]).text_digest
    with pytest.raises(SourceError, match=r"has '11' for 'month' in its folder names, .* given as date32"):
        open_source(tmp_path, schema=pa.schema([("month", pa.date32())]))


def test_columns_that_are_not_given_get_the_type_that_is_found(tmp_path: Path) -> None:
    source = open_source(write(["007"], tmp_path, "csv"), schema=pa.schema([("a", pa.string()), ("gone", pa.int8())]))
    assert source.schema().types == [pa.large_string(), pa.int64()]


def test_a_schema_of_another_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="none of the columns 'a', 'b'"):
        open_source(write(["1"], tmp_path, "csv"), schema=pa.schema([("c", pa.int8())])).schema()


@pytest.mark.parametrize("ending", FORMATS)
def test_every_text_is_read_back_as_the_table_that_was_written(ending: str, tmp_path: Path) -> None:
    narrow = TABLE.select([name for name in TABLE.schema.names if name != "zip"])
    text = csv_text(narrow) if ending == "csv" else json_text(narrow)
    source = open_source(write_text(text, tmp_path, f"x.{ending}"), schema=narrow.schema)
    assert sketch_table(source).text_digest == sketch_table(narrow).text_digest


def test_given_types_work_on_objects(object_store: str) -> None:
    table = pa.table({"a": ["007"], "b": [1]})
    source = open_source(write_object(table, "x.csv.gz"), schema=table.schema)
    assert sketch_table(source).text_digest == sketch_table(table).text_digest


@pytest.mark.parametrize("kind", ["dataset", "sketch", "snapshot", "snapshot of a number"])
def test_the_verbs_take_types_from_any_place(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMESET_REGISTRY", str(tmp_path / "registry.db"))
    table = pa.table({"zip": ["12345", "99999"], "n": pa.array([1, 2], pa.int8())})
    old = write_parquet(table, tmp_path)
    new = write_text(csv_text(table), tmp_path, "new.csv")
    run = CliRunner().invoke
    assert run(cli, ["check", old, "--name", "codes"], standalone_mode=False).return_value == 0
    assert run(cli, ["sketch", old, "-o", str(tmp_path / "old.sameset")], standalone_mode=False).return_value == 0
    place = {
        "dataset": old,
        "sketch": f"{tmp_path}/old.sameset",
        "snapshot": "codes",
        "snapshot of a number": "codes@1",
    }
    assert run(cli, ["compare", old, new, "-q"], standalone_mode=False).return_value == 1
    given_ = ["--schema-from", place[kind]]
    for verb in (["compare", old, new, "-q"], ["check", new, "--name", "codes", "-q"]):
        assert run(cli, [*verb, *given_], standalone_mode=False).return_value == 0
    made = str(tmp_path / "new.sameset")
    assert run(cli, ["sketch", new, "-o", made, *given_], standalone_mode=False).return_value == 0
    assert sameset.compare(made, old).is_same
    assert column_types(place[kind], str(tmp_path / "registry.db")).names == ["zip", "n"]


def test_a_place_of_types_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    new = str(write(["1"], tmp_path, "csv"))
    result = CliRunner().invoke(cli, ["sketch", new, "-o", f"{tmp_path}/x", "--schema-from", "no/such"])
    assert isinstance(result.exception, SamesetError)


SIMPLE = st.sampled_from(
    [
        *(pa.null(), pa.bool_(), pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.string()),
        *(pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(7)),
        *(
            pa.date32(),
            pa.date64(),
            pa.time32("s"),
            pa.time32("ms"),
            pa.time64("us"),
            pa.time64("ns"),
            pa.duration("ms"),
        ),
        *(
            pa.timestamp("ns"),
            pa.timestamp("us", "Europe/Berlin"),
            pa.timestamp("s", "+02:00"),
            pa.month_day_nano_interval(),
        ),
        *(pa.decimal32(9, 2), pa.decimal64(18, 0), pa.decimal128(38, -3), pa.decimal256(76, 76), pa.uuid(), pa.json_()),
    ]
)
NAMES = st.sampled_from(["item", "a", "a b", "a: b", "not null", "ünï"])


def nested(inner: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    fields = st.tuples(NAMES, inner, st.booleans()).map(lambda f: pa.field(f[0], f[1], f[2] or pa.types.is_null(f[1])))
    return st.one_of(
        *(st.builds(make, fields) for make in (pa.list_, pa.large_list, pa.list_view, pa.large_list_view)),
        st.builds(pa.list_, fields, st.integers(0, 9)),
        st.builds(pa.struct, st.lists(fields, max_size=3)),
        st.builds(pa.map_, inner.filter(lambda type_: not pa.types.is_null(type_)), inner),
        st.builds(pa.dictionary, st.sampled_from([pa.int8(), pa.uint32()]), inner, st.booleans()),
        st.builds(pa.run_end_encoded, st.sampled_from([pa.int16(), pa.int64()]), inner),
    )


@given(st.recursive(SIMPLE, nested, max_leaves=5))
def test_types_are_read_back_from_their_names(type_: pa.DataType) -> None:
    assert parse_type(str(type_)) == type_


@pytest.mark.parametrize(
    "text",
    [
        "",
        "int",
        "int65",
        "list<int8>",
        "list<item: int8",
        "decimal128(3)",
        "struct<a>",
        "union<a: int8=0>",
        "map<string>",
        "fixed_size_binary[99999999999999]",
        "fixed_size_list<item: int8>[99999999999]",
        f"fixed_size_binary[{'9' * 5000}]",
        "decimal128(99, 5)",
        "dictionary<values=int8, indices=string, ordered=0>",
        "run_end_encoded<run_ends: string, values: int8>",
        f"struct<a{': list<a' * 400}: int8{'>' * 401}",
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(SchemaError, match="that can be read from its name"):
        parse_type(text)
