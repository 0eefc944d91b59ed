"""The rows of a delta themselves: found by their hashes, before and after, and written to a file."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

import sameset
from sameset import Spec
from sameset.comparison import Comparison
from sameset.comparison.rows import ChangedRow
from sameset.errors import SamesetError
from sameset.execution.comparing import compare_places
from sameset.execution.delta_rows import NO_ROWS, WantedRows
from sameset.execution.key_conditions import condition_of
from sameset.sources import open_source
from sameset.sources.memory import MemorySource

ALL = WantedRows(10_000)
DAY = dt.date(2024, 2, 29)

LEFT = pa.table(
    {
        "id": range(300),
        "name": [f"n{n}" for n in range(300)],
        "price": [Decimal(n) / 4 for n in range(300)],
        "tags": [["a", None, str(n)] for n in range(300)],
    }
)
#: Rows 0 to 2 gone, 300 and 301 come, two prices and one list changed.
RIGHT = pa.table(
    {
        "id": range(3, 302),
        "name": [f"n{n}" for n in range(3, 302)],
        "price": [Decimal(n) / 4 + (7 if n in (5, 90) else 0) for n in range(3, 302)],
        "tags": [["b"] if n == 8 else ["a", None, str(n)] for n in range(3, 302)],
    }
)


class WatchedSource(MemorySource):
    """Knows the conditions that its rows were asked for with."""

    def __init__(self, table: pa.Table) -> None:
        super().__init__(table)
        self.asked: list[str | None] = []

    def streams(
        self, count: int, columns: Sequence[str] | None = None, where: str | None = None
    ) -> Sequence[Iterator[pa.RecordBatch]]:
        self.asked.append(where)
        return super().streams(count, columns, where)


def test_changed_rows_are_told_before_and_after() -> None:
    found = compare_places(LEFT, RIGHT, key=["id"])
    assert found.changes == (2, 3, 3)
    assert [row["id"] for row in found.rows.added] == [300, 301]
    assert list(found.rows.removed) == LEFT.slice(0, 3).to_pylist()
    before = LEFT.to_pylist()
    after = {row["id"]: row for row in RIGHT.to_pylist()}
    assert list(found.rows.changed) == [
        ChangedRow({"id": n}, before[n], after[n], ("tags",) if n == 8 else ("price",)) for n in (5, 8, 90)
    ]


def test_without_the_old_table_changed_rows_are_told_as_they_are() -> None:
    found = compare_places(sameset.sketch_table(LEFT, Spec(key=("id",))), RIGHT)
    assert [(row.key, row.before, row.columns) for row in found.rows.changed] == [
        ({"id": n}, None, None) for n in (5, 8, 90)
    ]
    assert [row.after for row in found.rows.changed] == [row for row in RIGHT.to_pylist() if row["id"] in (5, 8, 90)]
    assert found.rows.removed == ()
    assert [change.key for change in found.delta.removed] == [{"id": 0}, {"id": 1}, {"id": 2}]  # type: ignore[union-attr]


def test_equal_numbers_of_other_types_do_not_differ() -> None:
    left = pa.table({"id": [1, 2], "x": pa.array([5, 6], pa.int8()), "y": [float("nan"), 0.0]})
    right = pa.table({"id": [1.0, 2.0], "x": [5.0, 7.0], "y": pa.array([float("nan"), -0.0], pa.float32())})
    (row,) = compare_places(left, right, key=["id"]).rows.changed
    assert row.columns == ("x",)


def test_only_rows_of_the_keys_are_read_where_the_keys_are_known() -> None:
    source = WatchedSource(RIGHT)
    found = compare_places(sameset.sketch_table(LEFT, Spec(key=("id",))), source)
    assert source.asked == [None, '("id" in (300, 301, 5, 8, 90))']
    assert len(found.rows.changed) == 3


def test_rows_that_a_condition_does_not_find_are_found_by_a_scan_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sameset.execution.rows_scan.condition_of", lambda keys, schema: '"id" = 5')
    source = WatchedSource(RIGHT)
    found = compare_places(sameset.sketch_table(LEFT, Spec(key=("id",))), source)
    assert source.asked == [None, '"id" = 5', None]
    assert [row["id"] for row in found.rows.added] == [300, 301]


def test_no_rows_take_no_second_scan() -> None:
    source = WatchedSource(RIGHT)
    found = compare_places(sameset.sketch_table(LEFT, Spec(key=("id",))), source, rows=NO_ROWS)
    assert source.asked == [None]
    assert found.changes == (2, 3, 3)


KEYS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "int": (pa.int64(), [-(2**53), 0, 7]),
    "uint": (pa.uint64(), [2**60, 1, 2]),
    "double": (pa.float64(), [0.1, -2.5, 1e-300]),
    "float": (pa.float32(), [0.5, 3.25, 1e10]),
    "decimal": (pa.decimal128(15, 2), [Decimal("0.10"), Decimal("-7"), Decimal("123456789.01")]),
    "text": (pa.string(), ["it's", "näme", '"; drop table x']),
    "view": (pa.string_view(), ["a", "b" * 13, ""]),
    "date": (pa.date32(), [DAY, dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
    "timestamp": (
        pa.timestamp("us"),
        [dt.datetime(1969, 12, 31, 23, 59, 59, 1), dt.datetime(2024, 2, 29), dt.datetime(1, 1, 1)],
    ),
    "zoned": (pa.timestamp("us", "Asia/Kathmandu"), [dt.datetime(2024, 1, 1, n, tzinfo=dt.UTC) for n in range(3)]),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("with_null", [False, True])
def test_a_condition_finds_the_rows_of_keys_of_every_type(kind: str, with_null: bool, tmp_path: Path) -> None:
    type_, values = KEYS[kind]
    whole = pa.table({"k": pa.array([*values, None], type_), "v": range(4)})
    pq.write_table(whole, tmp_path / "right.parquet")
    wanted = pa.table({"k": pa.array([*values[:2], *([None] if with_null else [])], type_)})
    found = compare_places(whole.slice(0, 0), wanted, key=["k"])
    keys = [change.key for change in found.delta.added]  # type: ignore[union-attr]
    source = open_source(tmp_path / "right.parquet")
    condition = condition_of([key for key in keys if key is not None], source.schema())
    assert condition is not None
    rows = [value for batch in source.batches(["v"], condition) for value in batch.column("v").to_pylist()]
    assert sorted(rows) == ([0, 1, 3] if with_null else [0, 1])


@pytest.mark.parametrize(
    ("key", "schema"),
    [
        ({"k": b"x"}, pa.schema({"k": pa.binary()})),
        ({"k": "a\0b"}, pa.schema({"k": pa.string()})),
        ({"k": float("inf")}, pa.schema({"k": pa.float64()})),
        ({"k": "292278-01-01"}, pa.schema({"k": pa.timestamp("us")})),
        ({"k": 1}, pa.schema({"k": pa.int64(), "K": pa.int64()})),
    ],
)
def test_keys_that_sql_has_no_certain_word_for_give_no_condition(key: dict[str, Any], schema: pa.Schema) -> None:
    assert condition_of([key], schema) is None


@st.composite
def histories(draw: Any) -> tuple[pa.Table, pa.Table]:
    """Two tables of few distinct rows, each with repeated ones."""
    row = st.tuples(st.integers(0, 8), st.none() | st.integers(0, 3), st.sampled_from(["", "x", "näme"]))
    tables = [
        pa.table(
            {
                "k": pa.array([r[0] for r in rows], pa.int64()),
                "n": pa.array([r[1] for r in rows], pa.float64()),
                "t": pa.array([r[2] for r in rows], pa.string()),
            }
        )
        for rows in (draw(st.lists(row, max_size=15)), draw(st.lists(row, max_size=15)))
    ]
    return tables[0], tables[1]


def counted(table: pa.Table) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(row.values()) for row in table.to_pylist())


@given(histories(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_file_of_rows_is_the_difference_of_the_tables(
    tmp_path_factory: Any, tables: tuple[pa.Table, pa.Table], keyed: bool
) -> None:
    left, right = tables
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    compare_places(left, right, key=["k"] if keyed else None, rows=WantedRows(0, path))
    came: Counter[tuple[Any, ...]] = Counter()
    went: Counter[tuple[Any, ...]] = Counter()
    for row in pq.read_table(path).to_pylist():
        side = came if row["_side"] == "after" else went
        side[row["k"], row["n"], row["t"]] += row["_times"]
    assert came == counted(right) - counted(left)
    assert went == counted(left) - counted(right)


def test_a_file_of_rows_without_the_old_table_holds_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    found = compare_places(sameset.sketch_table(LEFT, Spec(key=("id",))), RIGHT, rows=WantedRows(0, path))
    (note,) = found.notes
    assert note == (
        "rows.csv holds the keys alone of 3 removed rows and nothing of what 3 changed rows were, "
        "for the old table is not at hand"
    )
    lines = csv.read_csv(path).to_pylist()
    told = [(line["_change"], line["_side"], line["id"], line["name"] or None) for line in lines]
    assert told == [
        *(("changed", "after", n, f"n{n}") for n in (5, 8, 90)),
        *(("added", "after", n, f"n{n}") for n in (300, 301)),
        *(("removed", "before", n, None) for n in range(3)),
    ]


STORED: dict[str, pa.Array] = {
    "dictionary": pa.array(["a", "b"]).dictionary_encode(),
    "view": pa.array(["a" * 20, "b"], pa.string_view()),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array(["a", "b"])),
    "uuid": pa.array([b"\0" * 16, b"\1" * 16], pa.uuid()),
    "interval": pa.array([(1, 2, 3), (4, 5, 6)], pa.month_day_nano_interval()),
    "decimal256": pa.array([Decimal(10) ** 50, Decimal(1)], pa.decimal256(76, 5)),
    "bytes": pa.array([b"\xff\0", None], pa.binary()),
    "struct": pa.array([{"a": [1, None]}, None]),
    "map": pa.array([[("x", 1)], []], pa.map_(pa.string(), pa.int64())),
    "tensor": pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(8.0).reshape(2, 2, 2)),
    "duration": pa.array([1, 2], pa.duration("ns")),
    "null": pa.nulls(2),
}


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".CSV"])
@pytest.mark.parametrize("kind", STORED)
def test_rows_of_every_type_can_be_written(kind: str, suffix: str, tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2], "value": STORED[kind]})
    path = tmp_path / f"rows{suffix}"
    compare_places(table.slice(0, 1), table, key=["id"], rows=WantedRows(0, path))
    read = pq.read_table(path) if suffix == ".parquet" else csv.read_csv(path)
    assert read.column("id").to_pylist() == [2]


def test_sides_of_unlike_types_are_written_as_one(tmp_path: Path) -> None:
    left = pa.table({"id": [1, 2], "wide": pa.array([1, 2], pa.int32()), "other": [1, 2]})
    right = pa.table({"id": [1, 2], "wide": [1.5, 2], "other": ["x", "2"]})
    compare_places(left, right, key=["id"], rows=WantedRows(0, tmp_path / "rows.parquet"))
    lines = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [(line["_side"], line["wide"], line["other"]) for line in lines] == [
        ("before", 1.0, "1"),
        ("after", 1.5, "x"),
        ("before", 2.0, "2"),
        ("after", 2.0, "2"),
    ]


def test_columns_of_our_names_keep_theirs(tmp_path: Path) -> None:
    table = pa.table({"_change": [1, 2], "x": [3, 4]})
    compare_places(table.slice(0, 1), table, rows=WantedRows(0, tmp_path / "rows.parquet"))
    assert pq.read_schema(tmp_path / "rows.parquet").names == [
        "__change",
        "__side",
        "__times",
        "__row_hash",
        "_change",
        "x",
    ]


def test_a_file_that_does_not_say_how_it_is_written_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(SamesetError, match=r"rows are written as \.parquet or \.csv, not as rows\.xlsx"):
        WantedRows(0, tmp_path / "rows.xlsx")


def test_no_file_is_written_where_it_is_not_known_which_rows_differ(tmp_path: Path) -> None:
    left = pa.table({"id": range(40_000), "x": range(40_000)})
    right = pa.table({"id": range(40_000), "x": range(1, 40_001)})
    with pytest.raises(SamesetError, match="it is not known which rows differ"):
        compare_places(sameset.sketch_table(left, Spec(key=("id",))), right, rows=WantedRows(0, tmp_path / "rows.csv"))
    assert list(tmp_path.iterdir()) == []


def checked(tmp_path: Path, second: Path, *, hide: bool = False) -> Comparison:
    """The comparison of a second delivery with the first, `left.parquet`."""
    registry = str(tmp_path / "registry.db")
    pq.write_table(LEFT, tmp_path / "left.parquet")
    sameset.check_table(tmp_path / "left.parquet", "orders", registry, key=["id"], keep_keys=False if hide else None)
    pq.write_table(RIGHT, second)
    comparison = sameset.check_table(second, "orders", registry).comparison
    assert comparison is not None
    return comparison


def test_a_check_reads_the_rows_of_the_previous_delivery_where_it_still_lies(tmp_path: Path) -> None:
    found = checked(tmp_path, tmp_path / "right.parquet")
    assert [row["id"] for row in found.rows.removed] == [0, 1, 2]
    assert [row.columns for row in found.rows.changed] == [("price",), ("tags",), ("price",)]
    assert {column.name: column.cells for column in found.columns} == {"id": 0, "name": 0, "price": 2, "tags": 1}


def test_a_delivery_that_was_overwritten_has_no_rows_before(tmp_path: Path) -> None:
    found = checked(tmp_path, tmp_path / "left.parquet")
    assert (found.changes, found.rows.removed) == ((2, 3, 3), ())
    assert [row.before for row in found.rows.changed] == [None] * 3
    assert not any("second time" in note for note in found.notes)


def test_who_hides_keys_gets_no_rows_into_the_registry(tmp_path: Path) -> None:
    found = checked(tmp_path, tmp_path / "right.parquet", hide=True)
    assert (found.changes, found.rows.added, found.rows.changed) == ((2, 3, 3), (), ())
    assert all(change.key is None for change in found.delta.removed)  # type: ignore[union-attr]
    assert b'"n300"' not in (tmp_path / "registry.db").read_bytes()


def test_keys_are_told_in_the_order_of_the_key_whichever_way_they_are_found() -> None:
    left = pa.table({"b": [1, 1, 2], "a": ["x", "y", "x"], "v": [1, 2, 3]})
    right = pa.table({"b": [1, 1, 3], "a": ["x", "y", "x"], "v": [1, 5, 3]})
    spec = Spec(key=("b", "a"))
    hidden = sameset.sketch_table(left, Spec(key=("b", "a"), keep_keys=False))
    for found in (compare_places(sameset.sketch_table(left, spec), right), compare_places(hidden, right)):
        assert found.delta is not None
        assert [list((row.key or {}).items()) for row in found.delta.changed] == [[("b", 1), ("a", "y")]]
        assert [list((row.key or {}).items()) for row in found.delta.added] == [[("b", 3), ("a", "x")]]


def test_lists_are_in_the_order_of_the_key() -> None:
    empty, rows = (
        pa.table({"b": pa.array(b), "a": pa.array(a)}) for b, a in (([0], ["o"]), ([0, 1, 2], ["o", "z", "y"]))
    )
    found = compare_places(empty, rows, key=["b", "a"], rows=NO_ROWS)
    assert found.delta is not None
    assert [tuple((row.key or {}).values()) for row in found.delta.added] == [(1, "z"), (2, "y")]


@pytest.mark.parametrize(
    "names",
    [
        pa.array([f"a name that is longer than a sketch keeps, {i:03}" for i in range(90)]),
        pa.array([[i // 9, None if i % 9 else 5] for i in range(0, 90, 9)], pa.list_(pa.int64())),
    ],
    ids=["texts", "lists"],
)
def test_keys_too_long_for_a_sketch_are_in_order_too(names: pa.Array, tmp_path: Path) -> None:
    old = pa.table({"name": names, "v": range(len(names))})
    new = old.slice(0, 6).set_column(1, "v", pa.array([-1] * 6))
    found = compare_places(old, new, key=["name"], rows=WantedRows(3, tmp_path / "rows.csv"))
    assert found.delta is not None
    for rows, first in ((found.delta.changed, 0), (found.delta.removed, 6)):
        assert [row.key for row in rows] == [{"name": names[i].as_py()} for i in range(first, first + len(rows))]
    assert [row["name"] for row in found.rows.removed] == names[6:9].to_pylist()
    lines = (tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()[1:13:2]
    assert [str(names[i].as_py())[-3:] in line for i, line in enumerate(lines)] == [
        True
    ] * 6 or names.type != pa.string()


@pytest.mark.parametrize("key", [[], ["id"]])
def test_rows_are_told_with_how_often_they_came(key: list[str]) -> None:
    found = compare_places(pa.table({"id": [1, 2]}), pa.table({"id": [1, 1, 1, 2, 3]}), key=key)
    assert found.changes == (3, 0, 0)
    told = {row["id"]: times for row, times in zip(found.rows.added, found.rows.added_times, strict=True)}
    assert told == {1: 2, 3: 1}
    assert sorted(found.to_json()["delta"]["times"]["added"]) == [1, 2]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_file_of_no_rows_has_the_columns_of_the_table(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{suffix}"
    compare_places(LEFT, LEFT, key=["id"], rows=WantedRows(0, path))
    written = pq.read_table(path) if suffix == ".parquet" else csv.read_csv(path)
    assert written.column_names == ["_change", "_side", "_times", "_row_hash", *LEFT.column_names]
    assert not len(written)
