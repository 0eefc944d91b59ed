"""The page tells everything once: rows, values, columns, maps, patterns and samples."""

from __future__ import annotations

from pathlib import Path

import pytest
from findings import (
    HOW,
    change,
    column,
    comparison,
    hostile,
    images,
    months,
    pair,
    resembling,
    small,
    wide,
)
from html_page import page_of

from sameset import compare
from sameset.comparison.delta import Delta
from sameset.comparison.estimates import Estimate
from sameset.comparison.patterns import Counted, Pattern, PatternKind
from sameset.comparison.rows import RowSample
from sameset.reports.html import as_html


def test_the_page_tells_what_happened() -> None:
    page = page_of(small())
    for words in (
        "tuesday 2.parquet is modified: 12 rows changed, 5 added, 3 removed",
        "149,985",
        "99.98 %",
        "5 of 9 differ",
        "4 columns are the same",
        "12 rows changed",
        "87095.78 → 87095.8",
        "carefully final deposits → carefully final deposits␣",
        "10000005",
        "417889",
        "sameset compare monday.parquet 'tuesday 2.parquet' --key o_orderkey -o report.html",
        "2026-11-20 03:12:09 UTC",
        "physical types differ",
    ):
        assert words in page.text, words
    assert ("h1", {}) in page.elements


def test_a_check_tells_its_snapshots_and_relatives_and_the_command_to_see_it_again(tmp_path: Path) -> None:
    page = page_of(resembling(tmp_path))
    assert "orders is modified" in page.text
    assert "orders_eu= identical100 %" in page.text.replace("\n", "")
    assert f"sameset compare orders@1 orders@2 --registry {tmp_path / 'registry.db'}" in page.text


def test_a_new_dataset_has_a_page(tmp_path: Path) -> None:
    import pyarrow as pa

    from sameset import check_table

    page = page_of(check_table(pa.table({"a": [1, 2]}), "first", str(tmp_path / "r.db")))
    assert "first is new: 2 rows" in page.text
    assert "a+ newint64" in page.text.replace("\n", "")


@pytest.mark.parametrize("key", [["id"], None])
def test_a_real_comparison_shows_its_rows(key: list[str] | None, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,price\n1,2.5\n2,3.5\n3,1.0\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("id,price\n1,2.5\n2,4.5\n7,9.0\n", encoding="utf-8")
    page = page_of(compare(tmp_path / "a.csv", tmp_path / "b.csv", key=key))
    told = page.text.replace("\n", "")
    assert "79.0" in told
    assert ("1 row changed" in told) is bool(key)
    assert "4.5" in told


def test_the_same_finding_is_the_same_page() -> None:
    assert as_html(hostile(), 100, HOW) == as_html(hostile(), 100, HOW)


def test_what_is_the_same_is_folded_and_what_is_not_comes_first() -> None:
    text = as_html(wide(), 100, HOW)
    assert "feature_480_of_the_model" in text
    assert text.index("old_one") < text.index("458 columns are the same") < text.index("feature_001_of_the_model")


def test_hashes_stand_where_no_key_is_known() -> None:
    rows = tuple(change(None, number) for number in range(1, 4))
    page = page_of(comparison(key=(), delta=Delta(rows, (), ())))
    assert "3 hashes" in page.text
    assert f"{3:016x}{3:016x}" in page.text


def test_copies_of_a_row_are_counted() -> None:
    page = page_of(comparison(key=("a", "b"), delta=Delta((change({"a": 1, "b": None}, 1, 3),), (), ())))
    assert "3 keys (a, b)" in page.text
    assert "null (×3)" in page.text  # noqa: RUF001


def test_long_values_are_folded_and_cut() -> None:
    value = "x" * 5_000
    row = {"id": 1, "long": value, "number": 10**5_000}
    page = page_of(comparison(key=("id",), delta=Delta((change({"id": 1}),), (), ()), rows=RowSample((row,))))
    assert "… 4,840 more characters" in page.text
    assert "and 3,000 more characters" in page.text
    assert "x" * 2_000 not in page.text
    assert "a number of about 5,000 digits" in page.text


def test_of_two_long_values_the_difference_is_in_sight() -> None:
    before, after = {"note": "same " * 500 + "old end"}, {"note": "same " * 500 + "new end"}
    pairs = (pair({"id": 1}, before, after),)
    changes = (change({"id": 1}),)
    page = page_of(comparison(key=("id",), delta=Delta((), (), changes), rows=RowSample((), (), pairs)))
    assert "…same same same same old end → …same same same same new end" in page.text


def test_values_that_look_alike_tell_their_types() -> None:
    pairs = (pair({"id": 1}, {"v": "5"}, {"v": 5}), pair({"id": 2}, {"v": None}, {"v": "null"}))
    changes = tuple(change({"id": number}) for number in (1, 2))
    page = page_of(comparison(key=("id",), delta=Delta((), (), changes), rows=RowSample((), (), pairs)))
    assert "5 (str) → 5 (int)" in page.text


def test_the_map_the_buckets_and_the_patterns_are_on_the_page() -> None:
    page = page_of(months(), 100)
    assert "price was scaled by 1.1 (998 of 1,000 changed cells fit)" in page.text
    assert "price of the day by month: 5 of 36 differ" in page.text
    assert "2024-04: changed, 7,857 rows; price" in page.text
    assert "7,857 → 7,854" in page.text
    assert "and 3 more" in page_of(months(), 2).text


def test_patterns_of_many_columns_are_folded_away_and_none_is_left_out() -> None:
    names = [f"c{i}" for i in range(500)]
    pattern = Pattern(PatternKind.OFFSET, "c", 50, 50, Counted.CELLS, "was raised by 1", 1.0)
    text = as_html(months(names, [pattern]), 100)
    section = text[text.index('aria-label="Patterns"') : text.index('aria-label="Where')]
    first, rest = section.split("<details>")
    assert (first.count("<li>"), rest.count("<li>")) == (10, 490)
    assert "<summary>490 more</summary>" in rest


def test_figures_with_intervals_are_broken_where_they_end() -> None:
    wide = Estimate(18_706.0, 17_083.0, 20_000.0)
    narrow = Estimate(0.9768, 0.9599, 0.9867)
    told = column("price", left_distinct=wide, right_distinct=wide.scaled(0.5), came=wide, went=wide, values=narrow)
    text = as_html(comparison(columns=(told,)), 100)
    assert "18,706 [17,083, 20,000] →\n9,353 [8,542, 10,000]" in text
    assert "+18,706 [17,083, 20,000]\n-18,706 [17,083, 20,000]" in text
    assert "0.9768\n[0.9599, 0.9867]" in text


def test_samples_are_on_the_page_with_what_became_of_them() -> None:
    text = page_of(images(), 100).text
    for told in (
        "3 changed",
        "2 moved to another label",
        "dog → cat",
        "cat → none",
        "4 moved or renamed",
        "5,000 appeared",
    ):
        assert told in text
    assert "was called" in text
    assert "and 4,997 more" in text


def test_rows_that_came_several_times_say_so() -> None:
    delta = Delta((change(None, 1, 2),), (), ())
    page = page_of(comparison(key=(), delta=delta, rows=RowSample(({"a": 41},), added_times=(2,))))
    assert "41 (×2)" in page.text  # noqa: RUF001
    assert "are shown" not in page.text
