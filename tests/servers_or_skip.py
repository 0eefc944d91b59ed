"""Servers for a test or a session of tests, or a skip that says what to install (a failure in CI)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import servers

__all__ = ["mysql", "postgres_server"]


@contextmanager
def postgres_server() -> Iterator[servers.PostgresServer]:
    """A PostgreSQL server that runs."""
    _expect(servers.postgres_program("initdb"), "initdb", "postgresql")
    with servers.postgres_server() as running:
        yield running


@contextmanager
def mysql() -> Iterator[str]:
    """The address of a MariaDB server that runs."""
    _expect(servers.mysql_program("mariadbd"), "mariadbd", "mariadb-server")
    with servers.mysql() as address:
        yield address


def _expect(path: str | None, program: str, package: str) -> None:
    if path is None:
        pytest.skip(f"{program} is not installed; it comes with the package {package}")
