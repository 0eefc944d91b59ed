"""The first verdict in a fresh process."""

from __future__ import annotations

from benchmarks.bench import SMALL, Bench, Part, program, times
from benchmarks.data import first_rows
from benchmarks.goals import VERDICT
from benchmarks.table import Row

__all__ = ["PART", "measure"]


def measure(bench: Bench) -> list[Row]:
    """`sameset check` of a small table that the registry knows; the warm-up records it, and compiles what is not compiled."""
    registry = f"sqlite:///{bench.work / 'registry.db'}"
    arguments = ("check", str(first_rows(bench.table, SMALL)), "--name", "lineitem", "--registry", registry)
    found = bench.rounds_of(program("sameset check", arguments))
    return [Row(VERDICT, f"sameset check, {SMALL:,} rows, whole process", times(found, lambda run: run.process))]


PART = Part("verdict", (VERDICT,), measure)
