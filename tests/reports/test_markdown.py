"""Markdown: within a comment's limit whatever was compared, tables that hold, nothing that acts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from findings import CASES, HOSTILE, change, comparison, hostile, images, long, months, pair, resembling, small, wide
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.comparison.delta import Delta
from sameset.comparison.patterns import Counted, Pattern, PatternKind
from sameset.comparison.rows import RowSample
from sameset.reports.markdown import MOST_CHARACTERS, as_markdown, escape


def length(text: str) -> int:
    """As GitHub's page counts: in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def tables(markdown: str) -> list[list[str]]:
    found = re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE)
    return [table.splitlines() for table in found]


def assert_sound(markdown: str) -> None:
    """Every table has as many cells in each line; no element, no other line break, no sign that acts."""
    for lines in tables(markdown):
        assert len({len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines}) == 1, lines
        assert re.fullmatch(r"[| -]+", lines[1])
    assert not re.search(r"<\s*/?\s*[a-zA-Z!]", markdown)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\ud800-\udfff]", markdown)


def test_it_tells_cell_by_cell_what_changed() -> None:
    told = as_markdown(small(), 100)
    assert "| 54944 | o\\_totalprice | 87095.78 | 87095.8 |" in told
    assert "| 526885 | o\\_comment | carefully final deposits | carefully final deposits␣ |" in told
    assert "### Rows added: 5\n\n| o\\_orderkey |\n| --- |\n| 10000001 |" in told


def test_rows_stand_where_there_are_no_keys() -> None:
    delta = Delta((change(None, 1), change(None, 2)), (change(None, 3),), ())
    told = as_markdown(comparison(key=(), delta=delta, rows=RowSample(({"a": 1, "b": "x|y"},))), 100)
    assert "### Rows added: 2\n\n| a | b |\n| --- | --- |\n| 1 | x\\|y |\n\nand 1 more" in told
    assert f"### Rows removed: 1\n\n| row\\_hash |\n| --- |\n| {3:016x}{3:016x} |" in told


def test_what_was_left_out_is_said() -> None:
    told = as_markdown(long(2_000), 2_000)
    shown = len(re.findall(r"^\| \d+ \| price", told, re.MULTILINE))
    assert 100 < shown < 2_000
    assert f"and {2_000 - shown:,} more changed cells" in told
    told = as_markdown(long(2_000), 10)
    assert "and 1,990 more rows" in told
    assert as_markdown(wide(), 10).count("and 452 more") == 1


@pytest.mark.parametrize("case", CASES)
def test_it_is_sound(case: str) -> None:
    told = as_markdown(CASES[case](), 10_000)
    assert_sound(told)
    assert length(told) <= MOST_CHARACTERS


def test_a_check_is_sound(tmp_path: Any) -> None:
    told = as_markdown(resembling(tmp_path), 100)
    assert_sound(told)
    assert "| orders\\_eu | = identical | 1 |" in told


@pytest.mark.parametrize(
    "cell", ["\\" * 2_000, "&" * 2_000, "\x00" * 2_000, "\U0001f600" * 2_000, "x" * 10_000, "\u2028 "]
)
def test_it_fits_a_comment_whatever_was_compared(cell: str) -> None:
    names = [f"{cell}{number}"[-1_000:] for number in range(300)]
    key = dict.fromkeys(names[:20], cell)
    rows = (dict.fromkeys(names, cell),) * 200
    pairs = (pair(key, dict.fromkeys(names[20:], cell), dict.fromkeys(names[20:], "x" + cell)),) * 30
    changes = (change(key),) * 200
    found = comparison(
        key=tuple(names[:20]),
        delta=Delta(changes, changes, changes),
        rows=RowSample(rows, rows, pairs),
        notes=(cell,) * 100,
        **patterned(names),
    )
    told = as_markdown(found, 10_000)
    assert length(told) <= MOST_CHARACTERS
    assert_sound(told)
    assert "| before | 150,000 |" in told
    assert "| now | 150,002 |" in told
    assert told.count("### Rows") == 3


def patterned(names: list[str]) -> dict[str, Any]:
    """Columns with patterns, and a strip map."""
    pattern = Pattern(PatternKind.SCALED, names[0], 20, 20, Counted.CELLS, "was scaled by 2", 2.0)
    found = months(names, [pattern])
    return {"columns": found.columns, "buckets": found.buckets}


@pytest.mark.parametrize("sign", ["\\", "&", "\x00", "\U0001f600", "x"])
def test_samples_fit_a_comment_too(sign: str) -> None:
    found = replace(
        images(sign * 2_000, sign * 2_000, 2_000), notes=(sign * 2_000,) * 100, **patterned([sign * 300] * 300)
    )
    told = as_markdown(found, 10_000)
    assert length(told) <= MOST_CHARACTERS
    assert_sound(told)
    assert told.count("### Samples") == 5


def test_samples_are_told_with_their_old_names_and_labels() -> None:
    told = as_markdown(images(), 100)
    assert "### Samples moved or renamed: 4\n\n| sample | was called | label | times |" in told
    assert "| new 1a/0001.png | a/0001.png | cat | 2 |" in told
    assert "| a/0001.png | dog → cat |" in told
    assert "and 4,997 more" in told


def test_keys_of_several_columns_stand_as_they_were_named() -> None:
    entry = change({"line": 1, "order": 3330})  # a sketch keeps them by name
    told = as_markdown(comparison(key=("order", "line"), delta=Delta((entry,), (), ())), 100)
    assert "| order | line |\n| --- | --- |\n| 3330 | 1 |" in told


TEXTS = st.lists(
    st.sampled_from(HOSTILE[:12]) | st.text() | st.text("<>&|`*_[]()#~!@\\\n\r -", max_size=30), min_size=2, max_size=5
)


@settings(max_examples=50)
@given(TEXTS)
def test_no_text_breaks_a_table(texts: list[str]) -> None:
    assert_sound(as_markdown(hostile(texts), 100))


def test_nobody_is_called_by_what_stands_in_the_data() -> None:
    assert not re.search(r"@\w", escape("ask @octocat or (@team)"))
    assert escape("orders@1 ann@example.com") == "orders@1 ann@example.com"


def test_rows_that_came_several_times_say_so() -> None:
    delta = Delta((change({"id": 7}, 1, 2), change({"id": 8}, 2)), (), ())
    told = as_markdown(comparison(key=("id",), delta=delta), 100)
    assert "### Rows added: 3\n\n| id | × |\n| --- | --- |\n| 7 | 2 |\n| 8 | 1 |\n" in told  # noqa: RUF001
    assert "more" not in told
    rows = RowSample(({"a": 1},), added_times=(2,))
    told = as_markdown(comparison(key=(), delta=Delta((change(None, 1, 2), change(None, 2)), (), ()), rows=rows), 100)
    assert "| a | × |\n| --- | --- |\n| 1 | 2 |\n\nand 1 more" in told  # noqa: RUF001
