"""Single edits: none of a million goes unseen, and what is added and removed again leaves no trace."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from decimal import Decimal

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sameset.canonical.batches import RowHasher
from sameset.canonical.families import Family, family_of
from sameset.sketches.delta import DeltaTable, RowLanes
from sameset.sketches.digest import RowDigest

ROWS = 2_000
POOLS: dict[str, pa.Array] = {
    "id": pa.array(range(1_000)),
    "small": pa.array([None, *range(9)], pa.int8()),
    "double": pa.array([None, 0.0, 0.5, 1e300, *np.random.default_rng(0).normal(size=500).tolist()]),
    "text": pa.array([None, "", "null", *(f"text {i % 37} {i}" for i in range(300))]),
    "day": pa.array([None, *range(400)], pa.int32()).cast(pa.date32()),
    "flag": pa.array([None, False, True]),
    "list": pa.array([None, [], [None], *([i, i % 3] for i in range(200))], pa.list_(pa.int16())),
    "struct": pa.array([None, *({"a": i % 9, "b": str(i // 9)} for i in range(200))]),
}
#: The other types, each with a null and values that are close to each other; Arrow cannot take from some, so they are cast.
WORDS = [None, *range(-60, 61)]
TEXTS = [None, "", *(f"{i}" for i in range(120))]
OTHERS: dict[str, pa.Array] = {
    **{str(kind): pa.array(WORDS, kind) for kind in (pa.int16(), pa.int32(), pa.float16(), pa.float32())},
    "uint64": pa.array([None, *range(2**64 - 120, 2**64)], pa.uint64()),
    **{
        str(kind): pa.array([None, *(Decimal(f"{10**digits - i}e-2") for i in range(1, 121))], kind)
        for digits, kind in (
            (9, pa.decimal32(9, 2)),
            (18, pa.decimal64(18, 2)),
            (38, pa.decimal128(38, 2)),
            (38, pa.decimal256(60, 2)),
        )
    },
    **{
        str(kind): pa.array(TEXTS).cast(pa.large_string()).cast(kind)
        for kind in (pa.large_string(), pa.string_view(), pa.binary(), pa.binary_view(), pa.json_())
    },
    "dictionary": pa.array(TEXTS).dictionary_encode(),
    "fixed": pa.array([None, *(i.to_bytes(5, "big") for i in range(120))], pa.binary(5)),
    "uuid": pa.array([None, *(i.to_bytes(16, "big") for i in range(120))], pa.binary(16)).cast(pa.uuid()),
    **{
        str(kind): pa.array([None, *range(120)], kind)
        for kind in (
            pa.time32("s"),
            pa.time64("ns"),
            pa.timestamp("ns"),
            pa.timestamp("us", "UTC"),
            pa.duration("ms"),
        )
    },
    "interval": pa.array([None, *((i % 5, i // 5, i) for i in range(120))], pa.month_day_nano_interval()),
    "large list": pa.array([None, *([i // 9, None, i % 9] for i in range(120))], pa.large_list(pa.float32())),
    "fixed list": pa.array([None, *([i // 9, i % 9] for i in range(120))], pa.list_(pa.int8(), 2)),
    "tensor": pa.ExtensionArray.from_storage(
        pa.fixed_shape_tensor(pa.int8(), [2]),
        pa.array([None, *([i // 9, i % 9] for i in range(120))], pa.list_(pa.int8(), 2)),
    ),
    "map": pa.array(
        [None, [], *([(f"k{i % 9}", i), ("z", None)] for i in range(120))], pa.map_(pa.string(), pa.int32())
    ),
    "deep": pa.array([None, *([{"a": [{"b": i % 9}], "c": [[str(i)], None]}] for i in range(120))]),
}
Pools = dict[str, pa.Array]


def hasher_of(pools: Pools) -> RowHasher:
    return RowHasher(pa.schema([(name, pool.type) for name, pool in pools.items()]))


HASHER = hasher_of(POOLS)


@dataclass
class Edits:
    """The rows of a table as places in the pools, int64 (rows, columns), and edits of one cell each: row, column, new place."""

    table: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    places: np.ndarray

    @classmethod
    def random(cls, seed: int, count: int, pools: Pools = POOLS) -> Edits:
        chance = np.random.default_rng(seed)
        sizes = np.array([len(pool) for pool in pools.values()])
        table = chance.integers(0, sizes, (ROWS, len(sizes)))
        rows, columns = chance.integers(0, ROWS, count), chance.integers(0, len(sizes), count)
        steps = chance.integers(1, sizes[columns])  # another value of the pool, whose values all differ
        return cls(table, rows, columns, (table[rows, columns] + steps) % sizes[columns])

    def after(self) -> np.ndarray:
        """The edited rows."""
        edited = self.table[self.rows]
        edited[np.arange(len(edited)), self.columns] = self.places
        return edited


def batch_of(table: np.ndarray, pools: Pools = POOLS) -> pa.RecordBatch:
    arrays = [taken(pool, pa.array(table[:, i])) for i, pool in enumerate(pools.values())]
    return pa.RecordBatch.from_arrays(arrays, list(pools))


def taken(pool: pa.Array, places: pa.Array) -> pa.Array:
    """The values of a pool at these places; of views by way of what Arrow can take from."""
    if pa.types.is_string_view(pool.type) or pa.types.is_binary_view(pool.type):
        return pool.cast(pa.large_binary()).take(places).cast(pool.type)
    return pool.take(places)


def lanes_of(table: np.ndarray, pools: Pools = POOLS, hasher: RowHasher = HASHER) -> np.ndarray:
    """Both lanes of the named row hashes, uint64 (rows, 2)."""
    return np.stack(hasher.hash(batch_of(table, pools)).named, axis=1)


def digest_of(table: np.ndarray) -> RowDigest:
    digest = RowDigest.empty()
    digest.update(HASHER.hash(batch_of(table)))
    return digest


def unseen(pools: Pools, count: int) -> list[int]:
    """How many of so many edits each lane of the digest does not see.

    The digest of the edited table is the old one without the old row's hash and with the new one's.
    """
    hasher, edits, part = hasher_of(pools), Edits.random(1, count, pools), 100_000
    before, after = lanes_of(edits.table, pools, hasher), edits.after()
    found = np.zeros(2, np.int64)
    for start in range(0, len(after), part):
        change = lanes_of(after[start : start + part], pools, hasher) - before[edits.rows[start : start + part]]
        found += (change == 0).sum(axis=0)
    return found.tolist()


def test_none_of_a_million_single_edits_goes_unseen() -> None:
    assert unseen(POOLS, 1_000_000) == [0, 0]


@pytest.mark.slow
def test_none_of_a_million_single_edits_of_the_other_types_goes_unseen() -> None:
    assert unseen(OTHERS, 1_000_000) == [0, 0]


def test_the_pools_hold_every_family_and_no_value_twice() -> None:
    for name, pool in (POOLS | OTHERS).items():
        assert len(set(naive.value_hashes(pool))) == len(pool), name
    families = {family_of(pool.type, "") for pool in (POOLS | OTHERS).values()}
    assert families == set(Family) - {Family.NULL}


def test_the_digest_of_an_edited_table_is_the_one_with_the_row_exchanged() -> None:
    edits = Edits.random(2, 200)
    whole = digest_of(edits.table)
    seen = {whole.named}
    for row, new in zip(edits.rows, edits.after(), strict=True):
        edited = edits.table.copy()
        edited[row] = new
        found = digest_of(edited)
        assert found == whole.subtract(digest_of(edits.table[[row]])).merge(digest_of(new[None]))
        assert found != whole
        seen.add(found.named)
    assert len(seen) == 1 + len({(int(row), *new.tolist()) for row, new in zip(edits.rows, edits.after(), strict=True)})


@given(st.integers(0, 2**32), st.lists(st.integers(0, 40), max_size=4))
def test_what_is_added_and_removed_again_leaves_the_empty_digest_and_delta(seed: int, places: list[int]) -> None:
    """Nested values and all, in other parts than it was added in."""
    table = np.random.default_rng(seed).integers(0, 3, (40, len(POOLS)))
    digest, delta = RowDigest.empty(), DeltaTable.empty(64, 0)
    hashed = HASHER.hash(batch_of(table))
    digest.update(hashed)
    delta.update(RowLanes(hashed.lanes, *hashed.named))
    for start, end in itertools.pairwise([0, *sorted(places), 40]):
        part, part_delta = RowDigest.empty(), DeltaTable.empty(64, 0)
        hashed = HASHER.hash(batch_of(table[start:end]))
        part.update(hashed)
        part_delta.update(RowLanes(hashed.lanes, *hashed.named))
        digest, delta = digest.subtract(part), delta.subtract(part_delta)
    assert digest == RowDigest.empty()
    assert delta == DeltaTable.empty(64, 0)


# UUIDs as keys

UUID = "0123abcd-89ef-4567-89ab-0123456789ab"
ODD = {
    "upper case": UUID.upper(),
    "one upper case digit": UUID[:-1] + "B",
    "a dash for a digit": "-" + UUID[1:],
    "a digit for a dash": UUID[:8] + "0" + UUID[9:],
    "a dash too far": "0123abcd8-9ef-4567-89ab-0123456789ab",
    "no digit": UUID[:-1] + "g",
    "the sign before 0": "/" + UUID[1:],
    "the sign after 9": ":" + UUID[1:],
    "the sign before a": "`" + UUID[1:],
    "a line break": UUID[:-1] + "\n",
    "36 letters": "x" * 36,
    "36 bytes of 18 letters": "é" * 18,
    "36 bytes in another way": "é" * 4 + "-" + "é" * 4,
    "braces": "{" + UUID[:-2] + "}",
    "35 digits": UUID[:-1],
    "37 digits": UUID + "0",
    "no dashes": UUID.replace("-", ""),
    "a NUL": "\0" + UUID[1:],
    "empty": "",
}


def lanes_and_twins(texts: list[str | None], kind: pa.DataType, start: int = 0) -> tuple[object, object]:
    array = pa.array(texts, pa.string())
    array = (array.dictionary_encode() if pa.types.is_dictionary(kind) else array.cast(kind)).slice(start)
    batch = pa.RecordBatch.from_arrays([array], ["k"])
    packed = naive.packed_keys(batch, ["k"], 0, True)
    return RowHasher(batch.schema, ["k"]).hash(batch).lanes.tolist(), [naive.words_of(row) for row in packed]


TEXT_TYPES = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


@pytest.mark.parametrize("kind", TEXT_TYPES, ids=str)
@pytest.mark.parametrize("name", ODD)
def test_what_is_no_uuid_in_its_canonical_form_is_text(name: str, kind: pa.DataType) -> None:
    for texts in ([ODD[name]], [UUID, ODD[name], None, UUID], [None, ODD[name]]):
        found, expected = lanes_and_twins(texts, kind)
        assert found == expected
    assert lanes_and_twins([ODD[name]], kind)[0] != lanes_and_twins([UUID], kind)[0]


MIXED = st.uuids().map(str) | st.sampled_from([*ODD.values()]) | st.none() | st.text(max_size=40)


@given(st.lists(MIXED, max_size=12), st.sampled_from(TEXT_TYPES), st.integers(0, 5))
def test_mixed_columns_of_uuids_texts_and_nulls_are_packed_as_the_twins(
    texts: list[str | None], kind: pa.DataType, start: int
) -> None:
    found, expected = lanes_and_twins(texts, kind, start)
    assert found == expected


def test_a_uuid_hidden_under_a_null_is_not_packed() -> None:
    texts = [UUID, str(uuid.UUID(int=5)), UUID]
    offsets = pa.py_buffer(np.array([0, 36, 72, 108], np.int32))
    buffers = [pa.py_buffer(b"\x05"), offsets, pa.py_buffer("".join(texts).encode())]
    batch = pa.RecordBatch.from_arrays([pa.Array.from_buffers(pa.string(), 3, buffers)], ["k"])
    plain = pa.RecordBatch.from_arrays([pa.array([UUID, None, UUID])], ["k"])
    first, second = (RowHasher(it.schema, ["k"]).hash(it).lanes.tolist() for it in (batch, plain))
    assert first == second
