"""A run that is cancelled while DuckDB still computes the first row ends at once, and records nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from sameset.registry import Registry

# 40 thousand million pairs of numbers are looked at before the first row comes out: half an hour.
LONG = "select a.range as x from range(200000) a, range(200000) b where hash(a.range + b.range) % 100000 = 0 order by x"
SERVE = "from sameset_flows.check_dataset import check_dataset; check_dataset.serve(name='long', print_starting_message=False)"
PROMPT = 2.0
CPU_SECONDS = 14.0  # more than it takes to start and to load Great Expectations


@pytest.fixture
def serving(tmp_path: Path, prefect_server: None) -> Iterator[subprocess.Popen[bytes]]:
    """`sameset-flows serve` by hand: a process that starts one for each run of the flow, and ends it when it is cancelled."""
    from prefect.settings import PREFECT_API_URL

    environment = os.environ | {"PREFECT_API_URL": str(PREFECT_API_URL.value()), "PREFECT_HOME": str(tmp_path / "home")}
    with (
        (tmp_path / "serve.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", SERVE],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        yield process
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.server
def test_cancelling_a_run_stops_duckdb_within_two_seconds(serving: subprocess.Popen[bytes], tmp_path: Path) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelling

    database, registry, log = tmp_path / "x.duckdb", tmp_path / "registry.db", tmp_path / "serve.log"
    duckdb.connect(str(database)).close()
    parameters = {"source": f"{database}::{LONG}", "name": "long", "registry": str(registry)}
    with get_client(sync_client=True) as client:
        wait_until(lambda: client.read_deployment_by_name("check-dataset/long") is not None)
        deployment = client.read_deployment_by_name("check-dataset/long")

        # The signal that the server's word becomes, which takes Prefect some seconds more.
        client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
        wait_until(lambda: busy(serving.pid) is not None)
        sent = time.monotonic()
        os.kill(busy(serving.pid) or 0, signal.SIGTERM)
        wait_until(lambda: "Execution was aborted" in log.read_text())
        assert time.monotonic() - sent < PROMPT
        wait_until(lambda: busy(serving.pid) is None)

        run = client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
        wait_until(lambda: busy(serving.pid) is not None)
        client.set_flow_run_state(run.id, Cancelling())
        wait_until(lambda: busy(serving.pid) is None, 20)  # sooner than the 30 s after which Prefect kills
        wait_until(lambda: client.read_flow_run(run.id).state.is_final())
        assert client.read_flow_run(run.id).state.type.value == "CANCELLED"
    with Registry.open(registry) as opened:
        assert opened.latest("long") is None


def busy(pid: int) -> int | None:
    """The process that another one has started and that has worked for so long that it must have begun to read."""
    return next((child for child in children(pid) if cpu_seconds(child) > CPU_SECONDS), None)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(place.name))
    return found


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has taken; none if it is gone."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    from prefect.exceptions import ObjectNotFound

    give_up = time.monotonic() + seconds
    while True:
        with suppress(ObjectNotFound):
            if condition():
                return
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)
