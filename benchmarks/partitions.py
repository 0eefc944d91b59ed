"""What partitions cost, with and without Prefect: `python -m benchmarks.partitions FOLDER [FILES ROWS]`.

Writes so many Parquet files of so many rows of 16 columns (1,000 of 5 MB, unless told otherwise), sketches them in one process by
threads, the same as tasks of a Prefect flow (against a server of its own), and prints medians and the ratio. Runs alternate, and a
run of each goes before that is not counted. Then what a partition and a merge cost, from which docs/scale.md works out larger sets.

At the end of a flow Prefect waits for its heartbeat to notice, up to a second; the last line of the first table is without that.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.incremental import write_files
from sameset.execution.mappers import ThreadMapper
from sameset.execution.partition_jobs import sketch_on_worker
from sameset.execution.partitioning import partition_jobs
from sameset.execution.sketching import sketch_table
from sameset.registry import Registry
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch
from sameset.sources import open_source

FILES, ROWS, ROUNDS = 1_000, 45_000, 3


def main(folder: Path, files: int, rows: int) -> None:
    """Measures and prints."""
    if len(list(folder.glob("*.parquet"))) != files:
        write_files(folder, range(files), rows)
    size = sum(file.stat().st_size for file in folder.iterdir())
    jobs = partition_jobs(open_source(folder), Spec())
    tell(f"{files:,} partitions, {files * rows:,} rows of 16 columns, {size / 1e6:,.0f} MB, {len(jobs)} jobs\n")
    tell("| what | seconds | ratio | of the processor, in this process |\n| --- | ---: | ---: | ---: |")
    beside_prefect(folder)
    costs(folder)


def beside_prefect(folder: Path) -> None:
    """One process by one pass, by jobs, and by jobs as tasks of a flow."""
    from prefect import flow
    from prefect.settings import PREFECT_LOGGING_TO_API_ENABLED, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    from sameset_flows.mapping import PrefectMapper

    logging.disable(logging.ERROR)
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"

    within: list[float] = []

    @flow(persist_result=False)
    def mapped() -> str:
        began = time.perf_counter()
        digest = sketch_table(folder, mapper=PrefectMapper()).text_digest
        within.append(time.perf_counter() - began)
        return digest

    contenders: dict[str, Callable[[], str]] = {
        "one pass, without partitions": lambda: sketch_table(folder).text_digest,
        "partitions, without Prefect": lambda: sketch_table(folder, mapper=ThreadMapper()).text_digest,
        "partitions, as tasks of Prefect": mapped,
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    worked: dict[str, list[float]] = {name: [] for name in contenders}
    with temporary_settings({PREFECT_LOGGING_TO_API_ENABLED: False}), prefect_test_harness(120):
        digests = {run() for run in contenders.values()}
        for _ in range(ROUNDS):
            for name, run in contenders.items():
                before = time.process_time()
                times[name].append(seconds(run))
                worked[name].append(time.process_time() - before)
    if len(digests) > 1:
        raise RuntimeError(f"the digests differ: {digests}")
    base = median(times["partitions, without Prefect"])
    for name, found in times.items():
        tell(f"| {name} | {median(found):.2f} | {median(found) / base:.2f}x | {median(worked[name]):.2f} |")
    inside = median(within[1:])
    tell(f"| the same, until the flow's function has returned | {inside:.2f} | {inside / base:.2f}x | |")


def costs(folder: Path) -> None:
    """What does not depend on rows: planning, a job's message, what comes back, a merge."""
    source = open_source(folder)
    tell(f"| planning the jobs | {seconds(lambda: partition_jobs(open_source(folder), Spec())):.3f} | | |")
    jobs = partition_jobs(source, Spec())
    done = sketch_on_worker(jobs[0])
    tell(f"| one job of {len(jobs[0].files)} files, one core | {seconds(lambda: sketch_on_worker(jobs[0])):.3f} | | |")
    whole = TableSketch.from_bytes(done.sketch)

    def merge() -> None:
        whole.merge(TableSketch.from_bytes(done.sketch))

    tell(f"| one merge, the sketch read from its bytes | {median(seconds(merge) for _ in range(50)):.4f} | | |")
    with TemporaryDirectory() as place, Registry.open(f"{place}/registry.db") as registry:
        kept = median(
            seconds(lambda key=str(i): registry.add_file_sketches("x", {key: done.sketch})) for i in range(50)
        )
    tell(f"| one sketch kept in a registry of SQLite | {kept:.4f} | | |")
    tell(f"\na job is {len(pickle.dumps(jobs[0])):,} bytes, its sketch {len(done.sketch):,}")


def seconds(run: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def tell(line: str) -> None:
    """Prints a line at once."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[2:]]
    main(Path(sys.argv[1]), *(numbers or [FILES, ROWS]))
