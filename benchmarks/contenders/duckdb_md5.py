"""The usual idiom in SQL: the XOR of the MD5 of each row's values, joined as text."""

from __future__ import annotations

from benchmarks.contenders import Done
from benchmarks.contenders.duckdb_hash import aggregate, version

__all__ = ["prepare", "version", "work"]


def prepare(file: str, small: str) -> str:
    """The file."""
    work(small)
    return file


def work(state: str) -> Done:
    """A connection of its own, one aggregate."""
    return aggregate(state, "bit_xor(md5_number(concat_ws('|', {columns})))")
