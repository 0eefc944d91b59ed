"""Two versions of a table compared: the same keys found by sameset, datacompy and reladiff."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench import SMALL, Bench, Part, peaks
from benchmarks.data import first_rows, two_versions
from benchmarks.goals import DATACOMPY_PANDAS, DATACOMPY_POLARS, RELADIFF_HASH, RELADIFF_JOIN
from benchmarks.measure import Command, MeasurementError, Run, contender, spread
from benchmarks.table import Goal, Row

__all__ = ["PART", "measure"]

ROWS, LEAST_ROWS = 1_000_000, 10_000
ENOUGH = 3  # rounds: some of these take half a minute


class Differ(NamedTuple):
    """Who compares two tables: from Parquet, or from a database with an algorithm."""

    goal: Goal
    tool: str
    name: str
    algorithm: str = ""


FROM_FILES = (
    Differ(DATACOMPY_POLARS, "datacompy", "datacompy_polars"),
    Differ(DATACOMPY_PANDAS, "datacompy", "datacompy_pandas"),
)
FROM_DATABASE = (
    Differ(RELADIFF_JOIN, "reladiff", "reladiff_tables", "joindiff"),
    Differ(RELADIFF_HASH, "reladiff", "reladiff_tables", "hashdiff"),
)


def measure(bench: Bench) -> list[Row]:
    """Those that read files, then those that read a database: each time with sameset on the same place."""
    return [*_side_by_side(bench, FROM_FILES), *_side_by_side(bench, FROM_DATABASE)]


def _side_by_side(bench: Bench, differs: Sequence[Differ]) -> list[Row]:
    wanted = [differ for differ in differs if bench.wants(differ.goal)]
    present = [differ for differ in wanted if not bench.peers[differ.tool].reason]
    rows = [Row(differ.goal, bench.peers[differ.tool].reason) for differ in wanted if differ not in present]
    if not present:
        return rows
    commands = [_own(bench, bool(present[0].algorithm)), *(_command(bench, differ) for differ in present)]
    found = bench.rounds_of(*commands, rounds=min(bench.rounds, ENOUGH))
    _same_answers(commands, found[0])
    return rows + [_row(differ.goal, found, place) for place, differ in enumerate(present, 1)]


def _own(bench: Bench, in_database: bool) -> Command:
    before, after, database = _places(bench)
    sides: tuple[object, ...] = (f"{database}::before", f"{database}::after") if in_database else (before, after)
    return contender(sys.executable, "sameset_changes", *sides, first_rows(bench.table, SMALL))


def _command(bench: Bench, differ: Differ) -> Command:
    before, after, database = _places(bench)
    places: tuple[object, ...] = (
        (database, differ.algorithm) if differ.algorithm else (before, after, first_rows(bench.table, SMALL))
    )
    return contender(bench.peers[differ.tool].python, differ.name, *places)


def _places(bench: Bench) -> tuple[Path, Path, Path]:
    return two_versions(bench.table, max(bench.size(ROWS), LEAST_ROWS))


def _same_answers(commands: Sequence[Command], runs: Sequence[Run]) -> None:
    """Who finds other keys does another job."""
    answers = {run.report["result"] for run in runs}
    if len(answers) > 1:
        told = "; ".join(f"{c.name}: {run.report['result']}" for c, run in zip(commands, runs, strict=True))
        raise MeasurementError(f"the tools that compare two tables do not agree: {told}")


def _row(goal: Goal, found: Sequence[tuple[Run, ...]], place: int) -> Row:
    report = found[0][place].report
    where = "from one DuckDB file" if "reladiff" in goal.key else "from Parquet"
    what = report["result"].split(";")[0]
    how = (
        f"two tables of lineitem {where}, {report['rows']:,} rows together, {what}: the same keys; "
        f"peak memory {peaks(found, place).median:.2g} GiB, sameset {peaks(found).median:.2g} GiB"
    )
    return Row(goal, how, spread([runs[place].work / runs[0].work for runs in found]))


PART = Part("versions", (DATACOMPY_POLARS, DATACOMPY_PANDAS, RELADIFF_JOIN, RELADIFF_HASH), measure)
