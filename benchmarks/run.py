"""Measures everything and prints the table: `python -m benchmarks.run` (`make bench`)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from benchmarks.bench import Bench
from benchmarks.goals import GOALS, SECTIONS
from benchmarks.measure import MeasurementError
from benchmarks.parts import PARTS, cells
from benchmarks.peers import Environments, ThisEnvironment
from benchmarks.table import CellCost, Goal, Report, Row, as_json, as_markdown, show

__all__ = ["main"]

FOLDER = Path(__file__).parent
WIDTH_OF_A_PIPE = 160
QUICK_SCALE = 0.01
START, END = "<!-- table -->\n", "<!-- end of table -->\n"

Part = TypeVar("Part")


def main(arguments: list[str] | None = None) -> None:
    """Runs the benchmarks as the options say."""
    options = _options(arguments)
    cache = options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sameset-bench-") as work:
        bench = Bench(
            cache,
            Path(work),
            options.scale or (QUICK_SCALE if options.quick else 1.0),
            options.rounds or (1 if options.quick else 5),
            ThisEnvironment() if options.no_peers else Environments(cache),
            _note,
            options.sf10,
            _wanted(options.only) if options.only else None,
        )
        report = _measure(bench, tuple(options.types), not options.only or cells.NAME in options.only)
    _note("")
    width = None if sys.stdout.isatty() else WIDTH_OF_A_PIPE
    show(report, Console(width=width))
    if options.json:
        options.json.write_text(json.dumps(as_json(report), indent=2) + "\n", "utf-8")
    if options.markdown:
        _write_page(options.markdown, as_markdown(report))
    if report.failures:
        sys.exit("\n".join(report.failures))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description="Ratios against other tools, side by side.")
    parser.add_argument(
        "--scale", type=float, help="scale of TPC-H lineitem; below 1 of all tables [1; 0.01 with --quick]"
    )
    parser.add_argument("--rounds", type=int, help="rounds after the one to warm up [5; 1 with --quick]")
    parser.add_argument("--quick", action="store_true", help="one round at scale 0.01: does it run? no good figures")
    parser.add_argument(
        "--sf10", action="store_true", help="measure lineitem at ten times the scale, too (2.4 GB on disk)"
    )
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="only these parts or rows: lineitem, duckdb, wide, cells"
    )
    parser.add_argument("--types", nargs="+", default=[], metavar="WORD", help="only cells whose type holds a word")
    parser.add_argument("--no-peers", action="store_true", help="install nothing; measure peers that are here already")
    parser.add_argument("--cache", type=Path, default=FOLDER / ".cache", help="folder for data and environments")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the table as Markdown, or into a page with its marks"
    )
    options = parser.parse_args(arguments)
    if options.types and not options.only:
        options.only = [cells.NAME]
    if options.only and options.markdown and START in _text_of(options.markdown):
        parser.error(f"{options.markdown} keeps the table of a whole run; leave --only out, or name another file")
    return options


def _wanted(names: list[str]) -> frozenset[Goal]:
    """The lines of the parts that are named, and those that are named themselves."""
    parts = {part.name: part.goals for part in PARTS} | {goal.key: (goal,) for goal in GOALS} | {cells.NAME: ()}
    unknown = sorted(set(names) - parts.keys())
    if unknown:
        raise SystemExit(f"nothing is called {', '.join(unknown)}; there are: {' '.join(parts)}")
    return frozenset(goal for name in names for goal in parts[name])


def _measure(bench: Bench, words: tuple[str, ...] = (), with_cells: bool = True) -> Report:
    _note("making the data")
    bench.table  # noqa: B018 - made now, so that it is not part of the load before
    before = os.getloadavg()[0]
    found: dict[Goal, Row] = {}
    failures: list[str] = []
    for part in PARTS:
        goals = [goal for goal in part.goals if bench.wants(goal)]
        if goals:
            rows: list[Row] = []
            rows = _attempt(partial(part.measure, bench), rows, failures)
            missing = {goal: Row(goal, "a process failed; its words are on stderr") for goal in goals}
            found |= missing | {row.goal: row for row in rows}
    no_costs: dict[str, CellCost] = {}
    costs = _attempt(partial(cells.measure, bench, words), no_costs, failures) if with_cells else no_costs
    sections = {title: [found[goal] for goal in goals if goal in found] for title, goals in SECTIONS.items()}
    return Report(sections, costs, _circumstances(bench, before), sorted(bench.versions), failures)


def _circumstances(bench: Bench, load: float) -> list[str]:
    """Sentences about this run; `load` is that before it."""
    words = [
        f"TPC-H lineitem SF{bench.scale:g}, rounds after one to warm up: {bench.rounds}, {datetime.now(UTC):%Y-%m-%d}.",
        _machine(),
        f"Load average before: {load:.1f}, after: {os.getloadavg()[0]:.1f}.",
    ]
    return (
        words if bench.scale == 1 else [*words, "The goals are about SF1; at other scales fixed costs weigh otherwise."]
    )


def _attempt(part: Callable[[], Part], otherwise: Part, failures: list[str]) -> Part:
    """What a part gives; where a process of it fails, the minutes spent on the others are not lost."""
    try:
        return part()
    except MeasurementError as error:
        failures.append(str(error))
        return otherwise


def _write_page(page: Path, table: str) -> None:
    """Writes the table to a file; where that is a page with marks (such as README.md here), only between them."""
    text = _text_of(page)
    head, start, rest = text.partition(START)
    _, end, tail = rest.partition(END)
    page.write_text(f"{head}{START}\n{table}\n{END}{tail}" if start and end else table, "utf-8")


def _text_of(page: Path) -> str:
    return page.read_text("utf-8") if page.exists() else ""


def _machine() -> str:
    """Cores and processor in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    facts = Path("/proc/cpuinfo").read_text("utf-8") if os.path.exists("/proc/cpuinfo") else ""
    lines = dict(line.split("\t", 1) for line in facts.splitlines() if "\t" in line)
    model = lines.get("model name", "").lstrip("\t: ") or "unknown processor"
    vectors = " with AVX-512" if "avx512f" in facts else ""
    return f"{cores} cores, {model}{vectors}, Python {sys.version.split()[0]}."


def _note(what: str) -> None:
    """The step at work, on one line of stderr, if a person watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{what}")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
