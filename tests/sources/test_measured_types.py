"""Types that only values tell: the type found holds each of them exactly, however they are portioned."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sameset.errors import SourceError
from sameset.sources.measured_types import Measured
from sameset.sources.row_values import array_of

NUMBERS = {
    "int": st.integers(-(10**70), 10**70),
    "long": st.integers(-(2**64), 2**64),
    "decimal": st.decimals(-(10**30), 10**30, allow_nan=False, places=6),
    "exact": st.integers(-(2**53), 2**53),
    "float": st.floats(allow_nan=False),
}
TOGETHER = [["int"], ["long"], ["decimal"], ["decimal", "long"], ["float"], ["float", "exact"]]
OTHERS = [
    *(st.text(st.characters(codec="utf-8")), st.binary(), st.booleans(), st.dates(), st.times(), st.uuids()),
    *(st.datetimes(), st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC))),
]


def found(portions: list[list[Any]]) -> pa.DataType:
    measured = Measured()
    for portion in portions:
        measured.add(portion)
    return measured.type("a", "x.db::t")


@given(st.data())
def test_numbers_get_a_type_that_holds_them_exactly(data: st.DataObject) -> None:
    kinds = data.draw(st.sampled_from(TOGETHER))
    values = data.draw(st.lists(st.one_of(st.none(), *(NUMBERS[kind] for kind in kinds)), max_size=8))
    type_ = found([values])
    kept = array_of(values, type_).to_pylist()
    assert [None if v is None else Decimal(v) for v in kept] == [None if v is None else Decimal(v) for v in values]
    cut = data.draw(st.integers(0, len(values)))
    assert found([values[:cut], [], values[cut:]]) == type_


@given(st.data())
def test_other_values_keep_their_kind(data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | data.draw(st.sampled_from(OTHERS)), max_size=5))
    given_ = [value for value in values if value is not None]
    kept = [value for value in array_of(values, found([values])).to_pylist() if value is not None]
    assert kept == [getattr(value, "bytes", value) for value in given_]


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([], pa.null()),
        ([None], pa.null()),
        ([-1, 2**63 - 1], pa.int64()),
        ([2**63], pa.uint64()),
        ([-1, 2**63], pa.decimal128(38, 0)),
        ([10**40], pa.decimal256(76, 0)),
        ([1, 0.5], pa.float64()),
        ([Decimal("1.500000"), 7], pa.decimal128(38, 1)),
        ([Decimal("1E+5")], pa.decimal128(38, 0)),
        ([Decimal("123456789012345678901234567890.123456")], pa.decimal128(38, 6)),
    ],
)
def test_the_narrowest_common_type_is_found(values: list[Any], type_: pa.DataType) -> None:
    assert found([values]) == type_


@pytest.mark.parametrize(
    "values",
    [["x", 5], [5, b"x"], [dt.date(2024, 1, 1), "x"], [True, 5], [dt.datetime(2024, 1, 1), dt.datetime.now(dt.UTC)]],
)
def test_values_of_several_kinds_are_an_error_that_names_a_row_of_each(values: list[Any]) -> None:
    with pytest.raises(SourceError, match=r"x.db::t has .* \(row 1\) and .* \(row 7\) in 'a'; cast them"):
        found([[values[0], None, values[0]], [None, None, None], [values[1], values[0]]])


@pytest.mark.parametrize(
    "values", [[2**53 + 1, 0.5], [Decimal("0.1"), 0.5], [Decimal("NaN")], [10**77], [Decimal("1E-77")]]
)
def test_numbers_without_a_common_type_are_an_error(values: list[Any]) -> None:
    with pytest.raises(SourceError, match="numbers in 'a' that neither"):
        found([values])


def test_values_without_a_type_here_are_refused_by_their_class() -> None:
    assert found([[{"a": 1}]]).type_name == "dict"
    assert found([[dt.timedelta(1)]]).type_name == "timedelta"
