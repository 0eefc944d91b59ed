"""One function per part of the table: each runs its processes in turns and gives its lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import goals
from benchmarks.data import KEY, changed_rows, first_rows, lineitem
from benchmarks.measure import Command, Run, Spread, alternate, contender, spread
from benchmarks.peers import Peer
from benchmarks.table import Goal, Row

__all__ = ["Bench", "against_peers", "by_itself", "cells", "delta", "memory", "per_cell", "verdict"]

SMALL = 1_000  # rows of the table that contenders warm up with, and that the first verdict is about
CHANGED = 1_000
GIB = 2**30
CELL_ROWS, CELL_REPEATS = 65_536, 9


@dataclass(frozen=True)
class Slow:
    """A contender that gets only so many rows, for about a second of work."""

    goal: Goal
    tool: str
    name: str
    rows: int
    reads: str = "from memory, reading not counted"


SLOW = (
    Slow(goals.PANDAS, "pandas", "pandas_hash", 1_000_000),
    Slow(goals.IDHASH, "idhash", "idhash_hash", 20_000),
    Slow(goals.MD5, "duckdb", "duckdb_md5", 500_000, "from the file"),
    Slow(goals.MMH3, "mmh3", "mmh3_loop", 100_000),
)


@dataclass
class Bench:
    """What all parts need: where the data is kept, at which scale, how many rounds, who can run."""

    cache: Path
    work: Path  #: a folder for this run alone
    scale: float
    rounds: int
    peers: dict[str, Peer]
    note: Callable[[str], None]
    versions: set[str] = field(default_factory=set)

    @property
    def table(self) -> Path:
        """lineitem at the scale."""
        return lineitem(self.cache, self.scale)

    def rounds_of(self, *commands: Command, rounds: int | None = None) -> list[tuple[Run, ...]]:
        """Runs the commands in turns, and remembers which versions ran."""
        found = alternate(commands, rounds or self.rounds, self.note)
        self.versions.update(run.report["version"] for runs in found for run in runs if "version" in run.report)
        return found

    def sketch(self, *key: str, cores: int = 0, scale: float | None = None) -> Command:
        """The full sketch of lineitem."""
        table = self.table if scale is None else lineitem(self.cache, scale)
        return contender(sys.executable, "sameset_sketch", table, first_rows(table, SMALL), *key, cores=cores)


def against_peers(bench: Bench) -> list[Row]:
    """The whole table from the file, against DuckDB and Polars."""
    return [
        _whole(bench, goals.DUCKDB, "duckdb", "duckdb_hash"),
        _whole(bench, goals.POLARS, "polars", "polars_hash"),
    ]


def per_cell(bench: Bench) -> list[Row]:
    """The slow ones on a part of the table, per cell, against the whole sketch of the whole table per cell."""
    table = bench.table
    present = [slow for slow in SLOW if not bench.peers[slow.tool].reason]
    commands = [
        contender(bench.peers[slow.tool].python, slow.name, first_rows(table, slow.rows), first_rows(table, SMALL))
        for slow in present
    ]
    found = bench.rounds_of(bench.sketch(), *commands) if commands else []
    absent = [Row(slow.goal, bench.peers[slow.tool].reason) for slow in SLOW if slow not in present]
    return [*absent, *(_per_cell(slow, i, found) for i, slow in enumerate(present, 1))]


def by_itself(bench: Bench) -> list[Row]:
    """The full sketch against its own parts: bare scan, without key, on all cores."""
    table = bench.table
    scan = contender(sys.executable, "sameset_scan", table, first_rows(table, SMALL))
    found = bench.rounds_of(bench.sketch(), scan, bench.sketch(*KEY), bench.sketch(cores=1))
    pairs = [[(runs[left], runs[right]) for runs in found] for left, right in ((0, 1), (2, 0), (3, 0))]
    return [
        _ratio(goals.FLOOR, pairs[0], "its source's Arrow batches, fetched and dropped"),
        _ratio(goals.KEYED, pairs[1], f"key: {', '.join(KEY)}"),
        _ratio(goals.CORES, pairs[2], "process bound to one core"),
    ]


def memory(bench: Bench, larger: bool) -> list[Row]:
    """Peak memory at the scale, and its growth: to ten times the scale if `larger`, else from a tenth of it."""
    low, high = (bench.scale, bench.scale * 10) if larger else (bench.scale / 10, bench.scale)
    rounds = min(bench.rounds, 3) if larger else bench.rounds
    found = bench.rounds_of(bench.sketch(scale=low), bench.sketch(scale=high), rounds=rounds)
    here = [runs[0 if larger else 1].peak / GIB for runs in found]
    growth = [right.peak / left.peak for left, right in found]
    is_meant = (low, high) == (1, 10)
    how = f"SF{high:g} against SF{low:g}" + ("" if is_meant else ", which the goal is not about (--sf10 measures that)")
    return [
        Row(goals.PEAK, f"whole process, SF{bench.scale:g}", spread(here)),
        Row(goals.GROWTH, how, spread(growth), judged=is_meant),
    ]


def verdict(bench: Bench) -> list[Row]:
    """`sameset check` of a small table that the registry knows; the warm-up records it, and compiles what is not compiled."""
    registry = f"sqlite:///{bench.work / 'registry.db'}"
    arguments = ("check", str(first_rows(bench.table, SMALL)), "--name", "lineitem", "--registry", registry)
    found = bench.rounds_of(_program("sameset check", arguments))
    return [Row(goals.VERDICT, f"sameset check, {SMALL:,} rows, whole process", _times(found, lambda run: run.process))]


def delta(bench: Bench) -> list[Row]:
    """Two sketch files of tables that differ in some rows, compared: within a process, and as a command."""
    table = bench.table
    sketches = tuple(str(bench.work / name) for name in ("left.sameset", "right.sameset"))
    keys = tuple(word for name in KEY for word in ("--key", name))
    for place, sketch in zip((table, changed_rows(table, CHANGED)), sketches, strict=True):
        bench.rounds_of(_program("sameset sketch", ("sketch", str(place), "-o", sketch, *keys)), rounds=1)
    inside = bench.rounds_of(contender(sys.executable, "sameset_delta", *sketches))
    outside = bench.rounds_of(_program("sameset compare", ("compare", *sketches)))
    result = inside[0][0].report["result"]
    how = f"two loaded sketches of SF{bench.scale:g}: decode and verdict; found: {result}"
    return [
        Row(goals.DELTA, how, _times(inside, lambda run: run.work)),
        Row(goals.COMPARE, "sameset compare, whole process", _times(outside, lambda run: run.process)),
    ]


def cells(bench: Bench) -> dict[str, Spread]:
    """Nanoseconds of one cell by type, on one core."""
    command = contender(sys.executable, "sameset_cells", CELL_ROWS, CELL_REPEATS, cores=1)
    found = [runs[0].report["nanoseconds"] for runs in bench.rounds_of(command)]
    return {name: spread([times[name] for times in found]) for name in found[0]}


def _whole(bench: Bench, goal: Goal, tool: str, name: str) -> Row:
    peer = bench.peers[tool]
    if peer.reason:
        return Row(goal, peer.reason)
    table = bench.table
    there = contender(peer.python, name, table, first_rows(table, SMALL))
    return _ratio(goal, bench.rounds_of(bench.sketch(), there), "both from the file, all cores")


def _per_cell(slow: Slow, place: int, found: Sequence[tuple[Run, ...]]) -> Row:
    """How many times as long a contender takes for a cell as the full sketch, which ran first in each round."""
    rows = found[0][place].report["rows"]
    how = f"{slow.tool}: {rows:,} rows {slow.reads}; sameset: the whole table from the file, all cores"
    return Row(slow.goal, how, spread([runs[place].cell / runs[0].cell for runs in found]))


def _ratio(goal: Goal, found: Sequence[tuple[Run, ...]], how: str) -> Row:
    """Left against right, pair by pair, inside and for the whole process."""
    process = spread([left.process / right.process for left, right in found]).median
    return Row(goal, how, spread([left.work / right.work for left, right in found]), process)


def _times(found: Sequence[tuple[Run, ...]], seconds: Callable[[Run], float]) -> Spread:
    return spread([seconds(runs[0]) for runs in found])


def _program(name: str, arguments: tuple[str, ...]) -> Command:
    """The command line as a user runs it; "different" is an answer."""
    program = str(Path(sys.executable).with_name("sameset"))
    return Command(name, (program, *arguments), accepts=(0, 1), reports=False)
