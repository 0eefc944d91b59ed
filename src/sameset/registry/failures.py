"""What a database says against us: as a sentence, and whether it passes by itself, so that the same is tried again."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from sameset.errors import RegistryError, RegistryUnavailableError
from sameset.registry.engine import Place

__all__ = ["LOSS_TIMEOUT", "persist", "told"]

T = TypeVar("T")

#: Seconds for which a lost server is waited for: a restart takes 1 to 10, a failover 30 to 60.
LOSS_TIMEOUT = 60.0
_FIRST_DELAY, _LONGEST_DELAY = 0.05, 5.0

_LOCKED = "is locked by another program; try again when that has finished"
_SQLITE_REASONS = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_NOTADB": "is not a SQLite database; give the address of a registry",
    "SQLITE_CORRUPT": "is damaged; restore it from a copy",
    "SQLITE_READONLY": "cannot be written; check the permissions of the file and its folder",
    "SQLITE_CANTOPEN": "cannot be opened; check that its folder exists and can be written",
    "SQLITE_FULL": "cannot be written because the disk is full; free some space and try again",
}
# By SQLSTATE, in full or by its class.
_SERVER_REASONS = {
    "55P03": _LOCKED,
    "25006": "is a read-only copy; give the address of its primary, or add ?target_session_attrs=read-write to several hosts",
    "42501": "refuses it: {}; grant that to the user, or have its owner run `sameset registry upgrade` once",
    "53100": "cannot be written because the server's disk is full; free some space and try again",
    "3F000": "has no schema to keep its tables in: {}; create it, or check the address's search_path",
}
# What a server says while it starts, stops or has no connection left. libpq gives no SQLSTATE for a connection refused by
# the server, only this text.
_STARTING = ("starting up", "shutting down", "recovery", "not yet accepting", "too many clients", "connection slots")
_STARTING_STATES = ("57P", "53300", "08")
# Two transactions were in each other's way (deadlock, serialization, a replica that had to catch up): the next try succeeds.
_COLLISIONS = ("40001", "40P01")


@contextmanager
def told(place: Place) -> Iterator[None]:
    """Within it, what the database or the file system says against us becomes a RegistryError of one sentence."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        kind = RegistryUnavailableError if _may_pass(error) else RegistryError
        raise kind(f"the registry {place.address} {_reason(error)}") from error


def persist(place: Place, work: Callable[[], T], *, known: bool) -> T:
    """What `work` gives: one whole short transaction, which may run again after a loss that did not tell how it ended.

    A server that answered before (`known`) is waited for, with growing delays; one that never did only while it says that it
    is starting. Raises RegistryError of one sentence.
    """
    give_up = time.monotonic() + LOSS_TIMEOUT
    delay = _FIRST_DELAY
    while True:
        try:
            with told(place):
                return work()
        except RegistryError as error:
            # Between half and all of the delay, so that workers which lost one server do not come back in step.
            pause = delay * random.uniform(0.5, 1)
            if not _is_worth_it(error.__cause__, known) or time.monotonic() + pause > give_up:
                raise
        time.sleep(pause)
        delay = min(2 * delay, _LONGEST_DELAY)


def _is_worth_it(error: BaseException | None, known: bool) -> bool:
    if not isinstance(error, DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False  # SQLite has waited for its lock already
    if _state(error).startswith(_COLLISIONS) or _is_starting(error):
        return True
    # Another process recorded the same run, or the same file, at the same moment: the next try finds it.
    return (known and _is_lost(error)) or (isinstance(error, IntegrityError) and _state(error) == "23505")


def _may_pass(error: BaseException) -> bool:
    """Whether the same may work later: a lock, a server that is away."""
    if not isinstance(error, DBAPIError):
        return getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
    locked = _reason(error) == _LOCKED
    return locked or _state(error).startswith(_COLLISIONS) or _is_starting(error) or _is_lost(error)


def _is_starting(error: DBAPIError) -> bool:
    refused = not _state(error) and any(said in str(error.orig) for said in _STARTING)
    return refused or _state(error).startswith(_STARTING_STATES)


def _is_lost(error: DBAPIError) -> bool:
    """Whether the connection broke, or none could be made though the server did not refuse it (which it does by FATAL)."""
    kind = type(error.orig).__name__
    unmade = kind in ("OperationalError", "ConnectionTimeout") and not _state(error) and "FATAL" not in str(error.orig)
    return bool(error.connection_invalidated) or (unmade and not isinstance(error.orig, sqlite3.Error))


def _state(error: BaseException) -> str:
    """The five signs by which a server tells what went wrong; nothing where it could not be asked."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"cannot be reached: {error.strerror or error}; check its folder"
    cause = getattr(error, "orig", None) or error
    name = "_".join(getattr(cause, "sqlite_errorname", "").split("_")[:2])
    if name in _SQLITE_REASONS:
        return _SQLITE_REASONS[name]
    first_line = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    if _state(error) in _SERVER_REASONS:
        return _SERVER_REASONS[_state(error)].format(first_line)
    if isinstance(error, DBAPIError) and _is_lost(error):
        return f"does not answer: {first_line}; check that its server runs and can be reached from here"
    return f"cannot be used: {first_line}; check its address"
