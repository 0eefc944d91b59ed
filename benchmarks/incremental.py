"""How long a check of 1,000 files takes when none, some or all are new: `python -m benchmarks.incremental FOLDER [FILES ROWS]`.

Each check is a process of its own, `sameset check`, so that its start is in the figure. Prints a table in Markdown: seconds
of the fastest of three runs where a run changes nothing, otherwise of the one there is; what was read; the registry's size.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.generate import rows_of

FILES, ROWS = 1_000, 9_000  # of 16 columns, 1 MB a file
COLUMNS = 16


def write_files(folder: Path, files: range, rows: int, salt: int = 0) -> None:
    """Parquet files of the first columns of the wide table, whose times are old enough to be trusted."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in files:
        table = rows_of("wide", rows, salt * 1_000_000 + number)
        pq.write_table(table.select(table.column_names[:COLUMNS]), folder / f"{number:05}.parquet")


def check(folder: Path, registry: Path, *options: str) -> tuple[float, float, dict[str, int]]:
    """Seconds of a check as a process, those of its processor, and what it says of the files."""
    command = [
        sys.executable,
        "-c",
        "from sameset.cli.main import main; main()",
        "check",
        str(folder),
        "--name",
        "files",
    ]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, "--registry", str(registry), "--format", "json", "--limit", "0", *options],
        capture_output=True,
        text=True,
    )
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    return seconds, worked, json.loads(done.stdout)["files"] or {"read": -1, "hashed": 0}


def main(folder: Path, files: int, rows: int) -> None:
    """Measures and prints."""
    data, registry = folder / "data", folder / "registry.db"
    registry.unlink(missing_ok=True)
    write_files(data, range(files), rows)
    megabytes = sum(file.stat().st_size for file in data.iterdir()) / 1e6
    print(f"{files} files, {files * rows:,} rows of {COLUMNS} columns, {megabytes:,.0f} MB\n")  # noqa: T201
    print("| check | seconds | of the processor | files read | files hashed |\n| --- | ---: | ---: | ---: | ---: |")  # noqa: T201

    def line(what: str, runs: int, *options: str, into: Path = registry, of: Path = data) -> None:
        seconds, worked, found = min((check(of, into, *options) for _ in range(runs)), key=lambda run: run[0])
        read = files if found["read"] < 0 else found["read"]
        print(f"| {what} | {seconds:.2f} | {worked:.2f} | {read:,} | {found['hashed']:,} |", flush=True)  # noqa: T201

    line("all rows, not incremental", 3, into=folder / "other.db")
    line("first", 1, "--incremental")
    one = folder / "one"
    write_files(one, range(1), rows)
    line("one file, nothing changed", 3, "--incremental", into=folder / "one.db", of=one)
    print(f"\nregistry: {registry.stat().st_size / 1e6:,.0f} MB\n")  # noqa: T201
    line("nothing changed", 3)
    line("nothing changed, --trust-metadata", 3, "--trust-metadata")
    for file in data.iterdir():
        os.utime(file)
    line("all files touched: their bytes are hashed", 1)
    write_files(data, range(files, files + 10), rows)
    line("10 files came", 1)
    write_files(data, range(10), rows, salt=1)
    line("10 files changed", 1)
    for number in range(files, files + 10):
        (data / f"{number:05}.parquet").unlink()
    line("10 files went", 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(map(int, sys.argv[2:]) if len(sys.argv) > 3 else (FILES, ROWS)))
