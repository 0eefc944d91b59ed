"""Random Arrow arrays of one type each: for the tables that are generated, and for the cost of cells by type."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

__all__ = [
    "dates",
    "decimals",
    "doubles",
    "integers",
    "lists",
    "picked",
    "texts",
    "timestamps",
    "with_nulls",
]

LETTERS = "abcdefghijklmnopqrstuvwxyz"
Draw = np.random.Generator


def integers(draw: Draw, rows: int) -> pa.Array:
    """Integers of all 64 bits."""
    return pa.array(draw.integers(-(2**63), 2**63, rows))


def doubles(draw: Draw, rows: int) -> pa.Array:
    """Doubles around zero."""
    return pa.array(draw.normal(size=rows))


def decimals(draw: Draw, rows: int, precision: int, scale: int, distinct: int = 0) -> pa.Array:
    """Decimals of up to 12 digits, or as many as are distinct; with 38 digits of precision all digits are used."""
    low = draw.integers(0, 2**63, rows) if precision > 18 else draw.integers(0, distinct or 10**12, rows)
    high = draw.integers(0, 2**61, rows) if precision > 18 else np.zeros(rows, np.int64)
    words = np.stack([low, high], axis=1)
    return pa.Array.from_buffers(pa.decimal128(precision, scale), rows, [None, pa.py_buffer(words.tobytes())])


def dates(draw: Draw, rows: int) -> pa.Array:
    """Dates of thirty years."""
    return pa.array(draw.integers(8_000, 19_000, rows, dtype=np.int32), pa.date32())


def timestamps(draw: Draw, rows: int) -> pa.Array:
    """Timestamps in microseconds, of thirty years."""
    return pa.array(draw.integers(0, 10**15, rows), pa.timestamp("us"))


def texts(draw: Draw, rows: int, least: int, most: int, letters: str = LETTERS) -> pa.Array:
    """Texts of random letters, which all take the same number of bytes; lengths are between two numbers of letters."""
    alphabet = np.array([list(letter.encode()) for letter in letters], np.uint8)
    sizes = draw.integers(least, most + 1, rows)
    data = alphabet[draw.integers(0, len(alphabet), sizes.sum(), dtype=np.uint8)]
    offsets = np.concatenate([[0], np.cumsum(sizes) * alphabet.shape[1]]).astype(np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data.tobytes()))


def picked(draw: Draw, rows: int, words: Sequence[str]) -> pa.Array:
    """Texts of a list."""
    return pa.array(words).take(pa.array(draw.integers(0, len(words), rows)))


def lists(draw: Draw, rows: int, most: int, values: Callable[[Draw, int], pa.Array]) -> pa.Array:
    """Lists of up to so many values."""
    sizes = draw.integers(0, most + 1, rows)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values(draw, int(offsets[-1])))


def with_nulls(draw: Draw, array: pa.Array, share: float) -> pa.Array:
    """The array with a share of its values made null."""
    kept = pa.array(draw.random(len(array)) >= share)
    return array.take(pa.array(np.arange(len(array)), mask=~kept.to_numpy(zero_copy_only=False)))
