"""The cost of one cell by type: a table of nine columns of the type against a table of one, divided by eight.

The difference leaves out what a row costs however many columns it has (its finish, sample, signature and delta) and
keeps all that a column costs: value hash, binding, digest and value sample.
"""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa

from benchmarks.contenders import Done
from benchmarks.contenders.sameset_sketch import version
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch, hasher_for

__all__ = ["prepare", "version", "work"]

FEW, MANY = 1, 9
LETTERS = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
DAY = 86_400


def prepare(rows: str, repeats: str) -> tuple[dict[str, pa.Array], int]:
    """One array of so many rows for each type; each was hashed once."""
    arrays = _arrays(int(rows))
    for array in arrays.values():
        _seconds(array, MANY, 1)
    return arrays, int(repeats)


def work(state: tuple[dict[str, pa.Array], int]) -> Done:
    """Nanoseconds of one cell of each type."""
    arrays, repeats = state
    cells = {name: _nanoseconds(array, repeats) for name, array in arrays.items()}
    return Done(len(next(iter(arrays.values()))), MANY, ", ".join(cells), cells)


def _nanoseconds(array: pa.Array, repeats: int) -> float:
    more = _seconds(array, MANY, repeats) - _seconds(array, FEW, repeats)
    return more / (MANY - FEW) / len(array) * 1e9


def _seconds(array: pa.Array, columns: int, repeats: int) -> float:
    """The least time to hash a batch of so many equal columns and add it to a sketch."""
    batch = pa.RecordBatch.from_arrays([array] * columns, [f"c{i}" for i in range(columns)])
    hasher, sketch = hasher_for(Spec(), batch.schema), TableSketch.empty(Spec(), batch.schema)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        sketch.update(hasher.hash(batch))
        times.append(time.perf_counter() - start)
    return min(times)  # what disturbs a measurement only ever adds


def _arrays(rows: int) -> dict[str, pa.Array]:
    draw = np.random.default_rng(20_240_501)
    seconds = draw.integers(0, 10**9, rows)
    words = draw.integers(-(2**62), 2**62, rows)
    return {
        "int64": pa.array(words),
        "double": pa.array(draw.normal(size=rows)),
        "decimal(15, 2)": _decimals(draw.integers(-(10**10), 10**10, rows)),
        "text of 10 bytes": _texts(draw, rows, 10),
        "text of 30 bytes": _texts(draw, rows, 30),
        "dictionary of 1,000 texts": pa.DictionaryArray.from_arrays(
            pa.array(draw.integers(0, 1000, rows).astype(np.int32)), _texts(draw, 1000, 10)
        ),
        "date": pa.array((seconds // DAY).astype(np.int32), pa.date32()),
        "timestamp in us": pa.array(seconds * 10**6 + 17, pa.timestamp("us")),
        "timestamp in ns": pa.array(seconds * 10**9 + 17, pa.timestamp("ns")),
        "bool": pa.array(words > 0),
    }


def _decimals(words: np.ndarray) -> pa.Array:
    """Decimals of two places whose unscaled values are `words`."""
    halves = np.stack([words, words >> 63], axis=1)
    return pa.Array.from_buffers(pa.decimal128(15, 2), len(words), [None, pa.py_buffer(halves.tobytes())])


def _texts(draw: np.random.Generator, rows: int, size: int) -> pa.Array:
    data = LETTERS[draw.integers(0, len(LETTERS), rows * size)]
    offsets = np.arange(rows + 1, dtype=np.int64) * size
    return pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data.tobytes()))
