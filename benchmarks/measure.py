"""Whole processes, measured in turns: time inside and outside, peak memory, and ratios pair by pair."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["Command", "MeasurementError", "Run", "Spread", "alternate", "contender", "run_once", "spread"]

ROOT = Path(__file__).parents[1]
KIB = 1 if sys.platform == "darwin" else 1024


class MeasurementError(Exception):
    """A measured process failed, or gave another result each time; the other measurements stay good."""


@dataclass(frozen=True)
class Command:
    """A process that can be run again and again; `accepts` are the exit codes that are no failure."""

    name: str
    arguments: tuple[str, ...]
    accepts: tuple[int, ...] = (0,)
    reports: bool = True  #: whether its output is a contender's line of JSON


@dataclass(frozen=True)
class Run:
    """One run of a command: seconds of the whole process, peak resident bytes, its report, and all that it printed."""

    process: float
    peak: int
    report: dict[str, Any] = field(default_factory=dict)
    output: bytes = b""

    @property
    def work(self) -> float:
        """Seconds inside, around the work alone."""
        return float(self.report["work"])

    @property
    def cell(self) -> float:
        """Seconds of work for one cell."""
        return self.work / float(self.report["rows"] * self.report["columns"])


@dataclass(frozen=True)
class Spread:
    """Median and range of several measurements."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(median(values), min(values), max(values))


def contender(python: str, name: str, *places: object, cores: int = 0) -> Command:
    """A contender over some places, run by an interpreter, on so many cores (0: all)."""
    arguments = (python, "-m", "benchmarks.contenders", name, str(cores), *map(str, places))
    return Command(name, arguments)


def alternate(commands: Sequence[Command], rounds: int, note: Callable[[str], None]) -> list[tuple[Run, ...]]:
    """So many rounds, after one to warm up, in which each command runs once; every other round in reverse order.

    A drift of the machine (clock, neighbours, caches) then meets all of them alike.
    """
    found = []
    for turn in range(rounds + 1):
        order = range(len(commands)) if turn % 2 else reversed(range(len(commands)))
        runs = {i: _run(commands[i], note) for i in order}
        if turn:
            found.append(tuple(runs[i] for i in range(len(commands))))
    _same_results(commands, found)
    return found


def run_once(command: Command) -> Run:
    """One run of a command, where that is long enough to be its own warm-up."""
    return _run(command, lambda name: None)


def _run(command: Command, note: Callable[[str], None]) -> Run:
    """Runs a command to its end; its peak memory is its own, because each process is waited for by itself."""
    note(command.name)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, cwd=ROOT, env=_environment()
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        output = out.read()
        # Python's own exit code for a crash is 1, too; but who answers says something.
        if process.returncode not in command.accepts or (process.returncode and not output):
            errors.seek(0)
            words = errors.read().decode(errors="replace").strip()[-2000:]
            raise MeasurementError(f"{command.name} failed with exit code {process.returncode}:\n{words}")
        report = json.loads(output.splitlines()[-1]) if command.reports else {}
    return Run(seconds, usage.ru_maxrss * KIB, report, output)


def _environment() -> dict[str, str]:
    """The environment without the user's own settings of sameset."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SAMESET_")}


def _same_results(commands: Sequence[Command], rounds: Sequence[tuple[Run, ...]]) -> None:
    """Whoever finds something else each time does not do what is measured."""
    for i, command in enumerate(commands):
        results = {runs[i].report.get("result") for runs in rounds}
        if len(results) > 1:
            raise MeasurementError(
                f"{command.name} gave different results in different rounds: {sorted(map(str, results))}"
            )
