"""The partition map as tasks of Prefect: few fat ones, on whatever task runner the flow has."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect.context import FlowRunContext, TaskRunContext
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from sameset.errors import SpecError
from sameset.execution.mappers import KINDS
from sameset.execution.scanning import cores
from sameset.sources.interrupts import one_scan
from sameset_flows.tasks import fat_task, is_transient, tried_again

if TYPE_CHECKING:
    from prefect import Task

    from sameset.execution.partition_jobs import JobDone, PartitionJob

    Function = Callable[[PartitionJob], JobDone]
    Results = Generator[JobDone, None, None]

__all__ = ["PrefectMapper"]

P = ParamSpec("P")
R = TypeVar("R")

MOST_TASKS = 128  # of one run on workers elsewhere: so many are still readable on the run's page
ELSEWHERE = 64  # tasks at a time, where the task runner has workers of its own
PATIENCE = 1.0  # seconds until this thread takes a job itself, if no task run has begun by then
SLICE = 0.2  # seconds: an exception that a timeout of Prefect throws into this thread arrives only between two waits


class PrefectMapper:
    """Jobs as task runs of the flow that runs, each of many jobs, one after the other; tried again as the task around them is."""

    here = False

    def map(self, function: Function, jobs: Sequence[PartitionJob]) -> Results:
        """The results as they come; once one has failed, jobs that have not begun never do."""
        context = FlowRunContext.get()
        if context is None:
            raise SpecError("the mapper 'prefect' maps partitions within a flow; elsewhere take threads, dask or spark")
        runner = context.task_runner
        with one_scan():
            if isinstance(runner, ThreadPoolTaskRunner):
                yield from _Line(function, jobs).results(min(runner._max_workers, cores(), len(jobs)))
            else:
                yield from _in_groups(function, jobs, _at_once(runner))


class _Line:
    """Jobs that wait in line for the task runs of this process, as many of these as there are cores.

    Fifteen task runs of a job each took 0.1 to 2 s more than an empty flow (whoever waits for them waits in turns), two that share
    the jobs take 0.03 s more.
    """

    def __init__(self, function: Function, jobs: Sequence[PartitionJob]) -> None:
        self._function = function
        self._waiting = deque(jobs)
        self._left = len(jobs)
        self._told: SimpleQueue[JobDone | PrefectFuture[None]] = SimpleQueue()
        self._begun = False

    def results(self, threads: int) -> Results:
        """The results as they come, of so many task runs; the first of these that fails for good ends it."""
        try:
            for number in range(threads):
                named = _named(_take_jobs, f"sketch partitions, {number + 1} of {threads}")
                named.submit(self).add_done_callback(self._told.put)
            patient_until = time.monotonic() + PATIENCE
            while self._left:
                with suppress(Empty):
                    yield from self._next()
                if not self._begun and time.monotonic() > patient_until:
                    self._help()
        finally:
            self._waiting.clear()

    def take(self) -> None:
        """Runs job after job until none waits; one that failed for the moment waits again, any other error ends the line."""
        self._begun = True
        while self._waiting:
            self._help()

    def _help(self) -> None:
        """Runs a job, if one waits.

        Whoever waits for the task runs does that as well while none has begun: it may itself be a task, which has the last thread
        of a `ThreadPoolTaskRunner(max_workers=...)`, so that none would ever begin.
        """
        try:
            job = self._waiting.popleft()
        except IndexError:
            return  # the other thread was faster
        try:
            self._told.put(self._function(job))
        except Exception as error:
            if is_transient(error):
                self._waiting.appendleft(job)
            else:
                self._waiting.clear()
            raise

    def _next(self) -> Results:
        found = self._told.get(timeout=SLICE)
        if isinstance(found, PrefectFuture):
            _result_of(found)
        else:
            self._left -= 1
            yield found


def _in_groups(function: Function, jobs: Sequence[PartitionJob], at_once: int) -> Results:
    """By task runs of some jobs each, submitted as others end, so that a run that fails leaves few behind."""
    size = -(-len(jobs) // MOST_TASKS) or 1
    todo = deque(jobs[first : first + size] for first in range(0, len(jobs), size))
    running: list[Any] = []
    while todo or running:
        while todo and len(running) < at_once:
            some = todo.popleft()
            named = _named(_sketch, f"jobs {some[0].number + 1} to {some[-1].number + 1}")
            running.append(named.submit(function, some))
        first = next(as_completed(running))
        running.remove(first)
        yield from _result_of(first)


def _result_of(future: PrefectFuture[R]) -> R:
    """The result of a task run; the error of one that failed, after which the task around it is not tried again as well."""
    try:
        return future.result()
    except Exception as error:
        tried_again(error)
        raise


def _all_of(function: Function, jobs: Sequence[PartitionJob]) -> list[JobDone]:
    return [function(job) for job in jobs]


_sketch = fat_task("sketch partitions", _all_of)
_take_jobs = fat_task("sketch partitions", _Line.take)


def _named(task: Task[P, R], name: str) -> Task[P, R]:
    """The task under a name of its own, tried again as often as the task that this runs in, such as `validate`."""
    around = TaskRunContext.get()
    if around is None:
        return task.with_options(task_run_name=name)
    told = around.task
    return task.with_options(task_run_name=name, retries=told.retries, retry_delay_seconds=told.retry_delay_seconds)


def _at_once(runner: Any) -> int:
    """How many tasks a task runner runs at a time; processes on this machine no more than it has cores."""
    if isinstance(runner, ProcessPoolTaskRunner):
        return min(runner._max_workers, cores())
    return ELSEWHERE


KINDS["prefect"] = lambda place: PrefectMapper()
