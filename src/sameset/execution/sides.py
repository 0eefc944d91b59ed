"""The two sides of a comparison: their sketches, and their tables where these are still at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sameset.execution.joins import JoinSide
from sameset.execution.projection import selected

if TYPE_CHECKING:
    from pathlib import Path

    from sameset.execution.resources import Resources
    from sameset.execution.row_lines import LineStore
    from sameset.sketches.table import TableSketch
    from sameset.sources.base import Source

__all__ = ["Sides"]


@dataclass(frozen=True)
class Sides:
    """Two sketches, and the sources they came from where those are still at hand."""

    left: TableSketch
    right: TableSketch
    left_source: Source | None = None
    right_source: Source | None = None
    left_place: Source | None = None  #: where the left table was, if nobody looked whether it still is what it was
    right_place: Source | None = None  #: where the rows that came are, if it is not the whole of the right table
    left_manifest: Path | None = None
    right_manifest: Path | None = None
    resources: Resources | None = None  #: for a join; those of the environment if None
    selected: bool = False  #: whether the sources hold just what the specs ask for
    lines: LineStore | None = None  #: where a join lays all differing rows, if a file of them is wanted

    def with_selections(self) -> Sides:
        """The same with sources that hold just the columns and rows that the specs ask for."""
        if self.selected:
            return self
        left = self.left_source and selected(self.left_source, self.left.spec)
        right = self.right_source and selected(self.right_source, self.right.spec)
        return replace(self, left_source=left, right_source=right, selected=True)

    @property
    def sketches(self) -> Sides:
        """The sketches alone."""
        return Sides(self.left, self.right)

    @property
    def to_join(self) -> tuple[JoinSide, JoinSide]:
        """Both sides as a join takes them."""
        left = JoinSide(self.left, self.left_source, self.left_manifest)
        return left, JoinSide(self.right, self.right_source, self.right_manifest)

    @property
    def sources(self) -> tuple[Source, Source] | None:
        """Both sources, or None."""
        if self.left_source is None or self.right_source is None:
            return None
        return self.left_source, self.right_source
