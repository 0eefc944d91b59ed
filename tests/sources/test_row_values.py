"""Python values as Arrow arrays: what fits is kept exactly, and the first value that does not is named."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from source_rows import plain

from sameset.sources.row_values import (
    BATCH_BYTES,
    MISFITS,
    MOST_ROWS,
    MisfitError,
    ValueColumn,
    array_of,
    batches_of,
    misfit_error,
)

NAIVE, INSTANT, CLOCK = pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.time64("us")
instants = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC))
#: Types, values of them in the form that other sources have them, and what else a driver may give for the same value.
FORMS: dict[pa.DataType, tuple[st.SearchStrategy[Any], Any]] = {
    pa.int64(): (st.integers(-(2**63), 2**63 - 1), int),
    pa.uint64(): (st.integers(0, 2**64 - 1), int),
    pa.float64(): (st.floats(allow_nan=False), float),
    pa.decimal128(9, 2): (st.decimals(-9_999_999, 9_999_999, places=2), lambda v: int(v) if v == int(v) else v),
    pa.decimal256(70, 0): (st.integers(-(10**69), 10**69).map(Decimal), int),
    pa.bool_(): (st.booleans(), int),
    pa.large_string(): (st.text(st.characters(codec="utf-8")), str),
    pa.large_binary(): (st.binary(), bytearray),
    pa.binary(16): (st.uuids().map(lambda v: v.bytes), lambda v: uuid.UUID(bytes=v)),
    pa.date32(): (st.dates(), str),
    CLOCK: (st.times(), str),
    NAIVE: (st.datetimes(), str),
    INSTANT: (instants, str),
}
#: By type, values that are none of it.
MISFIT: dict[pa.DataType, list[Any]] = {
    pa.int64(): [2**63, 1.0, "1", True, b"1", Decimal(1)],
    pa.uint64(): [-1, 2**64, 1.0],
    pa.float64(): [2**53 + 1, "1.0", Decimal("0.5"), True],
    pa.decimal128(9, 2): [Decimal("0.001"), Decimal(10) ** 7, Decimal("NaN"), 0.5, "1"],
    pa.bool_(): [2, -1, 1.0, "true", b"\2", b"\0\1"],
    pa.large_string(): [5, b"x", "\ud800", dt.date(2024, 1, 1)],
    pa.large_binary(): ["x", 5],
    pa.binary(16): [b"x", "x", "0" * 31, "{" + "0" * 35, 5],
    pa.date32(): ["2024-02-30", "20240229", "2024-02-29 10:00", " 2024-02-29", "", 5, dt.datetime(2024, 1, 1)],
    CLOCK: [
        *("24:00:00", "10", "10:30Z", "-01:00:00", "10:00:00.1234567", 10, dt.time(10, tzinfo=dt.UTC)),
        *(dt.timedelta(days=1), dt.timedelta(microseconds=-1)),
    ],
    NAIVE: ["2024-02-29T10:00:00Z", "now", 1709200000, 2460000.5, dt.datetime(2024, 1, 1, tzinfo=dt.UTC)],
    INSTANT: ["2024-02-29 10:00:00", dt.datetime(2024, 1, 1), 1709200000],
    pa.null(): [5, "x"],
}


def nulled(values: list[Any]) -> list[Any]:
    return [value for each in values for value in (each, None)]


@pytest.mark.parametrize("type_", FORMS, ids=str)
@given(st.data())
def test_values_arrive_as_they_are_in_either_form(type_: pa.DataType, data: st.DataObject) -> None:
    strategy, other = FORMS[type_]
    values = nulled(data.draw(st.lists(strategy, max_size=5)))
    expected = pa.array(values, type_)
    assert array_of(values, type_).equals(expected)
    assert array_of([None if value is None else other(value) for value in values], type_).equals(expected)


@pytest.mark.parametrize(("type_", "value"), [(t, v) for t, values in MISFIT.items() for v in values], ids=repr)
def test_a_value_that_is_none_of_the_type_is_none_of_it_anywhere(type_: pa.DataType, value: Any) -> None:
    for values in ([value], [None, value], [value, None, value]):
        with pytest.raises(MISFITS):
            array_of(values, type_)


@given(st.data())
def test_the_first_misfit_is_named_with_its_row(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from([type_ for type_ in MISFIT if type_ in FORMS]))
    good = data.draw(st.lists(FORMS[type_][0], min_size=1, max_size=600))
    at = data.draw(st.integers(0, len(good)))
    wrong = data.draw(st.sampled_from(MISFIT[type_]))
    rows = [(value,) for value in (*good[:at], wrong, *good[at:])]
    with pytest.raises(MisfitError) as raised:
        list(batches_of(handing_out(rows), [ValueColumn("a", "A TYPE", type_)]))
    assert (raised.value.row, raised.value.value) == (at, wrong)
    told = str(misfit_error("x.db::t", raised.value))
    assert f"x.db::t declares 'a' as A TYPE, but row {at + 1} has " in told
    assert "\n" not in told
    assert len(told) < 200


def handing_out(rows: list[Any]) -> Any:
    """What a cursor's `fetchmany` is."""
    left = iter(rows)
    return lambda count: [row for row, _ in zip(left, range(count), strict=False)]


def test_forms_may_mix_in_a_column() -> None:
    days = [dt.date(2024, 2, 29), "2024-02-29", None]
    (batch,) = batches_of(handing_out([(day,) for day in days]), [ValueColumn("a", "DATE", pa.date32())])
    assert batch.column(0).to_pylist() == [days[0], days[0], None]


@given(st.lists(st.tuples(st.integers(-5, 5), st.text("ab", max_size=3)), max_size=3_000))
def test_batches_hold_each_row_once(rows: list[tuple[int, str]]) -> None:
    columns = [ValueColumn("a", "INT", pa.int64()), ValueColumn("b", "TEXT", pa.large_string())]
    found = [row for batch in batches_of(handing_out(rows), columns) for row in batch.to_pylist()]
    assert Counter((row["a"], row["b"]) for row in found) == Counter(rows)
    assert sum(batch.num_rows for batch in batches_of(handing_out(rows), [])) == len(rows)


def test_few_wide_rows_are_a_batch() -> None:
    wide = "x" * 1_000_000
    batches = list(batches_of(handing_out([(wide,)] * 300), [ValueColumn("a", "TEXT", pa.large_string())]))
    assert all(batch.nbytes <= BATCH_BYTES + 1_000_000 for batch in batches[1:])
    narrow = list(batches_of(handing_out([(1,)] * 60_000), [ValueColumn("a", "INT", pa.int64())]))
    assert max(batch.num_rows for batch in narrow) == MOST_ROWS


def test_a_naive_time_in_utc_becomes_its_instant() -> None:
    moment = dt.datetime(2024, 2, 29, 10)
    (batch,) = batches_of(handing_out([(moment,), (None,)]), [ValueColumn("a", "TIMESTAMP", INSTANT, NAIVE)])
    assert batch.schema.field(0).type == INSTANT
    assert plain(batch.column(0)[0].as_py()) == plain(moment.replace(tzinfo=dt.UTC))
