"""What must change a digest and what must not, for columns of every type: one law at a time over all of them."""

from __future__ import annotations

import itertools
import re

import naive
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import TYPES, arrays_of
from strategies_nested import NESTED_TYPES, nested_arrays_of

from sameset.canonical.batches import RowHasher
from sameset.execution.sketching import sketch_table
from sameset.sketches.digest import RowDigest
from sameset.sketches.spec import Spec

GENEROUS = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
)
EVERY_TYPE = [*TYPES, *NESTED_TYPES]


def column(data: st.DataObject, kind: pa.DataType, rows: int) -> pa.Array:
    """A column of a type, with whatever may lie hidden in it."""
    return data.draw((nested_arrays_of if kind in NESTED_TYPES else arrays_of)(kind, rows))


def batch_of(*columns: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(list(columns), [f"c{i}" for i in range(len(columns))])


def digest_of(*batches: pa.RecordBatch) -> RowDigest:
    """The digest of all rows of the batches together."""
    digest = RowDigest.empty()
    for batch in batches:
        digest.update(RowHasher(batch.schema).hash(batch))
    return digest


def check_negatives(data: st.DataObject, kind: pa.DataType, other: pa.DataType) -> None:
    """One value exchanged, one row twice, two values swapped within a row, or within a column: another digest."""
    left, right = column(data, kind, 3), column(data, other, 3)
    values = list(zip(naive.value_hashes(left), naive.value_hashes(right), strict=True))
    rows = [batch_of(left, right).slice(i, 1) for i in range(3)]
    whole = digest_of(*rows)
    for row in rows:
        assert digest_of(*rows, row) != whole
    for i, j in itertools.permutations(range(3), 2):
        (last,) = {0, 1, 2} - {i, j}
        one, two = rows[i], rows[j]
        exchanged = batch_of(two.column(0), one.column(1))
        assert (digest_of(exchanged, two, rows[last]) == whole) == (values[i][0] == values[j][0])
        crossed = sorted([(values[j][0], values[i][1]), (values[i][0], values[j][1])])
        found = digest_of(exchanged, batch_of(one.column(0), two.column(1)), rows[last])
        assert (found == whole) == (crossed == sorted([values[i], values[j]]))
    for i, row in enumerate(rows):
        swapped = digest_of(batch_of(row.column(1), row.column(0)))
        assert (swapped.named == digest_of(row).named) == (values[i][0] == values[i][1])


def check_adding_and_removing(data: st.DataObject, kind: pa.DataType) -> None:
    """Rows in any order and parts, put in and taken out again: the digest of no rows."""
    batch = batch_of(column(data, kind, 5))
    order = data.draw(st.permutations(range(5)))
    digest = digest_of(batch)
    for i in order:
        digest = digest.subtract(digest_of(batch.slice(i, 1)))
    assert digest == RowDigest.empty()


def check_encodings(data: st.DataObject, kind: pa.DataType) -> None:
    """Plain, as a dictionary, as runs, or with something before and behind: the same digest."""
    array, rows = column(data, kind, 4), 4
    plain = digest_of(batch_of(array))
    codes = pa.array([None, *range(rows), 0], pa.int32())
    encoded = [pa.DictionaryArray.from_arrays(codes, array).slice(1, rows)]
    # Arrow makes no runs of runs, nor of a date64 that is no whole day or a time beyond 24 hours, which the strategies like.
    if not pa.types.is_run_end_encoded(kind) and not re.search("date64|time32|time64", str(kind)):
        ends = pa.array([2, *range(3, rows + 2), rows + 4], pa.int32())
        first_and_last = pa.DictionaryArray.from_arrays(pa.array([0, *range(1, rows), rows - 1]), array)
        encoded.append(pa.RunEndEncodedArray.from_arrays(ends, first_and_last).slice(1, rows))
    assert [digest_of(batch_of(it)) for it in encoded] == [plain] * len(encoded)


def check_threads(data: st.DataObject, kinds: list[pa.DataType], monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of threads, order and size of batches: the same bytes of a sketch."""
    rows, chance = 40, data.draw(st.randoms(use_true_random=False))
    batch = batch_of(*(column(data, kind, 4) for kind in kinds))
    places = [chance.randrange(4) for _ in range(rows)]
    found = set()
    for threads in (1, 2, 7):
        monkeypatch.setattr("sameset.execution.scanning.cores", lambda threads=threads: threads)
        pieces = [batch.slice(place, 1) for place in chance.sample(places, rows)]
        found.add(sketch_table(pa.Table.from_batches(pieces), Spec(bins=16, delta_cells=64)).to_bytes())
    assert len(found) == 1


KINDS = st.sampled_from(EVERY_TYPE)


@settings(GENEROUS, max_examples=30)
@given(st.data(), KINDS, KINDS)
def test_one_value_one_row_or_two_values_swapped_is_another_digest(
    data: st.DataObject, kind: pa.DataType, other: pa.DataType
) -> None:
    check_negatives(data, kind, other)


@settings(GENEROUS, max_examples=30)
@given(st.data(), KINDS)
def test_rows_added_and_removed_leave_the_digest_of_no_rows(data: st.DataObject, kind: pa.DataType) -> None:
    check_adding_and_removing(data, kind)


@settings(GENEROUS, max_examples=30)
@given(st.data(), KINDS)
def test_every_encoding_has_one_digest(data: st.DataObject, kind: pa.DataType) -> None:
    check_encodings(data, kind)


@settings(GENEROUS, max_examples=5)
@given(data=st.data(), kinds=st.lists(KINDS, min_size=1, max_size=3))
def test_any_number_of_threads_gives_the_same_bytes(data: st.DataObject, kinds: list[pa.DataType]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        check_threads(data, kinds, patch)


@pytest.mark.slow
@pytest.mark.parametrize("kind", EVERY_TYPE, ids=str)
@settings(GENEROUS, max_examples=2)
@given(data=st.data(), other=KINDS)
def test_every_law_holds_for_the_type(kind: pa.DataType, data: st.DataObject, other: pa.DataType) -> None:
    check_negatives(data, kind, other)
    check_negatives(data, kind, kind)
    check_adding_and_removing(data, kind)
    check_encodings(data, kind)
    with pytest.MonkeyPatch.context() as patch:
        check_threads(data, [kind, other], patch)
