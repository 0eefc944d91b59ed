"""Comparison of places of every kind, and what a second reading of the tables adds."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sameset
from sameset import Spec
from sameset.comparison import Comparison, Verdict
from sameset.comparison.rows import RowSample
from sameset.errors import RegistryError, SamesetError, SketchFormatError, SourceError, SpecError, UnknownDatasetError
from sameset.execution import joins
from sameset.execution.comparing import compare_places
from sameset.execution.delta_rows import NO_ROWS, WantedRows


def table_of(rows: int, start: int = 0) -> pa.Table:
    numbers = np.arange(start, start + rows)
    return pa.table({"id": numbers, "name": [f"n{n}" for n in numbers], "price": np.sqrt(numbers)})


LEFT = table_of(300)
RIGHT = table_of(290, 3)


@pytest.fixture
def registry(tmp_path: Path) -> str:
    """One with two snapshots of LEFT's dataset, the second of other rows; the data is gone."""
    address = str(tmp_path / "registry.db")
    sameset.check_table(LEFT, "left", address, key=["id"])
    sameset.check_table(table_of(5), "left", address)
    sameset.check_table(LEFT, "last", address, key=["id"])
    return address


def as_path(folder: Path) -> Any:
    pq.write_table(LEFT, folder / "left.parquet")
    return folder / "left.parquet"


def as_sketch_file(folder: Path) -> Any:
    (folder / "left.sketch").write_bytes(sameset.sketch_table(LEFT, Spec(key=("id",))).to_bytes())
    return str(folder / "left.sketch")


PLACES: dict[str, Callable[[Path], Any]] = {
    "path": as_path,
    "text": lambda folder: str(as_path(folder)),
    "folder": lambda folder: str(as_path(folder).parent),
    "sketch file": as_sketch_file,
    "NAME": lambda folder: "last",
    "NAME@N": lambda folder: "left@1",
    "TableSketch": lambda folder: sameset.sketch_table(LEFT, Spec(key=("id",))),
    "pyarrow": lambda folder: LEFT,
    "pandas": lambda folder: LEFT.to_pandas(),
    "batches": lambda folder: LEFT.to_reader(50),
    "Source": lambda folder: sameset.open_source(LEFT),
}


@pytest.mark.parametrize("kind", PLACES)
def test_every_kind_of_place_can_be_compared(kind: str, registry: str, tmp_path: Path) -> None:
    place = PLACES[kind](tmp_path)
    found = compare_places(place, RIGHT, key=["id"], registry=registry)
    assert (found.verdict, found.changes, found.key) == (Verdict.TRUNCATED, (0, 10, 0), ("id",))
    assert found.delta is not None
    assert [row.key for row in found.delta.removed] == [{"id": n} for n in [0, 1, 2, *range(293, 300)]]
    back = compare_places(RIGHT, PLACES[kind](tmp_path), key=["id"], registry=registry)
    assert (back.verdict, back.changes) == (Verdict.APPENDED, (10, 0, 0))


@pytest.mark.parametrize("kind", ["sketch file", "NAME", "NAME@N", "TableSketch"])
def test_the_spec_and_key_of_a_stored_sketch_are_taken_over(kind: str, registry: str, tmp_path: Path) -> None:
    for sides in ((PLACES[kind](tmp_path), RIGHT), (RIGHT, PLACES[kind](tmp_path))):
        assert compare_places(*sides, registry=registry).key == ("id",)


def test_seed_and_sizes_of_a_stored_sketch_are_taken_over() -> None:
    spec = Spec(seed=7, delta_cells=64, bins=16)
    found = compare_places(sameset.sketch_table(LEFT, spec), LEFT.slice(0, 299))
    assert found.verdict is Verdict.TRUNCATED


def test_a_key_that_a_stored_sketch_has_not_is_refused_and_names_that_sketch(tmp_path: Path) -> None:
    sketch = as_sketch_file(tmp_path)
    with pytest.raises(SpecError, match=r"left\.sketch was sketched with key id, not key name; leave --key out"):
        compare_places(RIGHT, sketch, key=["name"])


def test_the_address_of_each_side_is_told(registry: str, tmp_path: Path) -> None:
    found = compare_places("left@1", as_path(tmp_path), registry=registry)
    assert (found.left.address, found.right.address) == ("left@1", str(tmp_path / "left.parquet"))


def test_a_file_comes_before_a_dataset_of_its_name(
    registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sameset.check_table(table_of(2), "x.parquet", registry)
    assert compare_places("x.parquet", "x.parquet", registry=registry).left.rows == 2
    pq.write_table(table_of(7), "x.parquet")
    assert compare_places("x.parquet", "x.parquet", registry=registry).left.rows == 7


@pytest.mark.parametrize(
    ("place", "kind", "told"),
    [
        ("lost", UnknownDatasetError, "lost is neither a source nor a snapshot: there is no dataset 'lost'"),
        ("lefd", UnknownDatasetError, "did you mean 'left'"),
        ("left@9", UnknownDatasetError, "has no snapshot 9"),
        ("left@0", SourceError, "left@0 does not exist"),
        ("a/left", SourceError, "a/left does not exist"),
        ("left.txt", UnknownDatasetError, "neither a source nor a snapshot"),
    ],
)
def test_a_place_that_is_nothing_is_refused(place: str, kind: type[SamesetError], told: str, registry: str) -> None:
    with pytest.raises(kind, match=told):
        compare_places(place, LEFT, registry=registry)


def test_a_missing_file_is_told_as_such_also_where_there_is_no_registry_yet(tmp_path: Path) -> None:
    with pytest.raises(UnknownDatasetError, match=r"x\.parquet is neither a source nor a snapshot"):
        compare_places("x.parquet", LEFT, registry=str(tmp_path / "none.db"))
    assert not (tmp_path / "none.db").exists()


def test_a_registry_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "garbage.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(RegistryError, match="not a SQLite database"):
        compare_places("left", LEFT, registry=str(tmp_path / "garbage.db"))


@pytest.mark.parametrize("damage", [lambda data: data[:-50], lambda data: data[: len(data) // 2] + b"\0" + data[1:]])
def test_a_damaged_sketch_file_is_refused(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = Path(as_sketch_file(tmp_path))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises((SketchFormatError, SourceError), match=r"left\.sketch"):
        compare_places(str(path), LEFT)


# beyond what sketches can tell


def changed(table: pa.Table, every: int) -> pa.Table:
    prices = table["price"].to_numpy().copy()
    prices[::every] += 1
    return table.set_column(2, "price", pa.array(prices))


@pytest.mark.parametrize("key", [["id"], None])
def test_beyond_capacity_the_tables_are_joined_exactly(key: list[str] | None) -> None:
    left = table_of(30_000)
    right = pa.concat_tables([changed(left, 5).slice(500), table_of(700, 50_000)])
    found = compare_places(left, right, key=key)
    assert (found.verdict, found.basis) == (Verdict.MODIFIED, "rows")
    assert found.changes == ((700, 500, 5900) if key else (6600, 6400, 0))
    assert found.similarity.jaccard.is_exact
    assert found.similarity.jaccard.estimate == pytest.approx(23_600 / 36_600)
    assert any("joined" in note for note in found.notes)
    if key:
        assert found.delta is not None
        listed = {
            name: {row.key["id"] for row in getattr(found.delta, name) if row.key} for name in ("added", "removed")
        }
        assert listed == {"added": set(range(50_000, 50_700)), "removed": set(range(500))}
        assert {row.key["id"] for row in found.delta.changed if row.key} == set(range(500, 30_000, 5))


def test_a_join_counts_rows_that_occur_several_times() -> None:
    numbers = np.arange(10_000)
    found = compare_places(pa.table({"n": numbers}), pa.table({"n": np.r_[numbers, numbers, numbers[:1000]]}))
    assert (found.verdict, found.changes) == (Verdict.APPENDED, (11_000, 0, 0))


def test_a_delta_that_no_list_can_hold_is_counted_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "MOST_ROWS", 4000)
    left, right = table_of(30_000), changed(table_of(30_000), 5)
    found = compare_places(left, right)
    assert found.changes == (6000, 6000, 0)
    assert found.delta is not None
    assert (len(found.delta.added), len(found.delta.removed)) == (1000, 1000)
    assert "the counts are exact; the lists hold 2,000 of the rows" in found.notes


@pytest.mark.parametrize("keyed", [True, False])
def test_common_columns_are_compared_where_columns_came_went_or_were_renamed(keyed: bool) -> None:
    left = table_of(1000).append_column("old", pa.array(range(1000)))
    right = changed(table_of(1000), 100).append_column("new", pa.array(["x"] * 1000)).slice(0, 995)
    found = compare_places(left, right, key=["id"] if keyed else None)
    assert (found.verdict, found.basis) == (Verdict.MODIFIED, "common columns")
    assert found.changes == ((0, 5, 10) if keyed else (10, 15, 0))
    assert {c.name: c.state for c in found.columns if c.state not in ("same", "changed")} == {
        "new": "added",
        "old": "removed",
    }


def test_the_same_rows_in_the_common_columns_are_proved() -> None:
    right = table_of(1000).append_column("new", pa.array(["x"] * 1000)).rename_columns(["id", "label", "price", "new"])
    found = compare_places(table_of(1000), right)
    assert (found.verdict, found.basis, found.changes) == (Verdict.MODIFIED, "common columns", (0, 0, 0))
    assert any("the rows are the same in the 3 common columns" in note for note in found.notes)


# rows without a key


def rows_of(found: Comparison, name: str, limit: int = 100) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = found.to_json(limit)["delta"][name]
    return listed


def test_rows_are_fetched_where_there_is_no_key() -> None:
    found = compare_places(LEFT, RIGHT)
    expected = [row for row in LEFT.to_pylist() if not 3 <= row["id"] < 293]
    assert sorted(found.rows.removed, key=lambda row: row["id"]) == expected
    assert compare_places(RIGHT, LEFT).rows.added == found.rows.removed


def test_rows_of_a_table_that_is_gone_are_told_by_their_hashes() -> None:
    found = compare_places(sameset.sketch_table(LEFT), RIGHT)
    listed = rows_of(found, "removed")
    assert len(listed) == 10
    assert {frozenset(row) for row in listed} == {frozenset({"row_hash", "times"})}


def test_as_many_rows_are_fetched_as_the_limit_says() -> None:
    assert len(compare_places(LEFT, RIGHT, rows=WantedRows(4)).rows.removed) == 4
    found = compare_places(LEFT, RIGHT, rows=NO_ROWS)
    assert found.rows == RowSample()
    assert len(rows_of(found, "removed")) == 10


def test_keys_that_only_their_hashes_are_known_of_are_fetched() -> None:
    left = pa.table({"k": ["x" * 300, "y" * 300, "z"], "v": [1, 2, 3]})
    found = compare_places(left, left.slice(1), key=["k"])
    assert rows_of(found, "removed") == [{"k": "x" * 300}]


@pytest.mark.parametrize(
    ("type_", "old", "new", "told"),
    [
        (pa.timestamp("us"), 1, 10**18, "33658-09-27T01:46:40.000000"),
        (pa.timestamp("us", "UTC"), 1, 10**18, "33658-09-27T01:46:40.000000Z"),
        (pa.date32(), 1, 10**7, "29349-01-26"),
        (pa.timestamp("ns"), 1, 10**9 + 1, "1970-01-01T00:00:01.000000001"),
    ],
    ids=str,
)
def test_values_that_python_has_no_type_for_are_listed_as_text(
    type_: pa.DataType, old: int, new: int, told: str
) -> None:
    values = [
        pa.array([value, 7], pa.int32() if type_ == pa.date32() else pa.int64()).cast(type_) for value in (old, new)
    ]
    found = compare_places(*(pa.table({"v": array, "n": [1, 2]}) for array in values))
    assert found.to_json()["row_sample"]["added"] == [{"v": told, "n": 1}]


def test_a_table_that_can_be_read_only_once_is_compared_all_the_same(tmp_path: Path) -> None:
    found = compare_places(LEFT.to_reader(), RIGHT.to_reader())
    assert (found.verdict, found.changes) == (Verdict.TRUNCATED, (0, 10, 0))
    assert any("could not be read a second time" in note for note in found.notes)
    left = table_of(20_000)
    assert compare_places(left.to_reader(), changed(left, 4)).verdict is Verdict.MODIFIED
    check = sameset.check_table(LEFT.to_reader(), "once", str(tmp_path / "registry.db"))
    assert check.status == "new"


def test_nothing_is_left_in_the_working_folder_by_a_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compare_places(table_of(20_000), changed(table_of(20_000), 4))
    assert os.listdir(tmp_path) == []
