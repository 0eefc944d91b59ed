"""Row hashes look random: every output bit flips with probability 1/2 when one input bit does, and lanes are unrelated."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sameset.canonical.batches import RowHasher

TRIALS = 20_000


def bits_of(batch: pa.RecordBatch) -> np.ndarray:
    """The 128 bits of every row hash, (rows, 128) of 0 and 1."""
    words = np.stack(RowHasher(batch.schema).hash(batch).named, axis=1)
    return np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")


def table(columns: np.ndarray, kind: str) -> pa.RecordBatch:
    if kind == "texts":
        return pa.RecordBatch.from_arrays(
            [pa.array([row.tobytes() for row in column], pa.binary()) for column in columns], ["a", "b", "c"]
        )
    if kind == "doubles":
        return pa.RecordBatch.from_arrays([pa.array(column.view(np.float64)) for column in columns], ["a", "b", "c"])
    return pa.RecordBatch.from_arrays([pa.array(column.view(np.int64)) for column in columns], ["a", "b", "c"])


@pytest.mark.parametrize("kind", ["integers", "small integers", "doubles", "texts"])
def test_one_bit_of_one_value_flips_every_bit_of_the_row_hash_half_the_time(kind: str) -> None:
    chance = np.random.default_rng(7)
    before = chance.integers(0, 2**64, (3, TRIALS), np.uint64)
    if kind == "small integers":
        before >>= np.uint64(54)
    if kind == "doubles":  # exponents of numbers between 1 and 2: neither whole nor NaN, before and after
        before = before & np.uint64(2**52 - 1) | np.uint64(0x3FF << 52)
    most = {"small integers": 10, "doubles": 52}.get(kind, 64)
    after = before.copy()
    rows = np.arange(TRIALS)
    after[chance.integers(0, 3, TRIALS), rows] ^= np.uint64(1) << chance.integers(0, most, TRIALS).astype(np.uint64)
    flips = bits_of(table(before, kind)) ^ bits_of(table(after, kind))
    # Each of 128 means has the sd 0.0035: 0.02 is 5.6 of them, missed by chance with probability 3e-6.
    assert np.abs(flips.mean(axis=0) - 0.5).max() < 0.02
    distances = flips.sum(axis=1)
    assert abs(distances.mean() - 64) < 0.25  # sd of the mean 5.66 / sqrt(20,000) = 0.04
    assert abs(distances.std() - np.sqrt(32)) < 0.2


def test_lanes_are_uncorrelated_and_bits_balanced() -> None:
    counting = pa.RecordBatch.from_arrays([pa.array(range(TRIALS)), pa.array([0] * TRIALS)], ["a", "b"])
    bits = bits_of(counting)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.02
    related = np.corrcoef(bits, rowvar=False)
    np.fill_diagonal(related, 0)
    # Each of 8,128 correlations has the sd 0.0071: 0.045 is 6.4 of them, missed by chance with probability 2e-6.
    assert np.abs(related).max() < 0.045
