"""`sameset-expectations`: exit codes, formats, errors in one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import great_expectations.expectations as gxe
import pytest
from expectation_cases import CHANGED, ORDERS, Write
from projects import project, stored_suite

import sameset_expectations as se
from sameset_expectations_cli.main import _pairs, cli, main


def ran(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command."""
    monkeypatch.setattr(sys, "argv", ["sameset-expectations", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        main()
    told = capsys.readouterr()
    return int(left.value.code or 0), told.out, told.err


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda *words: ran(capsys, monkeypatch, *words)


def test_exit_code_0_and_no_word_on_stderr_where_all_is_met(command: Any, write: Write, tmp_path: Path) -> None:
    project(tmp_path, write(ORDERS))
    code, out, err = command("run", "nightly", "--project", tmp_path)
    assert (code, err) == (0, "")
    assert out.startswith("checkpoint nightly: 2 of 2 expectations met\n")


def test_exit_code_1_where_one_failed(command: Any, write: Write, tmp_path: Path) -> None:
    project(tmp_path, write(ORDERS), gxe.ExpectTableRowCountToEqual(value=7))
    code, out, err = command("run", "nightly", "-p", tmp_path / "gx")
    assert code == 1
    assert "✘ critical: table row count to equal (value = 7) failed: observed 1000" in out
    assert err == (
        "sameset-expectations: checkpoint 'nightly': 0 of 1 expectations met; "
        "expect_table_row_count_to_equal of suite 'quality' (critical) failed\n"
    )


def test_exit_code_2_where_one_could_not_be_evaluated(command: Any, write: Write, tmp_path: Path) -> None:
    nowhere = gxe.ExpectColumnMaxToBeBetween(column="nowhere", max_value=1, severity="info")
    project(tmp_path, write(ORDERS), nowhere, gxe.ExpectTableRowCountToEqual(value=7))
    code, out, err = command("run", "nightly", "-p", tmp_path)
    assert code == 2
    assert "has no column 'nowhere'" in out
    assert err.count("\n") == 1


def test_exit_code_2_where_an_expectation_is_unknown(command: Any, write: Write, tmp_path: Path) -> None:
    project(tmp_path, write(ORDERS))
    text = stored_suite(tmp_path).read_text(encoding="utf-8")
    stored_suite(tmp_path).write_text(
        text.replace("expect_table_row_count_to_equal", "expect_wonders"), encoding="utf-8"
    )
    code, out, err = command("run", "nightly", "-p", tmp_path)
    assert (code, out) == (2, "")
    assert "expect_wonders is unknown here; import the package that defines it first" in err


def test_modules_of_ones_own_are_imported(
    command: Any, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = (
        "import great_expectations.expectations as gxe\n"
        "class ExpectFortuneToSmile(gxe.ExpectTableRowCountToEqual):\n"
        "    value: int = 1000\n"
    )
    (tmp_path / "fortune.py").write_text(source, encoding="utf-8")
    project(tmp_path, write(ORDERS))
    text = stored_suite(tmp_path).read_text(encoding="utf-8")
    smiling = text.replace("expect_table_row_count_to_equal", "expect_fortune_to_smile")
    stored_suite(tmp_path).write_text(smiling, encoding="utf-8")
    assert command("run", "nightly")[0] == 2
    assert command("run", "nightly", "--import", "fortune")[0] == 0
    code, _, err = command("run", "nightly", "--import", "no_such_module")
    assert code == 2
    assert "--import no_such_module failed" in err


def test_parameters_and_batches(command: Any, write: Write, tmp_path: Path, registry: str) -> None:
    match = se.ExpectTableToMatch(reference={"$PARAMETER": "reference"})
    project(tmp_path, str(tmp_path / "missing.parquet"), match)
    right, wrong = write(ORDERS, "same.csv"), write(CHANGED, "changed.parquet")
    asked = ("run", "nightly", "-p", tmp_path, "--batch", f"address={write(ORDERS)}")
    assert command(*asked, "--parameter", f"reference={right}")[0] == 0
    assert command(*asked, "--parameter", f"reference={wrong}")[0] == 1
    code, out, err = command(*asked)
    assert (code, out) == (2, "")
    assert "needs the parameter 'reference'" in err
    assert command(*asked, "--parameter", "reference")[0] == 2


@pytest.mark.parametrize("ending", ["txt", "md", "html"])
def test_a_report_is_the_same_from_a_run_and_from_its_json(
    ending: str, command: Any, write: Write, tmp_path: Path
) -> None:
    project(tmp_path, write(ORDERS), gxe.ExpectTableRowCountToEqual(value=7))
    run, page, again = tmp_path / "run.json", tmp_path / f"run.{ending}", tmp_path / f"again.{ending}"
    assert command("run", "nightly", "-p", tmp_path, "-o", run)[0] == 1
    assert command("run", "nightly", "-p", tmp_path, "-o", page)[0] == 1
    assert command("report", run, "-o", again)[0] == 0
    assert "row" in page.read_text(encoding="utf-8")
    assert again.read_text(encoding="utf-8").splitlines()[0] == page.read_text(encoding="utf-8").splitlines()[0]


def test_a_result_of_great_expectations_is_told(command: Any, write: Write, tmp_path: Path) -> None:
    context = project(tmp_path, write(ORDERS), gxe.ExpectTableRowCountToEqual(value=7))
    context.checkpoints.get("nightly").run()
    (stored,) = (tmp_path / "gx/uncommitted/validations").rglob("*.json")
    code, out, _ = command("report", stored)
    assert code == 0
    assert out.startswith("quality: 0 of 1 expectation met, 1 failed\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is no JSON"),
        ("7", "no validation result"),
        ('{"results": 3}', "no validation result"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_result_is_refused(content: str | None, reason: str, command: Any, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    code, out, err = command("report", path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert reason in err
    assert "result.json" in err


def test_a_report_does_not_write_over_what_it_tells(command: Any, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"results": [], "success": true}', encoding="utf-8")
    code, _, err = command("report", path, "-o", path, "--format", "html")
    assert code == 2
    assert "is the result itself" in err
    assert path.read_text(encoding="utf-8").startswith("{")


def test_what_is_no_project_is_refused_and_none_is_made(command: Any, tmp_path: Path) -> None:
    code, _, err = command("run", "nightly", "-p", tmp_path)
    assert code == 2
    assert "there is no Great Expectations project in" in err
    assert not list(tmp_path.iterdir())


def test_an_output_that_cannot_be_written_is_told_before_the_run(command: Any, write: Write, tmp_path: Path) -> None:
    project(tmp_path, write(ORDERS), registry=str(tmp_path / "registry.db"))
    code, _, err = command("run", "nightly", "-p", tmp_path, "-o", tmp_path / "nowhere" / "report.html")
    assert code == 2
    assert "cannot be written" in err
    assert not (tmp_path / "registry.db").exists()


def test_data_docs_are_made_self_contained(command: Any, write: Write, tmp_path: Path) -> None:
    project(tmp_path, write(ORDERS), docs=True)
    command("run", "nightly", "-p", tmp_path)
    docs = tmp_path / "gx/uncommitted/data_docs/local_site"
    assert command("self-contained", docs) == (0, f"3 pages changed in {docs}\n", "")
    assert command("self-contained", docs) == (0, f"0 pages changed in {docs}\n", "")
    code, _, err = command("self-contained", tmp_path / "nowhere")
    assert code == 2
    assert "is no folder" in err


HELP = {
    (): "Great Expectations checkpoints that fail closed, and their reports.",
    ("run",): "Run a stored CHECKPOINT; what is not met is told on stderr, too.",
    ("report",): "Tell a stored RESULT",
    ("self-contained",): "Rewrite the Data Docs in FOLDER so that they need no network",
}


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_help_says_what_a_verb_does(words: tuple[str, ...], command: Any) -> None:
    code, out, err = command(*words, "--help")
    assert (code, err) == (0, "")
    assert HELP[words] in out


def test_every_verb_and_option_is_on_its_page() -> None:
    page = (Path(__file__).parents[2] / "docs/checkpoints.md").read_text(encoding="utf-8")
    assert set(cli.commands) == {words[0] for words in HELP if words}
    for verb, command in cli.commands.items():
        assert f"sameset-expectations {verb}" in page
        for parameter in command.params:
            assert parameter.param_type_name == "argument" or f"`{parameter.opts[0]}" in page, parameter.opts[0]


SLOW_MODULE = """\
import os, signal, time
os.kill(os.getpid(), signal.{signal})
time.sleep(60)
"""


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_is_told_by_the_exit_code(
    name: str, code: int, command: Any, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project(tmp_path, write(ORDERS))
    module = f"stopped_by_{name.lower()}"
    Path(f"{module}.py").write_text(SLOW_MODULE.format(signal=name), encoding="utf-8")
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        told = command("run", "nightly", "-p", tmp_path, "--import", module)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert (told[0], told[2].strip()) == (code, "sameset-expectations: interrupted")


@pytest.mark.parametrize(
    ("value", "meant"), [(".5", 0.5), ("-.25", -0.25), ("0.5", 0.5), ("01", "01"), ("a.5", "a.5"), ("..", "..")]
)
def test_values_are_read_as_people_write_them(value: str, meant: object) -> None:
    assert _pairs(None, None, (f"bound={value}",)) == {"bound": meant}  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_installed_command(write: Write, tmp_path: Path) -> None:
    project(tmp_path, write(ORDERS), gxe.ExpectTableRowCountToEqual(value=7))
    command = str(Path(sys.executable).with_name("sameset-expectations"))
    codes = {("--version",): 0, ("run", "nightly", "-p", str(tmp_path)): 1, ("run", "weekly", "-p", str(tmp_path)): 2}
    for words, code in codes.items():
        ran = subprocess.run([command, *words], capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == code
        assert ran.stderr.count("\n") == (code > 0)
    # A reader that leaves early, and a terminal without Unicode, change nothing.
    pipe = f"{command} run nightly -p {tmp_path} --format html | head -c 1; exit ${{PIPESTATUS[0]}}"
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(
        ["/bin/bash", "-c", pipe], capture_output=True, text=True, timeout=120, check=False, env=ascii_only
    )
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
