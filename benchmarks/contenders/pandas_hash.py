"""pandas: `hash_pandas_object` of a frame in memory; reading it is not timed.

Decimals go in as doubles: as Python objects they would take pandas many times as long.
"""

from __future__ import annotations

from importlib.metadata import version as installed

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.contenders import Done

__all__ = ["hash_frame", "prepare", "version", "work"]


def version() -> str:
    """The library."""
    return f"pandas {installed('pandas')}"


def prepare(file: str, small: str) -> pd.DataFrame:
    """The frame."""
    work(_frame(small))
    return _frame(file)


def work(state: pd.DataFrame) -> Done:
    """One 64-bit hash a row, and their sum."""
    return hash_frame(state)


def hash_frame(frame: pd.DataFrame) -> Done:
    """One 64-bit hash a row, and their sum."""
    hashes = pd.util.hash_pandas_object(frame, index=False)
    return Done(len(frame), len(frame.columns), str(hashes.sum()))


def _frame(file: str) -> pd.DataFrame:
    table = pq.read_table(file)
    for i, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.float64()))
        elif pa.types.is_date(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.timestamp("us")))
    frame: pd.DataFrame = table.to_pandas()
    return frame
