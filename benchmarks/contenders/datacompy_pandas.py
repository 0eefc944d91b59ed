"""Two versions of a table compared by datacompy on pandas: both files read, joined by the key, each column compared."""

from __future__ import annotations

from importlib.metadata import version as installed

import pandas as pd
from datacompy import PandasCompare  # type: ignore[import-not-found]

from benchmarks.contenders import Done
from benchmarks.contenders.answers import Keys, answer
from benchmarks.data import KEY

__all__ = ["prepare", "version", "work"]


def version() -> str:
    """The library and the one below it."""
    return f"datacompy {installed('datacompy')} with pandas {installed('pandas')}"


def prepare(before: str, after: str, small: str) -> tuple[str, str]:
    """Both files."""
    work((small, small))
    return before, after


def work(state: tuple[str, str]) -> Done:
    """The keys of the rows that came, went and changed."""
    left, right = map(pd.read_parquet, state)
    found = PandasCompare(left, right, join_columns=list(KEY))
    answered = answer(*map(_keys, (found.df2_unq_rows, found.df1_unq_rows, found.all_mismatch())))
    return Done(len(left) + len(right), len(left.columns), answered)


def _keys(frame: pd.DataFrame) -> Keys:
    return [tuple(map(int, key)) for key in frame[list(KEY)].itertuples(index=False)]
