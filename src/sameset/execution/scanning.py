"""Reading a source with all cores: one batch after another, each folded by whichever thread is free."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import closing
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Progress", "cores", "fold_batches", "silent"]

State = TypeVar("State")


class Progress(Protocol):
    """Is told how many more rows were read; called from several threads, one at a time."""

    def __call__(self, rows: int) -> None: ...


def silent(rows: int) -> None:
    """The progress that nobody watches."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fold_batches(
    batches: Iterator[pa.RecordBatch],
    start: Callable[[], State],
    fold: Callable[[State, pa.RecordBatch], None],
    progress: Progress = silent,
) -> list[State]:
    """Folds all batches into as many states as there are cores, each used by one thread alone.

    Only as many batches are in memory as there are threads: a thread fetches its next one under a lock, while the others
    compute. The first error stops all threads and is raised; so does an interrupt of the caller.
    """
    lock, stop = threading.Lock(), threading.Event()

    def fetch() -> pa.RecordBatch | None:
        with lock:
            batch = None if stop.is_set() else next(batches, None)
            if batch is not None:
                progress(batch.num_rows)
        return batch

    def work() -> State:
        state = start()
        while (batch := fetch()) is not None:
            fold(state, batch)
        return state

    with closing(batches), ThreadPoolExecutor(cores(), "sameset") as pool:  # type: ignore[type-var]
        futures = [pool.submit(work) for _ in range(cores())]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
        return [future.result() for future in futures]
