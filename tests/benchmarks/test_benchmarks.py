"""The benchmarks: what they measure is measured right, and the one command prints every row that the design asks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import goals, rows, run
from benchmarks.goals import GOALS
from benchmarks.measure import Command, MeasurementError, alternate, contender, spread
from benchmarks.rows import Bench
from benchmarks.table import Goal, Report, Row, as_json, as_markdown
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
POSITIVE = st.floats(1e-6, 1e6)
MIB = 2**20

#: Each line of the design's table of goals, by words that its row must hold.
ASKED_FOR = [
    ("duckdb", ["full TableSketch", "DuckDB", "bit_xor(hash(<all columns>))"], "at most 1.8x"),
    ("polars", ["Polars", "read_parquet", "hash_rows"], "at most 1x"),
    ("pandas", ["hash_pandas_object", "per cell"], "at least 20x"),
    ("idhash", ["idhash 0.2.0", "per cell"], "at least 300x"),
    ("peak", ["memory"], "at most 1 GiB"),
    ("growth", ["memory", "SF10", "SF1"], "at most 1.1x"),
    ("verdict", ["first verdict", "fresh process"], "at most 1.5 s"),
    ("delta", ["1,000 changed rows", "two stored sketches"], "at most 0.1 s"),
]


def python(code: str, *arguments: str, name: str = "code", reports: bool = False) -> Command:
    return Command(name, (sys.executable, "-c", code, *arguments), reports=reports)


def silent(what: str) -> None:
    pass


@pytest.mark.parametrize(("key", "words", "limit"), ASKED_FOR, ids=[key for key, _, _ in ASKED_FOR])
def test_every_row_of_the_design_is_a_goal(key: str, words: list[str], limit: str) -> None:
    (goal,) = [goal for goal in GOALS if goal.key == key]
    assert [word for word in words if word not in goal.what] == []
    assert goal.words == limit


@given(st.lists(POSITIVE, min_size=1))
def test_a_spread_is_the_range_with_the_median_inside(values: list[float]) -> None:
    found = spread(values)
    assert (found.low, found.high) == (min(values), max(values))
    assert sum(value <= found.median for value in values) * 2 >= len(values)
    assert sum(value >= found.median for value in values) * 2 >= len(values)


@given(POSITIVE, POSITIVE)
def test_the_sign_says_whether_the_median_keeps_the_limit(value: float, limit: float) -> None:
    measured = spread([value])
    assert Row(Goal("g", "what", at_most=limit), "", measured).is_met is (value <= limit)
    assert Row(Goal("g", "what", at_least=limit), "", measured).is_met is (value >= limit)


@pytest.mark.parametrize(
    "row",
    [
        Row(Goal("g", "what", at_most=1), "there is no such tool"),
        Row(Goal("g", "what"), "how", spread([2.0])),
        Row(Goal("g", "what", at_most=1), "how", spread([2.0]), judged=False),
    ],
    ids=["not measured", "no limit", "something else was measured"],
)
def test_what_is_not_judged_has_no_sign(row: Row) -> None:
    assert row.is_met is None
    assert row.cells[5] == ""


def test_commands_take_turns_and_the_first_round_is_only_to_warm_up(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    code = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    found = alternate([python(code, str(log), letter) for letter in "AB"], 3, silent)
    assert log.read_text("utf-8") == "BA" + "AB" + "BA" + "AB"
    assert [len(runs) for runs in found] == [2, 2, 2]


def test_peak_memory_is_that_of_the_process_itself() -> None:
    """Also of the small one that runs after the large one."""
    # A child's peak begins with that of the process which forked it, and the one that runs the tests is large.
    code = (
        "import sys\nfrom benchmarks.measure import Command, alternate\n"
        "def python(code, name='code'): return Command(name, (sys.executable, '-c', code), reports=False)\n"
        "def silent(what): pass\n"
        f"large = python(\"x = bytearray({300 * MIB}); x[::4096] = b'1' * len(x[::4096])\", name='large')\n"
        "((first, second),) = alternate([large, python('pass')], 1, silent)\n"
        "print(first.peak, second.peak)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = map(int, done.stdout.split())
    assert first > 300 * MIB
    assert second < 200 * MIB


def test_the_timer_of_a_contender_runs_inside_its_process(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = tmp_path / "small.parquet"
    pq.write_table(pa.table({"id": [1, 2, 3], "name": ["a", "b", None]}), file)
    ((found,),) = alternate([contender(sys.executable, "duckdb_hash", file, file)], 1, silent)
    assert 0 < found.work < found.process
    assert (found.report["rows"], found.report["columns"]) == (3, 2)
    assert found.cell == pytest.approx(found.work / 6)


def test_a_failure_stops_with_the_words_of_the_process() -> None:
    with pytest.raises(MeasurementError, match=r"(?s)broken failed with exit code 3.*no such column"):
        alternate([python("import sys; sys.exit(sys.stderr.write('no such column') and 3)", name="broken")], 1, silent)


def test_a_crash_is_no_answer_although_its_exit_code_may_be_one() -> None:
    answers = Command("answers", (sys.executable, "-c", "import sys; print('modified'); sys.exit(1)"), (0, 1), False)
    crashes = Command("crashes", (sys.executable, "-c", "1 / 0"), (0, 1), False)
    assert len(alternate([answers], 1, silent)) == 1
    with pytest.raises(MeasurementError, match="ZeroDivisionError"):
        alternate([crashes], 1, silent)


def test_a_contender_that_changes_its_mind_is_not_measured(tmp_path: Path) -> None:
    code = "import json, time; print(json.dumps({'work': 1, 'result': time.time_ns()}))"
    with pytest.raises(MeasurementError, match="different results"):
        alternate([python(code, reports=True)], 2, silent)


def test_no_line_is_lost_on_the_way_to_markdown_and_json() -> None:
    lines = [Row(goal, "how", spread([1.0, 2.0, 4.0])) for goal in GOALS]
    report = Report(lines, {"int64": spread([1.5])}, ["Two cores."], ["duckdb 2.0.0"])
    text = as_markdown(report)
    assert [goal.what for goal in GOALS if f"| {goal.what} |" not in text] == []
    assert "| int64 | 1.5 |" in text
    written = json.loads(json.dumps(as_json(report)))
    assert [row["key"] for row in written["rows"]] == [goal.key for goal in GOALS]
    assert {row["median"] for row in written["rows"]} == {2.0}


def test_a_part_that_fails_costs_only_its_own_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(bench: Bench, **options: bool) -> list[Row]:
        raise MeasurementError("duckdb_hash failed with exit code 1")

    def nothing(cache: Path, scale: float) -> Path:
        return cache

    monkeypatch.setattr(run, "lineitem", nothing)
    for part in ("against_peers", "per_cell", "memory", "delta", "by_itself", "cells"):
        monkeypatch.setattr(rows, part, fail)
    good = Row(goals.VERDICT, "how", spread([1.0]))
    monkeypatch.setattr(rows, "verdict", lambda bench: [good])
    report = run._measure(Bench(tmp_path, tmp_path, 1, 1, {}, silent), larger=False)
    assert [row.goal for row in report.rows] == list(GOALS)
    assert [row for row in report.rows if row.measured is not None] == [good]
    assert report.failures == ["duckdb_hash failed with exit code 1"] * 6


def test_a_page_with_marks_keeps_what_is_around_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{run.START}old\n{run.END}after\n", "utf-8")
    for table in ("first", "second"):
        run._write_page(page, table)
    assert page.read_text("utf-8") == f"before\n{run.START}\nsecond\n{run.END}after\n"
    plain = tmp_path / "plain.md"
    run._write_page(plain, "table")
    assert plain.read_text("utf-8") == "table"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_command_measures_every_row_without_installing_anything(tmp_path: Path) -> None:
    figures, page = tmp_path / "figures.json", tmp_path / "table.md"
    arguments = ["--quick", "--rounds", "1", "--scale", "0.01", "--no-peers", "--cache", str(tmp_path / "cache")]
    command = [sys.executable, "-m", "benchmarks.run", *arguments, "--json", str(figures), "--markdown", str(page)]
    process = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=800)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    printed, written = " ".join(process.stdout.split()), json.loads(figures.read_text("utf-8"))
    assert "sameset against its goals" in printed
    found = {row["key"]: row for row in written["rows"]}
    assert list(found) == [goal.key for goal in GOALS]
    # These come with the project itself; Polars and idhash may be missing, and then their rows say so.
    for key in set(found) - {"polars", "idhash"}:
        assert found[key]["low"] > 0, key
    assert [
        key for key in ("polars", "idhash") if found[key]["median"] is None and "not in" not in found[key]["how"]
    ] == []
    assert "(0, 0, 1000)" in found["delta"]["how"]
    assert all(goal.what in page.read_text("utf-8") for goal in GOALS)
    assert len(written["cells"]) == 10
    assert not (tmp_path / "cache" / "peers").exists()
