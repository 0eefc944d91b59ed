"""The tables of other shapes than lineitem, each from its file: against DuckDB and Polars, on one core, and its memory."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from benchmarks.bench import SMALL, Bench, Part, peaks, ratio
from benchmarks.data import generated
from benchmarks.goals import TABLE_GOALS, TableGoals
from benchmarks.measure import Command, Run, contender
from benchmarks.shapes import SHAPES, Shape
from benchmarks.table import Row

__all__ = ["PARTS", "measure"]


def measure(bench: Bench, shape: Shape, goals: TableGoals) -> list[Row]:
    """The sketch first, then who is asked for, all in the same rounds."""
    peers = {goals.duckdb: "duckdb", goals.polars: "polars"}
    absent = {goal: bench.peers[tool].reason for goal, tool in peers.items() if bench.wants(goal)}
    rows = [Row(goal, reason) for goal, reason in absent.items() if reason]
    present = {goal: tool for goal, tool in peers.items() if absent.get(goal) == ""}
    commands = [_command(bench, shape, bench.peers[tool].python, f"{tool}_hash") for tool in present.values()]
    if bench.wants(goals.cores):
        commands.append(_command(bench, shape, sys.executable, "sameset_sketch", cores=1))
    found = bench.rounds_of(_command(bench, shape, sys.executable, "sameset_sketch"), *commands)
    rows += [ratio(goal, found, _how(bench, shape, found), 0, place) for place, goal in enumerate(present, 1)]
    if bench.wants(goals.cores):
        rows.append(ratio(goals.cores, found, "process bound to one core", len(commands), 0))
    if bench.wants(goals.peak):
        rows.append(Row(goals.peak, _beside(found, list(present.values())), peaks(found)))
    return rows


def _command(bench: Bench, shape: Shape, python: str, name: str, cores: int = 0) -> Command:
    table = generated(bench.cache, shape.name, bench.size(shape.rows))
    return contender(python, name, table, generated(bench.cache, shape.name, SMALL), cores=cores)


def _how(bench: Bench, shape: Shape, found: Sequence[tuple[Run, ...]]) -> str:
    report = found[0][0].report
    megabytes = generated(bench.cache, shape.name, bench.size(shape.rows)).stat().st_size / 1e6
    return f"{shape.what}: {report['rows']:,} rows x {report['columns']:,} columns, {megabytes:,.0f} MB"


def _beside(found: Sequence[tuple[Run, ...]], tools: Sequence[str]) -> str:
    """What the peers took, which ran after the sketch in each round."""
    words = [f"{tool} {peaks(found, place).median:.2g} GiB" for place, tool in enumerate(tools, 1)]
    return "; ".join(["whole process", *words])


PARTS = tuple(
    Part(name, goals.all, partial(measure, shape=SHAPES[name], goals=goals)) for name, goals in TABLE_GOALS.items()
)
