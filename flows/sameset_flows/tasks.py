"""The kind of task that the flows consist of: few and fat, tried again where an error may pass by itself."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.task_engine import TaskRunTimeoutError

from sameset.configuration.project import in_words
from sameset.errors import RegistryUnavailableError, SourceUnavailableError, StaleSnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect import State
    from prefect.client.schemas.objects import TaskRun

__all__ = ["Limits", "fat_task", "is_transient", "tried_again"]

P = ParamSpec("P")
R = TypeVar("R")

# Seconds before each further attempt: a lock is soon gone, a network drive takes longer.
DELAYS = [2.0, 10.0, 30.0]

TRIED = "sameset_tried_again"

# What the kinds of errors say themselves.
_UNAVAILABLE = (RegistryUnavailableError, SourceUnavailableError, StaleSnapshotError)

# Of the file system: a network drive that is away for a moment, too many open files, a device that stutters.
_ERRNOS = frozenset(
    {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENETDOWN, errno.ENETUNREACH}
    | {errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETRESET, errno.ESTALE, errno.ETIMEDOUT}
)


def fat_task(name: str, function: Callable[P, R]) -> Task[P, R]:
    """A task that runs a plain function; an error that is transient is tried again, any other fails at once.

    Sketches go from task to task in memory; nothing is cached or stored, so no value of the data leaves the process.
    """
    return task(
        name=name,
        task_run_name=name,
        retries=len(DELAYS),
        retry_delay_seconds=DELAYS,
        retry_condition_fn=_worth_another_try,
        cache_policy=NO_CACHE,
        persist_result=False,
    )(function)


@dataclass(frozen=True)
class Limits:
    """How often a dataset's tasks are tried again, and how long each may take."""

    retries: int | None = None  #: None: as often as there are DELAYS
    timeout: float | None = None  #: seconds

    def on(self, of: Task[P, R]) -> Task[P, R]:
        """The task within these limits."""
        count = len(DELAYS) if self.retries is None else self.retries
        delays = [*DELAYS, *[DELAYS[-1] * 2] * count][:count]
        return of.with_options(retries=count, retry_delay_seconds=delays, timeout_seconds=self.timeout)

    def sentence(self, dataset: str) -> str:
        """What is said of a dataset whose time was up."""
        return f"{dataset} took longer than its timeout of {in_words(self.timeout or 0.0)}; nothing more was recorded"


def is_transient(error: BaseException) -> bool:
    """Whether an error, or what caused it, passes by itself: a lost connection, a lock. A bad source stays bad."""
    return not isinstance(error, TaskRunTimeoutError) and any(map(_passes_by_itself, _with_causes(error)))


def tried_again(error: BaseException) -> None:
    """Says of an error that what failed was tried again already, as often as the flow does that."""
    setattr(error, TRIED, True)


def _worth_another_try(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Prefect's `retry_condition_fn`: whether a failed task run failed of something transient."""
    error = state.data
    return isinstance(error, BaseException) and is_transient(error) and not getattr(error, TRIED, False)


def _passes_by_itself(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return isinstance(error, ConnectionError | TimeoutError) or error.errno in _ERRNOS
    # The names of the drivers' errors, because SQLAlchemy and sqlite3 stay behind the registry's door.
    locked = getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return locked or bool(getattr(error, "connection_invalidated", False)) or isinstance(error, _UNAVAILABLE)


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
