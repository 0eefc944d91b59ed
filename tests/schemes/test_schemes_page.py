"""The examples of docs/schemes.md run."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PAGE = (Path(__file__).parents[2] / "docs/schemes.md").read_text("utf-8")
SAMESET = Path(sysconfig.get_path("scripts")) / "sameset"


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def months(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with january.parquet, february.parquet, and both in both.parquet."""
    monkeypatch.chdir(tmp_path)
    rows = pa.table({"id": range(50), "tags": [[str(i % 3)] * (i % 4) for i in range(50)]})
    for name, part in {"january": rows.slice(0, 31), "february": rows.slice(31), "both": rows}.items():
        pq.write_table(part, f"{name}.parquet")
    return tmp_path


def test_the_python_example_holds(months: Path) -> None:
    exec(compile(block("python"), "schemes.md", "exec"), {})


@pytest.mark.slow
def test_the_shell_example_ends_with_the_same(months: Path) -> None:
    for line in block("sh").splitlines():
        words = line.partition("#")[0].split()
        assert words[0] == "sameset"
        done = subprocess.run([SAMESET, *words[1:]], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("as expected\n")


def test_every_option_of_the_page_exists() -> None:
    told = subprocess.run([SAMESET, "digest", "--help"], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= {*re.findall(r"--[a-z][a-z-]+", told)}
