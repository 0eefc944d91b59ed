"""Rows taken out of a sketch: what is left is the sketch of what is left, or an error, never anything else."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sameset.canonical.batches import RowHasher
from sameset.errors import SpecError, SpecMismatchError
from sameset.sketches.spec import SampleSize, Spec
from sameset.sketches.subtraction import subtract
from sameset.sketches.table import TableSketch, hasher_for

SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string())])
SPECS = {
    "samples overflow": Spec(key=("id",), rows=SampleSize(8, 1000, 16), values=SampleSize(4, 1000, 8), bins=16),
    "scaled beyond size": Spec(rows=SampleSize(4, 2, 64), values=SampleSize(4, 2, 64), bins=4),
    "cut by cap": Spec(rows=SampleSize(4, 1, 8), values=SampleSize(4, 1, 6), bins=8),
    "all exact": Spec(bins=16),
}
ROWS = st.lists(st.tuples(st.integers(0, 60) | st.none(), st.sampled_from(["a", "b", "", None])), max_size=60)

Rows = list[tuple[int | None, str | None]]


def sketch(rows: Rows, spec: Spec) -> TableSketch:
    made = TableSketch.empty(dataclasses.replace(spec, delta_cells=64), SCHEMA)
    columns = [pa.array([row[0] for row in rows], pa.int64()), pa.array([row[1] for row in rows], pa.string())]
    hasher = RowHasher(SCHEMA, spec.key)
    made.update(hasher.hash(pa.RecordBatch.from_arrays(columns, schema=SCHEMA)))
    return made


@pytest.mark.parametrize("name", SPECS)
@settings(max_examples=25)
@given(rows=ROWS, gone=ROWS)
@example(rows=[], gone=[])
@example(rows=[(i, "a") for i in range(50)], gone=[(50, None)])
@example(rows=[(i, None) for i in range(9)], gone=[(i, "b") for i in range(60)])
def test_what_is_left_is_sketched_as_if_it_were_the_table(name: str, rows: Rows, gone: Rows) -> None:
    spec = SPECS[name]
    whole, part = sketch([*rows, *gone], spec), sketch(gone, spec)
    try:
        left = subtract(whole, part)
    except SpecError as error:
        assert "too little would be known" in str(error)  # noqa: PT017
        assert name != "all exact"
        return
    again = sketch(rows, left.sketch.spec)
    assert left.sketch.to_bytes() == again.to_bytes()
    assert left.sketch == TableSketch.from_bytes(again.to_bytes())
    assert 0 <= left.seen <= left.removed == len(gone)
    if not gone:
        assert left.sketch == whole


@settings(max_examples=30)
@given(rows=ROWS, gone=ROWS)
def test_an_exact_sample_sees_every_row_that_was_not_there(rows: Rows, gone: Rows) -> None:
    whole, part = sketch(rows, SPECS["all exact"]), sketch(gone, SPECS["all exact"])
    if Counter(gone) <= Counter(rows):
        assert subtract(whole, part).seen == len(gone)
    else:
        with pytest.raises(SpecError, match="that the table does not have"):
            subtract(whole, part)


@pytest.mark.parametrize("name", ["samples overflow", "scaled beyond size", "cut by cap"])
@settings(max_examples=25)
@given(rows=ROWS, gone=ROWS)
def test_other_samples_see_some_of_them_and_give_valid_sketches_otherwise(name: str, rows: Rows, gone: Rows) -> None:
    try:
        left = subtract(sketch(rows, SPECS[name]), sketch(gone, SPECS[name]))
    except SpecError:
        return
    assert left.seen <= left.removed
    if not Counter(gone) <= Counter(rows):
        assert left.seen < left.removed


def test_large_tables_lose_a_few_rows_and_little_of_their_samples() -> None:
    numbers = np.arange(30_000)
    rows: Rows = [(int(number), "x") for number in numbers]
    whole = sketch(rows, Spec(key=("id",)))
    left = subtract(whole, sketch(rows[:300], Spec(key=("id",))))
    assert left.sketch.row_count == 29_700
    assert 4_000 < left.sketch.spec.rows.size < 4_096
    assert 500 <= left.sketch.spec.values.size <= 512
    assert left.sketch.to_bytes() == sketch(rows[300:], left.sketch.spec).to_bytes()
    assert 20 < left.seen < 80  # 14 % of the rows are in the sample


def test_bins_of_the_signature_are_folded_until_all_their_minima_are_known() -> None:
    """Beyond the sample's threshold nothing is known, so a bin whose least row went there has to join another one."""
    spec = Spec(rows=SampleSize(8, 1000, 16), bins=16)
    bins = []
    for start in range(0, 4_000, 100):
        rows: Rows = [(start + i, "x") for i in range(40)]
        left = subtract(sketch(rows, spec), sketch(rows[:4], spec)).sketch
        assert left.to_bytes() == sketch(rows[4:], left.spec).to_bytes()
        bins.append(left.spec.bins)
    assert {16, 8, 4} <= set(bins)


def test_unequal_specs_and_columns_are_refused() -> None:
    whole = sketch([(1, "a")], Spec())
    with pytest.raises(SpecMismatchError, match="seed"):
        subtract(whole, TableSketch.empty(Spec(seed=1, delta_cells=64), SCHEMA))
    with pytest.raises(SpecMismatchError, match="columns"):
        subtract(whole, TableSketch.empty(Spec(delta_cells=64), SCHEMA.remove(0)))


def sketch_of_days(days: list[int]) -> TableSketch:
    table = pa.table({"day": pa.array(days, pa.int32()).cast(pa.date32())})
    spec = Spec(bucket_by="day:month")
    made, hasher = TableSketch.empty(spec, table.schema), hasher_for(spec, table.schema)
    for batch in table.to_batches():
        made.fold(hasher, batch)
    return made


@given(st.lists(st.integers(0, 300), max_size=60), st.lists(st.integers(0, 300), max_size=60))
@settings(max_examples=30)
def test_buckets_are_taken_out_too(left: list[int], gone: list[int]) -> None:
    whole, part, rest = (sketch_of_days(days) for days in (left + gone, gone, left))
    assert subtract(whole, part).sketch.buckets == rest.buckets


def test_rows_of_a_bucket_that_the_table_does_not_have_are_refused() -> None:
    with pytest.raises(SpecError, match="are to be taken out that the table does not have"):
        subtract(sketch_of_days([1, 2]), sketch_of_days([40]))
