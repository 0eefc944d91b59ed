"""A loop in Python with mmh3: the hash of each value's text, added up by row and by table; reading is not timed."""

from __future__ import annotations

from importlib.metadata import version as installed

import mmh3
import pyarrow.parquet as pq

from benchmarks.contenders import Done

__all__ = ["prepare", "version", "work"]

Columns = list[list[object]]


def version() -> str:
    """The library."""
    return f"mmh3 {installed('mmh3')}"


def prepare(file: str, small: str) -> Columns:
    """The columns as lists of Python's values."""
    work(_columns(small))
    return _columns(file)


def work(state: Columns) -> Done:
    """One 128-bit hash a cell with its column's number as seed, one more a row, and their sum."""
    total = rows = 0
    for row in zip(*state, strict=True):
        cells = sum(mmh3.mmh3_x64_128_uintdigest(str(value).encode(), seed) for seed, value in enumerate(row))
        total += mmh3.mmh3_x64_128_uintdigest((cells % 2**128).to_bytes(16, "little"))
        rows += 1
    return Done(rows, len(state), f"{total % 2**128:032x}")


def _columns(file: str) -> Columns:
    return [column.to_pylist() for column in pq.read_table(file).columns]
