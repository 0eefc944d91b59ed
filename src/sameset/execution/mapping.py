"""The partition map: jobs to a mapper, sketches merged as they come, those of a run that was cut off not made again."""

from __future__ import annotations

import socket
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from sameset.errors import SketchFormatError
from sameset.execution.partition_jobs import JobDone, sketch_here, sketch_on_worker
from sameset.execution.partitioning import states_name
from sameset.sketches.table import TableSketch

if TYPE_CHECKING:
    from collections.abc import Callable

    from sameset.execution.mappers import Mapper
    from sameset.execution.partition_jobs import PartitionJob
    from sameset.execution.scanning import Progress
    from sameset.registry import Registry

__all__ = ["Resuming", "forget_parts", "sketch_jobs"]

PREFIX = "part:"  # of the keys of parts, among those of files that incremental checks keep


def sketch_jobs(jobs: Sequence[PartitionJob], mapper: Mapper, progress: Progress) -> TableSketch:
    """The sketch of all jobs: what each read is merged where it was read, their sketches here, one after the other.

    Progress is told of batches where jobs run in this process, otherwise of whole jobs.
    """
    lock = Lock()

    def told(rows: int) -> None:
        with lock:
            progress(rows)

    on_worker = partial(sketch_on_worker, asked_on=socket.gethostname())
    run = partial(sketch_here, progress=told, threads=1) if mapper.here else on_worker
    total: TableSketch | None = None
    results = mapper.map(run, jobs)
    try:
        for done in results:
            sketch = TableSketch.from_bytes(done.sketch)
            total = sketch if total is None else total.merge(sketch)
            if done.is_kept or not mapper.here:
                told(done.rows)
    finally:
        results.close()
    assert total is not None
    return total


@dataclass(frozen=True)
class Resuming:
    """A mapper that keeps the sketch of each job in the registry until its dataset is recorded, and runs no job that is there.

    Of a file that was written meanwhile nothing is kept: the keys name the states of files.
    """

    mapper: Mapper
    registry: Registry
    dataset: str

    @property
    def here(self) -> bool:
        """As of the mapper that does the work."""
        return self.mapper.here

    def map(
        self, function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]
    ) -> Generator[JobDone, None, None]:
        """The results: first those that are known, then the others as they come."""
        kept = self.registry.file_keys(self.dataset)
        todo = []
        for job in jobs:
            done = self._known(job) if PREFIX + job.key in kept else None
            if done is None:
                todo.append(job)
            else:
                yield done
        of = {job.number: job for job in todo}
        results = self.mapper.map(function, todo)
        try:
            for done in results:
                self._keep(of[done.number], done)
                yield done
        finally:
            results.close()

    def _known(self, job: PartitionJob) -> JobDone | None:
        data = self.registry.file_sketch(self.dataset, PREFIX + job.key)
        try:
            return (
                None
                if data is None
                else JobDone(job.number, TableSketch.from_bytes(data).row_count, data, is_kept=True)
            )
        except SketchFormatError:
            return None

    def _keep(self, job: PartitionJob, done: JobDone) -> None:
        if job.states is not None and states_name(job.files) == job.states:
            self.registry.add_file_sketches(self.dataset, {PREFIX + job.key: done.sketch})


def forget_parts(registry: Registry, dataset: str) -> None:
    """Removes what runs of a dataset that were cut off have left, once it is recorded."""
    keys = registry.file_keys(dataset)
    others = {key for key in keys if not key.startswith(PREFIX)}
    if others != keys:
        registry.keep_file_sketches(dataset, others)
