"""Deltas and estimates against the truth, which plain SQL gives: EXCEPT ALL in both directions."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from comparison_tables import sketch_of, truth
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.comparison import Comparison, Verdict, compare
from sameset.execution.joins import JoinSide, join_delta
from sameset.execution.resources import Resources
from sameset.sketches.spec import SampleSize
from sameset.sources import open_source

#: From a small number, one value of each type that can be a key, as SQL and a packed key both give it back.
KEYS: dict[str, tuple[pa.DataType, Callable[[int], Any]]] = {
    "int": (pa.int64(), lambda n: n * 10**9 - 5),
    "uint": (pa.uint64(), lambda n: 2**40 + n),
    "double": (pa.float64(), lambda n: n + 0.5),
    "text": (pa.string(), lambda n: f"näme {n}"),
    "uuid": (pa.string(), lambda n: str(uuid.UUID(int=n * 7919**8))),
    "date": (pa.date32(), lambda n: dt.date(1999, 12, 1) + dt.timedelta(days=n)),
    "timestamp": (pa.timestamp("us"), lambda n: dt.datetime(1969, 12, 31, 23, 59, 59, n)),
    "zoned": (pa.timestamp("us", "UTC"), lambda n: dt.datetime(2024, 1, 1, n % 24, n, tzinfo=dt.UTC)),
    "decimal": (pa.decimal128(18, 2), lambda n: Decimal(n)),
    "bool": (pa.bool_(), lambda n: n % 2 == 0),
}


def table_of(kinds: Sequence[str], rows: Sequence[tuple[int | None, ...]]) -> pa.Table:
    """A key column of each kind, and a value."""
    columns = {}
    for i, kind in enumerate(kinds):
        type_, make = KEYS[kind]
        columns[f"k{i}"] = pa.array([None if row[i] is None else make(row[i]) for row in rows], type_)
    columns["value"] = pa.array([None if row[-1] is None else f"v{row[-1]}" for row in rows], pa.string())
    return pa.table(columns)


def listed_keys(found: Comparison) -> list[list[str]]:
    assert found.delta is not None
    lists = (found.delta.added, found.delta.removed, found.delta.changed)
    return [sorted(repr(tuple((row.key or {}).values())) for row in rows for _ in range(row.times)) for rows in lists]


def plain(keys: list[list[str]]) -> list[list[str]]:
    """Decimals that are whole come back from a key as the whole number; DuckDB has a UTC of its own."""
    other = {"Decimal('": "", ".00')": "", "<UTC>": "datetime.timezone.utc"}
    for theirs, ours in other.items():
        keys = [[key.replace(theirs, ours) for key in listed] for listed in keys]
    return keys


@st.composite
def scenarios(draw: Callable[[Any], Any]) -> tuple[list[str], pa.Table, pa.Table]:
    """A table with nulls in its key and repeated rows, and what inserts, deletes, updates and copies make of it."""
    kinds = draw(st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=3))
    cell = st.none() | st.integers(0, 5)
    row = st.tuples(*(cell for _ in kinds), st.none() | st.integers(0, 2))
    left = draw(st.lists(row, max_size=12))
    right = list(left)
    for step in draw(st.lists(st.sampled_from(["insert", "delete", "update", "copy"]), max_size=8)):
        place = draw(st.integers(0, len(right) - 1)) if right else None
        if step == "insert" or place is None:
            right.append(draw(row))
        elif step == "delete":
            right.pop(place)
        elif step == "update":
            right[place] = (*right[place][:-1], draw(st.integers(3, 6)))
        else:
            right.append(right[place])
    return kinds, table_of(kinds, left), table_of(kinds, draw(st.permutations(right)))


@given(scenarios(), st.booleans())
@settings(max_examples=60)
def test_a_delta_is_what_except_all_says(scenario: tuple[list[str], pa.Table, pa.Table], keyed: bool) -> None:
    kinds, left, right = scenario
    key = [f"k{i}" for i in range(len(kinds))] if keyed else []
    found, true = compare(sketch_of(left, key), sketch_of(right, key)), truth(left, right, key)
    assert found.delta is not None
    assert found.changes == true["counts"]
    assert found.delta.size == true["size"]
    if keyed and all(row.key for rows in (found.delta.added, found.delta.removed) for row in rows):
        assert listed_keys(found) == plain(true["keys"])
    assert (found.verdict is Verdict.IDENTICAL) == (true["size"] == 0)


@given(scenarios(), st.booleans())
@settings(max_examples=15)
def test_the_join_of_two_tables_gives_the_delta_of_their_sketches(
    scenario: tuple[list[str], pa.Table, pa.Table], keyed: bool
) -> None:
    kinds, left, right = scenario
    key = tuple(f"k{i}" for i in range(len(kinds))) if keyed else ()
    one, two = (JoinSide(sketch_of(table, key), open_source(table)) for table in (left, right))
    assert join_delta(one, two, Resources.of()) == compare(one.sketch, two.sketch).delta


@pytest.mark.parametrize("kind", [kind for kind in KEYS if kind != "bool"])
def test_keys_come_back_as_themselves_when_the_data_is_gone(kind: str) -> None:
    rows = [(n, 0) for n in range(40)]
    left, right = table_of([kind], rows), table_of([kind], [*rows[3:], (55, 1)])
    found = compare(sketch_of(left, ["k0"]), sketch_of(right, ["k0"]))
    assert listed_keys(found) == plain(truth(left, right, ["k0"])["keys"])
    assert found.changes == (1, 3, 0)


def test_keys_too_long_to_be_kept_come_as_their_hashes() -> None:
    left = pa.table({"k": ["x" * 300, "short"], "v": [1, 2]})
    found = compare(sketch_of(left, ["k"]), sketch_of(left.slice(1), ["k"]))
    assert found.delta is not None
    (row,) = found.delta.removed
    assert row.key is None
    assert row.key_hash is not None
    assert len(row.key_hash) == 16
    assert found.to_json()["delta"]["removed"] == [{"key_hash": row.key_hash}]


def test_listed_keys_are_in_their_natural_order() -> None:
    keys = [1.5, float("nan"), 3.0, -2.0, None, 0.25, float("inf"), 2.0]
    right = pa.table({"k": pa.array(keys, pa.float64())})
    found = compare(sketch_of(right.slice(0, 0), ["k"]), sketch_of(right, ["k"]))
    assert found.delta is not None
    listed = [repr(row.key["k"]) for row in found.delta.added if row.key]
    assert listed == ["-2", "0.25", "1.5", "2", "3", "inf", "nan", "None"]


def test_a_delta_at_the_edge_of_its_capacity_is_right_or_none() -> None:
    """With 256 cells between 0 and 400 rows: what decodes is exact, and what does not gives an estimate."""
    rng = np.random.default_rng(5)
    decoded, refused = [], []
    for size in range(0, 400, 8):
        n = rng.choice(100_000, 2000, replace=False)
        left, right = pa.table({"n": n[size // 2 :]}), pa.table({"n": n[: 2000 - (size - size // 2)]})
        found = compare(sketch_of(left, ["n"], delta_cells=256), sketch_of(right, ["n"], delta_cells=256))
        if found.delta is None:
            refused.append(size)
            assert found.changes is None
            assert found.estimated_difference is not None
            assert found.estimated_difference.is_exact  # the samples of rows are whole
            assert found.estimated_difference.estimate == pytest.approx(size)
            continue
        decoded.append(size)
        assert listed_keys(found) == [
            sorted(repr((int(x),)) for x in side) for side in (n[: size // 2], n[2000 - (size - size // 2) :], ())
        ]
    assert max(decoded) >= 128
    assert min(refused) >= 128


# Estimates: each a fixed number of draws, seeded, so that the outcome is the same every time.

DRAWS = 150


def hashed_rows(rng: np.random.Generator, rows: int, most_copies: int) -> pa.Table:
    """Rows that occur up to so many times."""
    return pa.table({"n": np.repeat(rng.integers(0, 2**62, rows), rng.integers(1, most_copies + 1, rows))})


def draw_pair(rng: np.random.Generator, most_copies: int) -> tuple[pa.Table, pa.Table]:
    rows = int(rng.integers(300, 3000))
    table = hashed_rows(rng, rows, most_copies)
    left = table.filter(pa.array(rng.random(table.num_rows) < rng.uniform(0.5, 1)))
    right = table.filter(pa.array(rng.random(table.num_rows) < rng.uniform(0.5, 1)))
    extra = hashed_rows(rng, int(rng.integers(1, 1000)), most_copies)
    return left, pa.concat_tables([right, extra])


@pytest.mark.parametrize("most_copies", [1, 4])
def test_intervals_cover_the_truth_in_nine_draws_of_ten(most_copies: int) -> None:
    rng = np.random.default_rng(20_240_601 + most_copies)
    sizes: dict[str, Any] = {"rows": SampleSize(128, 1 << 40, 128), "delta_cells": 4, "bins": 4}
    misses = dict.fromkeys(["jaccard", "containment_left", "containment_right", "difference"], 0)
    for _ in range(DRAWS):
        left, right = draw_pair(rng, most_copies)
        found = compare(sketch_of(left, **sizes), sketch_of(right, **sizes))
        true = _true_overlap(left["n"].to_numpy(), right["n"].to_numpy())
        estimates = vars(found.similarity) | {"difference": found.estimated_difference}
        for name, estimate in estimates.items():
            assert not estimate.is_exact
            misses[name] += not estimate.low <= true[name] <= estimate.high
    assert {name: count for name, count in misses.items() if count > DRAWS // 10} == {}


def _true_overlap(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> dict[str, float]:
    values, places = np.unique(np.r_[left, right], return_inverse=True)
    a, b = (np.bincount(part, minlength=len(values)) for part in (places[: len(left)], places[len(left) :]))
    common, union = np.minimum(a, b).sum(), np.maximum(a, b).sum()
    return {
        "jaccard": common / union,
        "containment_left": common / len(left),
        "containment_right": common / len(right),
        "difference": float(union - common),
    }


def test_intervals_of_distinct_counts_cover_the_truth_in_nine_draws_of_ten() -> None:
    rng, misses = np.random.default_rng(11), 0
    for _ in range(DRAWS):
        table = hashed_rows(rng, int(rng.integers(200, 3000)), 3)
        (column,) = compare(
            sketch_of(table, values=SampleSize(100, 1 << 40, 100)),
            sketch_of(table, values=SampleSize(100, 1 << 40, 100)),
        ).columns
        estimate = column.right_distinct
        assert estimate is not None
        misses += not estimate.low <= len(np.unique(table["n"].to_numpy())) <= estimate.high
    assert misses <= DRAWS // 10


@given(st.lists(st.integers(0, 9), max_size=20), st.lists(st.integers(0, 9), max_size=20))
@settings(max_examples=40)
def test_estimates_of_small_tables_are_exact(a: list[int], b: list[int]) -> None:
    left, right = (pa.table({"n": pa.array(side, pa.int64())}) for side in (a, b))
    found = compare(sketch_of(left, delta_cells=4), sketch_of(right, delta_cells=4))
    true = _true_overlap(np.array(a, int), np.array(b, int)) if a and b else {}
    for name in true:
        if name != "difference":
            estimate = getattr(found.similarity, name)
            assert (estimate.low, estimate.high) == (estimate.estimate, estimate.estimate)
            assert estimate.estimate == pytest.approx(true[name])
    if found.estimated_difference is not None and true:
        assert found.estimated_difference.estimate == pytest.approx(true["difference"])
        assert found.estimated_difference.is_exact


def test_the_smallest_overlap_that_could_have_been_seen_stands_beside_the_estimate() -> None:
    left, right = (pa.table({"n": np.arange(100_000) + start}) for start in (0, 1_000_000))
    jaccard = compare(sketch_of(left), sketch_of(right)).similarity.jaccard
    assert (jaccard.estimate, jaccard.low) == (0.0, 0.0)
    assert 0 < jaccard.high <= 0.002
    assert jaccard.detectable == pytest.approx(3 / (2 * 4096), rel=0.1)
