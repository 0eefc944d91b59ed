"""A condition in SQL chooses exactly the rows of the buckets it was written for, in every kind of source that filters."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.canonical.buckets import Bucketing
from sameset.comparison import compare
from sameset.comparison.buckets import BucketMap
from sameset.execution.narrowing import condition_of
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.table import TableSketch, hasher_for
from sameset.sources import open_source

SMALL = Spec(rows=SampleSize(16, 4, 64), values=SampleSize(8, 4, 16), bins=16, delta_cells=64)
WAYS = {
    pa.date32(): ["year", "quarter", "month", "week", "day"],
    pa.date64(): ["month"],
    pa.timestamp("us"): ["hour", "week", "month"],
    pa.timestamp("ns"): ["hour"],
    pa.timestamp("ms", "Asia/Kathmandu"): ["hour", "day", "quarter"],
    pa.int32(): ["range=1", "range=100"],
    pa.uint64(): ["range=100"],
    pa.float32(): ["range=3"],
    pa.float64(): ["range=3"],
    pa.decimal128(38, 30): ["range=10"],
}
DAYS = st.dates(dt.date(1, 1, 2), dt.date(9998, 12, 1)) | st.dates(dt.date(1969, 11, 1), dt.date(1970, 3, 1))
MOMENTS = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)) | st.datetimes(
    dt.datetime(2024, 2, 28), dt.datetime(2024, 3, 2)
)
NUMBERS = st.integers(0, 1000) | st.sampled_from([2**24 + 1, 2**24, 2**24 - 1])


def cells(kind: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_date(kind):
        return DAYS
    if pa.types.is_timestamp(kind):
        return MOMENTS
    if pa.types.is_floating(kind):
        return st.floats(-(2.0**30), 2.0**30, width=32) | NUMBERS.map(lambda n: float(np.float32(n)))
    if pa.types.is_decimal(kind):
        return st.sampled_from(
            [Decimal("9.999999999999999999999999999999"), Decimal(10), Decimal("-1E-30"), Decimal(20)]
        )
    return NUMBERS


def mapped(table: pa.Table, by: str) -> tuple[BucketMap, TableSketch, list[int]]:
    """The map of a table with nothing, its sketch, and the key of every row."""
    spec = Spec(**(vars(SMALL) | {"bucket_by": by}))
    sketch = sketch_table(table, spec)
    found = compare(sketch_table(table.slice(0, 0), spec), sketch).buckets
    assert found is not None
    hashed = hasher_for(spec, table.schema).hash(table.combine_chunks().to_batches()[0])
    assert hashed.buckets is not None
    return found, sketch, hashed.buckets.tolist()


@pytest.mark.parametrize("kind", WAYS, ids=str)
@settings(max_examples=6)
@given(data=st.data())
def test_exactly_the_rows_of_the_buckets_are_chosen(kind: pa.DataType, data: st.DataObject) -> None:
    values = data.draw(st.lists(cells(kind) | st.none(), min_size=1, max_size=12))
    table = pa.table({"n": range(len(values)), 'the "c"': pa.array(values, kind)})
    found, sketch, keys = mapped(table, f'the "c":{data.draw(st.sampled_from(WAYS[kind]))}')
    chosen = data.draw(st.lists(st.sampled_from(found.changes), min_size=1, unique=True))
    condition = condition_of(found, chosen, sketch)
    assert condition is not None
    read = [row for batch in open_source(table).batches(["n"], condition) for row in batch.column(0).to_pylist()]
    wanted = {change.key for change in chosen}
    assert sorted(read) == [i for i, key in enumerate(keys) if key in wanted]


def test_a_parquet_file_is_narrowed_to_the_buckets_that_differ(tmp_path: Path) -> None:
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(2_000)]
    table = pa.table({"n": range(2_000), "day": days})
    pq.write_table(table, tmp_path / "days.parquet")
    spec = Spec(**(vars(SMALL) | {"bucket_by": "day:month"}))
    other = table.set_column(0, "n", pa.array([-i if 100 <= i < 160 else i for i in range(2_000)]))
    sketch = sketch_table(other, spec)
    found = compare(sketch_table(str(tmp_path / "days.parquet"), spec), sketch).buckets
    assert found is not None
    condition = condition_of(found, found.differing, sketch)
    assert condition == "(\"day\" >= DATE '2020-04-01' AND \"day\" < DATE '2020-07-01')"
    assert open_source(tmp_path / "days.parquet").aggregate("count(*), min(n), max(n)", condition) == (91, 91, 181)


def test_buckets_that_lie_scattered_are_read_from_the_first_to_the_last() -> None:
    table = pa.table({"n": [10 * i for i in range(120)]})
    found, sketch, _ = mapped(table, "n:range=10")
    assert condition_of(found, found.changes[3:100:2], sketch) is not None
    condition = condition_of(found, found.changes[3:111:2], sketch)
    assert condition == '("n" >= 30 AND "n" < 1100)'


def test_wider_buckets_have_wider_conditions() -> None:
    days = pa.array(np.arange(5_000, dtype=np.int32)).view(pa.date32())
    found, sketch, _ = mapped(pa.table({"day": days}), "day:day")
    assert found.level == 1
    assert (
        condition_of(found, found.changes[:1], sketch)
        == "(\"day\" >= DATE '1970-01-01' AND \"day\" < DATE '1970-01-03')"
    )


@pytest.mark.parametrize(
    ("table", "by"),
    [
        ({"c": [1, 2]}, "c:8"),
        ({"c": [1.0, float("nan")]}, "c:range=8"),
        ({"c": [1.0, 1e300]}, "c:range=8"),
        ({"c": [2**60]}, "c:range=1048576"),
        ({"c": pa.array([3_000_000], pa.int32()).view(pa.date32())}, "c:month"),
        ({"c": pa.array([-800_000], pa.int32()).view(pa.date32())}, "c:month"),
        ({"c": [dt.date(9999, 12, 31)]}, "c:month"),
        ({"c": [dt.date(2024, 1, 1)], "C": [5]}, "c:month"),
        ({"c\0": [dt.date(2024, 1, 1)]}, "c\0:month"),
    ],
)
def test_what_cannot_be_said_in_sql_is_not_said(table: dict[str, Any], by: str) -> None:
    found, sketch, _ = mapped(pa.table(table), by)
    assert condition_of(found, found.changes, sketch) is None


def test_no_buckets_have_no_condition() -> None:
    found, sketch, _ = mapped(pa.table({"c": [1]}), "c:range=8")
    assert condition_of(found, (), sketch) is None
    assert Bucketing.parse("c:range=8") == found.bucketing
