"""A Prefect server for the tests of this folder, and datasets that arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deliveries import orders
from prefect_processes import Prefect, clean_server, processes_of


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for a server carries the marker `server`: the plain run starts none."""
    for item in items:
        if {"prefect", "prefect_server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A server with a database of its own, which all flows of this process talk to; it takes 11 s to start."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    # Without heartbeats, whose thread sleeps a second at the end of every run.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}), prefect_test_harness(120):
        yield


@pytest.fixture
def registry(tmp_path: Path) -> str:
    return str(tmp_path / "registry.db")


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., str]:
    """`deliver(file, columns)`: the address of a Parquet file with these columns, by default 100 orders."""

    def write(file: str, columns: dict[str, list[object]] | None = None) -> str:
        path = tmp_path / file
        pq.write_table(pa.table(columns or orders(100)), path)
        return str(path)

    return write


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """A server from a clean home, with a worker that waits for runs: processes of their own, one of each for all tests."""
    with clean_server(tmp_path_factory.mktemp("prefect")) as prefect:
        prefect.run("prefect", "--no-prompt", "work-pool", "create", "sameset-pool", "--type", "process", code=0)
        with prefect.running("worker.log", "worker", "start", "--pool", "sameset-pool"):
            prefect.wait_until(lambda: prefect.post("/work_pools/sameset-pool/workers/filter") != [], "worker.log")
            yield prefect
            # A run that a schedule started may still work, and would outlive its worker.
            at_work = {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}}
            prefect.wait_until(lambda: prefect.post("/flow_runs/count", flow_runs=at_work) == 0, "worker.log")
            prefect.wait_until(
                lambda: not any("prefect.engine" in line for line in processes_of(prefect.folder)), "worker.log"
            )
