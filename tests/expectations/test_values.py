"""Core expectations about single values on our data source: counts, the values shown, and what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import great_expectations.expectations as gxe
import pyarrow as pa
import pytest
from expectation_cases import Write
from great_expectations.expectations.row_conditions import Column
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sameset_expectations as se
from sameset_expectations.failures import reason_of

DAYS = [dt.date(2026, 11, day) for day in range(1, 11)]
TABLE = pa.table(
    {
        "n": [1, 2, 3, 4, 5, 6, 7, None, None, None],
        "t": ["it's", "{0}", "a\nb", "%", "", "ÄÖ", None, "x", "x", "x"],
        "day": DAYS,
        "cost": [Decimal("1.10"), *[Decimal("2.00")] * 9],
        'od"d {x}': list(range(10)),
    }
)


@pytest.fixture
def validate(write: Write) -> Any:
    def result(expectation: Any, table: pa.Table = TABLE, result_format: Any = "SUMMARY") -> Any:
        asset = se.get_context().data_sources.add_sameset("lake").add_table("orders", write(table))
        batch = asset.add_batch_definition("all").get_batch()
        return batch.validate(expectation, result_format=result_format)

    return result


@pytest.mark.parametrize(
    ("expectation", "unexpected", "values"),
    [
        (gxe.ExpectColumnValuesToNotBeNull(column="n"), 3, []),
        (gxe.ExpectColumnValuesToBeNull(column="n"), 7, [1, 2, 3, 4, 5, 6, 7]),
        (gxe.ExpectColumnValuesToBeBetween(column="n", min_value=2, max_value=6, strict_max=True), 3, [1, 6, 7]),
        (gxe.ExpectColumnValuesToBeInSet(column="t", value_set=["it's", "{0}", "x", None]), 4, ["", "%", "a\nb", "ÄÖ"]),
        (gxe.ExpectColumnValuesToNotBeInSet(column="t", value_set=["x"]), 3, ["x", "x", "x"]),
        (gxe.ExpectColumnValuesToNotBeInSet(column="t", value_set=[]), 0, []),
        (gxe.ExpectColumnValueLengthsToBeBetween(column="t", min_value=1, max_value=3), 2, ["", "it's"]),
        (gxe.ExpectColumnValueLengthsToEqual(column="t", value=2), 8, ["", "%", "a\nb", "it's", "x", "x", "x", "{0}"]),
        (gxe.ExpectColumnValuesToMatchRegex(column="t", regex=r"^\w{1,2}$"), 6, ["", "%", "a\nb", "it's", "{0}", "ÄÖ"]),
        (gxe.ExpectColumnValuesToMatchLikePattern(column="t", like_pattern="%'%"), 8, None),
        (gxe.ExpectColumnValuesToBeBetween(column="day", min_value=dt.date(2026, 11, 3)), 2, None),
        (gxe.ExpectColumnValuesToBeBetween(column="day", min_value="2026-11-03"), 2, None),
        (gxe.ExpectColumnValuesToBeBetween(column="cost", min_value=2), 1, None),
        (gxe.ExpectColumnValuesToBeBetween(column='od"d {x}', max_value=7), 2, [8, 9]),
        (gxe.ExpectColumnValuesToNotBeNull(column="n", row_condition=Column("day") > dt.date(2026, 11, 8)), 2, []),
        (gxe.ExpectColumnValuesToBeInSet(column="n", value_set=[1], row_condition=Column("n") < 3), 1, [2]),
    ],
    ids=lambda case: getattr(case, "expectation_type", None),
)
def test_values_that_break_it_are_counted_and_shown(
    expectation: Any, unexpected: int, values: list[Any] | None, validate: Any
) -> None:
    result = validate(expectation)
    assert reason_of(result.exception_info) is None
    assert result.result["unexpected_count"] == unexpected
    assert result.success == (unexpected == 0)
    if values is not None:
        assert sorted(result.result["partial_unexpected_list"]) == sorted(values)


def test_what_is_shown_is_bounded(validate: Any) -> None:
    table = pa.table({"n": range(10_000)})
    negative = gxe.ExpectColumnValuesToBeBetween(column="n", max_value=-1)
    assert validate(negative, table).result["partial_unexpected_list"] == list(range(20))
    complete = validate(negative, table, {"result_format": "COMPLETE", "partial_unexpected_count": 5_000})
    assert complete.result["unexpected_list"] == list(range(200))
    assert complete.result["unexpected_count"] == 10_000
    assert validate(negative, table, "BOOLEAN_ONLY").result == {}


def test_an_empty_table_and_one_of_nulls_break_nothing_else(validate: Any) -> None:
    inside = gxe.ExpectColumnValuesToBeInSet(column="t", value_set=["x"])
    for table in (TABLE.slice(0, 0), TABLE.slice(6, 1)):
        assert validate(inside, table).success


@pytest.mark.parametrize(
    ("expectation", "reason"),
    [
        (gxe.ExpectColumnValuesToBeInSet(column="nowhere", value_set=[1]), "no column 'nowhere'"),
        (gxe.ExpectColumnValuesToMatchRegex(column="t", regex="(?=x)"), "orders.parquet"),
        (gxe.ExpectColumnValuesToMatchRegex(column="n", regex="1"), "orders.parquet"),
        (gxe.ExpectColumnValuesToBeInSet(column="n", value_set=["x"]), "orders.parquet"),
    ],
    ids=["no such column", "look-around", "regex of numbers", "text among numbers"],
)
def test_what_cannot_be_asked_is_one_sentence(expectation: Any, reason: str, validate: Any) -> None:
    result = validate(expectation)
    told = reason_of(result.exception_info)
    assert not result.success
    assert told is not None
    assert reason in told


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.none() | st.integers(-5, 5), max_size=30), st.integers(-5, 5), st.integers(-5, 5), st.booleans())
def test_counts_are_those_of_plain_python(
    validate: Any, values: list[int | None], low: int, high: int, strict: bool
) -> None:
    table = pa.table({"n": pa.array(values, pa.int64())})
    low, high = min(low, high), max(low, high)
    within = gxe.ExpectColumnValuesToBeBetween(column="n", min_value=low, max_value=high, strict_min=strict)
    result = validate(within, table).result
    known = [value for value in values if value is not None]
    wrong = [value for value in known if not (low < value <= high if strict else low <= value <= high)]
    assert result["element_count"] == len(values)
    assert result["unexpected_count"] == len(wrong)
    assert result["partial_unexpected_list"] == sorted(wrong)[:20]
