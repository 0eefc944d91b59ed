"""One contract for every kind of source: the same typed rows are the same rows, whatever the format."""

from __future__ import annotations

import pickle
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_rows import ROWS, SCHEMA, TABLE, WRITERS, multiset, write_duckdb

from sameset.errors import SchemaError, SourceError
from sameset.sources import Source, open_source
from sameset.sources.memory import MemorySource


def test_every_format_gives_the_same_names_and_rows(source: Source) -> None:
    assert source.schema().names == SCHEMA.names
    assert multiset(source.batches()) == multiset(TABLE.to_batches())


def test_every_format_finds_types_of_the_same_family(source: Source) -> None:
    def family(type_: pa.DataType) -> str:
        if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
            return "number"
        if pa.types.is_timestamp(type_):
            return "instant" if type_.tz else "timestamp"
        return "text" if pa.types.is_large_string(type_) or pa.types.is_string(type_) else str(type_)

    assert [family(type_) for type_ in source.schema().types] == [family(type_) for type_ in SCHEMA.types]


def test_batches_are_typed_as_the_schema_says(source: Source) -> None:
    assert {batch.schema for batch in source.batches()} == {source.schema()}


def test_columns_are_selected_and_ordered(source: Source) -> None:
    batches = list(source.batches(["day", "ID", "id"]))
    assert {tuple(batch.schema.names) for batch in batches} == {("day", "ID", "id")}
    assert multiset(batches) == multiset(TABLE.select(["day", "ID", "id"]).to_batches())


def test_no_columns_still_count_the_rows(source: Source) -> None:
    assert sum(batch.num_rows for batch in source.batches([])) == len(ROWS)


def test_where_keeps_the_rows_of_a_condition(source: Source) -> None:
    wanted = [row["zip"] for row in ROWS if row["id"] >= 40 and row["flag"]]
    rows = [v for b in source.batches(["zip"], where="id >= 40 AND flag -- remark") for v in b.column(0).to_pylist()]
    assert sorted(rows) == sorted(wanted)


def test_where_works_on_days_and_texts(source: Source) -> None:
    assert source.aggregate("count(*)", "day = DATE '2024-02-29'") == (2,)
    assert source.aggregate("count(*)", "text = '' AND \"select\" IS NULL") == (10,)


def test_aggregates_are_evaluated_over_the_rows(source: Source) -> None:
    count, total, distinct = source.aggregate("count(*), sum(id), count(DISTINCT zip)")
    assert (count, int(total), distinct) == (len(ROWS), sum(row["id"] for row in ROWS), 50)


def test_a_source_can_be_read_many_times_and_in_between(source: Source) -> None:
    first = source.batches(rows=2_048)
    begun = list(islice(first, 1))
    again = multiset(source.batches())
    assert multiset(begun + list(first)) == again


def test_closing_early_stops_the_scan(source: Source) -> None:
    batches = source.batches(rows=2_048)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert next(batches, None) is None
    assert multiset(source.batches()) == multiset(TABLE.to_batches())


def test_row_count_is_true_where_it_is_known(source: Source) -> None:
    assert source.row_count() in (None, len(ROWS))


def test_an_address_opens_again(place: Any) -> None:
    source = open_source(place)
    if not isinstance(source, MemorySource):
        assert multiset(open_source(source.address).batches()) == multiset(source.batches())


def test_a_source_can_be_sent_to_another_process(place: Any) -> None:
    source = open_source(place)
    source.schema()
    assert multiset(pickle.loads(pickle.dumps(source)).batches()) == multiset(TABLE.to_batches())


def test_an_unknown_column_is_named(source: Source) -> None:
    with pytest.raises(SchemaError, match="no column 'nope'; it has 'id'"):
        source.batches(["nope"])


@pytest.mark.parametrize("where", ["nope = 1", "id = ", "1); DROP TABLE x; --", "true) UNION (SELECT 1"])
def test_a_bad_condition_is_one_sentence(source: Source, where: str) -> None:
    with pytest.raises(SourceError) as raised:
        list(source.batches(["id"], where=where))
    assert source.address.splitlines()[0] in str(raised.value)
    assert "Traceback" not in str(raised.value)


@pytest.mark.parametrize("name", [name for name in WRITERS if not name.startswith("json")])
def test_a_table_of_zero_rows_is_a_table(name: str, tmp_path: Path) -> None:
    source = open_source(WRITERS[name](TABLE.slice(0, 0), tmp_path))
    assert source.schema().names == SCHEMA.names
    assert list(source.batches()) == []
    assert source.aggregate("count(*)") == (0,)


@pytest.mark.parametrize("content", ["order", "ORDER", '"order"', "main.order", "sales.seen", "Sales.Seen"])
def test_a_duckdb_table_or_view_is_named_in_any_case(content: str, tmp_path: Path) -> None:
    source = open_source(f"{write_duckdb(TABLE, tmp_path)}::{content}")
    assert source.schema().names == [name if name != "ID" else "id2" for name in SCHEMA.names]
    assert multiset(source.batches()) == multiset(TABLE.to_batches())
    assert source.row_count() == (None if "seen" in content.lower() else len(ROWS))


@pytest.mark.parametrize(
    "name", ["we[i]rd*.parquet", "it's ünï 'q.parquet", "a b.parquet", "{x}?.parquet", "a#b%20.parquet"]
)
def test_any_file_name_means_that_file(name: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / name)
    pq.write_table(pa.table({"a": [2]}), tmp_path / "weird1.parquet")
    assert multiset(open_source(tmp_path / name).batches()) == multiset(pa.table({"a": [1]}).to_batches())


def test_parts_in_a_folder_or_glob_are_one_table(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    pq.write_table(TABLE.slice(0, 30), tmp_path / "b.parquet")
    pq.write_table(TABLE.slice(30, 30), tmp_path / "deep" / "a.parquet")
    pq.write_table(TABLE.slice(60), tmp_path / "deep" / "er" / "c.parquet")
    (tmp_path / "_SUCCESS").touch()
    columns = [name for name in SCHEMA.names if name != "ID"]
    for folder in (TABLE.select(columns),):
        for path in tmp_path.rglob("*.parquet"):
            pq.write_table(pq.read_table(path).select(columns), path)
        for address in (str(tmp_path), str(tmp_path / "**" / "*.parquet")):
            source = open_source(address)
            assert source.row_count() == len(ROWS)
            assert multiset(source.batches()) == multiset(folder.to_batches())


def test_key_value_folders_are_columns(tmp_path: Path) -> None:
    for year, zone, rows in ((2023, "007", [1]), (2024, "1", [2, 3])):
        folder = tmp_path / f"year={year}" / f"zone={zone}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"a": rows}), folder / "part.parquet")
    source = open_source(tmp_path)
    assert source.schema().names == ["a", "year", "zone"]
    expected = pa.table({"a": [1, 2, 3], "year": [2023, 2024, 2024], "zone": ["007", "1", "1"]})
    assert multiset(source.batches()) == multiset(expected.to_batches())
