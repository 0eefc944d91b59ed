"""Which columns the changed rows touch: against plain Python, with both tables, the new one alone, and sketches alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from column_cases import ORDERS, by_sketches, by_tables, one_table, with_column
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.comparison import Comparison, Verdict
from sameset.comparison.column_evidence import NOTHING, ColumnRows, judge_column, sum_of
from sameset.comparison.columns import ColumnChange
from sameset.reports.columns import column_rows

hashes = st.lists(st.tuples(*[st.integers(0, 2**64 - 1)] * 2), max_size=6).map(
    lambda rows: np.array(rows, np.uint64).reshape(-1, 2)
)


@given(hashes, hashes, hashes, hashes, st.data())
def test_a_column_is_untouched_if_the_sums_leave_nothing_for_the_changed_rows(
    kept: Any, added: Any, removed: Any, before: Any, data: st.DataObject
) -> None:
    touched = data.draw(st.booleans())
    after = before + np.uint64(touched and len(before) > 0)
    differs = bool((sum_of(before) != sum_of(after)).any())
    left = sum_of(np.concatenate([kept, removed, before]))
    right = sum_of(np.concatenate([kept, added, after]))
    assert judge_column(left, right, ColumnRows(added, removed)).differs == differs
    assert judge_column(left, right, ColumnRows(added)).differs is None
    assert judge_column(left, right, ColumnRows(removed=removed)).differs is None
    side_by_side = judge_column(left, right, ColumnRows(None, None, before, after))
    assert side_by_side == (len(before) > 0 and touched, len(before) if touched else 0)
    assert judge_column(left, right, ColumnRows(before=NOTHING, after=NOTHING)) == (False, 0)


def columns(found: Comparison) -> dict[str, ColumnChange]:
    return {column.name: column for column in found.columns}


def differing(found: Comparison) -> set[str]:
    return {column.name for column in found.columns if column.state != "same"}


Rows = dict[int, tuple[int, int]]


def table_of(rows: Rows) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(rows, pa.int64()),
            "a": pa.array([a for a, _ in rows.values()], pa.int64()),
            "b": pa.array([b for _, b in rows.values()], pa.int64()),
            "c": pa.array(["same"] * len(rows), pa.string()),
        }
    )


def unproved(found: Comparison) -> set[str]:
    return {column["name"] for column in found.to_json()["columns"] if column["differs_by_rows"] is None}


cells = st.tuples(st.integers(0, 3), st.integers(0, 3))
tables = st.dictionaries(st.integers(0, 30), cells, max_size=14)


@pytest.mark.slow
@given(tables, tables)
@settings(max_examples=60)
def test_cells_are_those_that_plain_python_counts(left: Rows, updates: Rows) -> None:
    """Unless tables are unrelated, with both at hand; a column is changed if and only if a changed row differs in it."""
    right = {key: row for key, row in (left | updates).items() if key % 5}
    found = by_tables(table_of(left), table_of(right), ("id",))
    if found.verdict is not Verdict.MODIFIED:
        return
    shared = [key for key in left if key in right and left[key] != right[key]]
    for name, place in (("a", 0), ("b", 1)):
        true = sum(left[key][place] != right[key][place] for key in shared)
        assert columns(found)[name].cells == true
        assert (columns(found)[name].state == "changed") == (true > 0)
    for name in ("id", "c"):
        assert (columns(found)[name].state, columns(found)[name].cells) == ("same", 0)


PRICES = ORDERS["price"].to_numpy()
MORE = with_column(ORDERS.slice(0, 40), "id", range(10_000, 10_040))


@pytest.mark.parametrize("key", [(), ("id",)])
def test_rows_that_came_or_went_leave_every_column_the_same(key: tuple[str, ...]) -> None:
    grown = pa.concat_tables([ORDERS, MORE])
    for left, right in ((ORDERS, grown), (grown, ORDERS)):
        found = by_sketches(left, right, key)
        assert differing(found) == set()
        assert {c.name for c in found.columns if c.differs_by_rows} == set(ORDERS.schema.names)
        assert found.to_json()["columns"][0]["differs_by_rows"]


def test_rows_that_came_and_went_by_key_leave_every_column_the_same_and_without_a_key_nothing_is_said() -> None:
    right = pa.concat_tables([ORDERS.slice(5), MORE])
    assert differing(by_sketches(ORDERS, right, ("id",))) == set()
    assert differing(by_sketches(ORDERS, right)) >= {"id", "price", "weight"}


def updated(table: pa.Table, rows: int = 30) -> pa.Table:
    return with_column(table, "price", np.r_[PRICES[:rows] + 1, table["price"].to_numpy()[rows:]])


def test_with_the_old_table_gone_the_added_rows_tell_which_columns_the_updates_touch() -> None:
    right = updated(pa.concat_tables([ORDERS, MORE, MORE.slice(0, 1)]))
    assert differing(by_sketches(ORDERS, right, ("id",))) == set(ORDERS.schema.names) - {"id"}
    found = one_table(ORDERS, right, ("id",))
    assert differing(found) == {"price"}
    assert columns(found)["price"].cells is None
    assert columns(by_tables(ORDERS, right, ("id",)))["price"].cells == 30


def test_with_the_old_table_gone_and_rows_removed_nothing_is_guessed() -> None:
    found = one_table(ORDERS, updated(ORDERS.slice(0, 490)), ("id",))
    assert differing(found) == unproved(found) == set(ORDERS.schema.names) - {"id"}
    proved = by_tables(ORDERS, updated(ORDERS.slice(0, 490)), ("id",))
    assert (differing(proved), unproved(proved)) == ({"price"}, set())


def test_it_is_said_that_rows_may_be_all_that_changed_a_column() -> None:
    right = updated(pa.concat_tables([ORDERS.slice(0, 490), MORE]))
    for key in (("id",), ()):
        found = by_sketches(ORDERS, right, key)
        assert unproved(found) == differing(found) >= {"price", "weight"}
        told = {row["column"]: row["state"] for row in column_rows(found.columns, 100)}
        assert told["weight"] == "changed (or rows aside)"
    only_updates = by_sketches(ORDERS, updated(ORDERS), ("id",))
    assert (differing(only_updates), unproved(only_updates)) == ({"price"}, set())


def test_values_that_rows_swapped_are_seen_where_both_tables_are_at_hand() -> None:
    swapped = with_column(ORDERS, "price", PRICES[np.r_[1, 0, 2 : len(PRICES)]])
    assert differing(one_table(ORDERS, swapped, ("id",))) == set()
    found = by_tables(ORDERS, swapped, ("id",))
    assert differing(found) == {"price"}
    assert (columns(found)["price"].cells, columns(found)["price"].agrees) == (2, True)


def test_values_that_more_rows_swapped_than_are_laid_side_by_side_are_seen_in_a_sample_of_them() -> None:
    numbers = np.arange(17_000)
    left = pa.table({"id": numbers, "price": numbers % 1_000, "city": numbers % 7})
    found = by_tables(left, with_column(left, "price", np.roll(left["price"].to_numpy(), 1)), ("id",))
    assert found.changes == (0, 0, 17_000)
    assert differing(found) == {"price"}
    assert (columns(found)["price"].cells, columns(found)["price"].agrees) == (None, True)


def test_a_column_that_moved_besides_is_reordered_once_the_rows_are_accounted_for() -> None:
    right = updated(pa.concat_tables([ORDERS, MORE])).select([ORDERS.schema.names[-1], *ORDERS.schema.names[:-1]])
    found = columns(one_table(ORDERS, right, ("id",)))
    assert (found["note"].state, found["note"].differs_by_rows) == ("reordered", True)


def test_rows_that_are_repeated_count_as_often() -> None:
    right = updated(ORDERS, 3)
    left, right = (pa.concat_tables([table, table.slice(0, 1), table.slice(0, 1)]) for table in (ORDERS, right))
    assert columns(by_tables(left, right, ("id",)))["price"].cells == 5


def test_common_columns_are_accounted_for_where_others_came() -> None:
    right = updated(ORDERS.slice(0, 490)).append_column("extra", pa.array(range(490)))
    found = by_tables(ORDERS, right, ("id",))
    assert {name: str(c.state) for name, c in columns(found).items() if c.state != "same"} == {
        "price": "changed",
        "extra": "added",
    }


def test_columns_of_unrelated_tables_stay_changed() -> None:
    left, right = pa.table({"k": ["a", "b"], "n": [1, 2]}), pa.table({"k": ["c", "d"], "n": [3, 4]})
    found = by_tables(left, right, ("k",))
    assert (found.verdict, differing(found)) == (Verdict.UNRELATED, {"k", "n"})
