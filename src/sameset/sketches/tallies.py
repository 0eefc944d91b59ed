"""The column sketches of a table as a kernel adds to them: all their sums and sample tables side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sameset.sketches.sample import TABLE_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.sketches.column import ColumnSketch

__all__ = ["ColumnTallies"]


class ColumnTallies:
    """`sums`, uint64 (columns, 2), and `tables`, uint64 (columns, 8), are what the sketches themselves hold, not a copy.

    So nothing has to be carried over after each batch.
    """

    def __init__(self, columns: Sequence[ColumnSketch]) -> None:
        self.columns = columns
        self.sums = np.empty((len(columns), 2), np.uint64)
        self.tables = np.empty((len(columns), TABLE_WORDS), np.uint64)
        for column, sums, table in zip(columns, self.sums, self.tables, strict=True):
            column.lie_in(sums, table)

    def are_of(self, columns: Sequence[ColumnSketch]) -> bool:
        """Whether these columns still lie here: each keeps its words in one place, wherever it was folded last."""
        return all(column.values.lies_in(self.tables) for column in columns)
