"""States of columns: which stand elsewhere, and how many distinct values came and went."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from comparison_tables import changed_column, orders, sketch_of
from hypothesis import given
from hypothesis import strategies as st

from sameset.comparison import compare
from sameset.comparison.columns import ColumnChange, compare_columns, moved_columns
from sameset.comparison.estimates import Estimate
from sameset.sketches.spec import SampleSize

NAMES = list("abcdefg")
ORDERS = orders(60)


def is_in_order(kept: list[str], order: list[str]) -> bool:
    places = [order.index(name) for name in kept]
    return places == sorted(places)


def fewest_moved(order: list[str], new: list[str]) -> int:
    """By trying all subsets."""
    return next(
        n
        for n in range(len(new) + 1)
        for out in combinations(new, n)
        if is_in_order([name for name in new if name not in out], order)
    )


@given(st.permutations(NAMES), st.integers(0, len(NAMES)))
def test_as_few_columns_moved_as_can_explain_the_order(new: list[str], size: int) -> None:
    new = new[:size]
    moved = moved_columns(NAMES, {name: name for name in new})
    assert is_in_order([name for name in new if name not in moved], NAMES)
    assert len(moved) == fewest_moved(NAMES, new)


def states(left: pa.Table, right: pa.Table) -> dict[str, str]:
    return {change.name: str(change.state) for change in compare_columns(sketch_of(left), sketch_of(right))}


@pytest.mark.parametrize("place", range(1, ORDERS.num_columns - 1))
def test_a_column_put_in_front_is_the_only_one_reordered(place: int) -> None:
    names = ORDERS.schema.names
    right = ORDERS.select([names[-1], *names[:-1]])
    assert states(ORDERS, right) == dict.fromkeys(names[:-1], "same") | {names[-1]: "reordered"}
    gone = ORDERS.select([name for name in right.schema.names if name != names[place]])
    assert states(ORDERS, gone.append_column("extra", right[names[0]])) == {
        **dict.fromkeys(names[:-1], "same"),
        names[-1]: "reordered",
        names[place]: "removed",
        "extra": "added",
    }


def test_columns_that_were_renamed_or_left_out_do_not_make_the_others_reordered() -> None:
    names = ORDERS.schema.names
    renamed = ORDERS.rename_columns([f"new {name}" if i % 2 else name for i, name in enumerate(names)])
    expected = {f"new {name}" if i % 2 else name: "renamed" if i % 2 else "same" for i, name in enumerate(names)}
    assert states(ORDERS, renamed) == expected
    first = renamed.schema.names[0]
    assert states(ORDERS, renamed.select([*renamed.schema.names[1:], first])) == expected | {first: "reordered"}


@pytest.mark.parametrize("swapped", [False, True])
def test_an_empty_table_surely_has_no_values_in_common(swapped: bool) -> None:
    sides = [sketch_of(pa.table({"n": np.arange(rows)})) for rows in (3_000, 0)]
    (change,) = compare_columns(*(sides[::-1] if swapped else sides))
    assert change.values == Estimate(0, 0, 0)


def test_a_column_that_changed_and_stands_elsewhere_is_changed() -> None:
    right = changed_column(ORDERS, "note", ["x"] * 60).select(ORDERS.schema.names[::-1])
    assert states(ORDERS, right)["note"] == "changed"


values = st.lists(st.none() | st.integers(0, 30), max_size=40)


@given(values, values)
def test_values_that_came_and_went_are_exact_where_the_samples_are(a: list[int | None], b: list[int | None]) -> None:
    left, right = (sketch_of(pa.table({"n": pa.array(side, pa.int64())})) for side in (a, b))
    (change,) = compare_columns(left, right)
    before, after = set(a) - {None}, set(b) - {None}
    assert change.came == Estimate(*[float(len(after - before))] * 3)
    assert change.went == Estimate(*[float(len(before - after))] * 3)


def sampled(rng: np.random.Generator) -> tuple[ColumnChange, int, int]:
    """The column of two tables with samples of 100 hashes, and how many values came and went."""
    common = rng.integers(0, 2**62, int(rng.integers(0, 3000)))
    went, came = (rng.integers(0, 2**62, int(rng.choice([0, 5, 300, 3000]))) for _ in "ab")
    size = SampleSize(100, int(rng.choice([1 << 40, 20])), 1000)
    left, right = (
        sketch_of(pa.table({"n": np.r_[common, own]}), values=size, delta_cells=4, bins=4) for own in (went, came)
    )
    return compare_columns(left, right)[0], len(came), len(went)


@pytest.mark.parametrize("draws", [60, pytest.param(600, marks=pytest.mark.slow)])
def test_intervals_of_what_came_and_went_cover_the_truth(draws: int) -> None:
    rng, misses, estimates = np.random.default_rng(draws), 0, 0
    for _ in range(draws):
        change, came, went = sampled(rng)
        for estimate, true in ((change.came, came), (change.went, went)):
            assert estimate is not None
            assert estimate.low <= estimate.estimate <= estimate.high
            misses += not estimate.low <= true <= estimate.high
            estimates += 1
    assert misses <= 0.08 * estimates


def test_the_relative_error_is_that_of_the_hashes_seen() -> None:
    """With 512 kept hashes, all of which came, about 1 / sqrt(512) = 4.4 %."""
    rng = np.random.default_rng(3)
    errors = []
    for _ in range(30):
        left, right = (
            sketch_of(pa.table({"n": np.repeat(rng.integers(0, 2**62, 20_000), 2)}), delta_cells=4) for _ in "ab"
        )
        (change,) = compare_columns(left, right)
        assert change.came is not None
        errors.append(change.came.estimate / 20_000 - 1)
    assert abs(np.mean(errors)) < 0.03
    assert 0.02 < np.std(errors) < 0.08


def test_a_smallest_number_that_would_have_been_seen_is_told() -> None:
    table = pa.table({"n": np.arange(50_000)})
    (change,) = compare_columns(sketch_of(table), sketch_of(pa.concat_tables([table, pa.table({"n": [-1]})])))
    assert change.came is not None
    assert change.came.low <= 1 <= change.came.high
    assert 100 < change.came.detectable < 1000


def test_columns_that_agree_and_columns_of_one_side_have_exact_or_no_numbers() -> None:
    found = {c.name: c for c in compare(sketch_of(ORDERS.drop(["note"])), sketch_of(ORDERS.drop(["day"]))).columns}
    assert (found["id"].came, found["id"].went) == (Estimate(0, 0, 0), Estimate(0, 0, 0))
    assert (found["note"].came, found["day"].went) == (None, None)
