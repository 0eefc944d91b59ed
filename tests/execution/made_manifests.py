"""Tables, their manifests and their truth, for the tests of manifests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from sameset.execution.joins import JoinSide
from sameset.execution.manifests import sketch_with_manifest
from sameset.execution.resources import LEAST_MEMORY, Resources
from sameset.sketches.spec import Spec

__all__ = ["Row", "counted_changes", "resources", "side_of", "table_of"]

Row = tuple[Any, ...]


def resources(folder: Path) -> Resources:
    return Resources(LEAST_MEMORY, folder)


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Columns `k`, an integer, and `v`, a text."""
    return pa.table({"k": pa.array([k for k, _ in rows], pa.int64()), "v": pa.array([v for _, v in rows], pa.string())})


def side_of(table: Any, path: Path, spec: Spec | None = None) -> JoinSide:
    """A table of which only its sketch and its manifest are left."""
    spec = spec or Spec(key=("k",))
    return JoinSide(sketch_with_manifest(table, spec, path, resources(path.parent)), manifest=path)


def counted_changes(left: Sequence[Row], right: Sequence[Row], keyed: bool) -> tuple[int, int, int]:
    """Rows added, removed and changed, from a multiset difference of plain values."""
    came, went = Counter(right) - Counter(left), Counter(left) - Counter(right)
    if not keyed:
        return came.total(), went.total(), 0
    of_key: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for side, rows in enumerate((came, went)):
        for row, times in rows.items():
            of_key[row[0]][side] += times
    changed = sum(min(new, old) for new, old in of_key.values())
    return came.total() - changed, went.total() - changed, changed
