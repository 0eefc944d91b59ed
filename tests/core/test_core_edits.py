"""Single edits: none of a million goes unseen, and what is added and removed again leaves no trace."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass

import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sameset.canonical.batches import RowHasher
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
HASHER = RowHasher(pa.schema([(name, pool.type) for name, pool in POOLS.items()]))


@dataclass
class Edits:
    """The rows of a table as places in the pools, int64 (rows, columns), and edits of one cell each: row, column, new place."""

    table: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    places: np.ndarray

    @classmethod
    def random(cls, seed: int, count: int) -> Edits:
        chance = np.random.default_rng(seed)
        sizes = np.array([len(pool) for pool in POOLS.values()])
        table = chance.integers(0, sizes, (ROWS, len(sizes)))
        rows, columns = chance.integers(0, ROWS, count), chance.integers(0, len(sizes), count)
        steps = chance.integers(1, sizes[columns])  # another value of the pool, whose values all differ
        return cls(table, rows, columns, (table[rows, columns] + steps) % sizes[columns])

    def after(self) -> np.ndarray:
        """The edited rows."""
        edited = self.table[self.rows]
        edited[np.arange(len(edited)), self.columns] = self.places
        return edited


def batch_of(table: np.ndarray) -> pa.RecordBatch:
    arrays = [pool.take(pa.array(table[:, i])) for i, pool in enumerate(POOLS.values())]
    return pa.RecordBatch.from_arrays(arrays, list(POOLS))


def lanes_of(table: np.ndarray) -> np.ndarray:
    """Both lanes of the named row hashes, uint64 (rows, 2)."""
    return np.stack(HASHER.hash(batch_of(table)).named, axis=1)


def digest_of(table: np.ndarray) -> RowDigest:
    digest = RowDigest.empty()
    digest.update(HASHER.hash(batch_of(table)))
    return digest


def test_none_of_a_million_single_edits_goes_unseen() -> None:
    """The digest of the edited table is the old one without the old row's hash and with the new one's; either lane alone tells."""
    edits = Edits.random(1, 1_000_000)
    before, part = lanes_of(edits.table), 100_000
    after = edits.after()
    unseen = np.zeros(2, np.int64)
    for start in range(0, len(after), part):
        change = lanes_of(after[start : start + part]) - before[edits.rows[start : start + part]]
        unseen += (change == 0).sum(axis=0)
    assert unseen.tolist() == [0, 0]


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
