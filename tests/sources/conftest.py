"""The fixtures of the contract: one table of typed rows as an address or object of each kind, and real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import servers
import servers_or_skip
from source_rows import LACKS, SLOW, TABLE, VARIANTS, WRITERS

from sameset.sources import Source, open_source

Write = Callable[[str, pa.Table], Any]


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """The endpoint of a local S3 store with a bucket `bucket`; the environment leads there."""
    from pyarrow import fs

    with servers.object_store() as endpoint, pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "a-test-key",
            "AWS_SECRET_ACCESS_KEY": "a-test-secret",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            patch.setenv(name, value)
        fs.S3FileSystem(endpoint_override=endpoint, allow_bucket_creation=True).create_dir("bucket")
        yield endpoint


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL database that runs for this session."""
    with servers_or_skip.postgres_server() as running:
        yield running.address


@pytest.fixture(scope="session")
def mysql() -> Iterator[str]:
    """The address of a MariaDB server that runs for this session."""
    with servers_or_skip.mysql() as address:
        yield address


@pytest.fixture
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """`write(kind, table)`: the address or object of a kind with the rows of a table."""

    def written(kind: str, table: pa.Table) -> Any:
        server = next((name for name, start in SERVED.items() if kind.startswith(start)), None)
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return WRITERS[kind](table, folder, request.getfixturevalue(server) if server else "")

    return written


#: By fixture, how the kinds are called that need its server.
SERVED = {"object_store": "s3", "postgres": "postgres", "mysql": "mysql"}


@pytest.fixture(params=[pytest.param(kind, marks=[pytest.mark.slow] * (kind in VARIANTS + SLOW)) for kind in WRITERS])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def table(kind: str) -> pa.Table:
    """The rows that the kind can hold."""
    return TABLE.drop_columns(list(LACKS.get(kind, ())))


@pytest.fixture
def place(kind: str, table: pa.Table, write: Write) -> Any:
    """The table as an address or object of each kind."""
    return write(kind, table)


@pytest.fixture
def source(place: Any) -> Source:
    return open_source(place)
