"""Delta tables give back exactly the multiset difference, or say that they cannot."""

from __future__ import annotations

from collections import Counter

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.canonical.batches import RowHasher
from sameset.canonical.keys import unpack_key
from sameset.errors import SketchFormatError
from sameset.sketches.delta import PRIME, DeltaTable, RowLanes, capacity_of, cells_for

Rows = Counter[tuple[int, ...]]


def lanes_of(words: np.typing.NDArray[np.uint64]) -> RowLanes:
    keys, h1, h2 = np.split(words, [-2, -1], axis=1)
    return RowLanes(np.ascontiguousarray(keys), h1.ravel(), h2.ravel())


def delta_of(rows: Rows, cells: int, lanes: int) -> DeltaTable:
    table = DeltaTable.empty(cells, lanes - 2)
    words = np.array(list(rows), np.uint64).reshape(len(rows), lanes)
    table.update(lanes_of(np.repeat(words, list(rows.values()), axis=0)))
    return table


def decoded(table: DeltaTable) -> dict[tuple[int, ...], int] | None:
    """{lanes: times}, each row once."""
    rows = table.decode()
    if rows is None:
        return None
    found = [((*naive.words_of(row.packed_key), *row.row), row.times) for row in rows]
    assert len(dict(found)) == len(found)
    return dict(found)


def difference(left: Rows, right: Rows) -> dict[tuple[int, ...], int]:
    return {row: left[row] - right[row] for row in left | right if left[row] != right[row]}


ROW = st.tuples(*[st.integers(0, 2**56 - 1) | st.integers(0, 3)] * 2, *[st.integers(0, PRIME - 1)] * 2)
TIMES = st.sampled_from([1, 2, 3, 5, 256, 257, 65_536])
MANY = st.dictionaries(ROW, TIMES, max_size=12).map(Counter)


@settings(max_examples=60)
@given(MANY, MANY, st.dictionaries(ROW, st.tuples(TIMES, TIMES), max_size=12))
def test_decode_is_the_multiset_difference(
    left: Rows, right: Rows, both: dict[tuple[int, ...], tuple[int, int]]
) -> None:
    for row, (times, others) in both.items():
        left[row], right[row] = times, others
    one, two = delta_of(left, 4096, 4), delta_of(right, 4096, 4)
    # Two rows of at most 36 share all four cells with probability 36^2 / 2 / 1024^4 = 6e-10.
    assert decoded(one.subtract(two)) == difference(left, right)
    assert decoded(two.subtract(one)) == difference(right, left)
    assert decoded(one.subtract(one)) == {}


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 20), st.integers(0, 20), st.sampled_from([4, 16, 32]), st.integers(2, 8))
def test_cells_and_peeling_are_the_twins_at_any_load(seed: int, left: int, right: int, cells: int, lanes: int) -> None:
    chance = np.random.default_rng(seed)
    rows = [tuple(row) for row in chance.integers(0, PRIME, (left + right, lanes), np.uint64).tolist()]
    here, there = Counter(rows[:left] * 2), Counter(rows[left:])
    table = delta_of(here, cells, lanes).subtract(delta_of(there, cells, lanes))
    signed = difference(here, there)
    assert table.cells.tolist() == naive.delta(signed.items(), cells, lanes)
    peeled = naive.peel(table.cells.tolist())
    assert peeled in (None, signed)
    rows_found = table.decode()
    assert (rows_found is None) == (peeled is None)
    if rows_found is not None:
        assert sorted((row.row, row.times) for row in rows_found) == sorted((r[-2:], n) for r, n in signed.items())


def test_multiplicities_of_any_size_on_both_sides() -> None:
    one: Rows = Counter({(1, 2, 3, 4): 1})
    two: Rows = Counter({(5, 6, 7, 8): 1})
    up, down = delta_of(one, 64, 4), delta_of(two, 64, 4)
    for power in range(1, 63):
        up, down = up.merge(up), down.merge(down)
        assert decoded(up.subtract(down)) == {(1, 2, 3, 4): 2**power, (5, 6, 7, 8): -(2**power)}


def test_over_capacity_gives_none() -> None:
    rows = np.random.default_rng(0).integers(0, PRIME, (5000, 2), np.uint64)
    table = DeltaTable.empty(4096, 0)
    table.update(lanes_of(rows))
    assert table.decode() is None
    table.update(lanes_of(np.zeros((0, 2), np.uint64)))
    assert table.merge(DeltaTable.empty(4096, 0)).decode() is None
    less = DeltaTable.empty(4096, 0)
    less.update(lanes_of(rows[:-3]))
    assert sorted(row.row for row in table.subtract(less).decode() or []) == sorted(map(tuple, rows[-3:].tolist()))


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_cells_of_noise_are_refused_and_not_run_on(seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, PRIME, (64, 5), np.uint64)
    assert DeltaTable(noise).decode() is None
    noise[:, 0] = np.uint64(PRIME)  # a count that is zero in the field
    assert DeltaTable(noise).decode() is None


def test_the_hash_2_61_minus_1_counts_as_0() -> None:
    words = np.array([[PRIME, 5], [2**61, 2**64 - 1], [2**64 - 1, 2**61], [5, PRIME]], np.uint64)
    table, reduced = DeltaTable.empty(64, 0), DeltaTable.empty(64, 0)
    table.update(lanes_of(words))
    reduced.update(lanes_of(np.array([[0, 5], [0, 0], [0, 0], [5, 0]], np.uint64)))
    assert table == reduced


@given(st.integers(0, 2**32), st.integers(0, 40), st.sampled_from([4, 8, 64]), st.integers(2, 5))
@settings(max_examples=30)
def test_a_folded_table_is_the_smaller_table_of_the_same_rows(seed: int, rows: int, cells: int, lanes: int) -> None:
    words = np.random.default_rng(seed).integers(0, 2**56, (rows, lanes), np.uint64)
    large, small = DeltaTable.empty(256, lanes - 2), DeltaTable.empty(cells, lanes - 2)
    large.update(lanes_of(words))
    small.update(lanes_of(words))
    before = large.cells.copy()
    assert large.folded(cells) == small
    assert large.folded(256) == large
    assert np.array_equal(large.cells, before)


def test_the_smallest_table_for_a_capacity_is_chosen() -> None:
    assert cells_for(capacity_of(4096)) == 4096
    assert cells_for(capacity_of(4096) + 1) == 8192
    assert [cells_for(rows) for rows in (1, 36, 37, 3_000)] == [64, 64, 128, 4096]
    assert [capacity_of(cells) for cells in (4, 8, 32)] == [1, 1, 4]


@pytest.mark.parametrize("cells", [64, 512, 4096])
def test_a_table_lists_as_many_rows_as_it_says(cells: int) -> None:
    chance = np.random.default_rng(cells)
    decoded = 0
    for _ in range(100):
        table = DeltaTable.empty(cells, 0)
        table.update(lanes_of(chance.integers(0, 2**56, (capacity_of(cells), 2), np.uint64)))
        decoded += table.decode() is not None
    assert decoded >= 97


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [2, 5])
def test_success_against_load(lanes: int, capsys: pytest.CaptureFixture[str]) -> None:
    """4096 cells of four subtables: theory says that large ones decode below a load of 0.772."""
    chance, cells, draws = np.random.default_rng(lanes), 4096, 200
    success = {}
    for rows in (2458, 2662, 2867, 3000, 3072, 3113, 3154, 3195, 3277, 3359):
        decodes = 0
        for _ in range(draws):
            table = DeltaTable.empty(cells, lanes - 2)
            table.update(lanes_of(chance.integers(0, 2**56, (rows, lanes), np.uint64)))
            found = table.decode()
            decodes += found is not None and len(found) == rows
        success[rows] = decodes / draws
    with capsys.disabled():
        print(f"\n4096 cells, {lanes} lanes: " + ", ".join(f"{n / cells:.3f}: {s:.1%}" for n, s in success.items()))  # noqa: T201
    # A failure at 3,000 rows has a probability near 1e-6 (two rows with the same four cells), so none of 200 is expected.
    assert success[3000] >= 0.99
    assert success[3359] < 0.01


KEYS = [
    (pa.int64(), [0, -1, 127, 128, -129, 2**63 - 1, -(2**63), None]),
    (pa.float64(), [0.5, -0.5, 1e300, 5e-324, float("inf"), 7.0]),
    (pa.string(), ["", "a", "ä\0b", None, "00000000-0000-0000-0000-00000000000f", "0" * 36]),
    (pa.binary(), [b"", b"\0\xff", None]),
    (pa.bool_(), [True, False, None]),
]


@pytest.mark.parametrize(("kind", "values"), KEYS, ids=lambda it: str(it) if isinstance(it, pa.DataType) else "")
def test_keys_are_read_back(kind: pa.DataType, values: list[object]) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(values, kind)], names=["k"])
    lanes = RowHasher(batch.schema, ["k"]).hash(batch).lanes
    packed = [b"".join(int(word).to_bytes(7, "little") for word in row) for row in lanes]
    expected = [None if value == "0" * 36 else (value,) for value in values]
    assert [unpack_key(row, 1) for row in packed] == expected


TIMES_OF_KEYS = [
    (pa.date32(), [0, -719_162, 2_932_896, 2_932_897, -(2**31), 2**31 - 1]),
    (pa.time64("us"), [0, 86_399_999_999]),
    (pa.timestamp("us"), [0, -1, 253_402_300_799_999_999, 2**63 - 1, -(2**63) + 1]),
    (pa.timestamp("us", "Europe/Berlin"), [0, 2**63 - 1]),
    (pa.duration("us"), [0, -1, 2**63 - 1]),
]


@pytest.mark.parametrize(
    ("kind", "words"), TIMES_OF_KEYS, ids=lambda it: str(it) if isinstance(it, pa.DataType) else ""
)
def test_keys_of_any_date_or_time_are_read_back(kind: pa.DataType, words: list[int]) -> None:
    storage = pa.int32() if kind.bit_width == 32 else pa.int64()
    batch = pa.RecordBatch.from_arrays([pa.array(words, storage).view(kind)], names=["k"])
    lanes = RowHasher(batch.schema, ["k"]).hash(batch).lanes
    keys = [unpack_key(b"".join(int(word).to_bytes(7, "little") for word in row), 1) for row in lanes]
    assert None not in keys
    assert len({str(key) for key in keys}) == len(words)
    for word, key in zip(words, keys, strict=True):
        value = key[0] if key else None
        if not isinstance(value, str):
            plain = kind if not pa.types.is_timestamp(kind) or kind.tz is None else pa.timestamp("us", "UTC")
            assert pa.array([value], plain).view(storage).to_pylist() == [word]


@settings(max_examples=300)
@given(st.binary(max_size=42), st.integers(1, 6))
def test_bytes_that_are_no_packed_key_are_refused_or_give_values(data: bytes, columns: int) -> None:
    try:
        key = unpack_key(data, columns)
    except SketchFormatError:
        return
    assert key is None or len(key) == columns
