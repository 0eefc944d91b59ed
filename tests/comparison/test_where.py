"""Where tables differ, from their sketches alone: exactly the buckets and columns of an edit, and what is said of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from comparison_tables import changed_column, sketch_of
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.canonical.buckets import BEYOND, NAN_KEY, NULL_KEY, Bucketing
from sameset.comparison import compare
from sameset.comparison.bucket_labels import label_of
from sameset.comparison.buckets import BucketMap
from sameset.comparison.sentences import describe

ROWS = 400
KINDS = {
    "day": ["year", "quarter", "month", "week", "day", ""],
    "at": ["hour", "day", "month"],
    "zoned": ["hour", "month", ""],
    "price": ["range=10", "range=1", "16"],
    "name": ["", "5"],
}
UTC = dt.UTC


def sales(seed: int = 0) -> pa.Table:
    """Sales around 1970 and a leap day, some without day, time, price or name."""
    rng = np.random.default_rng(seed)
    days = rng.choice([-800, -1, 0, 58, 59, 60, 19_781, 19_782, 19_783], ROWS).astype(np.int32)
    at = rng.integers(-(10**9), 2 * 10**9, ROWS) * 10**6
    gaps = [rng.random(ROWS) < 0.05 for _ in range(5)]
    return pa.table(
        {
            "id": pa.array(np.arange(ROWS)),
            "day": pa.array(days, pa.int32(), mask=gaps[0]).view(pa.date32()),
            "at": pa.array(at, pa.int64(), mask=gaps[1]).view(pa.timestamp("us")),
            "zoned": pa.array(at, pa.int64(), mask=gaps[2]).view(pa.timestamp("us", "Asia/Kathmandu")),
            "price": pa.array(np.round(rng.normal(0, 50, ROWS), 2), mask=gaps[3]),
            "name": pa.array([f"name {n}" for n in rng.integers(0, 30, ROWS)], mask=gaps[4]),
        }
    )


def map_of(left: pa.Table, right: pa.Table, by: str, **fields: Any) -> BucketMap:
    found = compare(*(sketch_of(table, bucket_by=by, **fields) for table in (left, right))).buckets
    assert found is not None
    return found


def differing(found: BucketMap) -> dict[str, tuple[str, int, int, tuple[str, ...]]]:
    return {c.label: (c.state, c.left_rows, c.right_rows, c.columns) for c in found.differing}


def bucket_of(table: pa.Table, row: int, by: str) -> str:
    (change,) = map_of(table.slice(row, 1), table.slice(row, 1), by).changes
    return change.label


columns_and_ways = st.sampled_from([f"{column}:{how}" for column, ways in KINDS.items() for how in ways])
OTHER = {"id": -5, "price": 3.25, "name": "another"}


@settings(max_examples=40)
@given(columns_and_ways, st.integers(0, ROWS - 1), st.sampled_from(sorted(OTHER)))
def test_an_edit_of_one_cell_is_told_with_its_bucket_and_its_column(by: str, row: int, column: str) -> None:
    left = sales()
    if column == by.split(":")[0]:
        column = "id"
    cells = left.column(column).to_pylist()
    cells[row] = OTHER[column]
    right = changed_column(left, column, cells)
    found = map_of(left, right, by)
    home = bucket_of(left, row, by)
    (change,) = found.differing
    assert (change.label, change.state, change.columns) == (home, "changed", (column,))
    assert change.left_rows == change.right_rows > 0
    assert sum(change.left_rows for change in found.changes) == ROWS


@settings(max_examples=40)
@given(st.sampled_from(KINDS["day"]), st.integers(0, ROWS - 1), st.dates() | st.none())
def test_a_row_that_moves_is_told_in_both_buckets(how: str, row: int, day: dt.date | None) -> None:
    left = sales()
    days = left.column("day").to_pylist()
    days[row] = day
    right = changed_column(left, "day", days)
    home, goal = bucket_of(left, row, f"day:{how}"), bucket_of(right, row, f"day:{how}")
    found = map_of(left, right, f"day:{how}")
    if left.equals(right):
        assert not found.differing
    else:
        assert set(differing(found)) == {home, goal}
    moved = {c.label: c.right_rows - c.left_rows for c in found.changes if c.left_rows != c.right_rows}
    assert moved == ({} if home == goal else {home: -1, goal: 1})


@settings(max_examples=20)
@given(columns_and_ways, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_matter(by: str, chance: Any) -> None:
    left = sales()
    right = left.take(chance.sample(range(ROWS), ROWS)).select(chance.sample(left.schema.names, 6))
    found = map_of(left, right, by)
    assert not found.differing
    assert not found.by_column
    assert sum(change.right_rows for change in found.changes) == ROWS


def test_months_come_and_go_and_nulls_are_last() -> None:
    left = pa.table({"day": [dt.date(2023, 12, 31), dt.date(2024, 2, 29), None], "price": [1, 2, 3]})
    right = pa.table({"day": [dt.date(2024, 2, 28), None, dt.date(2024, 3, 1)], "price": [2, 3, 4]})
    found = map_of(left, right, "day")
    assert [change.label for change in found.changes] == ["2023-12", "2024-02", "2024-03", "null"]
    assert [change.state for change in found.changes] == ["removed", "changed", "added", "same"]
    assert differing(found)["2024-02"] == ("changed", 1, 1, ("day",))


def test_parts_of_a_table_merge_into_the_map_of_the_whole() -> None:
    left, right = sales(), sales(1)
    whole, *parts = (sketch_of(table, bucket_by="at:month") for table in (left, left.slice(0, 90), left.slice(90)))
    other = sketch_of(right, bucket_by="at:month")
    assert parts[1].merge(parts[0]) == whole
    assert compare(parts[0].merge(parts[1]), other).buckets == compare(whole, other).buckets


def test_values_that_change_places_within_a_bucket_are_seen_though_no_column_changed() -> None:
    left = pa.table({"day": [dt.date(2024, 3, 1)] * 2 + [dt.date(2024, 4, 1)], "a": [1, 2, 3], "b": [5, 6, 7]})
    right = changed_column(left, "a", [2, 1, 3])
    assert differing(map_of(left, right, "day")) == {"2024-03": ("changed", 2, 2, ())}
    told = describe(compare(sketch_of(left, bucket_by="day"), sketch_of(right, bucket_by="day")))
    assert told.endswith("by day only 2024-03 differs, the same values on other rows")


def edited(table: pa.Table, rows: list[int], column: str = "price") -> pa.Table:
    cells = table.column(column).to_pylist()
    return changed_column(table, column, [0.125 if i in rows else cell for i, cell in enumerate(cells)])


MONTHS = pa.table(
    {
        "id": range(48),
        "day": [dt.date(2021 + i // 12, i % 12 + 1, 5) for i in range(48)],
        "price": [float(i) for i in range(48)],
        "tax": [i / 8 for i in range(48)],
    }
)


@pytest.mark.parametrize(
    ("right", "told"),
    [
        (edited(MONTHS, [38]), "by day only 2024-03 differs, only in price"),
        (edited(MONTHS, [38, 39, 40]), "by day only 2024-03 to 2024-05 differ, only in price"),
        (
            edited(edited(MONTHS, [3, 38]), [3], "tax"),
            "by day only 2021-04 and 2024-03 differ, only in price and tax",
        ),
        (
            pa.concat_tables([edited(MONTHS, [3]), MONTHS.slice(38, 1)]),
            "by day only 2021-04 and 2024-03 differ, in price, id, day and 1 more",
        ),
        (edited(MONTHS, [2, 4, 6, 8]), "by day 4 of 48 months differ, only in price"),
        (edited(MONTHS, list(range(48))), "by day all 48 months differ, only in price"),
        (MONTHS.slice(0, 46), "by day 2024-11 to 2024-12 were removed"),
        (
            pa.concat_tables(
                [edited(MONTHS, [7]).slice(1), changed_column(MONTHS.slice(0, 1), "day", [dt.date(2025, 1, 1)])]
            ),
            "by day only 2021-08 differs, only in price, 2025-01 was added, 2021-01 was removed",
        ),
        (
            pa.concat_tables([MONTHS, MONTHS.slice(3, 1)]),
            "by day only 2021-04 differs in all columns",
        ),
        (MONTHS, ""),
    ],
)
def test_the_sentence_names_few_buckets_and_counts_many(right: pa.Table, told: str) -> None:
    found = compare(sketch_of(MONTHS, ["id"], bucket_by="day"), sketch_of(right, ["id"], bucket_by="day"))
    assert describe(found).endswith(f"; {told}" if told else "holds the same rows")


def test_two_sketches_of_which_one_has_buckets_are_compared_without_with_a_note() -> None:
    right = edited(MONTHS, [38])
    for buckets in ((None, "day"), ("day", None)):
        found = compare(*(sketch_of(t, ["id"], bucket_by=b) for t, b in zip((MONTHS, right), buckets, strict=True)))
        assert found.buckets is None
        assert (found.verdict, found.changes) == ("modified", (0, 0, 1))
        assert "only one of the sketches has buckets, so that none could be compared" in found.notes
    assert compare(sketch_of(MONTHS), sketch_of(right)).to_json()["buckets"] is None


@pytest.mark.parametrize(("one", "two"), [("day", "day:year"), ("id:8", "id:9"), ("id:8", "tax:8"), ("day:32", "day")])
def test_sketches_of_other_buckets_are_compared_without_with_a_note(one: str, two: str) -> None:
    found = compare(sketch_of(MONTHS, bucket_by=one), sketch_of(edited(MONTHS, [38]), bucket_by=two))
    assert found.buckets is None
    assert any("the sketches have different buckets" in note for note in found.notes)
    assert found.verdict == "modified"


def test_the_default_and_what_it_stands_for_are_the_same_buckets() -> None:
    found = compare(sketch_of(MONTHS, bucket_by="day"), sketch_of(edited(MONTHS, [38]), bucket_by="day:month"))
    assert found.buckets is not None
    assert [change.label for change in found.buckets.differing] == ["2024-03"]


def test_dates_that_became_timestamps_are_in_the_same_months() -> None:
    right = MONTHS.set_column(1, "day", MONTHS.column("day").cast(pa.timestamp("us")))
    found = map_of(MONTHS, right, "day")
    assert {c.columns for c in found.changes} == {("day",)}
    assert {c.state for c in found.changes} == {"changed"}


def test_where_columns_came_and_went_the_others_are_compared_one_by_one() -> None:
    right = edited(MONTHS, [38]).drop_columns(["tax"]).append_column("more", pa.array(range(48)))
    found = map_of(MONTHS, right, "day")
    assert found.by_column
    assert differing(found) == {"2024-03": ("changed", 1, 1, ("price",))}
    assert found.to_json(5)["rows_as_wholes"] is False


def test_renamed_columns_are_the_same_in_all_buckets_even_if_theirs_was_renamed() -> None:
    right = MONTHS.rename_columns(["id", "date", "price", "levy"])
    found = compare(sketch_of(MONTHS, bucket_by="day"), sketch_of(right, bucket_by="date"))
    assert found.verdict == "renamed"
    assert found.buckets is not None
    assert not found.buckets.differing
    assert len(found.buckets.changes) == 48


def test_a_coarser_map_is_compared_with_a_finer_one_and_says_so() -> None:
    days = pa.array(np.arange(5_000, dtype=np.int32)).view(pa.date32())
    left = pa.table({"day": days, "n": range(5_000)})
    right = changed_column(left.slice(0, 3_000), "n", [*range(2_999), -1])
    found = compare(sketch_of(left, bucket_by="day:day"), sketch_of(right, bucket_by="day:day"))
    assert found.buckets is not None
    assert (found.buckets.level, len(found.buckets.changes), len(found.buckets.of_state("removed"))) == (
        1,
        2_500,
        1_000,
    )
    assert differing(found.buckets)["1978-03-18 to 1978-03-19"] == ("changed", 2, 2, ("n",))
    assert any("2 days of day are one bucket" in note for note in found.notes)
    assert found.buckets.to_json(0)["width"] == 2


def test_json_is_bounded() -> None:
    wide = pa.table({f"c{i}": range(64) for i in range(50)})
    other = pa.table({f"c{i}": [-n - 1 if i else n for n in range(64)] for i in range(50)})
    told = map_of(wide, other, "c0:range=1").to_json(3)
    assert (told["changed"], len(told["differing"])) == (64, 3)
    assert (len(told["differing"][0]["columns"]), told["differing"][0]["more_columns"]) == (20, 29)


@pytest.mark.parametrize(
    ("text", "level", "key", "label"),
    [
        ("c:year", 0, -1, "1969"),
        ("c:year", 0, 54, "2024"),
        ("c:quarter", 0, 216, "2024-Q1"),
        ("c:quarter", 0, -1, "1969-Q4"),
        ("c:month", 0, -1, "1969-12"),
        ("c:month", 1, 324, "2024-01 to 2024-02"),
        ("c:week", 0, 0, "1970-W01"),
        ("c:week", 0, 2661, "2020-W53"),
        ("c:week", 0, 2662, "2021-W01"),
        ("c:day", 0, 19_782, "2024-02-29"),
        ("c:hour", 0, -1, "1969-12-31T23"),
        ("c:range=1000", 0, -1, "[-1000, 0)"),
        ("c:range=5", 2, 3, "[60, 80)"),
        ("c:range=5", 0, BEYOND, f"from {5 * BEYOND}"),
        ("c:range=5", 0, -BEYOND, f"below {-5 * BEYOND + 5}"),
        ("c:9", 0, 3, "hash 3"),
        ("c:9", 2, 2, "hash 8"),
        ("c:9", 2, 1, "hashes 4 to 7"),
        ("c:range=5", 0, NAN_KEY, "NaN"),
        ("c:month", 3, NULL_KEY, "null"),
    ],
)
def test_labels(text: str, level: int, key: int, label: str) -> None:
    assert label_of(Bucketing.parse(text), level, key) == label


@pytest.mark.parametrize("how", ["year", "quarter", "month", "week", "day", "hour"])
@pytest.mark.parametrize("key", [-BEYOND, BEYOND])
def test_labels_of_whatever_a_file_may_hold(how: str, key: int) -> None:
    assert label_of(Bucketing.parse(f"c:{how}"), 0, key)


@given(st.dates())
def test_weeks_are_those_of_iso_8601(day: dt.date) -> None:
    table = pa.table({"day": [day]})
    year, week, _ = day.isocalendar()
    assert map_of(table, table, "day:week").changes[0].label == f"{year:04}-W{week:02}"
