"""Rows that are wanted by their hashes are found, whatever the hashes are."""

from __future__ import annotations

import numpy as np

from sameset.execution.rows_index import RowIndex
from sameset.sketches.delta import PRIME


def test_hashes_are_looked_for_as_a_delta_holds_them() -> None:
    halves = np.array([[PRIME, 5], [5, 2 * PRIME + 1], [2**61, 2**64 - 1], [7, 7]], np.uint64).T
    rows, places = RowIndex(np.array([(5, 0), (0, 5)], np.uint64)).find((halves[0], halves[1]))
    assert dict(zip(rows.tolist(), places.tolist(), strict=True)) == {0: 0, 1: 1}
