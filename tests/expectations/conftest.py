"""Real files, a registry of their own, and contexts for the expectations."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import servers_or_skip
from engine_batches import Places
from expectation_cases import Write
from gallery import make_world
from servers import PostgresServer

import sameset_expectations as se
from sameset import check_table


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(table, name)`: the address of a new Parquet or CSV file."""

    def put(table: pa.Table, name: str = "orders.parquet") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".csv":
            pyarrow.csv.write_csv(table, path)
        else:
            pq.write_table(table, path)
        return str(path)

    return put


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the gallery's tables and registry, which is the working folder while the module runs."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SAMESET_REGISTRY", str(folder / "registry.db"))
        make_world(folder, str(folder / "registry.db"))
        yield folder


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty registry, which is the default one while the test runs."""
    address = str(tmp_path / "registry.db")
    monkeypatch.setenv("SAMESET_REGISTRY", address)
    return address


@pytest.fixture
def record(registry: str) -> Callable[..., Any]:
    """`record(address, name)` puts a snapshot into the registry."""

    def put(address: str, name: str = "orders") -> Any:
        return check_table(address, name, registry, key=["id"])

    return put


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that runs for this session."""
    with servers_or_skip.postgres_server() as running:
        yield running


@pytest.fixture(scope="session")
def mysql() -> Iterator[str]:
    """The address of a MariaDB server that runs for this session."""
    with servers_or_skip.mysql() as address:
        yield address


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A Spark session of two local cores, whose time zone is another than ours."""
    if shutil.which("java") is None:
        pytest.skip("java is not installed; it comes with the package openjdk-17-jre-headless")
    from pyspark.sql import SparkSession

    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.session.timeZone": "America/New_York",
        "spark.sql.shuffle.partitions": "3",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)  # the first one on PATH need not have this library
        interrupted = signal.getsignal(signal.SIGINT)
        session = SparkSession.builder.master("local[2]").config(map=options).getOrCreate()
        signal.signal(signal.SIGINT, interrupted)  # Spark's own outlives the session, and fails from then on
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """Where an engine may put a table; a server starts when it is first asked for."""
    folder = tmp_path / "engine"
    folder.mkdir()
    ask, context = request.getfixturevalue, se.get_context()
    yield Places(context, folder, lambda: ask("postgres").empty_schema(), lambda: ask("mysql"), lambda: ask("spark"))
    for source in context.data_sources.all().values():
        if hasattr(source, "get_engine"):  # its connections would wait in a pool
            source.get_engine().dispose()
            source.get_execution_engine().close()
