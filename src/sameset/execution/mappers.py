"""How partitions are mapped to their sketches: by threads of this process, by Dask or by Spark. No sketch can tell."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Generator, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from sameset.errors import MissingExtraError, SamesetError, SourceError, SpecError
from sameset.execution.scanning import cores
from sameset.sources.interrupts import interruptible, results_of

if TYPE_CHECKING:
    from sameset.execution.partition_jobs import JobDone, PartitionJob

__all__ = ["KINDS", "DaskMapper", "Mapper", "SparkMapper", "ThreadMapper", "mapper_of"]

Results = Generator["JobDone", None, None]

DASK_SECONDS = 10.0  # for the scheduler to answer
#: Partitions of one Spark job for each task slot; a driver that collects all at once would have them only at the end.
WAVES = 4
DASK_ADDRESS = re.compile(r"(tcp|tls|wss?|ucx|inproc)://.")  # of others it knows only after a minute that it does not
LONGEST_REASON = 300
JAVA_ERROR = re.compile(r"^: (?:[\w$]+\.)*(\w*(?:Error|Exception): .+)", re.MULTILINE)
PYTHON_ERROR = re.compile(r"^[A-Z]\w*(?:Error|Exception): .+", re.MULTILINE)


class Mapper(Protocol):
    """Runs a function for every job; where and in which order is its business."""

    @property
    def here(self) -> bool:
        """Whether jobs run in this process."""

    def map(self, function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]) -> Results:
        """The results as they come; the first error is raised. Closing the generator early stops what is left.

        An error names the partition: the job's function does that, and a mapper for a worker that was lost.
        """


class ThreadMapper:
    """Jobs in this process, as many at a time as there are cores."""

    here = True

    def map(self, function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]) -> Results:
        """The results as they come."""
        if jobs:
            yield from results_of(function, jobs, min(cores(), len(jobs)))


class DaskMapper:
    """Jobs on the workers of a Dask cluster, which see the files under the same paths and have sameset installed."""

    here = False

    def __init__(self, cluster: Any) -> None:
        """`cluster` is a client, or the address of a scheduler: `tcp://HOST:8786`."""
        self._cluster = cluster

    def map(self, function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]) -> Results:
        """The results as they come; when they are not wanted any more, jobs that have not begun never do."""
        distributed = _imported("distributed", "dask")
        mine = isinstance(self._cluster, str)
        client = self._connected(distributed) if mine else self._cluster
        try:
            yield from _of_dask(distributed, client, function, jobs)
        finally:
            if mine:
                client.close()

    def _connected(self, distributed: Any) -> Any:
        try:
            return distributed.Client(self._cluster, timeout=DASK_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            told = f"the Dask scheduler at {self._cluster} does not answer; check its address, such as tcp://HOST:8786"
            raise SamesetError(told) from error


def _of_dask(
    distributed: Any, client: Any, function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]
) -> Results:
    # Not pure: a file may have other bytes the next time. The name is what Dask's dashboard shows.
    futures = client.map(function, jobs, key=[f"sameset-{uuid4().hex}-{job.number}" for job in jobs], retries=0)
    of = {future.key: job for future, job in zip(futures, jobs, strict=True)}
    try:
        for future in distributed.as_completed(futures, loop=client.loop):
            try:
                done: JobDone = future.result()
            except SamesetError:
                raise
            except Exception as error:
                raise _lost(of[future.key], "Dask", error) from error
            future.release()
            yield done
    finally:
        client.cancel(futures)


class SparkMapper:
    """Jobs on the executors of a Spark cluster, which see the files under the same paths and have sameset installed."""

    here = False

    def __init__(self, session: Any = None) -> None:
        """`session` is a SparkSession, or the address of a master; None is the session at hand, or one as configured."""
        self._session = session

    def map(self, function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]) -> Results:
        """The results as they come, in waves of which two run at a time, so that no slot waits for the slowest of one."""
        mine, context = self._context()
        try:
            size = WAVES * max(1, context.defaultParallelism)
            waves = [jobs[first : first + size] for first in range(0, len(jobs), size)]
            for wave in results_of(partial(_wave, context, function), waves, 2):
                for job, done in wave:
                    if isinstance(done, SamesetError):
                        raise done
                    if isinstance(done, Exception):
                        raise _lost(job, "Spark", done) from done
                    yield done
        finally:
            if mine is not None:
                mine.stop()

    def _context(self) -> tuple[Any, Any]:
        """The session if it is this mapper's own to stop, and the context."""
        sql = _imported("pyspark.sql", "spark")
        session, mine = self._session, None
        if session is None or isinstance(session, str):
            at_hand = sql.SparkSession.getActiveSession()
            builder = sql.SparkSession.builder.appName("sameset")
            if (session or "").startswith("local"):  # otherwise the first python3 of the path
                os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            try:
                session = at_hand or (builder.master(session) if session else builder).getOrCreate()
            except Exception as error:
                raise SamesetError(f"Spark does not start: {_first_line(error)}; check the master and Java") from error
            mine = None if at_hand else session
        if not hasattr(session, "_jsc") and not hasattr(session, "_jsparkSession"):
            raise SpecError(
                "partitions are mapped by a Spark session of its own, not by Spark Connect; give its master"
            )
        return mine, session.sparkContext


def _wave(
    context: Any, function: Callable[[PartitionJob], JobDone], jobs: Sequence[PartitionJob]
) -> list[tuple[PartitionJob, JobDone | Exception]]:
    tag = f"sameset-{uuid4().hex}"
    context.addJobTag(tag)
    context.setInterruptOnCancel(True)
    try:
        with interruptible(lambda: context.cancelJobsWithTag(tag)):
            found = context.parallelize(jobs, len(jobs)).map(partial(_caught, function)).collect()
            return list(zip(jobs, found, strict=True))
    except Exception as error:  # an executor that was lost takes the whole wave with it
        return [(jobs[0], error)]
    finally:
        context.removeJobTag(tag)


def _caught(function: Callable[[PartitionJob], JobDone], job: PartitionJob) -> JobDone | Exception:
    """The result or the error as a value: Spark would make a page of its own out of an error."""
    try:
        return function(job)
    except SamesetError as error:
        return error


def mapper_of(text: str) -> Mapper:
    """The mapper that `--mapper` and SAMESET_MAPPER name: `threads`, `dask=ADDRESS`, `spark` or `spark=MASTER`.

    Raises SpecError for anything else, MissingExtraError if what it needs is not installed.
    """
    kind, _, place = text.partition("=")
    maker = KINDS.get(kind)
    if maker is None or (place and kind not in EXTRAS) or (kind == "dask" and not DASK_ADDRESS.match(place)):
        raise SpecError(f"{text!r} is no mapper; it is threads, dask=tcp://HOST:8786, spark or spark=MASTER")
    if kind in EXTRAS and find_spec(EXTRAS[kind]) is None:
        raise MissingExtraError(kind, f"the mapper {kind!r}")
    return maker(place or None)


#: How the mappers are called that can be named; the flows add one of Prefect.
KINDS: dict[str, Callable[[str | None], Mapper]] = {
    "threads": lambda place: ThreadMapper(),
    "dask": DaskMapper,
    "spark": SparkMapper,
}
EXTRAS = {"dask": "distributed", "spark": "pyspark"}


def _imported(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtraError(extra, f"the mapper {extra!r}") from None


def _lost(job: PartitionJob, where: str, error: Exception) -> SourceError:
    return SourceError(
        f"{job.name}: {where} could not run this partition: {type(error).__name__}: {_first_line(error)}"
    )


def _first_line(error: BaseException) -> str:
    """What an error says, in one line; of Java's pages the line in which Python, or else Java, names its error."""
    text = str(error)
    if found := PYTHON_ERROR.search(text) or JAVA_ERROR.search(text):
        return found[found.re.groups][:LONGEST_REASON]
    return next((line.strip()[:LONGEST_REASON] for line in text.splitlines() if line.strip()), "no reason given")
