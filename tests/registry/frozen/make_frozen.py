"""Writes the registries of earlier programs as SQL, by running those programs: python tests/registry/frozen/make_frozen.py

Each file is written once, when its schema is no longer today's, and never again: tests upgrade what it holds.
"""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FROZEN = Path(__file__).parent
ROOT = FROZEN.parents[2]

#: By name, the commit whose program writes it: the first registry of all, and the last before there were migrations.
PROGRAMS = {"first": "7279954", "files": "89845e0"}

RECORD = """
import sys
from datetime import UTC, datetime
from sameset.registry import NewSnapshot, Registry
with Registry.open(sys.argv[1]) as registry:
    for number, name in enumerate(["orders", "items", "orders", "Größe", "orders"]):
        newest = registry.latest(name)
        files = {"files": b"files of %d" % number} if hasattr(NewSnapshot, "files") else {}
        registry.record(NewSnapshot(
            dataset=name, sketch=b"sketch %d" % (number % 4), rows=number, digest=f"digest {number % 4}", source=f"{name}.csv",
            status="new" if newest is None else "modified", verdict=None if newest is None else "modified",
            report='{"number": %d}' % number, validation='{"success": true}' if number % 2 else None, run_id=f"run {number}",
            taken_at=datetime(2026, 1, 1 + number, 12, 30, tzinfo=UTC), program_version="0.1.0", **files,
        ), expected_previous=newest.number if newest else None)
    if files:
        registry.add_file_sketches("orders", {"key": b"sketch of a file"})
"""


def main() -> None:
    """Write every file that is not there yet."""
    sys.path.insert(0, str(FROZEN.parents[1]))
    import servers

    for name, commit in PROGRAMS.items():
        with tempfile.TemporaryDirectory() as folder:
            _unpack(commit, folder)
            if not (FROZEN / f"{name}.sqlite.sql").exists():
                path = f"{folder}/registry.db"
                _record(folder, path)
                with sqlite3.connect(path) as connection:
                    _write(f"{name}.sqlite.sql", list(connection.iterdump()))
            if not (FROZEN / f"{name}.postgresql.sql").exists():
                with servers.postgres_server() as server:
                    _record(folder, server.address)
                    dump = ["--inserts", "--no-owner", "--no-privileges", f"--dbname={server.address}"]
                    program = servers.postgres_program("pg_dump") or "pg_dump"
                    text = subprocess.run([program, *dump], check=True, capture_output=True, text=True).stdout
                lines = [
                    line
                    for line in text.splitlines()
                    if line and not line.startswith(("--", "\\", "SET", "SELECT pg_catalog.set_config"))
                ]
                _write(f"{name}.postgresql.sql", [line.replace("public.", "") for line in lines])


def _unpack(commit: str, folder: str) -> None:
    archive = subprocess.run(["git", "archive", commit, "src"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")


def _record(folder: str, address: str) -> None:
    environment = os.environ | {"PYTHONPATH": f"{folder}/src"}
    subprocess.run([sys.executable, "-c", RECORD, address], env=environment, check=True)


def _write(name: str, lines: list[str]) -> None:
    (FROZEN / name).write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
