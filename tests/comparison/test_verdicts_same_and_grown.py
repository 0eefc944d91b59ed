"""Tables of the same rows, or that only grew or shrank: identical, renamed, appended, truncated."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from comparison_tables import (
    KEYS,
    ORDERS,
    Way,
    by_sketches,
    by_tables,
    changed_column,
    orders,
    shuffled,
    sketch_of,
)
from hypothesis import given
from hypothesis import strategies as st

from sameset.comparison import Verdict, compare
from sameset.comparison.estimates import Estimate
from sameset.sketches.spec import SampleSize

# identical


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "change",
    [
        lambda t: t,
        shuffled,
        lambda t: t.select(t.schema.names[::-1]),
        lambda t: changed_column(t, "id", t["id"].cast(pa.int16())),
        lambda t: changed_column(t, "id", t["id"].cast(pa.decimal128(25, 2))),
        lambda t: changed_column(t, "country", t["country"].dictionary_encode()),
        lambda t: changed_column(t, "note", t["note"].cast(pa.string_view())),
        lambda t: pa.concat_tables([t.slice(0, 3), t.slice(3)]),
    ],
    ids=["itself", "row order", "column order", "narrow int", "decimal", "dictionary", "view", "chunks"],
)
def test_the_same_rows_are_identical(change: Way, key: tuple[str, ...], compared: Way) -> None:
    found = compared(ORDERS, change(ORDERS), key)
    assert (found.verdict, found.basis) == (Verdict.IDENTICAL, "digest")
    assert found.changes == (0, 0, 0)
    assert {column.state for column in found.columns} <= {"same", "reordered"}
    assert found.left.digest == found.right.digest


def test_identical_tables_get_notes_on_what_differs_in_form() -> None:
    other = changed_column(ORDERS, "id", ORDERS["id"].cast(pa.int16())).select(ORDERS.schema.names[::-1])
    notes = by_sketches(ORDERS, other).notes
    assert notes == ("the columns are in another order", "physical types differ: id int64 -> int16")


def test_two_empty_tables_of_the_same_columns_are_identical(compared: Way) -> None:
    empty = ORDERS.slice(0, 0)
    found = compared(empty, empty.select(empty.schema.names[::-1]))
    assert (found.verdict, found.changes) == (Verdict.IDENTICAL, (0, 0, 0))
    assert found.similarity.jaccard == Estimate(1.0, 1.0, 1.0)


def test_empty_tables_of_other_columns_are_not_identical_nor_renamed(compared: Way) -> None:
    found = compared(pa.table({"a": [1]}).slice(0, 0), pa.table({"b": [1]}).slice(0, 0))
    assert found.verdict is Verdict.UNRELATED


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3)), max_size=12), st.booleans())
def test_a_table_is_identical_to_itself(rows: list[tuple[int, int | None]], keyed: bool) -> None:
    table = pa.table({"a": pa.array([a for a, _ in rows], pa.int64()), "b": pa.array([b for _, b in rows], pa.int64())})
    sketch = sketch_of(table, ("a",) if keyed else ())
    assert compare(sketch, sketch).verdict is Verdict.IDENTICAL


@given(
    st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8), st.sampled_from([1, 8, 64, 4096])
)
def test_only_equal_multisets_are_identical_whatever_the_samples_show(a: list[int], b: list[int], size: int) -> None:
    """Samples of one hash often agree although the tables differ; an estimate never says identical."""
    sizes = {"rows": SampleSize(1, 1_000, size), "values": SampleSize(1, 1_000, size), "delta_cells": 4, "bins": 1}
    left, right = (sketch_of(pa.table({"a": pa.array(side, pa.int64())}), **sizes) for side in (a, b))
    found = compare(left, right)
    assert (found.verdict is Verdict.IDENTICAL) == (sorted(a) == sorted(b))
    assert found.is_same == (sorted(a) == sorted(b))


def test_one_row_in_a_hundred_thousand_is_seen_by_the_digest_if_by_nothing_else() -> None:
    numbers = np.arange(100_000)
    other = np.where(numbers == 77_777, -1, numbers)
    found = compare(sketch_of(pa.table({"n": numbers})), sketch_of(pa.table({"n": other})))
    assert (found.verdict, found.changes) == (Verdict.MODIFIED, (1, 1, 0))


# renamed


@pytest.mark.parametrize(
    "names",
    [
        ["id", "cost", *ORDERS.schema.names[2:]],
        [f"c{i}" for i in range(8)],
        ["price", "id", *ORDERS.schema.names[2:]],
        [*ORDERS.schema.names[1:], "id"],
    ],
    ids=["one", "all", "two swapped", "all rotated"],
)
def test_the_same_content_under_other_names_is_renamed(names: list[str], compared: Way) -> None:
    found = compared(ORDERS, shuffled(ORDERS).rename_columns(names))
    assert (found.verdict, found.basis) == (Verdict.RENAMED, "positional digest")
    assert not found.is_same
    renamed = {column.name: column.renamed_from for column in found.columns if column.state == "renamed"}
    assert renamed == {new: old for new, old in zip(names, ORDERS.schema.names, strict=True) if new != old}


def test_renamed_and_reordered_columns_are_proved_where_the_tables_are_at_hand() -> None:
    other = ORDERS.rename_columns(["id", "cost", *ORDERS.schema.names[2:]])
    other = other.select(other.schema.names[::-1])
    assert by_tables(ORDERS, other).verdict is Verdict.RENAMED
    found = by_sketches(ORDERS, other)
    assert (found.verdict, found.basis) == (Verdict.NEAR_DUPLICATE, "values")
    assert {c.name: c.renamed_from for c in found.columns if c.state == "renamed"} == {"cost": "price"}


def test_values_exchanged_between_columns_are_no_rename(compared: Way) -> None:
    """The columns hold the same values, but in other rows."""
    left = pa.table({"a": [1, 2, 3], "b": [4, 5, 6]})
    assert compared(left, pa.table({"c": [1, 2, 3], "d": [5, 4, 6]})).verdict is not Verdict.RENAMED


# appended, truncated

GROWTHS = {
    "one row": (ORDERS.slice(0, 499), ORDERS),
    "many rows": (ORDERS.slice(100, 200), ORDERS),
    "from nothing": (ORDERS.slice(0, 0), ORDERS),
    "a copy of a row": (ORDERS, pa.concat_tables([ORDERS, ORDERS.slice(7, 1)])),
    "the third copy of a row": (
        pa.concat_tables([ORDERS, ORDERS.slice(7, 1)]),
        pa.concat_tables([ORDERS, ORDERS.slice(7, 1), ORDERS.slice(7, 1)]),
    ),
    "all rows again": (ORDERS, pa.concat_tables([ORDERS, ORDERS])),
    "of one row, from nothing": (ORDERS.slice(0, 0), ORDERS.slice(0, 1)),
    "other column order": (ORDERS.slice(0, 480), ORDERS.select(ORDERS.schema.names[::-1])),
}


@pytest.mark.parametrize("name", GROWTHS)
@pytest.mark.parametrize("key", KEYS)
def test_rows_that_only_came_are_appended_and_the_other_way_truncated(
    name: str, key: tuple[str, ...], compared: Way
) -> None:
    small, large = GROWTHS[name]
    more = large.num_rows - small.num_rows
    grown, shrunk = compared(small, large, key), compared(large, small, key)
    assert (grown.verdict, grown.changes) == (Verdict.APPENDED, (more, 0, 0))
    assert (shrunk.verdict, shrunk.changes) == (Verdict.TRUNCATED, (0, more, 0))


def test_as_many_rows_as_were_appended_are_counted_even_of_one_kind() -> None:
    """200,000 copies of one row, which no list of single rows would hold."""
    left, right = pa.table({"a": [1, 2, 3]}), pa.table({"a": np.r_[1, 2, 3, np.full(200_000, 7)]})
    for key in ((), ("a",)):
        found = compare(sketch_of(left, key), sketch_of(right, key))
        assert (found.verdict, found.changes) == (Verdict.APPENDED, (200_000, 0, 0))
        assert found.similarity.containment_left == Estimate(1.0, 1.0, 1.0)


def test_growth_beyond_the_capacity_is_proved_only_by_the_tables() -> None:
    large = orders(20_000, columns=3)
    small = large.slice(0, 10_000)
    assert by_tables(small, large).verdict is Verdict.APPENDED
    assert by_tables(small, large).changes == (10_000, 0, 0)
    found = by_sketches(small, large)
    assert (found.verdict, found.basis, found.changes) == (Verdict.MODIFIED, "rows", None)
    assert found.estimated_difference is not None
    assert found.estimated_difference.low <= 10_000 <= found.estimated_difference.high
