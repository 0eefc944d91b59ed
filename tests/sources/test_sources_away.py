"""A server or a store that is away is told from a source that stays bad: only the first is worth another try."""

from __future__ import annotations

import socket
from typing import Any

import pytest

import sameset
from sameset.errors import SourceError, SourceUnavailableError
from sameset.sources.reasons import may_pass


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    "text",
    [
        'IO: [libpq] Failed to connect: connection to server at "db", port 5432 failed: timeout expired\n',
        "IO: [libpq] Failed to connect: connection failed: FATAL:  the database system is starting up\n",
        "IO: [libpq] Failed to connect: connection failed: FATAL:  sorry, too many clients already\n",
        "[libpq] Execution error [PGRES_FATAL_ERROR]: FATAL:  terminating connection due to administrator command\n",
        "[libpq] PQgetCopyData() failed: server closed the connection unexpectedly\n\tThis probably means ...",
        "When reading information for key 'k': AWS Error SLOW_DOWN during GetObject operation: reduce your rate",
        "Invalid Input Error: SourceError: s3://b/k.csv cannot be read: the store does not answer; check ...",
    ],
)
def test_what_passes_by_itself(text):
    assert may_pass(OSError(text))


@pytest.mark.parametrize(
    "text",
    [
        'IO: [libpq] Failed to connect: connection failed: FATAL:  password authentication failed for user "u"\n',
        'IO: [libpq] Failed to connect: could not translate host name "d" to address: Name or service not known\n',
        "INVALID_DATA: [libpq] Failed to execute query: could not begin COPY: ERROR:  division by zero\n",
        "When reading information for key 'k': AWS Error ACCESS_DENIED during GetObject operation: no",
        "line 3 has 2 cells, but the header has 3",
    ],
)
def test_what_stays_as_it_is(text):
    assert not may_pass(OSError(text))


@pytest.mark.parametrize("address", ["postgresql://u@127.0.0.1:{}/d::t", "s3://bucket/k.parquet"])
def test_nobody_answers(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(SourceUnavailableError):
        sameset.sketch_table(address.format(port))


def test_a_server_that_answers_no_is_not_away(postgres: Any) -> None:
    address, _, database = postgres.rpartition("/")
    with pytest.raises(SourceError) as error:
        sameset.sketch_table(f"{address}/{database}nix::t")
    assert type(error.value) is SourceError
