"""The benchmarks: what they measure is measured right, and the one command prints every row that the design asks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import run
from benchmarks.bench import Bench, Part
from benchmarks.cell_types import cell_types
from benchmarks.goals import DELTA, DUCKDB, GOALS, SECTIONS, VERDICT
from benchmarks.measure import Command, MeasurementError, Run, alternate, contender, spread
from benchmarks.parts import PARTS, cells, versions
from benchmarks.table import CellCost, Goal, Report, Row, as_json, as_markdown
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
POSITIVE = st.floats(1e-6, 1e6)
MIB = 2**20

#: Each line of the design's table of goals, by words that its row must hold.
ASKED_FOR = [
    ("duckdb", ["full TableSketch", "DuckDB", "bit_xor(hash(<all columns>))"], "at most 1.8x"),
    ("polars", ["Polars", "read_parquet", "hash_rows"], "at most 1x"),
    ("pandas-file", ["read_parquet", "hash_pandas_object", "per cell"], "at least 20x"),
    ("idhash-file", ["idhash 0.2.0", "reading", "per cell"], "at least 300x"),
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
    lines = {title: [Row(goal, "how", spread([1.0, 2.0, 4.0])) for goal in goals] for title, goals in SECTIONS.items()}
    costs = {"int64": CellCost(spread([1.5]), spread([30.0])), "list": CellCost(*map(spread, ([16.0], [40.0], [2.0])))}
    report = Report(lines, costs, ["Two cores."], ["duckdb 2.0.0"])
    text = as_markdown(report)
    assert [goal.what for goal in GOALS if f"| {goal.what} |" not in text] == []
    assert "| int64 | 1.5 | 1.5 to 1.5 |  | 30 |" in text
    assert "| list | 16.0 | 16.0 to 16.0 | 2.0 | 40 |" in text
    written = json.loads(json.dumps(as_json(report)))
    assert [row["key"] for row in written["rows"]] == [goal.key for goal in GOALS]
    assert {row["median"] for row in written["rows"]} == {2.0}


def test_a_table_in_which_no_row_has_a_goal_has_no_columns_for_it() -> None:
    report = Report({"others": [Row(Goal("g", "what"), "how", spread([2.0]))]}, {}, [], [])
    ((title, headings, rows),) = report.tables
    assert (title, headings) == ("others", ("what", "measured", "range", "whole process", "how"))
    assert rows == [("what", "2x", "2x to 2x", "", "how")]


def test_each_row_is_measured_by_one_part() -> None:
    assert sorted(goal.key for part in PARTS for goal in part.goals) == sorted(goal.key for goal in GOALS)
    names = [part.name for part in PARTS] + [goal.key for goal in GOALS if goal.key not in ("verdict", "delta")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_a_part_can_be_asked_for_and_so_can_each_of_its_rows(part: Part) -> None:
    assert run._wanted([part.name]) >= {part.goals[0]}
    assert [run._wanted([goal.key]) for goal in part.goals] == [{goal} for goal in part.goals]


def test_asking_for_what_is_not_there_names_what_is() -> None:
    with pytest.raises(SystemExit, match=r"nothing is called lineitems; there are: .*lineitem.*duckdb.*cells"):
        run._wanted(["lineitem", "lineitems"])


@pytest.mark.slow
def test_types_of_cells_are_asked_for_by_words_of_their_names(tmp_path: Path) -> None:
    bench = Bench(tmp_path, tmp_path, 0.001, 1, {}, silent)
    assert list(cells.measure(bench, ("half float", "uuid"))) == ["half float", "uuid"]
    with pytest.raises(MeasurementError, match="no type's name holds 'complex'"):
        cells.measure(bench, ("complex",))


def test_a_page_is_not_renewed_by_some_of_its_rows(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{run.START}old\n{run.END}", "utf-8")
    with pytest.raises(SystemExit, match="2"):
        run.main(["--only", "cells", "--markdown", str(page), "--cache", str(tmp_path / "cache")])
    assert not (tmp_path / "cache").exists()


def test_only_what_is_asked_for_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []

    def part(name: str, *goals: Goal) -> Part:
        def measure(bench: Bench) -> list[Row]:
            asked.append(name)
            return [Row(goal, "how", spread([1.0])) for goal in goals if bench.wants(goal)]

        return Part(name, goals, measure)

    monkeypatch.setattr(run, "PARTS", (part("one", DUCKDB, DELTA), part("two", VERDICT)))
    monkeypatch.setattr(Bench, "table", tmp_path)
    bench = Bench(tmp_path, tmp_path, 1, 1, {}, silent, wanted=frozenset({DELTA}))
    report = run._measure(bench, with_cells=False)
    assert [row.goal for found in report.sections.values() for row in found] == [DELTA]
    assert asked == ["one"]
    assert report.cells == {}


def test_a_part_that_fails_costs_only_its_own_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    good = Row(VERDICT, "how", spread([1.0]))

    def fail(bench: Bench, *words: object) -> list[Row]:
        raise MeasurementError("duckdb_hash failed with exit code 1")

    def succeed(bench: Bench) -> list[Row]:
        return [good]

    parts = [part._replace(measure=succeed if part.name == "verdict" else fail) for part in PARTS]
    monkeypatch.setattr(run, "PARTS", parts)
    monkeypatch.setattr(cells, "measure", fail)
    monkeypatch.setattr(Bench, "table", tmp_path)
    report = run._measure(Bench(tmp_path, tmp_path, 1, 1, {}, silent))
    rows = [row for found in report.sections.values() for row in found]
    assert [row.goal for row in rows] == list(GOALS)
    assert [row for row in rows if row.measured is not None] == [good]
    assert report.failures == ["duckdb_hash failed with exit code 1"] * len(PARTS)


def test_tools_that_find_other_keys_are_not_compared() -> None:
    commands = [Command("one", ()), Command("two", ())]
    same = [Run(1.0, 1, {"result": "7 added"}), Run(1.0, 1, {"result": "7 added"})]
    versions._same_answers(commands, same)
    with pytest.raises(MeasurementError, match="do not agree: one: 7 added; two: 8 added"):
        versions._same_answers(commands, [same[0], Run(1.0, 1, {"result": "8 added"})])


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
    assert [title for title in SECTIONS if f"sameset: {title}" not in printed] == []
    found = {row["key"]: row for row in written["rows"]}
    assert list(found) == [goal.key for goal in GOALS]
    # All others come with the project itself; of these the rows may say that they are not here.
    missing = {"polars", "idhash", "datacompy", "reladiff"}
    for key, row in found.items():
        if row["median"] is None:
            assert missing & set(key.split("-")), key
            assert "not in the project's environment" in row["how"]
        else:
            assert row["low"] > 0, key
    assert "(0, 0, 1000)" in found["delta"]["how"]
    assert all(goal.what in page.read_text("utf-8") for goal in GOALS)
    assert list(written["cells"]) == list(cell_types(1_000))
    assert [path.name for path in (tmp_path / "cache").glob("peers*")] == []
