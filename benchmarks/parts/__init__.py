"""The parts of the benchmark, one file each: what runs together in turns, and the lines that come of it."""

from __future__ import annotations

from benchmarks.parts import delta, lineitem, memory, slow, tables, verdict, versions

__all__ = ["PARTS"]

#: In the order in which they run.
PARTS = (lineitem.PART, slow.PART, memory.PART, verdict.PART, delta.PART, *tables.PARTS, versions.PART)
