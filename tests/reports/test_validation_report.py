"""The report of a validation: what is not met first, everything escaped, bounded however much was validated."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from validations import EVIL, expectation, run_of, validation

from sameset.errors import SpecError
from sameset.reports.finding import Provenance
from sameset.reports.markdown import MOST_CHARACTERS
from sameset.reports.texts import UNPRINTABLE
from sameset.reports.validation import validation_of
from sameset.reports.validation_html import validation_html
from sameset.reports.validation_texts import validation_markdown, validation_text

HOW = Provenance("sameset 0.0", "sameset-expectations run nightly", datetime(2026, 11, 2, tzinfo=UTC))


def page(data: Any) -> str:
    return validation_html(validation_of(data), HOW)


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [(["met"], "success"), (["met", "failed"], "failure"), (["failed", "unknown"], "unknown"), ([], "unknown")],
)
def test_the_outcome(outcomes: list[str], outcome: str) -> None:
    found = validation_of(validation([expectation(number, one) for number, one in enumerate(outcomes)]))
    assert found.outcome == outcome
    assert f"<h1>{outcome}</h1>" in validation_html(found, HOW)


def test_what_nobody_knows_is_told_first_and_then_what_failed_the_gravest_first() -> None:
    results = [expectation(number, outcome) for number, outcome in enumerate(["met", "failed", "unknown", "failed"])]
    found = validation_of({"validations": [validation([expectation(9)], "fine"), validation(results)]})
    assert [table.name for table in found.tables] == ["orders", "fine"]
    told = [(one.outcome, one.severity) for one in found.tables[0].expectations]
    assert told == [("unknown", "info"), ("failed", "critical"), ("failed", "warning"), ("met", "critical")]


def test_all_forms_tell_the_same_of_a_run() -> None:
    found = validation_of(run_of(3, 10))
    sentence = "checkpoint nightly: 28 of 30 expectations met, 1 failed, 1 could not be evaluated"
    for told in (validation_html(found, HOW), validation_markdown(found), validation_text(found)):
        assert sentence in told
        assert "orders/7.parquet does not exist; check the path" in told
        assert "3 rows changed" in told
        assert "Traceback" not in told


def test_what_the_author_says_of_an_expectation_is_told_with_its_bounds() -> None:
    one = expectation(0, "failed")
    one["expectation_config"] |= {"description": f"as agreed {EVIL}", "kwargs": {"mostly": 0.9999999, "max": 0.1}}
    found = validation_of(validation([one]))
    assert found.tables[0].expectations[0].asked == f"as agreed {EVIL}; mostly = 0.9999999, max = 0.1"
    assert "as agreed" in validation_text(found)
    for told in (validation_html(found, HOW), validation_markdown(found)):
        assert "as agreed" in told
        assert EVIL not in told
    one["expectation_config"]["description"] = ["no", "text"]
    assert validation_of(validation([one])).tables[0].expectations[0].asked == "mostly = 0.9999999, max = 0.1"


def test_a_result_that_great_expectations_wrote_of_its_own_expectations() -> None:
    one = expectation(0, "failed")
    one["result"] = {
        "element_count": 1000,
        "unexpected_count": 250,
        "unexpected_percent": 25.0,
        "partial_unexpected_list": ["d"] * 20,
    }
    (table,) = validation_of(validation([one])).tables
    assert table.expectations[0].told == "250 of 1000 unexpected (25 %): d, d, d, d, d, …"


@pytest.mark.parametrize(
    "data",
    [None, 7, "x", {}, {"results": []}, {"validations": 3}, {"validations": [{}]}, [1], {"results": 3, "success": 1}],
)
def test_what_is_no_validation_is_refused(data: Any) -> None:
    with pytest.raises(SpecError, match="this is no validation result"):
        validation_of(data)


@pytest.mark.parametrize("field", ["expectation_config", "result", "exception_info", "meta"])
@pytest.mark.parametrize("value", [None, 7, [], "x", {"kwargs": 3, "details": [], "raised_exception": None}])
def test_results_of_other_programs_with_odd_parts_are_told_all_the_same(field: str, value: Any) -> None:
    found = validation_of(validation([expectation(0, "failed") | {field: value}]))
    assert found.outcome == "failure"
    assert validation_html(found, HOW)
    assert validation_markdown(found)


def test_every_text_is_escaped() -> None:
    data = run_of(2, 10, EVIL)
    for told in (page(data), validation_markdown(validation_of(data)), validation_text(validation_of(data))):
        assert "\u202e" not in told
        assert "\x1b" not in told
    assert "<script" not in page(data)
    assert "&lt;script&gt;alert(1)" in page(data)
    assert not UNPRINTABLE.search(re.sub("[\n]", "", page(data)))
    assert "<script>" not in validation_markdown(validation_of(data))


def test_3000_results_make_a_page_of_one_megabyte_and_a_filter_for_each_outcome() -> None:
    told = page(run_of(300, 10))
    assert len(told.encode()) < 1_200_000
    assert "<script" not in told
    assert not re.search(r"(?:src|href)=", told)
    shown = re.findall(r'<label[^>]*for="shown-(\w+)"><b>([\d,]+)</b>', told)
    assert shown == [
        *(("all", "3,000"), ("unknown", "9"), ("failed", "60"), ("met", "2,931")),
        *(("critical", "64"), ("warning", "2"), ("info", "3")),
    ]
    for name, _ in shown[1:]:
        assert f"#shown-{name}:checked" in told


@pytest.mark.slow
def test_whatever_was_validated_page_and_markdown_are_bounded_and_count_what_they_leave_out() -> None:
    failing = validation([expectation(number, "failed", "x" * 150, rows=20) for number in range(5_000)])
    found = validation_of(failing)
    told = validation_html(found, HOW)
    assert len(told.encode()) < 7_000_000
    left_out = re.search(r"and ([\d,]+) more that have no place on this page", told)
    assert left_out
    assert told.count('<li class="is-') + int(left_out[1].replace(",", "")) == 5_000
    markdown = validation_markdown(found)
    assert len(markdown) < MOST_CHARACTERS
    assert re.search(r"and [\d,]+ more lines", markdown)
    assert len(validation_text(found).splitlines()) < 120


def test_the_same_report_gives_the_same_page() -> None:
    data = run_of(3, 10)
    assert page(data) == page(json.loads(json.dumps(data)))
