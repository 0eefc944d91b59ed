"""The command line as people use it: exit codes, formats, streams, interrupts."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from cli_process import SAMESET, Here, Outcome, run, validated, write_rows


def check(folder: Path, source: str = "monday.csv", *more: object, name: str = "orders") -> Outcome:
    return run("check", source, "--name", name, "--registry", "r.db", *more, folder=folder)


# exit codes and formats


def test_a_dataset_through_its_days(folder: Path) -> None:
    """New, unchanged, modified: 0, 0, 1; and what every verb then says."""
    first = check(folder, "monday.csv", "--key", "id", "--format", "json")
    assert (first.code, first.err) == (0, "")
    assert validated(first.json, "check.schema.json")["status"] == "new"
    again = check(folder)
    assert (again.code, "orders holds the same rows" in again.out, "recorded as orders@2" in again.out) == (
        0,
        True,
        True,
    )
    other = check(folder, "tuesday.csv", "--format", "json")
    assert other.code == 1
    assert validated(other.json, "check.schema.json")["delta"]["changed"] == [{"id": 4}]
    history = run("history", "orders", "--registry", "r.db", "--format", "json", folder=folder)
    assert [(one["snapshot"], one["status"]) for one in history.json] == [
        ("orders@3", "modified"),
        ("orders@2", "unchanged"),
        ("orders@1", "new"),
    ]
    datasets = run("datasets", folder=folder, SAMESET_REGISTRY="r.db")
    assert datasets.code == history.code == 0
    assert re.search(r"orders +3 ", datasets.out)
    sides = run("compare", "orders@1", "orders", "--registry", "r.db", "--format", "json", folder=folder)
    assert (sides.code, validated(sides.json, "comparison.schema.json")["rows"]["changed"]) == (1, 1)


def test_compare_of_files_and_sketches(folder: Path) -> None:
    made = run("sketch", "monday.csv", "-o", "monday.sketch", "--key", "id", folder=folder)
    assert (made.code, made.err) == (0, "")
    assert re.fullmatch(r"monday\.sketch: 4 rows, digest v1:[0-9a-f]{32}, [0-9,]+ bytes\n", made.out)
    (folder / "monday.csv").unlink()
    same = run("compare", "monday.sketch", "monday.sketch", folder=folder)
    assert (same.code, same.err) == (0, "")
    other = run("compare", "monday.sketch", "tuesday.csv", "--format", "markdown", folder=folder)
    assert other.code == 1
    assert "is modified: 1 row changed" in other.out
    assert "| before | 4 | `v1:" in other.out
    assert "### Rows changed: 1\n\n| id |\n| --- |\n| 4 |" in other.out
    assert sorted(path.name for path in folder.iterdir()) == ["monday.sketch", "tuesday.csv"]


def test_what_cannot_be_compared_is_not_known_to_differ(folder: Path, here: Here) -> None:
    """Sketches that were read in different ways, and a check whose options changed: 2, and said; the check is recorded."""
    here("sketch", "monday.csv", "-o", "exact.sketch")
    here("sketch", "monday.csv", "-o", "rounded.sketch", "--digits", "3")
    found = here("compare", "exact.sketch", "rounded.sketch", "--format", "json")
    assert (found.code, found.json["verdict"], found.err) == (2, "incomparable", "")
    told = ("--name", "orders", "--registry", "r.db", "--format", "json")
    assert here("check", "monday.csv", *told).code == 0
    arrived = here("check", "monday.csv", *told, "--digits", "3")
    assert (arrived.code, arrived.json["status"], arrived.json["snapshot"]) == (2, "incomparable", "orders@2")
    assert here("check", "monday.csv", *told).code == 0


def test_quiet_says_it_with_the_exit_code(folder: Path, here: Here) -> None:
    told = ("--name", "orders", "--registry", "r.db")
    assert here("check", "monday.csv", *told, "--quiet") == Outcome(0, "", "")
    assert here("check", "tuesday.csv", *told, "-q") == Outcome(1, "", "")
    assert here("sketch", "monday.csv", "-o", "x", "-q") == Outcome(0, "", "")


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_a_result_goes_to_a_file(form: str, folder: Path, here: Here) -> None:
    verb = ["compare", "monday.csv", "tuesday.csv", "--format", form]
    assert here(*verb, "-o", "found") == Outcome(1, "", "")
    assert (folder / "found").read_text("utf-8") == here(*verb).out


def test_the_limit_bounds_the_lists(folder: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(folder / "monday.csv", 50)
    write_rows(folder / "tuesday.csv", 50, changed=20)
    for form, told in (("json", '"id": 31'), ("markdown", r"\| 33 \|.*\n\nand 17 more")):
        found = here("compare", "monday.csv", "tuesday.csv", "-k", "id", "--limit", 3, "--format", form)
        assert re.search(told, found.out)
        assert "36" not in re.sub("v1:.*", "", found.out)
    monkeypatch.setenv("SAMESET_FORMAT", "json")
    monkeypatch.setenv("SAMESET_LIMIT", "2")
    assert len(here("compare", "monday.csv", "tuesday.csv").json["delta"]["added"]) == 2


def test_options_come_from_the_environment_and_the_command_line_has_the_last_word(
    folder: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("NAME", "orders"), ("KEY", "id"), ("REGISTRY", "env.db"), ("FORMAT", "json")):
        monkeypatch.setenv(f"SAMESET_{name}", value)
    found = here("check", "monday.csv")
    assert (found.json["dataset"], found.json["key"]) == ("orders", ["id"])
    assert (folder / "env.db").exists()
    found = here("check", "monday.csv", "--name", "mine", "--registry", "my.db", "--format", "markdown")
    assert found.out.startswith("## ★ mine is new")
    assert (folder / "my.db").exists()


@pytest.mark.parametrize(
    ("arguments", "environment", "begins"),
    [
        (["-o", "x.html"], None, "<!doctype html>"),
        (["-o", "x.HTM"], "json", "<!doctype html>"),
        (["-o", "x.md"], None, "## ~"),
        (["-o", "x.json"], "html", "{"),
        (["-o", "x.html", "--format", "json"], None, "{"),
        (["--format", "markdown", "-o", "x.html"], "text", "## ~"),
        (["-o", "x.out"], "html", "<!doctype html>"),
        (["-o", "x.out"], None, "╭"),
    ],
)
def test_the_option_then_the_ending_then_the_environment_choose_the_format(
    arguments: list[str],
    environment: str | None,
    begins: str,
    folder: Path,
    here: Here,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if environment:
        monkeypatch.setenv("SAMESET_FORMAT", environment)
    assert here("compare", "monday.csv", "tuesday.csv", *arguments) == Outcome(1, "", "")
    written = folder / arguments[arguments.index("-o") + 1]
    assert written.read_text("utf-8").startswith(begins)


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_a_format_of_other_verbs_in_the_environment_is_no_error(
    form: str, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMESET_FORMAT", form)
    here("check", "monday.csv", "-n", "orders", "--registry", "r.db")
    for arguments in (["history", "orders"], ["datasets"]):
        found = here(*arguments, "--registry", "r.db")
        assert (found.code, "orders" in found.out, found.err) == (0, True, "")
    assert here("digest", "monday.csv").out.startswith("v1:")
    assert here("history", "orders", "--registry", "r.db", "--format", form).code == 2


def test_a_format_of_no_verb_in_the_environment_is_an_error(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMESET_FORMAT", "jsn")
    found = here("datasets")
    assert (found.code, found.out) == (2, "")
    assert "'jsn' is not one of" in found.err


@pytest.mark.slow
def test_the_registry_is_in_the_users_data_folder_unless_told_otherwise(folder: Path) -> None:
    found = run(
        "check", "monday.csv", "--name", "orders", folder=folder, SAMESET_REGISTRY="", XDG_DATA_HOME=str(folder / "d")
    )
    assert found.code == 0
    assert (folder / "d" / "sameset" / "registry.db").exists()


def test_no_command_and_wrong_ones_are_two(here: Here) -> None:
    for arguments in (["no-such-verb"], ["check", "monday.csv"], ["compare", "monday.csv"], ["check", "--limit", "x"]):
        found = here(*arguments)
        assert (found.code, found.out) == (2, "")
        assert "Error: " in found.err
        assert "Traceback" not in found.err


# streams


@pytest.mark.slow
def test_a_closed_pipe_is_quiet_and_the_exit_code_still_tells(folder: Path) -> None:
    for form in ("text", "json"):
        reader, writer = os.pipe()
        os.close(reader)
        command = [SAMESET, "compare", "monday.csv", "tuesday.csv", "--format", form]
        process = subprocess.run(command, cwd=folder, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
        os.close(writer)
        assert (process.returncode, process.stderr) == (1, b"")


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(closed: str, folder: Path) -> None:
    command = f"exec '{SAMESET}' digest monday.csv {closed}"
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, bool(done.stdout), done.stderr) == (0, closed == "2>&-", "")


def test_a_full_disk_is_told(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [SAMESET, "compare", "monday.csv", "tuesday.csv"]
        process = subprocess.run(
            command, cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert process.returncode == 2
    assert process.stderr == "sameset: stdout: the result cannot be written: No space left on device\n"


def on_terminal(*arguments: object, folder: Path) -> tuple[int, bytes, bytes]:
    """Exit code, stdout (a pipe) and what a terminal saw of stderr."""
    master, slave = pty.openpty()
    command = [SAMESET, *map(str, arguments)]
    environment = os.environ | {"TERM": "xterm-256color"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=slave) as process:
        os.close(slave)
        seen = b"".join(until_closed(master))
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(master)
    return process.returncode, out, seen


def until_closed(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # Linux says EIO when the last writer is gone
            return
        if not data:
            return
        yield data


@pytest.mark.slow
def test_a_bar_moves_on_stderr_if_that_is_a_terminal(folder: Path) -> None:
    code, out, seen = on_terminal(
        "check", "monday.csv", "-n", "a", "--registry", "r.db", "--format", "json", folder=folder
    )
    assert code == 0
    assert json.loads(out)["status"] == "new"
    assert b"reading monday.csv" in seen
    assert b"4 rows" in seen
    code, out, seen = on_terminal("check", "monday.csv", "-n", "a", "--registry", "r.db", "--quiet", folder=folder)
    assert (code, out, seen) == (0, b"", b"")


@pytest.mark.slow
def test_a_bar_shows_names_that_look_like_markup(folder: Path) -> None:
    write_rows(folder / "[bold] [red.csv")
    code, _, seen = on_terminal("check", "[bold] [red.csv", "-n", "a", "--registry", "r.db", folder=folder)
    assert code == 0
    assert b"[bold] [red.csv" in seen


# an interrupt


def cpu_seconds(pid: int) -> float:
    """What a process and its threads have computed so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_interrupt_in_the_middle_of_a_scan_records_nothing(folder: Path) -> None:
    """A query of two billion rows takes minutes; its progress on a terminal tells when rows are read."""
    with duckdb.connect(str(folder / "x.duckdb")):
        pass
    source = "x.duckdb::select range as i, range * 3 as j from range(2000000000)"
    master, slave = pty.openpty()
    command = [SAMESET, "check", source, "--name", "orders", "--registry", "r.db"]
    environment = os.environ | {"TERM": "xterm-256color"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=slave) as process:
        os.close(slave)
        seen = b""
        while not re.search(rb"[1-9][0-9,]{5,} rows", seen):
            seen += os.read(master, 65_536)
        process.send_signal(signal.SIGINT)
        seen = b"".join(until_closed(master))
        assert process.stdout is not None
        assert process.stdout.read() == b""
        assert process.wait(60) == 130
    os.close(master)
    assert b"sameset: interrupted" in seen
    assert b"Traceback" not in seen
    assert sorted(path.name for path in folder.iterdir()) == ["monday.csv", "tuesday.csv", "x.duckdb"]


@pytest.mark.slow
def test_an_interrupt_while_nobody_watches_is_the_same(folder: Path) -> None:
    with duckdb.connect(str(folder / "x.duckdb")):
        pass
    source = "x.duckdb::select range as i, range * 3 as j from range(2000000000)"
    command = [SAMESET, "sketch", source, "-o", "x.sketch"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        give_up = time.monotonic() + 60
        while cpu_seconds(process.pid) < 3 and time.monotonic() < give_up:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, b"", b"sameset: interrupted")
    assert not list(folder.glob("*.sketch*"))
