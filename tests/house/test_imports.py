"""What an import costs: heavy libraries load when first needed, Great Expectations and Prefect only where asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sameset import check_table

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


#: What numba loads to run its first kernel.
FIRST_KERNEL = "numba.np.arraymath"


def run(code: str, *arguments: str, report: Path) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """Runs `code` in a fresh interpreter; gives the process and the top-level modules that it had loaded in the end."""
    command = [sys.executable, "-c", PROBE + code, str(report), *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=240)
    modules = json.loads(report.read_text("utf-8"))
    return process, {name.partition(".")[0] for name in modules} | ({FIRST_KERNEL} & set(modules))


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


EXPECTATIONS = "from sameset_expectations_cli.main import main; sys.exit(main())"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["run", "--help"], 0),
        (["--version"], 0),
        (["run"], 2),
        (["run", "nightly", "--parameter", "bound"], 2),
        (["run", "nightly", "--project", "nowhere"], 2),
        (["self-contained", "nowhere"], 2),
        (["report", "nowhere.json"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_help_and_wrong_arguments_wait_for_nothing_heavy(arguments: list[str], code: int, report: Path) -> None:
    process, loaded = run(EXPECTATIONS, *arguments, report=report)
    assert process.returncode == code, process.stderr
    assert loaded & {*HEAVY, "sameset_expectations"} == set()


def test_a_report_of_a_stored_result_does_not_load_great_expectations(report: Path, tmp_path: Path) -> None:
    stored = tmp_path / "result.json"
    stored.write_text('{"results": [], "success": true, "suite_name": "quality"}', encoding="utf-8")
    process, loaded = run(EXPECTATIONS, "report", str(stored), "--format", "html", report=report)
    assert (process.returncode, "quality" in process.stdout) == (0, True), process.stderr
    assert loaded & {"great_expectations", "sameset_expectations"} == set()


def test_check_loads_neither_great_expectations_nor_prefect(report: Path, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("id,price\n1,2.5\n2,3.5\n", encoding="utf-8")
    arguments = ["check", str(orders), "--name", "orders", "--registry", f"sqlite:///{tmp_path / 'registry.db'}"]
    process, loaded = run(ENTRY_POINT, *arguments, report=report)
    assert process.returncode == 0, process.stderr
    assert {"duckdb", "sqlalchemy"} <= loaded, "the check did not read or record anything"
    assert loaded & {"great_expectations", "prefect", "sameset_expectations", "sameset_flows"} == set()


def test_a_check_of_unchanged_files_runs_no_kernel_and_loads_no_pandas(report: Path, tmp_path: Path) -> None:
    (tmp_path / "days").mkdir()
    for day in range(3):
        pq.write_table(pa.table({"day": [day] * 9, "name": list("abcdefghi")}), tmp_path / "days" / f"{day}.parquet")
    registry = f"sqlite:///{tmp_path / 'registry.db'}"
    check_table(tmp_path / "days", "days", registry, key=["day", "name"], incremental=True)
    process, loaded = run(
        ENTRY_POINT, "check", str(tmp_path / "days"), "--name", "days", "--registry", registry, report=report
    )
    assert (process.returncode, "3 of 3 files unchanged; 0 read" in process.stdout) == (0, True), process.stderr
    assert loaded & {FIRST_KERNEL, "pandas"} == set()
