"""Where one verdict ends and the next begins (DESIGN, "Verdict"): at the threshold, and a little below it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sameset.comparison import Verdict, compare
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec


def verdict_of(left: dict[str, list[object]], right: dict[str, list[object]], key: tuple[str, ...] = ()) -> Verdict:
    spec = Spec(
        key=key, delta_cells=64
    )  # more rows differ than such a delta lists: estimates, exact for so few rows, decide
    return compare(*(sketch_table(pa.table(side), spec) for side in (left, right))).verdict


@pytest.mark.parametrize(("shared", "verdict"), [(500, Verdict.MODIFIED), (499, Verdict.UNRELATED)])
def test_half_of_the_rows_make_a_modified_table(shared: int, verdict: Verdict) -> None:
    own = [f"old {i}" for i in range(1000)]
    assert verdict_of({"a": own}, {"a": own[:shared] + [f"new {i}" for i in range(1000 - shared)]}) is verdict


@pytest.mark.parametrize(("shared", "verdict"), [(500, Verdict.MODIFIED), (499, Verdict.UNRELATED)])
def test_half_of_the_keys_make_a_modified_table(shared: int, verdict: Verdict) -> None:
    left = {"id": list(range(1000)), "a": [f"old {i}" for i in range(1000)]}
    right = {"id": list(range(1000 - shared, 2000 - shared)), "a": [f"new {i}" for i in range(1000)]}
    assert verdict_of(left, right, ("id",)) is verdict


@pytest.mark.parametrize(
    ("size", "shared", "verdict"), [(360, 320, Verdict.NEAR_DUPLICATE), (359, 318, Verdict.UNRELATED)]
)
def test_values_that_agree_at_four_fifths_make_a_near_duplicate(size: int, shared: int, verdict: Verdict) -> None:
    """The Jaccard indices are 320 / 400 = 0.8 and 318 / 400 = 0.795; no row occurs twice."""
    own, other = list(range(size)), list(range(size - shared, 2 * size - shared))
    left = {"a": own, "b": [f"t{i}" for i in own]}
    assert verdict_of(left, {"a": other, "b": [f"t{i}" for i in (*other[1:], other[0])]}) is verdict


@pytest.mark.parametrize(
    ("distinct", "width", "verdict"),
    [
        (20, 5, Verdict.NEAR_DUPLICATE),
        (19, 5, Verdict.UNRELATED),
        (40, 10, Verdict.NEAR_DUPLICATE),
        (39, 12, Verdict.UNRELATED),
    ],
)
def test_columns_of_few_values_are_domains_that_unrelated_tables_share(
    distinct: int, width: int, verdict: Verdict
) -> None:
    """Few are less than 20, and less than a tenth of the rows: 400 or 401 with 40 values, 468 with 39; no row occurs twice."""
    pairs = [
        [(x, (x + y + far) % distinct) for x in range(distinct) for y in range(width)] for far in (0, distinct // 2)
    ]
    if distinct != 40:
        pairs[1].append(pairs[1][0])  # so that no column holds the same values as often
    else:
        pairs[1][-1] = pairs[1][0]
    left, right = ({"a": [x for x, _ in side], "b": [f"t{y}" for _, y in side]} for side in pairs)
    assert verdict_of(left, right) is verdict
