"""How partitions are mapped to their sketches: here, or wherever a mapper sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sameset.sketches.table import TableSketch
from sameset.sources.base import Source

__all__ = ["InTurn", "Mapper", "SketchPartition"]

SketchPartition = Callable[[Source], TableSketch]


class Mapper(Protocol):
    """Applies a function to every partition; where and in which order is its business, and no sketch can tell."""

    def map(self, function: SketchPartition, partitions: Sequence[Source]) -> Iterable[TableSketch]:
        """The results, in any order."""


class InTurn:
    """One partition after the other in this process; each is read by all cores."""

    def map(self, function: SketchPartition, partitions: Sequence[Source]) -> Iterable[TableSketch]:
        """The results in the order of the partitions."""
        return map(function, partitions)
