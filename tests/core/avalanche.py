"""Prints how random row hashes look (docs/encoding.md, "Rows, tables, columns"): `python tests/core/avalanche.py`."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa

from sameset.canonical.batches import RowHasher

__all__ = ["KINDS", "correlations", "flips_of"]

KINDS = ("integers", "small integers", "doubles", "bytes")
EDITS, ROWS = 500_000, 400_000


def bits_of(batch: pa.RecordBatch) -> np.ndarray:
    """The 128 bits of every row hash, (rows, 128) of 0 and 1."""
    words = np.stack(RowHasher(batch.schema).hash(batch).named, axis=1)
    return np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")


def table(columns: np.ndarray, kind: str) -> pa.RecordBatch:
    if kind == "bytes":
        return pa.RecordBatch.from_arrays(
            [pa.array([row.tobytes() for row in column], pa.binary()) for column in columns], ["a", "b", "c"]
        )
    if kind == "doubles":
        return pa.RecordBatch.from_arrays([pa.array(column.view(np.float64)) for column in columns], ["a", "b", "c"])
    return pa.RecordBatch.from_arrays([pa.array(column.view(np.int64)) for column in columns], ["a", "b", "c"])


def flips_of(kind: str, edits: int, seed: int = 7) -> np.ndarray:
    """Which of the 128 bits of a row hash flip with one random bit of one of three values, (edits, 128) of 0 and 1."""
    chance = np.random.default_rng(seed)
    before = chance.integers(0, 2**64, (3, edits), np.uint64)
    if kind == "small integers":
        before >>= np.uint64(54)
    if kind == "doubles":  # exponents of numbers between 1 and 2: neither whole nor NaN, before and after
        before = before & np.uint64(2**52 - 1) | np.uint64(0x3FF << 52)
    most = {"small integers": 10, "doubles": 52}.get(kind, 64)
    after = before.copy()
    rows = np.arange(edits)
    after[chance.integers(0, 3, edits), rows] ^= np.uint64(1) << chance.integers(0, most, edits).astype(np.uint64)
    return bits_of(table(before, kind)) ^ bits_of(table(after, kind))


def correlations(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Of rows that count upwards, how often each of the 128 bits is set, and how each two correlate, (128, 128), 0 with itself."""
    counting = pa.RecordBatch.from_arrays([pa.array(range(rows)), pa.array([0] * rows)], ["a", "b"])
    bits = bits_of(counting)
    related = np.corrcoef(bits.astype(np.float32), rowvar=False)
    np.fill_diagonal(related, 0)
    return bits.mean(axis=0), related


def main() -> None:
    for kind in KINDS:
        flips = flips_of(kind, EDITS)
        distances, farthest = flips.sum(axis=1), np.abs(flips.mean(axis=0) - 0.5).max()
        sys.stdout.write(
            f"{kind}: one bit flips {distances.mean():.2f} of 128 bits (sd {distances.std():.2f}; fair coins 5.66), "
            f"each bit 1/2 +- {farthest:.4f} ({farthest * 2 * EDITS**0.5:.1f} sd, the farthest of 128)\n"
        )
    balance, related = correlations(ROWS)
    most, lanes = np.abs(related).max(), np.abs(related[:64, 64:]).max()
    sys.stdout.write(
        f"rows that count: no two of 128 bits correlate by more than {most:.4f} ({most * ROWS**0.5:.1f} sd, of 8,128 pairs), "
        f"of bits of different lanes by {lanes:.4f} ({lanes * ROWS**0.5:.1f} sd, of 4,096); "
        f"each is set 1/2 +- {np.abs(balance - 0.5).max():.4f}\n"
    )


if __name__ == "__main__":
    main()
