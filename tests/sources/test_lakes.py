"""Delta Lake and Iceberg: the current state of a table, how it is named, what is refused."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from refusals import refusal
from source_rows import in_store, multiset, write_delta, write_iceberg
from test_object_store import checks_rights

from sameset.errors import MissingExtraError, SourceError, UnsupportedTypeError
from sameset.sources import open_source

TABLE = pa.table({"a": list(range(100)), "b": ["x", None] * 50})


@pytest.fixture
def delta(tmp_path: Path) -> Path:
    from deltalake import write_deltalake

    write_deltalake(str(tmp_path / "t"), TABLE, partition_by=["b"])
    return tmp_path / "t"


def test_a_delta_table_is_known_by_its_log_or_its_address(delta: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(delta.parent)
    for place in (delta, "t", f"delta://{delta}", "delta://t", f"delta://file://{delta}"):
        source = open_source(place)
        assert multiset(source.batches(["a", "b"])) == multiset(TABLE.to_batches())
        assert source.row_count() == 100
    assert open_source("t").address == "t"


def test_rows_that_a_delta_table_has_deleted_are_gone(delta: Path) -> None:
    from deltalake import DeltaTable, write_deltalake

    DeltaTable(str(delta)).delete("a >= 10")
    assert multiset(open_source(delta).batches(["a", "b"])) == multiset(TABLE.slice(0, 10).to_batches())
    source = open_source(delta)
    source.schema()
    write_deltalake(str(delta), TABLE, mode="append")
    assert sum(batch.num_rows for batch in source.batches()) == 10  # the state that was opened, as long as it is kept
    assert sum(batch.num_rows for batch in open_source(delta).batches()) == 110


def test_bytes_that_a_delta_table_is_partitioned_by_are_refused(tmp_path: Path) -> None:
    from deltalake import write_deltalake

    write_deltalake(str(tmp_path), pa.table({"a": [1], "b": [b"\0\xff"], "c": [b"x"]}), partition_by=["b"])
    source = open_source(tmp_path)
    assert [batch.to_pylist() for batch in source.batches(["a", "c"], "a = 1")] == [[{"a": 1, "c": b"x"}]]
    with pytest.raises(UnsupportedTypeError, match="'b' has type binary, as a partition column"):
        source.batches()


def test_a_broken_or_missing_delta_table_is_refused(delta: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        open_source(f"delta://{tmp_path}/no").schema()
    with pytest.raises(SourceError, match="has no folder _delta_log"):
        open_source(f"delta://{tmp_path}").schema()
    for log in (delta / "_delta_log").glob("*.json"):
        log.write_text("{oops")
    with pytest.raises(SourceError, match="cannot be read"):
        open_source(delta).schema()


def test_files_of_a_delta_table_are_not_read_beside_its_log(delta: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (delta.parent, f"{delta}/*/*.parquet", f"{delta.parent}/**/*.parquet", f"{delta}/b=x"):
        assert f"whose log says which of them count; give {delta}" in refusal(str(place))
    monkeypatch.chdir(delta)
    assert "whose log says which of them count; give ." in refusal("*/*.parquet")
    assert multiset(open_source(next(delta.rglob("*.parquet"))).batches())  # a single file is what it is


def test_a_file_that_a_delta_table_has_lost_is_an_error(delta: Path) -> None:
    next(delta.rglob("*.parquet")).unlink()
    with pytest.raises(SourceError, match=r"its file .*parquet is missing"):
        list(open_source(delta).batches())


def test_a_delta_table_in_a_store_is_known_by_its_log(object_store: str) -> None:
    place = write_delta(TABLE, f"{in_store()}/sales/year=2024")
    for address in (place, f"{place}/", f"delta://{place}"):
        source = open_source(address)
        assert multiset(source.batches()) == multiset(TABLE.to_batches())
        assert source.row_count() == 100
        assert source.address.rstrip("/") == address.rstrip("/")
    for address in (place.rpartition("/")[0], f"{place}/*.parquet"):
        assert f"whose log says which of them count; give {place}" in refusal(address)
    with pytest.raises(SourceError, match="keeps its rows in no order"):
        source.ordered_batches()


def test_a_delta_table_in_a_store_that_cannot_be_read_is_told(
    object_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write_delta(TABLE, in_store())
    from pyarrow import fs

    store = fs.S3FileSystem(endpoint_override=object_store)
    files = [info.path for info in store.get_file_info(fs.FileSelector(place[5:])) if info.is_file]
    for file in files:
        store.delete_file(file)
    told = [refusal(place), refusal("delta://s3://bucket/no/such"), refusal("delta://s3://nobucket/x")]
    assert re.search(r"its file .*parquet is missing", told[0])
    assert "is no Delta table: it has no folder _delta_log" in told[1]
    checks_rights(object_store, "0")
    try:
        told.append(refusal(place))
    finally:
        checks_rights(object_store, "inf")
    assert "access is denied" in told[-1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    told.append(refusal(place))
    assert "the store does not answer" in told[-1]
    assert not any(secret in text for text in told for secret in ("a-test-", "127.0.0.1", "\n", "\x1b"))


@pytest.mark.slow
def test_an_iceberg_table_in_a_store_that_is_not_there_is_told(object_store: str, tmp_path: Path) -> None:
    assert "does not exist" in refusal("iceberg://s3://bucket/no/such.metadata.json")
    address = write_iceberg(TABLE, tmp_path, warehouse=in_store())
    from pyarrow import fs

    store = fs.S3FileSystem(endpoint_override=object_store)
    folder = address.removeprefix("iceberg://s3://").partition("/metadata/")[0]
    for info in store.get_file_info(fs.FileSelector(f"{folder}/data", recursive=True)):
        store.delete_file(info.path)
    told = refusal(address)
    assert "cannot be read: " in told
    assert "a-test-" not in told


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an Iceberg catalog that the environment describes, with the table `sales.orders`."""
    from pyiceberg.catalog import load_catalog

    for name, value in {
        "TYPE": "sql",
        "URI": f"sqlite:///{tmp_path}/c.db",
        "WAREHOUSE": f"file://{tmp_path}/w",
    }.items():
        monkeypatch.setenv(f"PYICEBERG_CATALOG__HERE__{name}", value)
    loaded = load_catalog("here", type="sql", uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"file://{tmp_path}/w")
    loaded.create_namespace("sales")
    loaded.create_table("sales.orders", schema=TABLE.schema).append(TABLE)
    loaded.close()
    return "here"


def test_an_iceberg_table_is_named_by_its_metadata(catalog: str, tmp_path: Path) -> None:
    newest = max((tmp_path / "w").rglob("*.metadata.json"))
    for address in (f"iceberg://{newest}", f"iceberg://file://{newest}"):
        assert multiset(open_source(address).batches()) == multiset(TABLE.to_batches())


def test_files_of_an_iceberg_table_are_not_read_beside_its_metadata(catalog: str, tmp_path: Path) -> None:
    table = tmp_path / "w" / "sales" / "orders"
    for place in (table, table / "data", table / "data" / "*.parquet", f"{tmp_path}/**/*.parquet"):
        assert f"give iceberg://{table}/metadata/NAME.metadata.json" in refusal(str(place))


def test_a_broken_or_missing_iceberg_table_is_refused(catalog: str, tmp_path: Path) -> None:
    (tmp_path / "x.metadata.json").write_text("{}")
    for address, why in {
        f"iceberg://{tmp_path}/no.metadata.json": "does not exist",
        f"iceberg://{tmp_path}/x.metadata.json": "cannot be read",
        "iceberg://here": "names no table",
        "iceberg://nowhere/a.b": "cannot be read",
    }.items():
        with pytest.raises(SourceError, match=why) as raised:
            open_source(address).schema()
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("module", "extra", "address"),
    [
        ("deltalake", "delta", "delta:///x"),
        ("pyiceberg.catalog", "iceberg", "iceberg://a/b.c"),
        ("adbc_driver_postgresql", "postgres", "postgresql://a@127.0.0.1/b::t"),
    ],
)
def test_a_missing_extra_is_named(module: str, extra: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=f"'{extra}'"):
        open_source(address).schema()


def test_columns_of_an_iceberg_table_that_changed_after_its_last_rows_are_those_of_today(tmp_path: Path) -> None:
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.types import StringType

    write_iceberg(TABLE, tmp_path)
    catalog = SqlCatalog("local", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}/warehouse")
    with catalog.load_table("sales.orders").update_schema() as update:
        update.rename_column("b", "text")
        update.add_column("c", StringType())
        update.move_first("c")
    location = catalog.load_table("sales.orders").metadata_location
    catalog.close()
    source = open_source(f"iceberg://{location.removeprefix('file://')}")
    expected = pa.table({"c": pa.nulls(100, pa.string()), "a": TABLE["a"], "text": TABLE["b"]})
    assert source.schema().names == expected.schema.names
    assert multiset(source.batches()) == multiset(expected.to_batches())
    assert multiset(source.batches(["text"])) == multiset(expected.select(["text"]).to_batches())


def test_a_metadata_file_of_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text("{}")
    assert "whose name ends in .metadata.json" in refusal(f"iceberg://{tmp_path}/table.json")
    (tmp_path / "v1.metadata.json").write_text("{}")
    assert "cannot be read: " in refusal(f"iceberg://{tmp_path}/v1.metadata.json")
