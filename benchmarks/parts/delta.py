"""Two sketch files of tables that differ in some rows, compared: within a process, and as a command."""

from __future__ import annotations

import sys

from benchmarks.bench import Bench, Part, program, times
from benchmarks.data import KEY, changed_rows
from benchmarks.goals import COMPARE, DELTA
from benchmarks.measure import contender
from benchmarks.table import Row

__all__ = ["PART", "measure"]

CHANGED = 1_000


def measure(bench: Bench) -> list[Row]:
    """The sketches are made once; what is measured is their comparison."""
    sketches = _sketches(bench)
    rows = []
    if bench.wants(DELTA):
        inside = bench.rounds_of(contender(sys.executable, "sameset_delta", *sketches))
        result = inside[0][0].report["result"]
        how = f"two loaded sketches of SF{bench.scale:g}: decode and verdict; found: {result}"
        rows.append(Row(DELTA, how, times(inside, lambda run: run.work)))
    if bench.wants(COMPARE):
        outside = bench.rounds_of(program("sameset compare", ("compare", *sketches)))
        rows.append(Row(COMPARE, "sameset compare, whole process", times(outside, lambda run: run.process)))
    return rows


def _sketches(bench: Bench) -> tuple[str, str]:
    left, right = (str(bench.work / name) for name in ("left.sameset", "right.sameset"))
    keys = tuple(word for name in KEY for word in ("--key", name))
    for place, sketch in ((bench.table, left), (changed_rows(bench.table, CHANGED), right)):
        bench.rounds_of(program("sameset sketch", ("sketch", str(place), "-o", sketch, *keys)), rounds=1)
    return left, right


PART = Part("delta", (DELTA, COMPARE), measure)
