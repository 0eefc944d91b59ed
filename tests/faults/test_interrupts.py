"""Ctrl-C, SIGTERM and Prefect's timeouts stop a scan at once, also one that waits for the first batch of a long query."""

from __future__ import annotations

import ctypes
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from sameset.canonical.unf import UnfParameters
from sameset.execution.digesting import lattice_digest, unf_digest
from sameset.execution.scanning import fold_streams
from sameset.execution.sketching import sketch_table
from sameset.registry import Registry
from sameset.sources import open_source
from sameset.sources.interrupts import apart, interruptible, results_of, run_in_threads

# 40 thousand million pairs of numbers are looked at before the first row comes out: half an hour.
LONG = "select a.range as x from range(200000) a, range(200000) b where hash(a.range + b.range) % 100000 = 0 order by x"
ENTRY = "from sameset.cli.main import main; main()"
PROMPT = 2.0
CPU_SECONDS = 4.0  # more than it takes to start


class Stopped(BaseException):
    """What a signal handler raises."""


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = str(tmp_path / "x.duckdb")
    duckdb.connect(path).close()
    return path


@pytest.fixture
def sqlite_file(tmp_path: Path) -> str:
    path = str(tmp_path / "x.sqlite")
    with closing(sqlite3.connect(path)) as con:
        con.execute("create table t (x integer)")
    return path


@contextmanager
def thrown_into_this_thread(after: float) -> Iterator[None]:
    """Within it, after so many seconds an exception is thrown into this thread, as Prefect's timeouts do in task threads."""
    caller = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(
        after, lambda: ctypes.pythonapi.PyThreadState_SetAsyncExc(caller, ctypes.py_object(Stopped))
    )
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sameset")]


LONG_SQLITE = (
    "with recursive n(x) as (select 1 union all select x + 1 from n where x < 1000000000) "
    "select cast(max(x) as integer) as x from n"
)


@pytest.mark.parametrize(
    "scan",
    [
        pytest.param(lambda duck, lite: sketch_table(f"{duck}::{LONG}"), id="sketch"),
        pytest.param(lambda duck, lite: lattice_digest(open_source(f"{duck}::{LONG}")), id="lattice"),
        pytest.param(lambda duck, lite: unf_digest(open_source(f"{duck}::{LONG}"), UnfParameters()), id="in order"),
        pytest.param(lambda duck, lite: open_source(f"{duck}::{LONG}").aggregate("count(*)"), id="aggregate"),
        pytest.param(lambda duck, lite: sketch_table(f"{lite}::{LONG_SQLITE}"), id="sqlite"),
    ],
)
def test_an_exception_thrown_into_the_waiting_thread_stops_what_it_waits_for(
    scan: Callable[[str, str], object], database: str, sqlite_file: str
) -> None:
    started = time.monotonic()
    with pytest.raises(Stopped), thrown_into_this_thread(0.3):
        scan(database, sqlite_file)
    assert time.monotonic() - started < 0.3 + PROMPT
    assert running() == []


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=lambda sign: sign.name)
@pytest.mark.parametrize(
    "verb", [["sketch", "-o", "x.sameset"], ["check", "--name", "x", "--registry", "x.db"]], ids=lambda verb: verb[0]
)
def test_a_command_that_waits_for_the_first_batch_ends_within_two_seconds(
    sign: signal.Signals, verb: list[str], database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    command = [sys.executable, "-c", ENTRY, verb[0], f"{database}::{LONG}", *verb[1:]]
    with subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"TMPDIR": str(folder)}, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_until(lambda: cpu_seconds(process.pid) > CPU_SECONDS)
            assert list(folder.iterdir()) != []
            sent = time.monotonic()
            process.send_signal(sign)
            _, told = process.communicate(timeout=60)
            took = time.monotonic() - sent
        finally:
            process.kill()
    assert (process.returncode, told.strip()) == (128 + sign, "sameset: interrupted")
    assert took < PROMPT
    assert list(folder.iterdir()) == []
    assert not (tmp_path / "x.sameset").exists()
    if verb[0] == "check":
        with Registry.open(tmp_path / "x.db") as registry:
            assert registry.latest("x") is None


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)


def test_an_interrupt_before_the_query_begins_is_repeated_until_it_ends() -> None:
    """DuckDB forgets an interrupt that comes between two queries."""
    ready, go, calls = threading.Event(), threading.Event(), []

    def reader() -> None:
        with interruptible(lambda: calls.append(None)):
            ready.set()
            go.wait()
            while len(calls) < 3:
                time.sleep(0.001)

    def failing() -> None:
        ready.wait()
        go.set()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_in_threads([reader, failing])
    assert len(calls) >= 3


def test_an_error_in_one_thread_interrupts_the_others_and_is_the_one_that_is_raised(database: str) -> None:
    def broken() -> Iterator[object]:
        yield from ()
        raise OSError("gone")

    slow = open_source(f"{database}::{LONG}").batches()
    started = time.monotonic()
    with pytest.raises(OSError, match="gone"):
        fold_streams([slow, broken()], list, list.append, threads=2)
    assert time.monotonic() - started < PROMPT


def test_what_runs_within_a_job_is_interrupted_with_it(database: str) -> None:
    started = time.monotonic()
    with pytest.raises(Stopped), thrown_into_this_thread(0.3):
        apart(lambda: sketch_table(f"{database}::{LONG}"))
    assert time.monotonic() - started < 0.3 + PROMPT
    assert running() == []


def test_a_job_of_a_map_ends_at_its_next_batch_not_at_its_end() -> None:
    """The thread that waits for the batches of a job is interrupted through the map that the job belongs to."""

    def endless() -> Iterator[pa.RecordBatch]:
        while True:
            yield pa.record_batch({"x": [1]})
            time.sleep(0.001)

    def job(_: int) -> list[int]:
        return fold_streams([endless()], lambda: [0], lambda state, batch: None, threads=1)

    started = time.monotonic()
    with pytest.raises(Stopped), thrown_into_this_thread(0.3):
        list(results_of(job, [1, 2, 3], 2))
    assert time.monotonic() - started < 0.3 + PROMPT
    assert running() == []
