"""How a scan is stopped from outside: readers say what ends them, and whoever waits for their threads calls that.

A thread that waits for the first batch of a large sort looks at no flag, and Python's signals and Prefect's timeouts reach only
the thread that waits for it. So readers register their way out (`interruptible`) with the scan that they work for, which a
context variable names, and the waiting thread calls it when it is itself interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from threading import Lock
from typing import TypeVar

from sameset.errors import SourceError

__all__ = ["apart", "interruptible", "one_scan", "results_of", "run_in_threads"]

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Seconds. An exception that is thrown into this thread, as Prefect's timeouts do, arrives only between two waits.
SLICE = 0.2
#: Between two interrupts: one that comes before a query begins is lost, so they are repeated until the threads have ended.
AGAIN = 0.05
INTERRUPTED = "the scan was interrupted"


class _Scan:
    """The ways out of the readers that work for one scan."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ways: dict[object, Callable[[], object]] = {}
        self._over = False

    @property
    def is_over(self) -> bool:
        """Whether it was interrupted."""
        return self._over

    @property
    def is_read(self) -> bool:
        """Whether a reader works for it at this moment."""
        return bool(self._ways)

    @contextmanager
    def registered(self, way: Callable[[], object]) -> Iterator[None]:
        token = object()
        with self._lock:
            if self._over:
                raise SourceError(INTERRUPTED)
            self._ways[token] = way
        try:
            yield
        finally:
            with self._lock:
                del self._ways[token]

    def interrupt(self) -> None:
        with self._lock:
            self._over = True
            for way in self._ways.values():
                with suppress(Exception):  # a reader that has just ended has nothing left to stop
                    way()


_scan: ContextVar[_Scan | None] = ContextVar("sameset_scan", default=None)


@contextmanager
def interruptible(way: Callable[[], object]) -> Iterator[None]:
    """Within it, the scan that this thread works for calls `way`, from another thread, to stop what runs here."""
    scan = _scan.get()
    if scan is None:
        yield
        return
    with scan.registered(way):
        yield


def run_in_threads(jobs: Sequence[Callable[[], Result]], stop: Callable[[], object] = lambda: None) -> list[Result]:
    """The results of all jobs, each run by a thread of its own, in their order.

    The first error of a job, or whatever interrupts the caller, is raised after `stop` was called, what the readers wait for
    was interrupted and all threads have ended.
    """
    scan = _Scan()
    with interruptible(scan.interrupt), ThreadPoolExecutor(len(jobs), "sameset") as pool:
        context = copy_context()
        context.run(_scan.set, scan)
        futures = [pool.submit(context.copy().run, job) for job in jobs]
        try:
            _wait(futures, scan)
        except BaseException:
            stop()
            while wait(futures, AGAIN).not_done:
                scan.interrupt()
            raise
        return [future.result() for future in futures]


def results_of(
    function: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> Generator[Result, None, None]:
    """The results of a function for all items, as they come, so many threads at a time.

    The first error, or whatever interrupts the caller, is raised after all that runs was interrupted and has ended; closing the
    generator does the same.
    """
    scan = _Scan()
    with interruptible(scan.interrupt), ThreadPoolExecutor(threads, "sameset") as pool:
        context = copy_context()
        context.run(_scan.set, scan)
        left = {pool.submit(context.copy().run, function, item) for item in items}
        try:
            while left:
                done, left = wait(left, SLICE, FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BaseException:
            for future in left:
                future.cancel()
            while wait(left, AGAIN).not_done:
                scan.interrupt()
            raise


@contextmanager
def one_scan() -> Iterator[None]:
    """Within it, readers in threads that somebody else starts with a copy of this context end if the block fails."""
    scan = _Scan()
    token = _scan.set(scan)
    try:
        yield
    except BaseException:
        scan.interrupt()
        while scan.is_read:
            time.sleep(AGAIN)
            scan.interrupt()
        raise
    finally:
        _scan.reset(token)


def apart(job: Callable[[], Result]) -> Result:
    """The result of a job, run by another thread so that this one can be interrupted meanwhile."""
    return run_in_threads([job])[0]


def _wait(futures: Sequence[Future[Result]], scan: _Scan) -> None:
    """Returns when all are done; raises the first error, or if the scan is interrupted by one that it works for."""
    while True:
        done, rest = wait(futures, SLICE, FIRST_EXCEPTION)
        for future in futures:
            if future in done and (error := future.exception()) is not None:
                raise error
        if not rest:
            return
        if scan.is_over:
            raise SourceError(INTERRUPTED)
