"""Rows that are wanted by their hashes are found, whatever the hashes are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from sameset.canonical.batches import HashedBatch
from sameset.execution.rows_index import RowIndex
from sameset.sketches.delta import PRIME


def test_hashes_are_looked_for_as_a_delta_holds_them() -> None:
    halves = np.array([[PRIME, 5], [5, 2 * PRIME + 1], [2**61, 2**64 - 1], [7, 7]], np.uint64).T
    batch = cast("HashedBatch", SimpleNamespace(named=tuple(halves)))
    rows, names = RowsByHash([(5, 0), (0, 5)]).of(batch)
    assert dict(zip(rows.tolist(), names.tolist(), strict=True)) == {0: 1, 1: 0}
