"""Sketches so many generated rows in a process of its own, and prints how many, and the most memory that it had, in bytes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from made_sources import GeneratedSource

from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec

__all__ = ["peak"]


def peak() -> int:
    """The high-water mark of this program; `ru_maxrss` would count what the parent had when it forked."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    return int(kilobytes) * 1024


if __name__ == "__main__":
    sketch = sketch_table(GeneratedSource(int(sys.argv[1])), Spec(key=("id",)))
    sys.stdout.write(f"{sketch.row_count} {peak()}\n")
