"""What the tests run in processes of their own: writers that compete, and one that stops inside its transaction."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from sameset.errors import StaleSnapshotError
from sameset.registry import NewSnapshot, Registry
from sameset.registry.engine import connect, locate

SHARED_SKETCH = b"the sketch that every process records" * 100


def entry(dataset: str = "orders", sketch: bytes = b"sketch", **facts: Any) -> NewSnapshot:
    """A snapshot to record whose rows and digest follow from its sketch, as they do in the program."""
    told = {"rows": len(sketch), "digest": f"digest of {sketch[:20]!r}", "source": "orders.parquet", "status": "new"}
    return NewSnapshot(dataset=dataset, sketch=sketch, **(told | facts))


def record_next(registry: Registry, new: NewSnapshot) -> int:
    """Record on top of whatever is the newest, as often as it takes; gives how often another process was faster."""
    retries = 0
    while True:
        newest = registry.latest(new.dataset)
        try:
            registry.record(new, expected_previous=newest.number if newest else None)
            return retries
        except StaleSnapshotError:
            retries += 1


def write(address: str, dataset: str, worker: int, count: int, barrier: Any) -> None:
    """Record `count` snapshots, every second one with a sketch that all processes share; all begin at once."""
    with Registry.open(address) as registry:
        barrier.wait()
        for number in range(count):
            sketch = SHARED_SKETCH if number % 2 else f"{worker}-{number}".encode()
            record_next(registry, entry(dataset, sketch, run_id=f"{worker}-{number}", validation="{}"))


def record_once(folder: str, count: int, barrier: Any) -> None:
    """Make `count` registries, each at the same time as all the others, and record the same run as they do."""
    for number in range(count):
        barrier.wait()
        with Registry.open(f"{folder}/{number}.db") as registry:
            registry.record(entry(run_id="the run"), expected_previous=None)


def _stop_after(beginning: str) -> Callable[..., None]:
    def stop(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.strip().lower().startswith(beginning):
            sys.stdout.write("inside\n")
            sys.stdout.flush()
            sys.stdin.readline()

    return stop


def main(address: str, beginning: str) -> None:
    """Record a snapshot, but wait for a line on stdin after the statement that begins so: to be killed, or to go on."""
    event.listen(Engine, "after_cursor_execute", _stop_after(beginning))
    with Registry.open(address) as registry:
        new = entry(sketch=b"of the writer that stops", run_id="stopped", validation="{}", files=b"its files")
        record_next(registry, new)


@contextmanager
def writer_inside(path: object, step: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has run the statement `step` of its transaction and waits; killed at the end if it still waits."""
    command = [sys.executable, __file__, str(path), step]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "inside\n"
            yield process
        finally:
            process.kill()


def run_together(target: Callable[..., None], arguments: Sequence[tuple[Any, ...]]) -> None:
    """Run `target` in one spawned process per tuple of arguments, all let go at the same moment; none may fail."""
    context = multiprocessing.get_context("spawn")
    # When one fails, the others find the barrier broken instead of waiting for it for ever.
    barrier = context.Barrier(len(arguments), timeout=30)
    processes = [context.Process(target=target, args=(*given, barrier)) for given in arguments]
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.join(90)
        assert [process.exitcode for process in processes] == [0] * len(processes)
    finally:
        for process in processes:
            process.kill()


def wait_until_alone(address: str) -> None:
    """A server notices a killed client when it reads or writes next; whoever comes meanwhile waits for its locks."""
    engine = connect(locate(address), 5)
    with engine.connect() as connection:
        others = "select count(*) from pg_stat_activity where application_name = 'sameset' and pid <> pg_backend_pid()"
        give_up = time.monotonic() + 30
        while engine.dialect.name == "postgresql" and connection.exec_driver_sql(others).scalar():
            assert time.monotonic() < give_up
            connection.exec_driver_sql("select pg_sleep(0.01)")
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
