"""pandas from the file: `read_parquet` and `hash_pandas_object`, with the types that reading gives (decimals are objects)."""

from __future__ import annotations

import pandas as pd

from benchmarks.contenders import Done
from benchmarks.contenders.pandas_hash import hash_frame, version

__all__ = ["prepare", "version", "work"]


def prepare(file: str, small: str) -> str:
    """The file."""
    work(small)
    return file


def work(state: str) -> Done:
    """Read, hash, sum."""
    return hash_frame(pd.read_parquet(state))
