from __future__ import annotations

import errno
import sqlite3

import pytest
from prefect.settings import PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW, temporary_settings

from sameset.errors import (
    RegistryError,
    RegistryUnavailableError,
    SourceError,
    SourceUnavailableError,
    StaleSnapshotError,
)
from sameset_flows import tasks
from sameset_flows.tasks import fat_task, is_transient


def caused_by(error, cause):
    error.__cause__ = cause
    return error


def locked(path):
    """The error of a database that another connection writes to."""
    first, second = (sqlite3.connect(path, timeout=0, isolation_level=None) for _ in range(2))
    try:
        first.execute("begin immediate")
        second.execute("begin immediate")
    except sqlite3.OperationalError as error:
        return error
    finally:
        first.close()
        second.close()


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError("reset"),
        TimeoutError("too long"),
        OSError(errno.ESTALE, "stale file handle"),
        caused_by(SourceError("cannot be read"), OSError(errno.EIO, "input/output error")),
        StaleSnapshotError("somebody was faster"),
        RegistryUnavailableError("does not answer"),
        SourceUnavailableError("does not answer"),
    ],
    ids=repr,
)
def test_what_passes_by_itself_is_transient(error):
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        SourceError("is no Parquet file"),
        caused_by(SourceError("cannot be read"), PermissionError(errno.EACCES, "permission denied")),
        FileNotFoundError(errno.ENOENT, "no such file"),
        RegistryError("is damaged"),
        ValueError("a bug"),
    ],
    ids=repr,
)
def test_what_stays_as_it_is_is_not(error):
    assert not is_transient(error)


def test_a_locked_registry_is_transient(tmp_path):
    assert is_transient(caused_by(RegistryError("is locked"), locked(tmp_path / "registry.db")))


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(("error", "attempts"), [(ConnectionResetError("reset"), 3), (SourceError("is empty"), 1)])
def test_only_transient_errors_are_tried_again(error, attempts, monkeypatch):
    monkeypatch.setattr(tasks, "DELAYS", [0.01, 0.01])
    calls = []

    # A task outside a flow has no run to log to, and would warn of that.
    without_log = temporary_settings({PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW: "ignore"})

    def read():
        calls.append(1)
        raise error

    with without_log, pytest.raises(type(error)):
        fat_task("read", read)()
    assert len(calls) == attempts
