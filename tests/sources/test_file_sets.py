"""Several files as one table: globs, folders, key=value folders, unequal schemas, in every format and on S3."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from source_rows import csv_text, json_text, multiset, write_ipc, write_object, write_text

from sameset.errors import SchemaError, SourceError
from sameset.execution.sketching import sketch_table
from sameset.sources import open_source
from sameset.sources.schemas import unified

FORMATS = ("parquet", "csv", "csv.gz", "jsonl", "jsonl.zst", "arrow")
TABLED = tuple(name for name in FORMATS if "json" not in name)  # whose files have a schema of their own


def put(table: pa.Table, folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if ".parquet" in name:
        pq.write_table(table, folder / name)
    elif ".arrow" in name:
        write_ipc(table, folder, name, pa.ipc.new_file)
    else:
        write_text(csv_text(table) if ".csv" in name else json_text(table), folder, name)
    return folder / name


def rows(place: Any, **how: Any) -> Any:
    return multiset(open_source(place, **how).batches())


@pytest.mark.parametrize("ending", FORMATS)
def test_a_folder_and_a_glob_are_one_table(ending: str, tmp_path: Path) -> None:
    whole = pa.table({"a": list(range(9)), "b": list("abcdefghi")})
    put(whole.slice(0, 4), tmp_path, f"1.{ending}")
    put(whole.slice(4, 3), tmp_path / "deep", f"2.{ending}")
    put(whole.slice(7), tmp_path / "deep" / "er", f"3.{ending}")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "deep" / ".3.crc").touch()
    for place in (tmp_path, tmp_path / "**" / f"*.{ending}"):
        assert rows(place) == multiset(whole.to_batches())
    assert rows(tmp_path / "deep" / f"*.{ending}") == multiset(whole.slice(4, 3).to_batches())


@pytest.mark.parametrize("ending", FORMATS)
def test_keys_of_folders_are_escaped_like_their_values_and_integers_have_64_bits(ending: str, tmp_path: Path) -> None:
    for value in (-(2**63), 2**63 - 1):
        put(pa.table({"a": [value]}), tmp_path / "set" / f"k%201={value}", f"part.{ending}")
    source = open_source(tmp_path / "set")
    assert source.schema().field("k 1").type == pa.int64()
    expected = pa.table({"a": [-(2**63), 2**63 - 1], "k 1": [-(2**63), 2**63 - 1]})
    assert multiset(source.batches()) == multiset(expected.to_batches())
    assert multiset(source.batches(["k 1"], '"k 1" > 0')) == multiset(expected.slice(1).select(["k 1"]).to_batches())


@pytest.mark.parametrize("ending", FORMATS)
def test_key_value_folders_are_columns_in_every_format(ending: str, tmp_path: Path) -> None:
    parent = tmp_path / "lake=1"  # above the address, so no column
    for year, zone, values in ((2023, "007", [1]), (2024, "a%20b", [2, 3]), (2024, "__HIVE_DEFAULT_PARTITION__", [4])):
        put(pa.table({"a": values}), parent / "set" / f"year={year}" / f"zone={zone}", f"part.{ending}")
    expected = pa.table({"a": [1, 2, 3, 4], "year": [2023, 2024, 2024, 2024], "zone": ["007", "a b", "a b", None]})
    for place in (parent / "set", parent / "set" / "*" / "*" / f"*.{ending}"):
        source = open_source(place)
        assert source.schema().names == ["a", "year", "zone"]
        assert multiset(source.batches()) == multiset(expected.to_batches())
        assert source.aggregate("count(*)", "year = 2024 AND zone = 'a b'") == (2,)
        assert multiset(source.batches(["zone", "a"])) == multiset(expected.select(["zone", "a"]).to_batches())
    within = open_source(parent / "set" / "year=2023" / "zone=007")
    assert within.schema().names == ["a"]


@pytest.mark.parametrize("ending", FORMATS)
def test_days_in_folder_names_are_dates(ending: str, tmp_path: Path) -> None:
    for day in ("2024-02-29", "2024-03-01"):
        put(pa.table({"a": [1]}), tmp_path / f"day={day}", f"part.{ending}")
    assert open_source(tmp_path).schema().field("day").type == pa.date32()


@pytest.mark.parametrize("ending", FORMATS)
def test_a_key_that_is_a_column_too_is_refused(ending: str, tmp_path: Path) -> None:
    put(pa.table({"a": [1], "year": [2]}), tmp_path / "Year=2023", f"x.{ending}")
    with pytest.raises(SchemaError, match="both in its files and in its folder names"):
        open_source(tmp_path).schema()


def test_folders_of_different_keys_are_refused(tmp_path: Path) -> None:
    put(pa.table({"a": [1]}), tmp_path / "year=2023", "x.csv")
    put(pa.table({"a": [1]}), tmp_path / "month=1", "x.csv")
    with pytest.raises(SchemaError, match="different key=value folders"):
        open_source(tmp_path)


def test_files_of_several_kinds_are_refused(tmp_path: Path) -> None:
    put(pa.table({"a": [1]}), tmp_path, "x.csv")
    put(pa.table({"a": [1]}), tmp_path, "y.parquet")
    with pytest.raises(SourceError, match=r"several kinds \(1 csv, 1 parquet\)"):
        open_source(tmp_path)
    assert rows(tmp_path / "*.csv") == rows(tmp_path / "*.parquet")


@pytest.mark.parametrize("ending", TABLED)
def test_files_of_unequal_schema_are_an_error_that_lists_the_differences(ending: str, tmp_path: Path) -> None:
    put(pa.table({"a": [1], "b": ["x"], "c": [1.5]}), tmp_path, f"1.{ending}")
    put(pa.table({"a": [1], "b": ["x"], "d": [1.5]}), tmp_path, f"2.{ending}")
    put(pa.table({"a": [1], "b": ["x"]}), tmp_path, f"3.{ending}")
    with pytest.raises(SchemaError) as raised:
        open_source(tmp_path).schema()
    for difference in (f"2.{ending} lacks 'c', has 'd' besides", f"3.{ending} lacks 'c'", "--union-by-name"):
        assert difference in str(raised.value)


@pytest.mark.parametrize("ending", FORMATS)
def test_union_by_name_fills_what_files_lack_with_null(ending: str, tmp_path: Path) -> None:
    put(pa.table({"a": [1, 2], "b": ["x", "y"]}), tmp_path, f"1.{ending}")
    put(pa.table({"c": [1.5], "a": [3]}), tmp_path, f"2.{ending}")
    put(pa.table({"b": ["z"]}), tmp_path, f"3.{ending}")
    source = open_source(tmp_path, union_by_name=True)
    assert source.schema().names == ["a", "b", "c"]
    expected = pa.table({"a": [1, 2, 3, None], "b": ["x", "y", None, "z"], "c": [None, None, 1.5, None]})
    assert multiset(source.batches()) == multiset(expected.to_batches())
    assert sketch_table(source).text_digest == sketch_table(expected).text_digest


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_union_by_name_widens_without_loss(ending: str, tmp_path: Path) -> None:
    left = pa.table({"n": pa.array([1], pa.int8()), "u": pa.array([2**64 - 1], pa.uint64()), "s": ["x"]})
    right = pa.table(
        {"n": pa.array([2**40], pa.int64()), "u": pa.array([-1], pa.int64()), "s": pa.array(["y"]).dictionary_encode()}
    )
    put(left, tmp_path, f"1.{ending}")
    put(right, tmp_path, f"2.{ending}")
    expected = [{"n": 1, "u": 2**64 - 1, "s": "x"}, {"n": 2**40, "u": -1, "s": "y"}]
    found = [row for b in open_source(tmp_path, union_by_name=True).batches() for row in b.to_pylist()]
    assert sorted(found, key=lambda row: row["n"]) == expected


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize(
    ("left", "right"), [(pa.int64(), pa.float64()), (pa.string(), pa.int64()), (pa.date32(), pa.timestamp("us"))]
)
def test_union_by_name_refuses_types_without_one_for_both(
    ending: str, left: pa.DataType, right: pa.DataType, tmp_path: Path
) -> None:
    put(pa.table({"a": pa.nulls(1, left)}), tmp_path, f"1.{ending}")
    put(pa.table({"a": pa.nulls(1, right)}), tmp_path, f"2.{ending}")
    with pytest.raises(SchemaError, match="no type in common"):
        open_source(tmp_path, union_by_name=True).schema()


def test_types_of_texts_are_found_over_all_files(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2024-01-01\n")
    (tmp_path / "2.csv").write_text("b;a\nx;2.5\n")
    source = open_source(tmp_path)
    assert source.schema().types == [pa.float64(), pa.large_string()]
    assert multiset(source.batches()) == multiset(pa.table({"a": [1, 2.5], "b": ["2024-01-01", "x"]}).to_batches())


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_broken_line_names_its_file(ending: str, tmp_path: Path) -> None:
    put(pa.table({"a": [1, 2], "b": [3, 4]}), tmp_path, f"1.{ending}")
    (tmp_path / f"2.{ending}").write_text("a,b\n1,2\n1,2,3\n" if ending == "csv" else '{"a": 1}\n{"a": 2}\n{"a"\n')
    with pytest.raises(SourceError, match=rf"2\.{ending}.*line 3|line 3.*2\.{ending}"):
        list(open_source(tmp_path).batches())


INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
TYPES = st.sampled_from(
    [
        *(*INTEGERS, pa.float32(), pa.float64(), pa.decimal128(5, 2), pa.decimal128(38, 0), pa.decimal256(76, 10)),
        *(pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string()), pa.binary(), pa.bool_(), pa.null()),
        *(pa.date32(), pa.date64(), pa.time32("s"), pa.time64("ns"), pa.duration("s"), pa.duration("ns")),
        *(pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.list_(pa.int8())),
    ]
)


@given(TYPES, TYPES)
def test_unified_types_agree_both_ways_and_hold_themselves(left: pa.DataType, right: pa.DataType) -> None:
    both = unified(left, right)
    assert both == unified(right, left)
    if both is not None:
        assert unified(both, left) == both
        assert unified(both, right) == both


@given(st.sampled_from(INTEGERS), TYPES)
def test_the_ends_of_every_integer_survive_widening(integer: pa.DataType, other: pa.DataType) -> None:
    both = unified(integer, other)
    if both is not None:
        bits = integer.bit_width - pa.types.is_signed_integer(integer)
        ends = pa.array([2**bits - 1, -(2**bits) if pa.types.is_signed_integer(integer) else 0], integer)
        assert [int(value) for value in ends.cast(both).to_pylist()] == ends.to_pylist()


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["parquet", "csv", "csv.gz", "jsonl", "arrow"])
def test_a_prefix_or_pattern_of_objects_is_one_table(ending: str, object_store: str) -> None:
    name = f"x.{ending}"
    address = write_object(pa.table({"a": [1, 2]}), f"set/year=2023/{name}")
    base = address.rpartition("/set/")[0]
    key = base.removeprefix("s3://bucket/")
    write_object(pa.table({"a": [3]}), f"set/year=2024/deep[1]*/{name}", key)
    expected = multiset(pa.table({"a": [1, 2, 3], "year": [2023, 2023, 2024]}).to_batches())
    for place in (f"{base}/set", f"{base}/set/", f"{base}/set/**/*.{ending}", f"{base}/*/year=202?/**/x*"):
        source = open_source(place)
        if "/*/" not in place:
            assert multiset(source.batches()) == expected
        assert sum(batch.num_rows for batch in source.batches(["a"])) == 3
    assert rows(f"{base}/set/year=2024/deep[1]*/{name}") == multiset(pa.table({"a": [3]}).to_batches())


def test_a_local_path_is_never_an_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.makedirs("s3")
    put(pa.table({"a": [1]}), Path("s3"), "x.csv")
    assert rows("s3/x.csv") == multiset(pa.table({"a": [1]}).to_batches())
