"""The README's examples run, on files of the names that it uses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SAMESET = Path(sys.executable).with_name("sameset")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with orders.parquet and corrected.parquet/.csv: 12 rows changed, 5 added, 3 removed."""
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as con:
        con.execute("create table orders as select i as o_orderkey, i * 0.25 as o_totalprice from range(2000) t(i)")
        con.execute("copy orders to 'orders.parquet'")
        con.execute("update orders set o_totalprice = -1 where o_orderkey < 12")
        con.execute("delete from orders where o_orderkey between 100 and 102")
        con.execute("insert into orders select 10_000_000 + i, i from range(5) t(i)")
        con.execute("copy orders to 'corrected.parquet'")
        con.execute("copy orders to 'corrected.csv'")
    return tmp_path


def test_the_python_example_says_what_its_comments_say(orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "modified (5, 3, 12)" in out
    assert "{'o_orderkey': 11}" in out
    assert "orders is new: 2,002 rows []" in out


def test_the_shell_examples_run(orders: Path) -> None:
    (code,) = [block for block in blocks("sh") if block.startswith("sameset ")]
    for line in filter(None, code.splitlines()):
        words = line.split("#")[0].split("||")[0].split()
        done = subprocess.run([SAMESET, *words[1:]], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        assert done.stdout
        assert not done.stderr


def test_the_project_of_the_six_commands_is_checked(orders: Path) -> None:
    (project,) = re.findall(r"cat > sameset.toml <<'END'\n(.*?)END\n", "\n".join(blocks("sh")), re.DOTALL)
    project = project.replace("/data/orders", str(orders / "orders.parquet")).replace('"id"', '"o_orderkey"')
    (orders / "sameset.toml").write_text(project, encoding="utf-8")
    for outcome in ("orders is new", "orders holds the same rows"):
        done = subprocess.run([SAMESET, "check", "--all"], capture_output=True, text=True, check=False, cwd=orders)
        assert (done.returncode, done.stderr) == (0, "")
        assert outcome in done.stdout


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in re.findall(r"^make (\w+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
