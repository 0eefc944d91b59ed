"""Buckets: what `COLUMN:HOW` means, the keys of rows against their twin, and tables of too many buckets."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from dataclasses import replace
from decimal import Decimal
from typing import Any

import naive
import naive_buckets
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import TYPES, arrays_of

from sameset.canonical.buckets import BEYOND, MOST_HASHES, NAN_KEY, NULL_KEY, Bucketing, BucketKind
from sameset.canonical.families import Family, family_of
from sameset.canonical.forms import Form
from sameset.errors import SchemaError, SpecError
from sameset.kernels.buckets import months_of_days
from sameset.sketches.buckets import BucketTable, most_buckets
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch, hasher_for

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SMALL = Spec(rows=SampleSize(16, 4, 64), values=SampleSize(8, 4, 16), bins=16, delta_cells=64)
PARTS = [kind.value for kind in BucketKind if kind.is_part]
WAYS = {
    Family.NUMBER: ["range=1", "range=7", f"range={2**50}", "64"],
    Family.DATE: [part for part in PARTS if part != "hour"],
    Family.TIMESTAMP: PARTS,
    Family.ZONED_TIMESTAMP: PARTS,
    Family.NULL: [*PARTS, "range=5", "3"],
}


def sketch_of(batch: pa.RecordBatch, spec: Spec) -> TableSketch:
    sketch = TableSketch.empty(spec, batch.schema)
    sketch.update(hasher_for(spec, batch.schema).hash(batch))
    return sketch


def keys_of(array: pa.Array, how: str, form: Form | None = None) -> list[int]:
    batch = pa.RecordBatch.from_arrays([array], ["c"])
    form = form or Form()
    spec = replace(SMALL, bucket_by=f"c:{how}", digits=form.digits, nfc=form.nfc)
    found = hasher_for(spec, batch.schema).hash(batch).buckets
    assert found is not None
    return found.tolist()


# What is asked for

names = st.text(max_size=6) | st.sampled_from(
    ["a:day", "a:", "a:range=3", "12", ":", "::", "", "x:y", "range=3", "month"]
)
bucketings = st.builds(Bucketing, names) | st.builds(
    Bucketing, names, st.sampled_from([kind for kind in BucketKind if kind.is_part])
)
bucketings |= st.builds(Bucketing, names, st.just(BucketKind.HASH), st.integers(1, MOST_HASHES))
bucketings |= st.builds(Bucketing, names, st.just(BucketKind.RANGE), st.integers(1, BEYOND))


@settings(max_examples=300)
@given(bucketings)
def test_every_bucketing_has_one_text(bucketing: Bucketing) -> None:
    assert Bucketing.parse(str(bucketing)) == bucketing
    assert Bucketing.parse(str(Bucketing.parse(str(bucketing)))) == bucketing
    assert Spec(bucket_by=str(bucketing)).bucketing == bucketing


@pytest.mark.parametrize(
    ("text", "column", "kind", "size"),
    [
        ("day", "day", None, 1),
        ("day:month", "day", "month", 1),
        ("price:range=0100", "price", "range", 100),
        ("id:16", "id", "hash", 16),
        ("a:day:", "a:day", None, 1),
        ("a:day:day", "a:day", "day", 1),
        ("a:b", "a:b", None, 1),
        ("day:monht", "day:monht", None, 1),
        ("day:MONTH", "day:MONTH", None, 1),
        ("id:1.5", "id:1.5", None, 1),
        ("id:٣", "id:٣", None, 1),
        ("12", "12", None, 1),
    ],
)
def test_what_follows_the_last_colon_is_how_if_it_can_be(text: str, column: str, kind: str | None, size: int) -> None:
    assert Bucketing.parse(text) == Bucketing(column, None if kind is None else BucketKind(kind), size)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id:0", "1 to 4,096"),
        ("id:-1", "1 to 4,096"),
        ("id:4097", "1 to 4,096"),
        ("id:" + "9" * 5000, "1 to 4,096"),
        ("id:range=0", "2\\^50"),
        ("id:range=-5", "2\\^50"),
        (f"id:range={2**50 + 1}", "2\\^50"),
    ],
)
def test_sizes_that_cannot_be_are_refused(text: str, told: str) -> None:
    with pytest.raises(SpecError, match=told) as caught:
        Spec(bucket_by=text)
    assert len(str(caught.value)) < 250


def test_an_empty_text_is_no_buckets_and_other_things_are_refused() -> None:
    assert Spec(bucket_by="").bucket_by is None
    assert "bucket_by" not in Spec().to_json()
    assert Spec(bucket_by="a:8").altered(bucket_by="").bucket_by is None
    for wrong in (5, ["a"], Bucketing("a")):
        with pytest.raises(SpecError, match="bucket_by is a column"):
            Spec(bucket_by=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "how", "told"),
    [
        (pa.string(), "month", "family text, which have no month"),
        (pa.int64(), "day", "family number, which have no day"),
        (pa.date32(), "hour", "which have no hour; bucket them by day"),
        (pa.string(), "range=5", "ranges are of numbers"),
        (pa.date32(), "range=5", "ranges are of numbers"),
        (pa.time64("us"), "hour", "family time, which have no hour"),
    ],
)
def test_a_column_of_another_family_is_refused_before_anything_is_read(kind: pa.DataType, how: str, told: str) -> None:
    with pytest.raises(SchemaError, match=told):
        TableSketch.empty(replace(SMALL, bucket_by=f"c:{how}"), pa.schema({"c": kind}))


def test_a_column_that_is_not_there_is_refused_with_what_could_have_been_meant() -> None:
    with pytest.raises(SchemaError, match=r"no column 'day:monht' .* the columns are 'day', .* year, quarter, month"):
        TableSketch.empty(replace(SMALL, bucket_by="day:monht"), pa.schema({"day": pa.date32()}))


# The keys of rows


@pytest.mark.parametrize("kind", TYPES, ids=str)
@settings(GENEROUS, max_examples=3)
@given(data=st.data())
def test_keys_are_the_twins(kind: pa.DataType, data: st.DataObject) -> None:
    array = data.draw(arrays_of(kind))
    how = data.draw(st.sampled_from(["", "1", "5", "4096", *WAYS.get(family_of(kind, "c"), [])]))
    assert keys_of(array, how) == naive_buckets.bucket_keys(array, how, naive.AS_IS)


@settings(max_examples=100)
@given(st.lists(st.integers(-(2**40), 2**40) | st.integers(-800_000, 800_000), min_size=1))
def test_months_are_those_of_the_calendar(days: list[int]) -> None:
    months = np.empty(len(days), np.int64)
    months_of_days(np.array(days), months)
    assert months.tolist() == [naive_buckets.date_key(day, "month") for day in days]


def test_every_day_of_800_years_has_its_month() -> None:
    days = np.arange(np.datetime64("1600-01-01"), np.datetime64("2400-01-01"))
    months = np.empty(len(days), np.int64)
    months_of_days(days.astype(np.int64), months)
    assert (months == days.astype("datetime64[M]").astype(np.int64)).all()


@pytest.mark.parametrize(
    ("moment", "how", "key"),
    [
        ("2024-02-29", "month", 649),
        ("2024-02-29", "day", 19_782),
        ("1969-12-31", "year", -1),
        ("1969-12-31", "day", -1),
        ("1969-12-28", "week", -1),
        ("1969-12-29", "week", 0),
        ("1900-02-28", "quarter", -280),
        ("0001-01-01", "year", -1969),
    ],
)
def test_dates_before_1970_and_leap_days(moment: str, how: str, key: int) -> None:
    assert keys_of(pa.array([dt.date.fromisoformat(moment)]), how) == [key]


def test_a_zoned_timestamp_is_of_the_month_that_utc_has() -> None:
    moment = dt.datetime(2024, 3, 1, 0, 30)  # in Berlin, where UTC has 23:30 of February 29
    zoned = pa.array([moment.replace(tzinfo=dt.timezone(dt.timedelta(hours=1)))], pa.timestamp("ms", "Europe/Berlin"))
    assert keys_of(zoned, "month") == [12 * 54 + 1]
    assert keys_of(pa.array([moment], pa.timestamp("ms")), "month") == [12 * 54 + 2]
    assert keys_of(zoned, "hour") == [key - 1 for key in keys_of(pa.array([moment], pa.timestamp("s")), "hour")]


@settings(GENEROUS, max_examples=100)
@given(st.data())
def test_equal_numbers_are_in_one_range_whatever_their_type(data: st.DataObject) -> None:
    whole = data.draw(st.integers(-(2**53), 2**53))
    cents = data.draw(st.integers(-(10**14), 10**14))
    width = data.draw(st.sampled_from([1, 2, 3, 1000, 10**15, 2**50]))
    as_many = [
        pa.array([whole], pa.int64()),
        pa.array([float(whole)]),
        pa.array([Decimal(whole)], pa.decimal256(60, 3)),
    ]
    assert len({tuple(keys_of(array, f"range={width}")) for array in as_many}) == 1
    price = Decimal(cents).scaleb(-2)
    exact = pa.array([price], pa.decimal128(18, 2)), pa.array([price], pa.decimal128(38, 20)), pa.array([float(price)])
    assert len({tuple(keys_of(array, f"range={width}")) for array in exact}) == 1


def test_numbers_without_a_range_of_their_own() -> None:
    odd = pa.array([float("nan"), float("inf"), float("-inf"), 1e300, -1e300, None, -0.0, -5e-324])
    assert keys_of(odd, "range=10") == [NAN_KEY, BEYOND, -BEYOND, BEYOND, -BEYOND, NULL_KEY, 0, -1]
    assert keys_of(pa.array([2**64 - 1], pa.uint64()), "range=1") == [BEYOND]


def test_rows_that_are_equal_in_a_form_are_in_one_bucket() -> None:
    assert len(set(keys_of(pa.array([9.99951, 10.0]), "range=10", Form(digits=4)))) == 1
    assert len(set(keys_of(pa.array(["é", "e\u0301"]), "4096", Form(nfc=True)))) == 1
    assert len(set(keys_of(pa.array(["é", "e\u0301"]), "4096"))) == 2


@settings(GENEROUS, max_examples=40)
@given(st.data())
def test_dates_may_lie_in_dictionaries_and_runs(data: st.DataObject) -> None:
    plain = pa.array(data.draw(st.lists(st.dates() | st.none(), min_size=1)), pa.date32())
    runs = pa.RunEndEncodedArray.from_arrays(np.arange(1, len(plain) + 1), plain)
    expected = naive_buckets.bucket_keys(plain, "week", naive.AS_IS)
    for array in (plain, plain.dictionary_encode(), plain.dictionary_encode("encode"), runs):
        assert keys_of(array, "week") == expected


# Tables


def days_of(values: Any) -> pa.RecordBatch:
    days = pa.array(np.asarray(values, np.int32)).view(pa.date32())
    return pa.RecordBatch.from_arrays([days, pa.array(np.arange(len(days)))], ["day", "n"])


def test_too_many_buckets_become_wider_ones_and_any_split_gives_the_same() -> None:
    spec, chance = replace(SMALL, bucket_by="day:day"), np.random.default_rng(1)
    values = chance.permutation(np.arange(-3_000, 3_000))
    whole = sketch_of(days_of(values), spec).buckets
    assert whole is not None
    assert (whole.level, len(whole.keys), int(whole.sums[:, 0].sum())) == (1, 3_000, 6_000)
    hasher, parts = (
        hasher_for(spec, days_of([]).schema),
        [TableSketch.empty(spec, days_of([]).schema) for _ in range(3)],
    )
    batch = days_of(values)
    for i, start in enumerate(range(0, 6_000, 750)):
        parts[i % 3].update(hasher.hash(batch.slice(start, 750)))
    assert parts[2].merge(parts[0].merge(parts[1])).buckets == whole
    twin = naive_buckets.bucket_table(
        [int(day) for day in values],
        naive.named_hashes(batch, 0),
        [naive.value_hashes(column) for column in batch.columns],
    )
    assert (whole.level, dict(zip(whole.keys.tolist(), whole.sums.tolist(), strict=True))) == (
        twin["level"],
        twin["buckets"],
    )


@pytest.mark.parametrize(("days", "level"), [(4_096, 0), (4_097, 1)])
def test_there_is_room_for_4_096_buckets(days: int, level: int) -> None:
    hashed = hasher_for(replace(SMALL, bucket_by="day:day"), days_of([]).schema).hash(days_of(np.arange(days)))
    table = BucketTable.empty(2)
    table.update(hashed)
    assert table.level == level
    assert table.merge(BucketTable.empty(2)) == table


@pytest.mark.parametrize("rows", [3, 8, 4_003])
def test_a_column_of_few_texts_is_summed_as_it_is_row_by_row(rows: int) -> None:
    plain = pa.array([None if i % 11 == 5 else f"text {i % 3}" for i in range(rows)])
    for by in ("n:7", "c:5"):
        spec, tables = replace(SMALL, bucket_by=by), []
        for array in (plain, plain.dictionary_encode()):
            batch = pa.RecordBatch.from_arrays([pa.array(range(rows)), array], ["n", "c"])
            tables.append(sketch_of(batch, spec).buckets)
        assert tables[0] == tables[1]


def test_however_few_buckets_there_is_room_for_rows_find_one() -> None:
    batch = pa.RecordBatch.from_pydict({"n": [float(n) for n in range(-50, 50)] + [None, float("nan"), 1e300]})
    hashed = hasher_for(replace(SMALL, bucket_by="n:range=1"), batch.schema).hash(batch)
    table = BucketTable.empty(1, most=4)
    table.update(hashed)
    assert table.sums[:, 0].tolist() == [1, 1, 50, 51]
    assert most_buckets(10**7) == 4
    assert [most_buckets(columns) for columns in (16, 253, 254, 1000, 10**6)] == [4096, 4096, 4080, 1045, 4]


def test_2_000_columns_and_100_buckets_take_little_memory() -> None:
    chance = np.random.default_rng(2)
    columns = [pa.array(chance.integers(0, 10**6, 2_000)) for _ in range(2_000)]
    day = pa.array(chance.integers(0, 100, 2_000).astype(np.int32)).view(pa.date32())
    batch = pa.RecordBatch.from_arrays([day, *columns], ["day", *(f"c{i}" for i in range(2_000))])
    hashed = hasher_for(replace(SMALL, bucket_by="day:day"), batch.schema).hash(batch)
    table = BucketTable.empty(2_001)
    tracemalloc.start()
    try:
        table.update(hashed)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert table.sums.nbytes == 100 * 2_004 * 8
