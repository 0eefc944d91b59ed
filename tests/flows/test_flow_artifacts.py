from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sameset import check_table
from sameset.reports.markdown import escape
from sameset_expectations.validation import Validation
from sameset_flows.artifacts import report_markdown, table_cells
from sameset_flows.keys import artifact_key
from sameset_flows.row_lines import row_lines, rows_in_words

NAMES = st.text(st.sampled_from("abAB01 -._|<é"), min_size=1, max_size=6) | st.text(min_size=1, max_size=200)
HOSTILE = "a|b <script>alert(1)</script>"


@given(NAMES)
def test_a_key_is_one_that_prefect_takes(name):
    assert re.fullmatch(r"sameset-check-[a-z0-9-]{1,80}", artifact_key("check", name))


@given(NAMES, NAMES)
def test_two_datasets_never_share_a_key(one, other):
    assert (artifact_key("check", one) == artifact_key("check", other)) is (one == other)


@given(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda name: len(name) <= 60))
def test_a_plain_name_stays_readable_in_its_key(name):
    assert artifact_key("columns", name) == f"sameset-columns-{name}"


def test_a_name_cannot_pretend_to_be_another_ones_key():
    disguised = artifact_key("check", "A B").removeprefix("sameset-check-")
    assert artifact_key("check", disguised) != artifact_key("check", "A B")


@pytest.fixture
def hostile_check(registry):
    """The second check of a dataset whose name, columns and values all try to break out of a table."""
    first, second = (pa.table({HOSTILE: ["<b>|", "x", "y"], "x\n|": [1, 2, last]}) for last in (3, 4))
    check_table(first, HOSTILE, registry, key=[HOSTILE])
    return check_table(second, HOSTILE, registry)


@pytest.fixture
def validation_of():
    def make(check, *failed, evaluated=2, docs=None):
        results = [{"success": False, "expectation_config": config} for config in failed]
        passed = [{"success": True, "expectation_config": {}}] * (evaluated - len(failed))
        result = {"success": not failed, "results": results + passed}
        return Validation(
            check.arrival.sketch, check.arrival.source, not failed, None, evaluated, result=result, docs=docs
        )

    return make


def test_no_html_and_no_broken_table_comes_from_names_and_values(hostile_check, validation_of):
    markdown = report_markdown(hostile_check, validation_of(hostile_check, docs="<i>|"))
    assert "modified" in markdown
    assert not re.search(r"<\s*/?\s*[a-z]", markdown)
    for table in re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE):
        borders = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(borders) == 1, table


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("o_orderkey", "o_orderkey"),
        ("1,352 [1,235, 1,470] → 1,359", "1,352 [1,235, 1,470] → 1,359"),
        ("__index_level_0__", r"\_\_index\_level\_0\_\_"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))"),
        ("list<item: int64>", "list&lt;item: int64&gt;"),
    ],
)
def test_cells_of_a_table_are_escaped_where_prefect_would_take_them_for_markup(name, shown):
    assert table_cells([{"column": name}]) == [{"column": shown}]


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        ([], "2 of 2 expectations met"),
        (
            [{"type": "expect_table_to_differ_from_previous", "severity": "warning"}],
            "1 of 2 expectations met; not met: expect_table_to_differ_from_previous (warning)",
        ),
    ],
)
def test_the_report_says_how_the_validation_went(failed, words, hostile_check, validation_of):
    assert escape(words) in report_markdown(hostile_check, validation_of(hostile_check, *failed))


def test_the_rows_that_are_shown_and_those_that_there_are_are_told_apart(registry):
    first = pa.table({"id": range(50), "x": [0] * 50})
    second = pa.table({"id": range(3, 50), "x": [1] * 37 + [0] * 10})
    assert rows_in_words(check_table(first, "orders", registry, key=["id"]).comparison) == "none"
    comparison = check_table(second, "orders", registry).comparison
    lines = [line["what"] for line in row_lines(comparison)]
    assert (lines.count("changed"), lines.count("removed")) == (10, 3)
    assert rows_in_words(comparison) == "10 of 37 changed, 3 removed"
