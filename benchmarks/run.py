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

from benchmarks import rows
from benchmarks.data import lineitem
from benchmarks.goals import GOALS
from benchmarks.measure import MeasurementError, Spread
from benchmarks.peers import environments, of_this_environment
from benchmarks.rows import Bench
from benchmarks.table import Report, Row, as_json, as_markdown, show

__all__ = ["main"]

FOLDER = Path(__file__).parent
WIDTH_OF_A_PIPE = 160
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
            options.scale or (0.1 if options.quick else 1.0),
            options.rounds or (2 if options.quick else 5),
            of_this_environment() if options.no_peers else environments(cache),
            _note,
        )
        report = _measure(bench, options.sf10)
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
    parser.add_argument("--scale", type=float, help="scale of TPC-H lineitem [1; 0.1 with --quick]")
    parser.add_argument("--rounds", type=int, help="rounds after the one to warm up [5; 2 with --quick]")
    parser.add_argument("--quick", action="store_true", help="two rounds at scale 0.1: does it run? no good figures")
    parser.add_argument(
        "--sf10", action="store_true", help="measure memory at ten times the scale, too (2.4 GB on disk)"
    )
    parser.add_argument("--no-peers", action="store_true", help="install nothing; measure peers that are here already")
    parser.add_argument("--cache", type=Path, default=FOLDER / ".cache", help="folder for data and environments")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the table as Markdown, or into a page with its marks"
    )
    return parser.parse_args(arguments)


def _measure(bench: Bench, larger: bool) -> Report:
    _note("making the data")
    lineitem(bench.cache, bench.scale)
    before = os.getloadavg()[0]
    found: list[Row] = []
    failures: list[str] = []
    parts = (rows.against_peers, rows.per_cell, partial(rows.memory, larger=larger), rows.verdict, rows.delta)
    for part in (*parts, rows.by_itself):
        found += _attempt(partial(part, bench), [], failures)
    no_costs: dict[str, Spread] = {}
    costs = _attempt(partial(rows.cells, bench), no_costs, failures)
    missing = set(GOALS) - {row.goal for row in found}
    found += [Row(goal, "a process failed; its words are on stderr") for goal in missing]
    found.sort(key=lambda row: GOALS.index(row.goal))
    circumstances = [
        f"TPC-H lineitem SF{bench.scale:g}, {bench.rounds} rounds after one to warm up, {datetime.now(UTC):%Y-%m-%d}.",
        _machine(),
        f"Load average before: {before:.1f}, after: {os.getloadavg()[0]:.1f}.",
    ]
    if bench.scale != 1:
        circumstances.append("The goals are about SF1; at other scales fixed costs weigh otherwise.")
    return Report(found, costs, circumstances, sorted(bench.versions), failures)


def _attempt(part: Callable[[], Part], otherwise: Part, failures: list[str]) -> Part:
    """What a part gives; where a process of it fails, the minutes spent on the others are not lost."""
    try:
        return part()
    except MeasurementError as error:
        failures.append(str(error))
        return otherwise


def _write_page(page: Path, table: str) -> None:
    """Writes the table to a file; where that is a page with marks (such as README.md here), only between them."""
    text = page.read_text("utf-8") if page.exists() else ""
    head, start, rest = text.partition(START)
    _, end, tail = rest.partition(END)
    page.write_text(f"{head}{START}\n{table}\n{END}{tail}" if start and end else table, "utf-8")


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
