"""Numbers close to a bound: what is shown never contradicts what was decided."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sameset_expectations as se
from sameset import Spec
from sameset.comparison.estimates import overlap_of
from sameset.execution.sketching import sketch_table
from sameset_expectations.bounds import allowed_text, share_text

ROWS = 50_000
SHARES = st.floats(0, 1, allow_subnormal=False)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A table of which one row of 50,000 is a copy, and the same without two of its rows."""
    folder = tmp_path_factory.mktemp("near")
    numbers = [*range(ROWS - 1), 0]
    table = pa.table({"id": numbers, "value": numbers})
    for name, rows in (("all", table), ("most", table.slice(0, ROWS - 2))):
        pq.write_table(rows, folder / f"{name}.parquet")
    return str(folder / "all.parquet"), str(folder / "most.parquet")


def found(address: str, expectation: Any) -> tuple[bool, float, str]:
    result = se.validate_table(address, Spec(), [expectation], name="near").result["results"][0]
    return result["success"], result["result"]["observed_value"], result["result"]["details"]["sentence"]


@pytest.mark.parametrize(("mostly", "success"), [(1.0, False), (0.99999, False), (0.99998, True), (0.9999, True)])
def test_one_copy_is_no_share_of_one(mostly: float, success: bool, tables: tuple[str, str]) -> None:
    told = found(tables[0], se.ExpectTableRowsToBeDistinct(mostly=mostly))
    assert told[:2] == (success, 0.99998)
    assert ("allowed is at least" in told[2]) is not success


def test_a_share_is_on_its_side_of_the_bound(tables: tuple[str, str]) -> None:
    for bounds, success in (({"min_value": 1}, False), ({"max_value": 0.9999}, False), ({"max_value": 0.99996}, True)):
        expectation = se.ExpectTableSimilarityToBeBetween(reference=tables[1], **bounds)
        told = found(tables[0], expectation)
        assert told[:2] == (success, 0.99996)
        assert "(Jaccard): 0.99996" in told[2]


def test_columns_that_differ_by_rows_that_went_are_not_called_the_same(tables: tuple[str, str]) -> None:
    every, most = tables
    fields = {"reference": most, "columns": ["value"], "allow_added_and_removed_rows": True}
    told = found(every, se.ExpectTableColumnsToBeUnchanged(**fields))
    assert told == (True, 0, "= 1 column the same, aside from values of rows that came or went")


def test_a_sentence_with_three_bounds_is_told_to_its_end(tmp_path: Path) -> None:
    address, stored = str(tmp_path / "now.parquet"), tmp_path / "then.sameset"
    then = pa.table({"id": range(30_000), "value": range(30_000)})
    stored.write_bytes(sketch_table(then, Spec(key=("id",))).to_bytes())
    pq.write_table(pa.table({"id": range(15_000, 45_000), "value": range(45_000, 15_000, -1)}), address)
    bounds = {"max_added": 15_000, "max_removed": 15_000, "max_changed": 15_000}
    expectation = se.ExpectTableRowChangesToBeBetween(reference=str(stored), **bounds)
    result = se.validate_table(address, Spec(key=("id",)), [expectation], name="near").result["results"][0]["result"]
    sentence = result["details"]["sentence"]
    assert len(sentence) > 200
    assert "rows changed: that is not known well enough" in sentence
    assert "…" not in sentence


def test_a_share_of_one_that_is_an_estimate_is_not_known_to_be_less(tables: tuple[str, str]) -> None:
    fields = {"column": "id", "reference": tables[1], "measure": "share_of_column", "min_value": 1}
    told = found(tables[0], se.ExpectColumnValueOverlapToBeBetween(**fields))
    assert told[:2] == (False, 1.0)
    assert "1]; that is not known well enough: at least 1 is allowed" in told[2]


@pytest.mark.parametrize("rows", [600, 1_000, 5_000, 70_000])
def test_an_interval_holds_its_estimate(rows: int) -> None:
    sketches = [sketch_table(pa.table({"x": range(at, at + rows)})) for at in (0, 0, rows)]
    same = overlap_of(sketches[0].columns[0].values, sketches[1].columns[0].values, bags=False)
    none = overlap_of(sketches[0].columns[0].values, sketches[2].columns[0].values, bags=False)
    for overlap, share in ((same, 1.0), (none, 0.0)):
        for one in (overlap.jaccard, overlap.containment_left, overlap.containment_right):
            assert one.low <= one.estimate == share <= one.high


@given(SHARES, SHARES, SHARES)
def test_rounding_moves_no_number_over_a_bound(value: float, low: float, high: float) -> None:
    shown = float(share_text(value, low, None, high))
    for bound in (0.0, 1.0, low, high):
        if value == bound:
            assert math.isclose(shown, bound, rel_tol=1e-11)
        else:
            assert (shown > bound, shown < bound) == (value > bound, value < bound)
    assert math.isclose(shown, value, rel_tol=1e-3)


def test_a_share_that_is_its_bound_is_shown_like_it() -> None:
    assert share_text(1 / 3, 1 / 3) == "0.333333333333"
    assert allowed_text(1 / 3, None) == "at least 0.333333333333"
    assert share_text(0.5, 0.5) == "0.5"


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (0.9999999, "at least 0.9999999"),
        (0.5, "at least 0.5"),
        (12345.0, "at least 12,345"),
        (1234567.0, "at least 1,234,567"),
    ],
)
def test_a_bound_is_shown_as_it_was_given(bound: float, text: str) -> None:
    assert allowed_text(bound, None) == text
