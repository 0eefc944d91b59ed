"""The tools that would take minutes: each gets a part of lineitem, and its time per cell is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.bench import SMALL, Bench, Part
from benchmarks.data import first_rows
from benchmarks.goals import IDHASH, IDHASH_FILE, MD5, MMH3, PANDAS, PANDAS_FILE
from benchmarks.measure import Command, Run, contender, spread
from benchmarks.table import Goal, Row

__all__ = ["PART", "measure"]

PANDAS_ROWS = 1_000_000


@dataclass(frozen=True)
class Slow:
    """A contender that gets only so many rows, for about a second of work."""

    goal: Goal
    tool: str
    name: str
    rows: int
    reads: str = "in its favour: from memory, reading not counted"


SLOW = (
    Slow(PANDAS, "pandas", "pandas_hash", PANDAS_ROWS, "in its favour: from memory, reading not counted, no decimals"),
    Slow(IDHASH_FILE, "idhash", "idhash_file", 20_000, "from their own file, decimals and dates converted"),
    Slow(IDHASH, "idhash", "idhash_hash", 20_000, "in its favour: from memory, reading not counted, no decimals"),
    Slow(MD5, "duckdb", "duckdb_md5", 500_000, "from their own file"),
    Slow(MMH3, "mmh3", "mmh3_loop", 100_000),
)


def measure(bench: Bench) -> list[Row]:
    """pandas from a file of its own, then all the others in the same rounds with the sketch of the whole table."""
    rows = [_from_file(bench)] if bench.wants(PANDAS_FILE) else []
    wanted = [slow for slow in SLOW if bench.wants(slow.goal)]
    present = [slow for slow in wanted if not bench.peers[slow.tool].reason]
    rows += [Row(slow.goal, bench.peers[slow.tool].reason) for slow in wanted if slow not in present]
    commands = [_command(bench, slow) for slow in present]
    found = bench.rounds_of(bench.sketch(), *commands) if commands else []
    return rows + [_per_cell(slow, place, found) for place, slow in enumerate(present, 1)]


def _command(bench: Bench, slow: Slow) -> Command:
    python = bench.peers[slow.tool].python
    return contender(python, slow.name, first_rows(bench.table, slow.rows), first_rows(bench.table, SMALL))


def _per_cell(slow: Slow, place: int, found: Sequence[tuple[Run, ...]]) -> Row:
    """How many times as long a contender takes for a cell as the full sketch, which ran first in each round."""
    rows = found[0][place].report["rows"]
    how = f"{slow.tool}: {rows:,} rows {slow.reads}; sameset: the whole table from the file, all cores"
    return Row(slow.goal, how, spread([runs[place].cell / runs[0].cell for runs in found]))


def _from_file(bench: Bench) -> Row:
    """Like for like: the same file, reading counted, types as `read_parquet` gives them."""
    peer = bench.peers["pandas"]
    if peer.reason:
        return Row(PANDAS_FILE, peer.reason)
    table = first_rows(bench.table, PANDAS_ROWS)
    there = contender(peer.python, "pandas_file", table, first_rows(bench.table, SMALL))
    found = bench.rounds_of(bench.sketch(table=table), there)
    rows = found[0][1].report["rows"]
    how = f"both from the same file of {rows:,} rows, reading counted, types as read (decimals are Python's)"
    return Row(PANDAS_FILE, how, spread([there.cell / here.cell for here, there in found]))


PART = Part("slow", (PANDAS_FILE, *(slow.goal for slow in SLOW)), measure)
