"""lineitem from its file: against DuckDB and Polars, and against its own bare scan, with a key, on one core."""

from __future__ import annotations

import sys

from benchmarks.bench import WARM, Bench, Part, ratio
from benchmarks.data import KEY, first_rows
from benchmarks.goals import CORES, DUCKDB, FLOOR, KEYED, POLARS
from benchmarks.measure import Command, contender
from benchmarks.table import Goal, Row

__all__ = ["PART", "measure"]

FROM_FILE = "both from the file, all cores"


def measure(bench: Bench) -> list[Row]:
    """Each peer by itself with the sketch; then the sketch and what it is compared with of its own."""
    rows = [_peer(bench, goal) for goal in (DUCKDB, POLARS) if bench.wants(goal)]
    return rows + _by_itself(bench)


def _peer(bench: Bench, goal: Goal) -> Row:
    peer = bench.peers[goal.key]
    if peer.reason:
        return Row(goal, peer.reason)
    there = contender(peer.python, f"{goal.key}_hash", bench.table, first_rows(bench.table, WARM))
    return ratio(goal, bench.rounds_of(bench.sketch(), there), FROM_FILE)


def _by_itself(bench: Bench) -> list[Row]:
    """The lines of the sketch against its own parts, all in the same rounds."""
    scan = contender(sys.executable, "sameset_scan", bench.table, first_rows(bench.table, WARM))
    others: dict[Goal, tuple[Command, str]] = {
        FLOOR: (scan, "its source's Arrow batches, fetched and dropped"),
        KEYED: (bench.sketch(*KEY), f"key: {', '.join(KEY)}"),
        CORES: (bench.sketch(cores=1), "process bound to one core"),
    }
    wanted = {goal: other for goal, other in others.items() if bench.wants(goal)}
    if not wanted:
        return []
    found = bench.rounds_of(bench.sketch(), *(command for command, _ in wanted.values()))
    # The scan is the floor under the sketch; the others are the sketch in another way, against the usual one.
    return [
        ratio(goal, found, how, *((0, place) if goal is FLOOR else (place, 0)))
        for place, (goal, (_, how)) in enumerate(wanted.items(), 1)
    ]


PART = Part("lineitem", (DUCKDB, POLARS, FLOOR, KEYED, CORES), measure)
