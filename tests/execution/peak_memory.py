"""Sketches so many generated rows in a process of its own, and prints the most memory that it had, in bytes."""

from __future__ import annotations

import resource
import sys

from made_sources import GeneratedSource

from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec

__all__: list[str] = []

if __name__ == "__main__":
    sketch = sketch_table(GeneratedSource(int(sys.argv[1])), Spec(key=("id",)))
    sys.stdout.write(f"{sketch.row_count} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}\n")
