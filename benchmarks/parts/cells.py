"""The cost of one cell by type."""

from __future__ import annotations

import sys

from benchmarks.bench import Bench
from benchmarks.measure import MeasurementError, contender, spread
from benchmarks.table import CellCost

__all__ = ["NAME", "measure"]

NAME = "cells"
ROWS, REPEATS = 65_536, 9


def measure(bench: Bench, words: tuple[str, ...] = ()) -> dict[str, CellCost]:
    """Nanoseconds by type, on one core; only types whose names hold one of the words, if there are any."""
    command = contender(sys.executable, "sameset_cells", bench.size(ROWS), REPEATS, *words, cores=1)
    found = [runs[0].report["nanoseconds"] for runs in bench.rounds_of(command)]
    if not found[0]:
        raise MeasurementError(f"no type's name holds {' or '.join(map(repr, words))}")
    return {name: _cost([costs[name] for costs in found]) for name in found[0]}


def _cost(found: list[dict[str, float]]) -> CellCost:
    """Of the same type in all rounds."""
    spreads = {name: spread([costs[name] for costs in found]) for name in found[0]}
    return CellCost(spreads["cell"], spreads["key"], spreads.get("element"))
