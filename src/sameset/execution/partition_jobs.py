"""A job of the partition map: what goes to a worker and what comes back, both small and loading nothing until it is run there."""

from __future__ import annotations

import pickle
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sameset.errors import SamesetError, SourceError

if TYPE_CHECKING:
    from sameset.execution.scanning import Progress

__all__ = ["JobDone", "PartitionJob", "sketch_here", "sketch_on_worker"]


@dataclass(frozen=True)
class PartitionJob:
    """Some files, or some row groups of one, that one worker reads into one sketch."""

    number: int
    name: str  #: what errors and logs call it
    files: tuple[str, ...]
    states: (
        str | None
    )  #: a name for the states of its files when it was planned; None if one is too young to be sure of
    key: str  #: names all that its sketch depends on; worth remembering only with `states`
    work: bytes  #: the source and the spec, pickled: a scheduler that unpickles jobs does not import what reads them


@dataclass(frozen=True)
class JobDone:
    """The sketch of a job, as bytes."""

    number: int
    rows: int
    sketch: bytes
    is_kept: bool = False  #: whether an earlier run made it


def sketch_here(job: PartitionJob, progress: Progress, threads: int) -> JobDone:
    """The sketch of a job, by so many threads of this process; a SamesetError says which partition it was."""
    from sameset.execution.sketching import sketch_partition

    source, spec = pickle.loads(job.work)
    try:
        sketch = sketch_partition(source, spec, progress, threads)
    except SourceError as error:
        if not any(file in str(error) for file in job.files):
            error.args = (f"{job.name}: {error}",)
        raise
    return JobDone(job.number, sketch.row_count, sketch.to_bytes())


def sketch_on_worker(job: PartitionJob, asked_on: str = "") -> JobDone:
    """The sketch of a job, by one thread: a worker runs as many jobs at a time as it has cores.

    An error names the worker's machine, unless it is the one that `asked_on` names, where the others are asked.
    """
    try:
        return sketch_here(job, _silent, 1)
    except SamesetError as error:
        if (machine := socket.gethostname()) != asked_on:
            error.args = (f"{error} (on worker {machine})",)
        raise


def _silent(rows: int) -> None:
    pass
