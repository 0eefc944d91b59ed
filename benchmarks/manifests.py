"""What differs between large tables of which only manifests are left: `python -m benchmarks.manifests CACHE [SCALE]`.

Sketches lineitem (SF10, 60 million rows, unless told otherwise) and two changed editions of it with manifests, compares the
sketches under memory limits, and prints a table in Markdown: differing rows, limit, seconds, peak memory of the process. The counts
have to be those by which the editions were made. Needs about 12 GB on disk at SF10.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.bench import program
from benchmarks.data import KEY, edition, lineitem
from benchmarks.measure import Run, run_once

SCALE = 10.0
EDITIONS = {"some": (60, 600, 600), "many": (3, 0, 0)}  # every so many rows changed, went, came; 0: none
LIMITS = (("some", "2GiB"), ("some", "1GiB"), ("many", "2GiB"))


def main(cache: Path, scale: float) -> None:
    """Measures and prints."""
    table = lineitem(cache, scale)
    rows = pq.read_metadata(table).num_rows
    tell(f"lineitem at SF{scale:g}, {rows:,} rows\n\n| what | seconds | memory |\n| --- | ---: | ---: |")
    plain = sketch(table, cache / "plain.sameset")
    tell(line("plain sketch", plain))
    tell(line("with manifest", sketch(table, cache / "before.sameset", "--manifest")))
    for name, steps in EDITIONS.items():
        made = edition(table, name, steps)
        tell(line(f"{name}, with manifest", sketch(made, cache / f"{name}.sameset", "--manifest")))
    tell("\n| differing rows | limit | seconds | memory |\n| --- | --- | ---: | ---: |")
    for name, limit in LIMITS:
        run, counts = compared(cache, name, limit)
        expected = dict(zip(("changed", "removed", "added"), expected_counts(rows, EDITIONS[name]), strict=True))
        if counts != expected:
            raise SystemExit(f"the counts are {counts} and should be {expected}")
        told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
        tell(line(f"{told} | {limit}", run))


def sketch(table: Path, target: Path, *options: str) -> Run:
    """The sketch of a table as a process."""
    keys = tuple(word for name in KEY for word in ("--key", name))
    return run_once(program(f"sketch {table.name}", ("sketch", str(table), "-o", str(target), *keys, *options)))


def compared(cache: Path, name: str, limit: str) -> tuple[Run, dict[str, int]]:
    """The comparison of two sketches with manifests, and how many rows it says differ."""
    sides = (str(cache / "before.sameset"), str(cache / f"{name}.sameset"))
    run = run_once(program("compare", ("compare", *sides, "--memory-limit", limit, "--limit", "0", "--format", "json")))
    found = json.loads(run.output)["rows"]
    return run, {what: found[what] for what in ("changed", "removed", "added")}


def expected_counts(rows: int, steps: tuple[int, int, int]) -> Iterator[int]:
    """How many rows of so many an edition changed, left out and added: it counts rows from 0, 1 and 2 on."""
    for start, step in enumerate(steps):
        yield len(range(start, rows, step)) if step else 0


def line(what: str, run: Run) -> str:
    """A row of a table."""
    return f"| {what} | {run.process:.1f} | {run.peak / 2**20:,.0f} MiB |"


def tell(text: str) -> None:
    """Prints at once."""
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else SCALE)
