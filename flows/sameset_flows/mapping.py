"""The partition map as tasks of Prefect: few fat ones, on whatever task runner the flow has."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from prefect.context import FlowRunContext
from prefect.futures import as_completed
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from sameset.errors import SpecError
from sameset.execution.mappers import KINDS
from sameset.execution.scanning import cores
from sameset.sources.interrupts import one_scan
from sameset_flows.tasks import fat_task

if TYPE_CHECKING:
    from sameset.execution.partition_jobs import JobDone, PartitionJob

__all__ = ["PrefectMapper"]

MOST_TASKS = 128  # of one run: so many are still readable on the run's page
ELSEWHERE = 64  # tasks at a time, where the task runner has workers of its own


class PrefectMapper:
    """Jobs as task runs of the flow that runs, each of some jobs one after the other; tried again as its other tasks are."""

    here = False

    def map(
        self, function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]
    ) -> Generator[JobDone, None, None]:
        """The results as they come; tasks are submitted as others end, so that a run that fails leaves few behind."""
        context = FlowRunContext.get()
        if context is None:
            raise SpecError("the mapper 'prefect' maps partitions within a flow; elsewhere take threads, dask or spark")
        at_once = _at_once(context.task_runner)
        size = -(-len(jobs) // MOST_TASKS) or 1
        todo = deque(jobs[first : first + size] for first in range(0, len(jobs), size))
        running: list[Any] = []
        with one_scan():
            while todo or running:
                while todo and len(running) < at_once:
                    some = todo.popleft()
                    named = _sketch.with_options(task_run_name=f"jobs {some[0].number + 1} to {some[-1].number + 1}")
                    running.append(named.submit(function, some))
                first = next(as_completed(running))
                running.remove(first)
                yield from first.result()


def _all_of(function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]) -> list[JobDone]:
    return [function(job) for job in jobs]


_sketch = fat_task("sketch partitions", _all_of)


def _at_once(runner: Any) -> int:
    """How many tasks a task runner runs at a time; on this machine no more than it has cores."""
    if isinstance(runner, ThreadPoolTaskRunner | ProcessPoolTaskRunner):
        return min(getattr(runner, "_max_workers", None) or cores(), cores())
    return ELSEWHERE


KINDS["prefect"] = lambda place: PrefectMapper()
