"""Where the tests keep registries: a file, or a schema of its own on a PostgreSQL server that runs for the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import servers_or_skip
from servers import PostgresServer


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that nobody stops."""
    with servers_or_skip.postgres_server() as running:
        yield running


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for one test, which may stop it."""
    with servers_or_skip.postgres_server() as running:
        yield running


@pytest.fixture
def on_postgres(server: PostgresServer) -> str:
    """The address of a registry still to be made on PostgreSQL."""
    return server.empty_schema()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a registry still to be made, of either kind."""
    if request.param == "sqlite":
        return str(tmp_path / "registry.db")
    return str(request.getfixturevalue("on_postgres"))
