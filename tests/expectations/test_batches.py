"""What a batch of a data source of Great Expectations is: a part where its definition says so, read as it was asked for."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from engine_batches import MAKERS, PLAIN, Places, add_postgres, frame_batch, sketch_of, whole

import sameset_expectations as se
from sameset import sketch_table
from sameset.errors import SpecError, UnsupportedTypeError
from sameset_expectations.batches import source_of

DISTINCT = se.ExpectTableRowsToBeDistinct()
IN_2024 = PLAIN.filter(pc.equal(pc.year(PLAIN["day"]), 2024))
NUMBERS = tuple(map(int, gx.__version__.split(".")[:2])) >= (1, 24)
ODD = "select '100% :x' as note, 'a' like '%a' as \"like\", 7 % 4 as rest, DATE '2024-01-02' as day"
ODD_ROWS = pa.table({"note": ["100% :x"], "like": [True], "rest": [3], "day": [dt.date(2024, 1, 2)]})


def digest(rows: Any) -> str:
    return sketch_table(rows).text_digest


def sentence_of(result: Any) -> str:
    """What Great Expectations says of the one error that kept an expectation from knowing."""
    info = result.exception_info
    (one,) = {each["exception_message"] for each in ([info] if "raised_exception" in info else info.values())}
    return str(one)


def duckdb_source(places: Places, **options: Any) -> Any:
    return places.context.data_sources.add_sameset_duckdb("duckdb", connection_string="duckdb:///:memory:", **options)


@pytest.mark.parametrize("add", ["duckdb", "postgres", "sqlite"])
@pytest.mark.parametrize("content", ["table", "query"])
def test_a_part_of_a_table_is_sketched_and_not_the_whole(add: str, content: str, places: Places) -> None:
    asset = MAKERS[f"{add} table"](PLAIN, places).data_asset
    if content == "query":
        name = '"Order"' if add == "postgres" else "orders"
        statement = f"select * from {name} where note is null or note like '%'"  # noqa: S608
        asset = asset.datasource.add_query_asset("query", query=statement)
    batches = asset.add_batch_definition_yearly("years", column="day")
    assert sketch_of(batches.get_batch(batch_parameters={"year": 2024})).text_digest == digest(IN_2024)


def test_one_of_several_files_is_sketched(places: Places) -> None:
    for name in ("2024-01", "2024-02"):
        pq.write_table(PLAIN if name == "2024-01" else IN_2024, places.folder / f"orders-{name}.parquet")
    source = places.context.data_sources.add_pandas_filesystem("files", base_directory=places.folder)
    asset = source.add_parquet_asset("orders")
    batches = asset.add_batch_definition_monthly("months", regex=r"orders-(?P<year>\d{4})-(?P<month>\d{2})\.parquet")
    # From 1.24 on Great Expectations wants numbers; until then it wanted texts.
    year, month = (2024, 2) if NUMBERS else ("2024", "02")
    found = batches.get_batch(batch_parameters={"year": year, "month": month})
    assert sketch_of(found).text_digest == digest(IN_2024)


@pytest.mark.parametrize("kind", ["ours", "pandas arrow", "duckdb table"])
def test_a_row_condition_is_refused_and_not_ignored(kind: str, places: Places) -> None:
    batch = MAKERS[kind](PLAIN, places)
    engine = batch.data.execution_engine
    engine.batch_manager.load_batch_list([batch])
    with pytest.raises(ValueError, match="row_condition"):
        se.ExpectTableRowsToBeDistinct(row_condition='col("id") > 1')
    with pytest.raises(SpecError, match="leave the row condition out"):
        source_of(engine, {"batch_id": batch.id, "row_condition": 'col("id") > 1'})


@pytest.mark.parametrize("add", [duckdb_source, lambda places: add_postgres(PLAIN, places)], ids=["duckdb", "postgres"])
def test_a_query_is_read_as_it_was_written(add: Callable[[Places], Any], places: Places) -> None:
    batch = whole(add(places).add_query_asset("odd", query=f"{ODD} -- a remark"))
    assert sketch_of(batch).text_digest == digest(ODD_ROWS)


def test_percent_signs_of_a_query_in_parts_stay_single(places: Places) -> None:
    source = add_postgres(PLAIN, places)
    query = "select '100%' as note, 7 % 4 as rest, DATE '2024-01-02' as day"
    batches = source.add_query_asset("odd", query=query).add_batch_definition_yearly("years", column="day")
    found = sketch_of(batches.get_batch(batch_parameters={"year": 2024}))
    assert found.text_digest == digest(ODD_ROWS.drop_columns(["like"]).set_column(0, "note", [["100%"]]))


@pytest.mark.parametrize("string", ["sqlite:///x", "postgresql://ann:s3cret@db/shop", "/data/lake.duckdb", ""])
def test_the_data_source_of_duckdb_says_what_its_connection_string_is(string: str, places: Places) -> None:
    with pytest.raises(ValueError, match="duckdb:///FILE or duckdb:///:memory:, not of another kind") as caught:
        places.context.data_sources.add_sameset_duckdb("duckdb", connection_string=string)
    assert "s3cret" not in str(caught.value)


def test_temporary_tables_of_duckdb_are_seen(places: Places) -> None:
    source = duckdb_source(places, create_temp_table=True)
    batch = whole(source.add_query_asset("few", query="select range as id from range(10)"))
    assert sketch_of(batch).text_digest == digest(pa.table({"id": list(range(10))}))
    assert batch.validate(gxe.ExpectTableRowCountToEqual(value=10)).success


@pytest.mark.parametrize(("kind", "name"), [("pandas arrow", "frames/rows"), ("duckdb query", "duckdb/rows")])
def test_rows_in_memory_have_the_name_that_the_project_gave_them(kind: str, name: str, places: Places) -> None:
    batch = MAKERS[kind](PLAIN, places)
    told = sentence_of(batch.validate(se.ExpectColumnDigestToMatch(column="nowhere", digest=f"v1:{'0' * 32}")))
    assert told.startswith(f"great_expectations://{name} has no column 'nowhere'; the columns are 'id'")
    pq.write_table(PLAIN.slice(1), places.folder / "other.parquet")
    result = batch.validate(se.ExpectTableToMatch(reference=str(places.folder / "other.parquet")))
    assert result.result["details"]["comparison"]["right"]["address"] == f"great_expectations://{name}"


def test_a_file_that_is_compared_with_itself_is_refused(places: Places) -> None:
    batch = MAKERS["pandas file"](PLAIN, places)
    told = sentence_of(batch.validate(se.ExpectTableToMatch(reference=str(places.folder / "rows.parquet"))))
    assert "rows.parquet is the table itself, which tells nothing of its rows" in told


def test_a_statement_that_fails_does_not_spoil_the_next(places: Places) -> None:
    source = duckdb_source(places)
    broken = whole(source.add_query_asset("broken", query="select error('boom') as x from range(3)"))
    assert sentence_of(broken.validate(DISTINCT)) == "great_expectations://duckdb/broken cannot be read: boom"
    assert not broken.validate(gxe.ExpectColumnMaxToBeBetween(column="x", max_value=1)).success
    batch = whole(source.add_query_asset("few", query="select range as id from range(10)"))
    for core in (gxe.ExpectTableRowCountToEqual(value=10), gxe.ExpectColumnMaxToBeBetween(column="id", max_value=9)):
        assert batch.validate(core).success
    assert batch.validate(gxe.ExpectColumnValuesToBeUnique(column="id")).success
    assert batch.validate(DISTINCT).success


def test_assets_may_be_added_after_a_validation(places: Places) -> None:
    batch = MAKERS["duckdb table"](PLAIN, places)
    assert batch.validate(gxe.ExpectTableRowCountToEqual(value=120)).success
    again = whole(batch.datasource.add_table_asset("again", table_name="orders"))
    assert again.validate(gxe.ExpectColumnMaxToBeBetween(column="id", max_value=59)).success
    assert sketch_of(again).text_digest == digest(PLAIN)


def test_variables_of_python_are_no_tables(places: Places) -> None:
    statement = "select * from selectable"  # a variable of whoever reads the rows
    told = sentence_of(whole(duckdb_source(places).add_query_asset("none", query=statement)).validate(DISTINCT))
    assert "selectable does not exist" in told


def test_a_duckdb_file_that_is_held_can_be_read_by_other_processes(places: Places) -> None:
    batch = MAKERS["duckdb table"](PLAIN, places)
    assert sketch_of(batch).text_digest == digest(PLAIN)
    code = "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).sql('from orders').shape[0])"
    read = [sys.executable, "-c", code, str(places.folder / "rows.duckdb")]
    assert subprocess.run(read, capture_output=True, text=True, check=True).stdout == "120\n"


def test_a_reference_may_lie_in_the_duckdb_file_that_is_held(places: Places) -> None:
    batch = MAKERS["duckdb table"](PLAIN, places)
    reference = f"{places.folder / 'rows.duckdb'}::orders"
    assert batch.validate(se.ExpectTableToMatch(reference=reference)).success


def test_a_duckdb_file_may_be_written_if_told_so(places: Places) -> None:
    string, arguments = f"duckdb:///{places.folder / 'new.duckdb'}", {"connect_args": {"read_only": False}}
    source = places.context.data_sources.add_sameset_duckdb("new", connection_string=string, kwargs=arguments)
    with source.get_execution_engine().get_connection() as con:
        con.exec_driver_sql("create table orders as select 1 as id")
        con.commit()
    batch = whole(source.add_table_asset("orders", table_name="orders"))
    assert sketch_of(batch).text_digest == digest(pa.table({"id": [1]}))


def test_stock_duckdb_says_what_to_use_instead(places: Places) -> None:
    source = places.context.data_sources.add_sql("stock", connection_string="duckdb:///:memory:")
    told = sentence_of(whole(source.add_query_asset("few", query="select 1 as id")).validate(DISTINCT))
    assert "use context.data_sources.add_sameset_duckdb(...) instead" in told


def test_the_data_source_of_duckdb_comes_back_from_a_file_context(tmp_path: Any) -> None:
    context = se.get_context(tmp_path / "project")
    source = context.data_sources.add_sameset_duckdb("lake", connection_string="duckdb:///:memory:")
    source.add_query_asset("few", query="select 1 as id").add_batch_definition_whole_table("all")
    again = se.get_context(tmp_path / "project").data_sources.get("lake")
    batch = again.get_asset("few").get_batch_definition("all").get_batch()
    assert sketch_of(batch).text_digest == digest(pa.table({"id": [1]}))


MISSING = [None, np.nan, pd.NA, pd.NaT]


@pytest.mark.parametrize(
    ("column", "same"),
    [
        (pd.Series([1.5, np.nan]), pa.array([1.5, None])),
        (pd.Series([1.5, None], dtype="Float64"), pa.array([1.5, None])),
        (pd.Series([1, None], dtype="Int64"), pa.array([1, None])),
        (pd.Series([1, None], dtype=object), pa.array([1, None])),
        (pd.Series([True, None], dtype="boolean"), pa.array([True, None])),
        *((pd.Series(["x", missing], dtype=object), pa.array(["x", None])) for missing in MISSING),
        (pd.Series(["x", None], dtype="string"), pa.array(["x", None])),
        (pd.Series(["x", None], dtype="category"), pa.array(["x", None])),
        (
            pd.Series([pd.Timestamp("2024-07-01 12:00", tz="Europe/Berlin"), pd.NaT]),
            pa.array([pd.Timestamp("2024-07-01 10:00"), None], pa.timestamp("us")).cast(pa.timestamp("us", "UTC")),
        ),
        (pd.Series([pd.Timedelta(1, "h"), pd.NaT]), pa.array([3600, None], pa.duration("s"))),
    ],
)
def test_what_is_missing_in_pandas_is_missing_whatever_it_is_called(
    column: Any, same: pa.Array, places: Places
) -> None:
    batch = frame_batch(pd.DataFrame({"value": column}), places)
    assert sketch_of(batch).text_digest == digest(pa.table({"value": same}))


def test_an_index_without_a_name_is_no_data_and_one_with_a_name_is_a_column(places: Places) -> None:
    frame = PLAIN.to_pandas(types_mapper=pd.ArrowDtype)
    batches = places.context.data_sources.add_pandas("frames").add_dataframe_asset("rows")
    definition = batches.add_batch_definition_whole_dataframe("all")
    for same in (frame, frame.set_index(frame.index + 7), frame.sample(frac=1, random_state=1), frame.set_index("id")):
        found = definition.get_batch(batch_parameters={"dataframe": same})
        assert sketch_of(found).text_digest == digest(PLAIN)


def test_rows_that_came_since_the_last_validation_are_seen(places: Places) -> None:
    frame = pd.DataFrame({"id": [1, 2]})
    batch = frame_batch(frame, places)
    assert batch.validate(DISTINCT).success
    frame.loc[2] = 2
    assert not batch.validate(DISTINCT).success


def test_a_frame_becomes_arrow_once_however_many_expectations_ask(
    places: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from sameset.sources import pandas_frames

    made: list[int] = []
    original = pandas_frames.from_pandas
    monkeypatch.setattr(pandas_frames, "from_pandas", lambda *given: (made.append(1), original(*given))[1])
    pq.write_table(PLAIN.slice(1), tmp_path / "other.parquet")
    reference = str(tmp_path / "other.parquet")
    suite = gx.ExpectationSuite(
        "many", [se.ExpectTableToMatch(reference=reference, severity=s) for s in ("info", "warning")]
    )
    asset = places.context.data_sources.add_pandas("frames").add_dataframe_asset("rows")
    definition = asset.add_batch_definition_whole_dataframe("all")
    assert not se.evaluate(definition, suite, batch_parameters={"dataframe": PLAIN.to_pandas()}).success
    assert made == [1]


UNION = "select 1::union(a int, b varchar) as odd"


def unsupported(kind: str, places: Places) -> Any:
    """A batch of a kind of data source with a column `odd` that has no canonical form."""
    if kind == "pandas":
        return frame_batch(pd.DataFrame({"odd": pd.period_range("2024-01", periods=2, freq="M")}), places)
    if kind == "duckdb":
        return whole(duckdb_source(places).add_query_asset("odd", query=UNION))
    temporary = kind == "postgres temporary"
    source = add_postgres(PLAIN, places, create_temp_table=temporary)
    return whole(source.add_query_asset("odd", query="select point(1, 2) as odd"))


@pytest.mark.parametrize("kind", ["pandas", "duckdb", "postgres", "postgres temporary"])
def test_a_column_that_cannot_be_sketched_is_told_in_one_sentence_and_fails(kind: str, places: Places) -> None:
    batch = unsupported(kind, places)
    result = batch.validate(DISTINCT)
    assert not result.success
    told = sentence_of(result)
    assert "column 'odd' has type" in told
    assert "which has no canonical form; cast it to a supported type or leave it out" in told
    assert "\n" not in told


def test_evaluate_raises_the_error_itself(places: Places) -> None:
    asset = duckdb_source(places).add_query_asset("odd", query=UNION)
    suite = gx.ExpectationSuite("one", [DISTINCT])
    with pytest.raises(UnsupportedTypeError, match="column 'odd'"):
        se.evaluate(asset.add_batch_definition_whole_table("all"), suite)


def test_a_query_of_many_lines_that_fails_is_told_in_one(places: Places) -> None:
    source = add_postgres(PLAIN, places)
    told = sentence_of(
        whole(source.add_query_asset("zero", query='select\n  1 / (id - id)\nfrom "Order"')).validate(DISTINCT)
    )
    assert "\n" not in told
    assert told.endswith("division by zero")


@pytest.mark.parametrize("temporary", [False, True])
def test_passwords_reach_no_result(temporary: bool, places: Places) -> None:
    address = places.server().replace("postgresql://postgres@", "postgresql+psycopg://postgres:s3cr%40et@", 1)
    arguments = {
        "connect_args": {"connect_timeout": 7}
    }  # what is reached so is read over Great Expectations' connection
    source = places.context.data_sources.add_postgres(
        "postgres", connection_string=address, create_temp_table=temporary, kwargs=arguments if temporary else {}
    )
    for query in ("select point(1, 2) as odd", "select 1 as id"):
        result = whole(source.add_query_asset(query, query=query)).validate(DISTINCT)
        assert result.success == query.endswith("id")
        assert "s3cr" not in str(result.to_json_dict())
