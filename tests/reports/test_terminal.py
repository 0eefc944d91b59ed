"""What a terminal shows of rows: briefly, within its width, and no sign that acts."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pytest
from findings import CASES, change, comparison, images, long, small
from rich.console import Console

from sameset.cli.terminal import show_finding
from sameset.comparison.delta import Delta
from sameset.comparison.rows import RowSample
from sameset.execution.comparing import compare_places
from sameset.reports.texts import UNPRINTABLE


def shown(found: Any, width: int = 120, limit: int = 100) -> str:
    text = io.StringIO()
    Console(file=text, width=width).print(show_finding(found, limit))
    return text.getvalue()


def test_changed_cells_stand_below_their_keys() -> None:
    told = shown(small())
    assert "54944: o_totalprice 87095.78 -> 87095.8, o_orderstatus O -> F" in told
    assert "changed (12): 54944, 66724" in told
    assert "added (5): 10000001, " in told


def test_distinct_values_that_came_and_went_are_told() -> None:
    left, right = (pa.table({"id": range(6), "x": values}) for values in ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 7, 7]))
    told = shown(compare_places(left, right, key=["id"]))
    assert "distinct values that came and went: x +1 -2" in told


def test_rows_stand_where_there_are_no_keys() -> None:
    delta = Delta((change(None, 1), change(None, 2)), (change(None, 3),), ())
    told = shown(comparison(key=(), delta=delta, rows=RowSample(({"a": 1, "b": "x"},))))
    assert "added (2): (1, x) and 1 more" in told
    assert f"removed (1): {3:016x}{3:016x}" in told


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("width", [80, 120])
def test_it_is_bounded_and_within_the_width(case: str, width: int) -> None:
    told = shown(CASES[case](), width)
    lines = told.splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) < 1_500
    assert not UNPRINTABLE.search(told.replace("\n", ""))


def test_ten_thousand_keys_are_twelve() -> None:
    told = shown(long(10_000))
    assert "and 9,988 more" in told
    assert len(told.splitlines()) < 50


def test_a_limit_below_what_a_terminal_has_room_for_bounds_the_lists() -> None:
    told = shown(small(), limit=2)
    assert "changed (12): 54944, 66724 and 10 more" in told
    assert "66724: o_totalprice" in told
    assert "93892" not in told
    assert "changed (12) " in shown(small(), limit=0)
    assert "changed (3) " in shown(images(), limit=0)


def test_rows_that_came_several_times_say_so() -> None:
    delta = Delta((change({"id": 7}, 1, 2), change({"id": 8}, 2)), (), ())
    assert "added (3): 7 ×2, 8 " in shown(comparison(key=("id",), delta=delta))  # noqa: RUF001
    rows = RowSample(({"a": 1, "b": "x"},), added_times=(2,))
    told = shown(comparison(key=(), delta=Delta((change(None, 1, 2), change(None, 2)), (), ()), rows=rows))
    assert "added (3): (1, x) ×2 and 1 more" in told  # noqa: RUF001
