"""What an import costs: heavy libraries load when first needed, Great Expectations and Prefect only where asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"duckdb", "great_expectations", "jinja2", "numba", "pandas", "prefect", "pyarrow", "sqlalchemy"}
ENTRY_POINT = "from sameset.cli.main import main; sys.exit(main())"

# Writes the loaded modules down when the process ends, however it ends.
PROBE = """\
import atexit, json, sys
def write(path):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(sorted(sys.modules), out)
atexit.register(write, sys.argv.pop(1))
sys.argv[0] = "sameset"
"""


def run(code: str, *arguments: str, report: Path) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """Runs `code` in a fresh interpreter; gives the process and the top-level modules that it had loaded in the end."""
    command = [sys.executable, "-c", PROBE + code, str(report), *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=240)
    return process, {name.partition(".")[0] for name in json.loads(report.read_text("utf-8"))}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "modules.json"


def test_the_probe_sees_what_a_process_loads(report: Path) -> None:
    _, loaded = run("import pyarrow", report=report)
    assert "pyarrow" in loaded


def test_import_of_sameset_loads_nothing_heavy(report: Path) -> None:
    process, loaded = run("import sameset", report=report)
    assert process.returncode == 0, process.stderr
    assert "sameset" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["--version"]], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str], report: Path) -> None:
    process, loaded = run(ENTRY_POINT, *arguments, report=report)
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() != ""
    assert loaded & HEAVY == set()


def test_check_loads_neither_great_expectations_nor_prefect(report: Path, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("id,price\n1,2.5\n2,3.5\n", encoding="utf-8")
    arguments = ["check", str(orders), "--name", "orders", "--registry", f"sqlite:///{tmp_path / 'registry.db'}"]
    process, loaded = run(ENTRY_POINT, *arguments, report=report)
    assert process.returncode == 0, process.stderr
    assert {"duckdb", "sqlalchemy"} <= loaded, "the check did not read or record anything"
    assert loaded & {"great_expectations", "prefect", "sameset_expectations", "sameset_flows"} == set()
