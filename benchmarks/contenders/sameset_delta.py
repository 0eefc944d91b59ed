"""The comparison of two loaded sketches: the delta is decoded, the verdict found."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contenders import Done
from benchmarks.contenders.sameset_sketch import version
from sameset.comparison import compare
from sameset.sketches.table import TableSketch

__all__ = ["prepare", "version", "work"]


def prepare(left: str, right: str) -> tuple[TableSketch, TableSketch]:
    """Both sketches; compared once, and then loaded again, because a sketch remembers what it has worked out."""
    work(_load(left, right))
    return _load(left, right)


def work(state: tuple[TableSketch, TableSketch]) -> Done:
    """Verdict and numbers of added, removed and changed rows."""
    left, right = state
    found = compare(left, right)
    return Done(left.row_count, len(left.names), f"{found.verdict} {found.changes}")


def _load(left: str, right: str) -> tuple[TableSketch, TableSketch]:
    return TableSketch.from_bytes(Path(left).read_bytes()), TableSketch.from_bytes(Path(right).read_bytes())
