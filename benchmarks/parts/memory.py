"""Memory and time as lineitem grows: from SF1 to SF10 if asked for, else from a tenth of the scale to the scale."""

from __future__ import annotations

from benchmarks.bench import Bench, Part, peaks
from benchmarks.data import lineitem
from benchmarks.goals import GROWTH, GROWTH_TIME, PEAK
from benchmarks.measure import spread
from benchmarks.table import Row

__all__ = ["PART", "measure"]

ENOUGH = 3  # rounds at ten times the scale, where each takes a minute


def measure(bench: Bench) -> list[Row]:
    """Peak at the scale; peak and time of the larger table against the smaller one."""
    low, high = (bench.scale, bench.scale * 10) if bench.larger else (bench.scale / 10, bench.scale)
    commands = [bench.sketch(table=lineitem(bench.cache, scale)) for scale in (low, high)]
    found = bench.rounds_of(*commands, rounds=min(bench.rounds, ENOUGH) if bench.larger else None)
    is_meant = (low, high) == (1, 10)
    how = f"SF{high:g} against SF{low:g}" + ("" if is_meant else ", which is not what is asked (--sf10 measures that)")
    rows = [
        Row(PEAK, f"whole process, SF{bench.scale:g}", peaks(found, 0 if bench.larger else 1)),
        Row(GROWTH, how, spread([large.peak / small.peak for small, large in found]), judged=is_meant),
        Row(GROWTH_TIME, how, spread([large.work / small.work for small, large in found])),
    ]
    return [row for row in rows if bench.wants(row.goal)]


PART = Part("memory", (PEAK, GROWTH, GROWTH_TIME), measure)
