"""One contract for every kind of source: the same typed rows are the same rows, whatever the format."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_rows import NAMELESS_WITHOUT_ROWS, ROWS, SCHEMA, TABLE, VARIANTS, WRITERS, marked, multiset, write_duckdb

from sameset.errors import SchemaError, SourceError
from sameset.execution.sketching import sketch_table
from sameset.sources import Source, open_source
from sameset.sources.memory import MemorySource


def test_every_format_gives_the_same_names_and_rows(source: Source, table: pa.Table) -> None:
    assert source.schema().names == table.schema.names
    assert multiset(source.batches()) == multiset(table.to_batches())


def test_every_place_gives_the_same_digest(source: Source, table: pa.Table) -> None:
    assert sketch_table(source).text_digest == sketch_table(table).text_digest


@pytest.mark.slow
@pytest.mark.parametrize("kind", marked(VARIANTS), indirect=True)
def test_every_way_of_writing_gives_the_same_rows_and_digest(kind: str, source: Source, table: pa.Table) -> None:
    assert multiset(source.batches()) == multiset(table.to_batches())
    assert sketch_table(source).text_digest == sketch_table(table).text_digest


def test_partitions_hold_each_row_once(source: Source, table: pa.Table) -> None:
    partitions = source.partitions()
    assert {partition.schema() for partition in partitions} == {source.schema()}
    rows = [batch for partition in partitions for batch in partition.batches()]
    assert multiset(rows) == multiset(table.to_batches())


def test_no_batch_is_much_larger_than_asked_for(source: Source) -> None:
    # DuckDB hands out whole vectors of 2,048 rows.
    assert all(0 < batch.num_rows <= 2_048 for batch in source.batches(rows=10))


def test_every_format_finds_types_of_the_same_family(source: Source, table: pa.Table) -> None:
    def family(type_: pa.DataType) -> str:
        if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
            return "number"
        if pa.types.is_timestamp(type_):
            return "instant" if type_.tz else "timestamp"
        if pa.types.is_time(type_):
            return "time"
        is_text = pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)
        return "text" if is_text else str(type_)

    assert [family(type_) for type_ in source.schema().types] == [family(type_) for type_ in table.schema.types]


def test_batches_are_typed_as_the_schema_says(source: Source) -> None:
    assert {batch.schema for batch in source.batches()} == {source.schema()}


def test_columns_are_selected_and_ordered(source: Source, table: pa.Table) -> None:
    chosen = [name for name in ("day", "ID", "id") if name in table.schema.names]
    batches = list(source.batches(chosen))
    assert {tuple(batch.schema.names) for batch in batches} == {tuple(chosen)}
    assert multiset(batches) == multiset(table.select(chosen).to_batches())


def test_no_columns_still_count_the_rows(source: Source) -> None:
    assert sum(batch.num_rows for batch in source.batches([])) == len(ROWS)


def test_where_keeps_the_rows_of_a_condition(source: Source) -> None:
    wanted = [row["zip"] for row in ROWS if row["id"] >= 40 and row["flag"]]
    rows = [v for b in source.batches(["zip"], where="id >= 40 AND flag -- remark") for v in b.column(0).to_pylist()]
    assert sorted(rows) == sorted(wanted)


def test_a_choice_in_order_is_one_of_all_rows_in_order(source: Source) -> None:
    try:
        everything = [row for batch in source.ordered_batches() for row in batch.to_pylist()]
    except SourceError as error:
        with pytest.raises(SourceError, match=re.escape(str(error))):
            source.ordered_batches(["zip"], "id >= 40")
        return
    assert len(everything) == len(ROWS)
    batches = list(source.ordered_batches(["zip", "id"], "id >= 40 AND flag", rows=7))
    chosen = [(row["zip"], row["id"]) for row in everything if row["id"] >= 40 and row["flag"]]
    assert [tuple(row.values()) for batch in batches for row in batch.to_pylist()] == chosen


def test_where_works_on_days_and_texts(source: Source) -> None:
    assert source.aggregate("count(*)", "day = DATE '2024-02-29'") == (2,)
    assert source.aggregate("count(*)", "text = '' AND \"select\" IS NULL") == (10,)


def test_aggregates_are_evaluated_over_the_rows(source: Source) -> None:
    count, total, distinct = source.aggregate("count(*), sum(id), count(DISTINCT zip)")
    assert (count, int(total), distinct) == (len(ROWS), sum(row["id"] for row in ROWS), 50)


def test_a_source_can_be_read_many_times_and_in_between(kind: str, source: Source) -> None:
    first = source.batches(rows=2_048)
    begun = list(islice(first, 1))
    if kind == "duckdb relation":  # its connection takes one query at a time, so the first scan has to end
        begun += list(first)
    again = multiset(source.batches())
    assert multiset(begun + list(first)) == again


def test_closing_early_stops_the_scan(source: Source, table: pa.Table) -> None:
    batches = source.batches(rows=2_048)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert next(batches, None) is None
    assert multiset(source.batches()) == multiset(table.to_batches())


def test_row_count_is_true_where_it_is_known(source: Source) -> None:
    assert source.row_count() in (None, len(ROWS))


def test_an_address_opens_again(place: Any) -> None:
    source = open_source(place)
    if not isinstance(source, MemorySource):
        assert multiset(open_source(source.address).batches()) == multiset(source.batches())


def test_a_source_can_be_sent_to_another_process(kind: str, place: Any, table: pa.Table) -> None:
    if kind == "duckdb relation":
        place = place.to_arrow_table()  # a relation lives on its connection
    source = open_source(place)
    source.schema()
    assert multiset(pickle.loads(pickle.dumps(source)).batches()) == multiset(table.to_batches())


def test_an_unknown_column_is_named(source: Source) -> None:
    with pytest.raises(SchemaError, match="no column 'nope'; it has 'id'"):
        source.batches(["nope"])


@pytest.mark.parametrize("where", ["nope = 1", "id = ", "1); DROP TABLE x; --", "true) UNION (SELECT 1"])
def test_a_bad_condition_is_one_sentence(source: Source, where: str) -> None:
    with pytest.raises(SourceError) as raised:
        list(source.batches(["id"], where=where))
    assert source.address.splitlines()[0] in str(raised.value)
    assert "Traceback" not in str(raised.value)


@pytest.mark.parametrize(
    "kind", marked(kind for kind in WRITERS if kind not in (*NAMELESS_WITHOUT_ROWS, *VARIANTS)), indirect=True
)
def test_a_table_of_zero_rows_is_a_table(kind: str, table: pa.Table, write: Callable[[str, pa.Table], Any]) -> None:
    source = open_source(write(kind, table.slice(0, 0)))
    assert source.schema().names == table.schema.names
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
