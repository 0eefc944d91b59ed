"""Two versions of a table compared by datacompy on Polars: both files read, joined by the key, each column compared."""

from __future__ import annotations

from importlib.metadata import version as installed

import polars
from datacompy import PolarsCompare  # type: ignore[import-not-found]

from benchmarks.contenders import Done
from benchmarks.contenders.answers import Keys, answer
from benchmarks.data import KEY

__all__ = ["prepare", "version", "work"]


def version() -> str:
    """The library and the one below it."""
    return f"datacompy {installed('datacompy')} with polars {installed('polars')}"


def prepare(before: str, after: str, small: str) -> tuple[str, str]:
    """Both files."""
    work((small, small))
    return before, after


def work(state: tuple[str, str]) -> Done:
    """The keys of the rows that came, went and changed."""
    left, right = map(polars.read_parquet, state)
    found = PolarsCompare(left, right, join_columns=list(KEY))
    answered = answer(*map(_keys, (found.df2_unq_rows, found.df1_unq_rows, found.all_mismatch())))
    return Done(left.height + right.height, left.width, answered)


def _keys(frame: polars.DataFrame) -> Keys:
    return frame.select(KEY).rows()
