"""Exact counts that a sketch only estimates, from a second scan in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sameset.execution.manifests import temporary_manifest
from sameset.execution.resources import Resources
from sameset.execution.scanning import silent

if TYPE_CHECKING:
    from sameset.execution.scanning import Progress
    from sameset.sketches.table import TableSketch
    from sameset.sources import Source

__all__ = ["count_distinct_rows"]


def count_distinct_rows(
    source: Source, sketch: TableSketch, resources: Resources | None = None, progress: Progress = silent
) -> int:
    """The number of distinct rows of a source, whose row hashes are sorted on disk for it.

    SourceError if the source is no longer what was sketched, ManifestError where there is no room.
    """
    with temporary_manifest(source, sketch, sketch.spec, resources or Resources.of(), progress) as manifest:
        return manifest.entries
