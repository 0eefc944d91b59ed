"""Reading a source with all cores: one batch after another, each folded by whichever thread is free."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from sameset.errors import SourceError
from sameset.sources.interrupts import run_in_threads

if TYPE_CHECKING:
    import pyarrow as pa

    from sameset.sources.base import Source

__all__ = ["Progress", "cores", "fold_batches", "fold_streams", "naming", "silent"]

State = TypeVar("State")


class Progress(Protocol):
    """Is told how many more rows were read; called from several threads, one at a time."""

    def __call__(self, rows: int) -> None: ...


def silent(rows: int) -> None:
    """The progress that nobody watches."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def naming(source: Source) -> Iterator[None]:
    """Has every error of the source say whose it is: what is wrong with a column does not know whose column it is."""
    try:
        yield
    except SourceError as error:
        if source.address not in str(error):
            error.args = (f"{source.address}: {error}",)
        raise


def fold_batches(
    batches: Iterator[pa.RecordBatch],
    start: Callable[[], State],
    fold: Callable[[State, pa.RecordBatch], None],
    progress: Progress = silent,
) -> list[State]:
    """`fold_streams` of a single stream."""
    return fold_streams([batches], start, fold, progress)


def fold_streams(
    streams: Sequence[Iterator[pa.RecordBatch]],
    start: Callable[[], State],
    fold: Callable[[State, pa.RecordBatch], None],
    progress: Progress = silent,
    threads: int | None = None,
) -> list[State]:
    """Folds the batches of all streams into as many states as there are threads (cores), each used by one thread alone.

    Only as many batches are in memory as there are threads: a thread fetches its next one under the stream's lock, while
    others compute or read another stream. The first error stops all threads and is raised; so does an interrupt of the caller,
    which does not wait for a batch (`sources.interrupts`).
    """
    shared = [(stream, threading.Lock()) for stream in streams]
    workers = threads or cores()
    counting, stop = threading.Lock(), threading.Event()

    def fetch(stream: Iterator[pa.RecordBatch], lock: threading.Lock) -> pa.RecordBatch | None:
        with lock:
            batch = None if stop.is_set() else next(stream, None)
        if batch is not None:
            with counting:
                progress(batch.num_rows)
        return batch

    def work(first: int) -> State:
        state = start()
        for stream, lock in (*shared[first:], *shared[:first]):
            while (batch := fetch(stream, lock)) is not None:
                fold(state, batch)
        return state

    with ExitStack() as stack:
        for stream in streams:
            stack.callback(stream.close)  # type: ignore[attr-defined]  # they are generators
        return run_in_threads([partial(work, i % len(streams)) for i in range(workers)], stop.set)
