"""Compares so many generated rows, every other one changed, in a process of its own, and prints its most memory.

With a path, all differing rows are written there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from made_sources import GeneratedSource
from peak_memory import peak

from sameset.execution.comparing import compare_places
from sameset.execution.delta_rows import WantedRows
from sameset.execution.manifest_store import Manifests
from sameset.execution.resources import LEAST_MEMORY, Resources

__all__: list[str] = []


class Updated(GeneratedSource):
    """The same with every other number halved."""

    @staticmethod
    def rows(seed):
        batch = GeneratedSource.rows(seed)
        odd = pc.equal(pc.bit_wise_and(batch["id"], 1), 1)
        return batch.set_column(1, "n", pc.if_else(odd, pc.shift_right(batch["n"], pa.scalar(1)), batch["n"]))


if __name__ == "__main__":
    count, path = int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    manifests = Manifests(resources=Resources(LEAST_MEMORY, path.parent if path else Path("/tmp")))
    found = compare_places(
        GeneratedSource(count), Updated(count), key=["id"], rows=WantedRows(0, path), manifests=manifests
    )
    sys.stdout.write(f"{found.changes[2]} {peak()}\n")
