"""Tables that differ: modified, near duplicates, unrelated, incomparable; and that both directions agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from comparison_tables import (
    ORDERS,
    OTHERS,
    Way,
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
from sameset.sketches.spec import SampleSize, Spec

# modified


def test_updated_added_and_removed_rows_are_modified(compared: Way) -> None:
    prices = ORDERS["price"].to_pylist()
    prices[3:8] = [0.0] * 5
    right = pa.concat_tables([changed_column(ORDERS, "price", prices).slice(0, 490), orders(503).slice(500)])
    found = compared(ORDERS, right, ("id",))
    assert (found.verdict, found.basis, found.changes) == (Verdict.MODIFIED, "rows", (3, 10, 5))
    assert found.delta is not None
    assert [row.key for row in found.delta.changed] == [{"id": n} for n in range(4, 9)]
    assert compared(ORDERS, right).changes == (8, 15, 0)


def test_half_of_the_rows_in_common_are_enough_and_fewer_are_not(compared: Way) -> None:
    half = pa.concat_tables([ORDERS.slice(0, 250), changed_column(OTHERS, "id", range(1000, 1500)).slice(0, 250)])
    assert compared(ORDERS, half).verdict is Verdict.MODIFIED
    tenth = pa.concat_tables([ORDERS.slice(0, 50), changed_column(OTHERS, "id", range(1000, 1500)).slice(0, 450)])
    assert compared(ORDERS, tenth).verdict is Verdict.UNRELATED


def test_a_small_part_of_a_large_table_is_modified_by_its_containment(compared: Way) -> None:
    part = pa.concat_tables([ORDERS.slice(0, 20), changed_column(OTHERS, "id", range(1000, 1500)).slice(0, 2)])
    found = compared(ORDERS, part)
    assert (found.verdict, found.basis) == (Verdict.MODIFIED, "rows")
    assert found.similarity.jaccard.estimate < 0.1
    assert found.similarity.containment_right.estimate == pytest.approx(20 / 22)


@pytest.mark.parametrize("rows", [400, 6000])
def test_rows_that_all_changed_under_their_keys_are_modified(rows: int, compared: Way) -> None:
    left, right = orders(rows, 1, columns=4), orders(rows, 2, columns=4)
    found = compared(left, right, ("id",))
    assert (found.verdict, found.basis) == (Verdict.MODIFIED, "keys")
    assert compared(left, right).verdict is Verdict.UNRELATED


def test_half_of_the_keys_must_be_shared(compared: Way) -> None:
    right = changed_column(OTHERS, "id", range(400, 900))
    assert compared(ORDERS, right, ("id",)).verdict is Verdict.UNRELATED
    right = changed_column(OTHERS, "id", range(200, 700))
    assert (compared(ORDERS, right, ("id",)).verdict) is Verdict.MODIFIED


@pytest.mark.parametrize("added", [1, 4])
def test_added_and_dropped_columns_are_modified(added: int, compared: Way) -> None:
    narrow = ORDERS.select(ORDERS.schema.names[: 8 - added])
    for left, right, state in ((narrow, ORDERS, "added"), (ORDERS, narrow, "removed")):
        found = compared(left, shuffled(right))
        assert found.verdict is Verdict.MODIFIED
        states = [column.state for column in found.columns]
        assert (states.count(state), states.count("same")) == (added, 8 - added)


def test_a_column_added_and_rows_changed_is_modified_where_the_tables_are_at_hand() -> None:
    right = ORDERS.slice(0, 495).append_column("extra", pa.array(range(495)))
    found = by_tables(ORDERS, right, ("id",))
    assert (found.verdict, found.basis, found.changes) == (Verdict.MODIFIED, "common columns", (0, 5, 0))


def test_a_retyped_column_is_told(compared: Way) -> None:
    right = changed_column(ORDERS, "id", [str(n) for n in range(1, 501)])
    found = compared(ORDERS, right)
    assert {column.name: column.state for column in found.columns if column.state != "same"} == {"id": "retyped"}
    assert found.verdict is Verdict.NEAR_DUPLICATE


# near_duplicate

PRICES, IDS = ORDERS["price"].to_numpy(), ORDERS["id"].to_numpy()
NEAR = {
    "rounded": ("price", np.round(PRICES, 1)),
    "re-keyed": ("id", IDS + 1_000_000),
    "keys shuffled": ("id", np.random.default_rng(1).permutation(IDS)),
    "re-scaled": ("price", PRICES * 100),
    "noise": ("price", PRICES + np.random.default_rng(1).normal(0, 1, 500)),
}


@pytest.mark.parametrize("columns", [3, 4, 8])
@pytest.mark.parametrize("name", NEAR)
def test_rows_that_differ_while_values_agree_are_near_duplicates(name: str, columns: int, compared: Way) -> None:
    left = ORDERS.select(ORDERS.schema.names[:columns])
    for a, b in ((left, changed_column(left, *NEAR[name])), (changed_column(left, *NEAR[name]), left)):
        found = compared(a, shuffled(b))
        assert (found.verdict, found.basis) == (Verdict.NEAR_DUPLICATE, "values")


# unrelated


def feed(day: int, rows: int = 400, domains: int = 3) -> pa.Table:
    """One day of events: what is told differs every day, its domains do not."""
    rng = np.random.default_rng(day)
    names = ["country", "device", "plan", "browser", "language", "lane", "mood"][:domains]
    told = {
        "at": day * 1_000_000 + np.sort(rng.choice(1_000_000, rows, replace=False)),
        "amount": rng.normal(0, 1, rows),
    }
    return pa.table(told | {name: rng.choice(list("abcd"), rows) for name in names})


@pytest.mark.parametrize("domains", [1, 2, 3, 4, 7])
def test_a_second_day_of_a_feed_that_shares_its_domains_is_unrelated(domains: int, compared: Way) -> None:
    assert compared(feed(1, domains=domains), feed(2, domains=domains)).verdict is Verdict.UNRELATED
    narrow = [name for name in feed(1, domains=domains).schema.names if name != "amount"]
    left, right = (feed(day, domains=domains).select(narrow) for day in (1, 2))
    assert compared(left, right).verdict is Verdict.UNRELATED


def test_a_second_day_of_a_feed_with_other_columns_is_unrelated(compared: Way) -> None:
    """Two of three columns are in both tables, and both are domains."""
    left, right = feed(1).select(["country", "device", "at"]), feed(2).select(["country", "device", "amount"])
    assert compared(left, right).verdict is Verdict.UNRELATED


@pytest.mark.parametrize("columns", [2, 3, 8])
def test_tables_that_share_a_running_number_are_unrelated(columns: int, compared: Way) -> None:
    left, right = (table.select(table.schema.names[:columns]) for table in (ORDERS, OTHERS))
    right = changed_column(right, "price", OTHERS["price"].to_numpy() + 10_000_000)
    if columns == 8:
        right = right.rename_columns(["id", *(f"other {i}" for i in range(7))])
    assert compared(left, right).verdict is Verdict.UNRELATED
    renamed = right.rename_columns(["id", *(f"other {i}" for i in range(1, columns))])
    assert compared(left, renamed).verdict is Verdict.UNRELATED


def test_a_tiny_delta_between_tiny_unrelated_tables_does_not_relate_them(compared: Way) -> None:
    found = compared(pa.table({"name": ["ann", "bob"], "n": [1, 2]}), pa.table({"name": ["cy", "di"], "n": [3, 4]}))
    assert (found.verdict, found.changes) == (Verdict.UNRELATED, (2, 2, 0))


def test_tables_without_a_common_column_are_unrelated(compared: Way) -> None:
    assert compared(ORDERS, OTHERS.rename_columns([f"o{i}" for i in range(8)])).verdict is Verdict.UNRELATED


# incomparable


def test_sketches_of_other_seeds_are_incomparable() -> None:
    found = compare(sketch_of(ORDERS), sketch_of(ORDERS, seed=5))
    assert (found.verdict, found.basis, found.changes) == (Verdict.INCOMPARABLE, "specs", None)
    assert found.columns == ()
    assert "seed: 0 and 5" in found.notes[0]
    assert found.similarity.jaccard.low == 0
    assert found.similarity.jaccard.high == 1


OTHER_SPECS = {
    "delta_cells": (Spec(delta_cells=256), None),
    "sample of rows": (replace(Spec(), rows=SampleSize(64, 1000, 128)), None),
    "sample of values": (replace(Spec(), values=SampleSize(64, 1000, 128)), None),
    "bins": (Spec(bins=16), None),
    "key": (Spec(key=("id",)), "different keys (none and id)"),
}


@pytest.mark.parametrize("name", OTHER_SPECS)
def test_other_differences_of_specs_leave_tables_comparable(name: str) -> None:
    spec, told = OTHER_SPECS[name]
    fields = {field: getattr(spec, field) for field in ("key", "rows", "values", "bins", "delta_cells")}
    assert compare(sketch_of(ORDERS), sketch_of(ORDERS, **fields)).verdict is Verdict.IDENTICAL
    found = compare(sketch_of(ORDERS), sketch_of(ORDERS.slice(0, 450), **fields))
    assert found.verdict is (Verdict.MODIFIED if told else Verdict.TRUNCATED)
    assert told is None or any(told in note for note in found.notes)
    if told:
        assert found.estimated_difference == Estimate(50.0, 50.0, 50.0)


def test_keys_and_hashes_of_keys_do_not_mix() -> None:
    """Else every row would be both added and removed, and the tables unrelated."""
    right = changed_column(ORDERS, "price", np.r_[0.0, PRICES[1:]])
    found = compare(sketch_of(ORDERS, ["id"]), sketch_of(right, ["id"], keep_keys=False))
    assert (found.verdict, found.basis, found.delta) == (Verdict.MODIFIED, "rows", None)
    assert any("only their hashes" in note for note in found.notes)


def test_the_order_in_which_a_key_names_its_columns_does_not_matter() -> None:
    found = compare(sketch_of(ORDERS, ["id", "day"]), sketch_of(ORDERS.slice(1), ["day", "id"]))
    assert (found.verdict, found.changes, set(found.key)) == (Verdict.TRUNCATED, (0, 1, 0), {"id", "day"})


# both ways

OPPOSITE = {Verdict.APPENDED: Verdict.TRUNCATED, Verdict.TRUNCATED: Verdict.APPENDED}
CELL = st.none() | st.integers(0, 2)


@st.composite
def small_tables(draw: Callable[..., object]) -> pa.Table:
    names = draw(st.sampled_from([["k", "v"], ["v", "k"], ["k", "v", "w"], ["k", "w"], ["k"]]))
    assert isinstance(names, list)
    rows = draw(st.lists(st.tuples(*(CELL for _ in names)), max_size=30))
    assert isinstance(rows, list)
    return pa.table({name: pa.array([row[i] for row in rows], pa.int64()) for i, name in enumerate(names)})


@given(small_tables(), small_tables(), st.sampled_from([(), ("k",)]), st.sampled_from([8, 4096]))
def test_the_verdict_is_the_opposite_the_other_way_round(
    left: pa.Table, right: pa.Table, key: tuple[str, ...], cells: int
) -> None:
    a, b = (sketch_of(table, key, delta_cells=cells) for table in (left, right))
    there, back = compare(a, b), compare(b, a)
    assert back.verdict is OPPOSITE.get(there.verdict, there.verdict)
    assert back.similarity.jaccard == there.similarity.jaccard
    assert back.similarity.containment_left == there.similarity.containment_right
    if there.changes is not None:
        added, removed, changed = there.changes
        assert back.changes == (removed, added, changed)
    else:
        assert back.estimated_difference == there.estimated_difference
