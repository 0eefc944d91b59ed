"""Files broken at random are refused or read: never a crash, a hang, or an error that is not ours.

A broken sketch is never read as another sketch, since its check covers all of its content. Arrow IPC, Parquet, CSV and
JSON lines have no checksum that would always be there: a byte changed within a value is another value, and nobody can know.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from broken_files import KINDS

CHILD = Path(__file__).with_name("broken_files.py")
QUICK = {"sketch": 150, "arrow": 120, "parquet": 60, "footer": 60, "csv": 20, "jsonl": 60}
LONG = {"sketch": 2500, "arrow": 1500, "parquet": 600, "footer": 900, "csv": 150, "jsonl": 450}


# Arrow's reader of IPC files believes all offsets: without validation what is broken there is read from anywhere in memory.
every_kind = pytest.mark.parametrize("kind", KINDS)


def outcomes(kind: str, first: int, count: int, folder: Path) -> dict[str, list[int]]:
    """What came of the cases of a kind: {"refused": [case, ...], ...}; a crash or hang is one of the outcomes."""
    command = [sys.executable, str(CHILD), kind, str(first), str(count), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    found: dict[str, list[int]] = {}
    *whole, last = done.stdout.split("\n")
    for line in whole:
        case = json.loads(line)
        found.setdefault(case["outcome"], []).append(case["case"])
    if done.returncode:
        found[f"exit code {done.returncode} in {last}: {done.stderr[-2000:]}"] = [first + len(whole)]
    else:
        assert sum(map(len, found.values())) == count
    return found


def assert_refused_or_read(kind: str, first: int, count: int, folder: Path) -> None:
    found = outcomes(kind, first, count, folder)
    assert {what: cases for what, cases in found.items() if what not in ("refused", "read")} == {}
    # Otherwise nothing was broken, or nothing was a file of its kind to begin with.
    assert len(found["refused"]) > count / 4
    assert found["read"]


@pytest.mark.slow
@every_kind
def test_a_broken_file_is_refused_or_read(kind: str, tmp_path: Path) -> None:
    assert_refused_or_read(kind, 0, QUICK[kind], tmp_path)


@pytest.mark.slow
@every_kind
def test_any_of_many_broken_files_is_refused_or_read(kind: str, tmp_path: Path) -> None:
    assert_refused_or_read(kind, 1_000_000, LONG[kind], tmp_path)
