"""Writes and joins manifests of so many generated rows in a process of its own; prints what differs, and its most memory."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from made_sources import GeneratedSource
from peak_memory import peak

from sameset.execution.joins import JoinSide, join_delta
from sameset.execution.manifests import sketch_with_manifest
from sameset.execution.resources import LEAST_MEMORY, Resources
from sameset.sketches.spec import Spec

__all__: list[str] = []


class Moved(GeneratedSource):
    """The same without its first eighth, and as many new rows behind."""

    @staticmethod
    def rows(seed):
        return GeneratedSource.rows(seed + int(sys.argv[1]) // 65_536 // 8)


if __name__ == "__main__":
    count = int(sys.argv[1])
    with TemporaryDirectory() as name:
        resources, sides = Resources(LEAST_MEMORY, Path(name)), []
        for place, source in (("old", GeneratedSource(count)), ("new", Moved(count))):
            path = Path(name) / place
            sides.append(JoinSide(sketch_with_manifest(source, Spec(key=("id",)), path, resources), manifest=path))
        delta = join_delta(*sides, resources)
    sys.stdout.write(f"{delta.counts[0]} {delta.counts[1]} {delta.counts[2]} {peak()}\n")
