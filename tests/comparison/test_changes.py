"""How many rows came, went and changed: what is told as exact is exact, and intervals hold the truth."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from sameset import Spec, sketch_table
from sameset.comparison import compare
from sameset.comparison.changes import Changes, changes_of

KEYED = Spec(key=("id",), delta_cells=32)
KEYLESS = Spec(delta_cells=32)


def changes(left: pa.Table, right: pa.Table, spec: Spec) -> Changes:
    sketches = sketch_table(left, spec), sketch_table(right, spec)
    return changes_of(compare(*sketches), *sketches)


def rows(first: int, last: int, value: int = 0) -> pa.Table:
    return pa.table({"id": range(first, last), "value": [value] * (last - first)})


SIDES = {
    "a few": (rows(0, 900), pa.concat_tables([rows(0, 2, 1), rows(2, 899), rows(2_000, 2_003)])),
    "all in the samples": (rows(0, 900), pa.concat_tables([rows(0, 300, 1), rows(300, 800), rows(2_000, 2_050)])),
    "beyond the samples": (
        rows(0, 20_000),
        pa.concat_tables([rows(0, 3_000, 1), rows(3_000, 18_000), rows(50_000, 55_000)]),
    ),
    "grown": (rows(0, 9_000), rows(0, 20_000)),
}
TRUTH = {  # added, removed, changed with a key
    "a few": (3, 1, 2),
    "all in the samples": (50, 100, 300),
    "beyond the samples": (5_000, 2_000, 3_000),
    "grown": (11_000, 0, 0),
}


def held(found: Changes, truth: tuple[int, int, int]) -> list[bool]:
    sides = (found.added, found.removed, found.changed)
    return [one.low <= true <= one.high for one, true in zip(sides, truth, strict=True)]


@pytest.mark.parametrize("case", ["a few", "all in the samples"])
def test_numbers_that_the_sketches_know_are_right(case: str) -> None:
    added, removed, changed = TRUTH[case]
    assert all(held(changes(*SIDES[case], KEYED), TRUTH[case]))
    assert all(held(changes(*SIDES[case], KEYLESS), (added + changed, removed + changed, 0)))


@pytest.mark.parametrize("case", ["beyond the samples", "grown"])
def test_intervals_hold_the_numbers_in_most_cases(case: str) -> None:
    found = [held(changes(*SIDES[case], replace(KEYED, seed=seed)), TRUTH[case]) for seed in range(1, 21)]
    assert all(sum(side) >= 17 for side in zip(*found, strict=True))  # of 20 each with 95 %: 17 or more in 98.4 %


def test_a_key_of_nulls_proves_nothing_beyond_the_growth() -> None:
    left = pa.table({"id": pa.nulls(2_000, pa.int64()), "value": range(2_000)})
    right = pa.table({"id": range(2_002), "value": range(2_002)})
    found = changes(left, right, KEYED)
    assert not found.is_exact
    assert all(held(found, (2_002, 2_000, 0)))
