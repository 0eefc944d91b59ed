"""From nothing to a scheduled check: a real server, a work pool, a deployment and a worker, each its own process."""

from __future__ import annotations

import inspect
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from deliveries import orders
from prefect.utilities.importtools import import_object

from sameset.registry import Registry

DEPLOYMENTS = Path(__file__).parents[2] / "deployments" / "prefect.yaml"
START_TIMEOUT = 120.0
RUN_TIMEOUT = 90.0


@pytest.fixture(scope="module")
def deployment() -> dict[str, Any]:
    (deployment,) = yaml.safe_load(DEPLOYMENTS.read_text("utf-8"))["deployments"]
    return deployment


def test_the_deployment_names_the_flow_and_parameters_that_it_takes(deployment):
    flow = import_object(deployment["entrypoint"])
    assert flow.name == "check-dataset"
    inspect.signature(flow.fn).bind(**deployment["parameters"])
    assert flow.validate_parameters(dict(deployment["parameters"])) == deployment["parameters"] | {
        "registry": None,
        "docs": None,
        "manifest": None,
        "manifests": None,
    }


def test_the_deployment_holds_no_secret(deployment):
    assert not {"registry", "docs"} & deployment["parameters"].keys()


@dataclass(frozen=True)
class Prefect:
    """A Prefect server of its own, and its command line."""

    folder: Path
    url: str
    environment: dict[str, str]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT + 30,
        )

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.url}{path}", timeout=30).raise_for_status().json()

    def post(self, path: str, **body: Any) -> Any:
        return httpx.post(f"{self.url}{path}", json=body, timeout=30).raise_for_status().json()

    @contextmanager
    def running(self, log: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command of Prefect that runs until the end of the block, in a group of processes that ends with it."""
        with (self.folder / log).open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            end(process)

    def wait_until(self, condition: Callable[[], bool], log: str) -> None:
        """Returns as soon as the condition holds; fails with the log if that takes too long."""
        give_up = time.monotonic() + START_TIMEOUT
        while not holds(condition):
            if time.monotonic() > give_up:
                pytest.fail(f"waited in vain; {log} ends with:\n{(self.folder / log).read_text()[-4000:]}")
            time.sleep(0.1)


def holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except httpx.HTTPError:
        return False


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process, politely first, and whatever is left of its group."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def processes_of(folder: Path) -> list[str]:
    """The commands of all processes of this user whose environment names the folder (on Linux; elsewhere none)."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """A server from a clean home, with the deployments of this project and a worker that waits for runs."""
    folder, port = tmp_path_factory.mktemp("prefect"), free_port()
    prefect = Prefect(folder, f"http://127.0.0.1:{port}/api", {
        **os.environ,
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "SAMESET_REGISTRY": str(folder / "registry.db"),
    })  # fmt: skip
    with prefect.running("server.log", "server", "start", "--host", "127.0.0.1", "--port", str(port)):
        prefect.wait_until(lambda: prefect.get("/health") is True, "server.log")
        for command in (
            ["work-pool", "create", "sameset-pool", "--type", "process"],
            ["deploy", "--all", "--prefect-file", str(DEPLOYMENTS)],
        ):
            done = prefect(*command)
            assert done.returncode == 0, done.stdout + done.stderr
        with prefect.running("worker.log", "worker", "start", "--pool", "sameset-pool"):
            prefect.wait_until(lambda: prefect.post("/work_pools/sameset-pool/workers/filter") != [], "worker.log")
            yield prefect
    assert processes_of(folder) == []


def run_nightly(prefect: Prefect, source: str) -> subprocess.CompletedProcess[str]:
    watch = ["--watch", "--watch-timeout", str(int(RUN_TIMEOUT))]
    return prefect("deployment", "run", "check-dataset/nightly", "-p", f"source={source}", *watch)


def latest_state(prefect: Prefect) -> dict[str, Any]:
    """The final state of the run that ended last."""
    final = {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}}
    (newest,) = prefect.post("/flow_runs/filter", flow_runs=final, sort="END_TIME_DESC", limit=1)
    return newest["state"]


def planned(prefect: Prefect) -> int:
    """How many runs the scheduler has planned."""
    return int(prefect.post("/flow_runs/count", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}}))


@pytest.mark.server
def test_the_schedule_is_active_and_runs_are_planned(prefect):
    deployment = prefect.get("/deployments/name/check-dataset/nightly")
    assert [(each["schedule"]["cron"], each["active"]) for each in deployment["schedules"]] == [("0 3 * * *", True)]
    assert (deployment["concurrency_options"]["collision_strategy"], deployment["tags"]) == ("ENQUEUE", ["sameset"])
    assert deployment["global_concurrency_limit"]["limit"] == 1
    prefect.wait_until(lambda: planned(prefect) > 0, "server.log")


@pytest.mark.server
def test_a_deployed_run_records_and_the_next_one_sees_what_changed(prefect, deliver):
    first = run_nightly(prefect, deliver("orders.parquet", orders(100)))
    assert first.returncode == 0, first.stdout + first.stderr
    with Registry.open(prefect.folder / "registry.db") as registry:
        assert [(each.reference, each.status) for each in registry.history("orders")] == [("orders@1", "new")]

    second = run_nightly(prefect, deliver("orders.parquet", orders(102, _5=99.0)))
    assert second.returncode == 0, second.stdout + second.stderr
    sentence = "orders is modified: 1 row changed, 2 added"
    assert latest_state(prefect)["message"] == sentence
    assert sentence in prefect.get("/artifacts/sameset-check-orders/latest")["data"]
    assert '"changed"' in prefect.get("/artifacts/sameset-columns-orders/latest")["data"]
    with Registry.open(prefect.folder / "registry.db") as registry:
        assert [each.status for each in registry.history("orders")] == ["modified", "new"]


@pytest.mark.server
def test_a_run_that_cannot_read_its_source_fails_and_so_does_the_command(prefect, tmp_path):
    missing = tmp_path / "missing.parquet"
    run = run_nightly(prefect, str(missing))
    assert run.returncode == 1, run.stdout + run.stderr
    state = latest_state(prefect)
    assert (state["type"], state["message"]) == ("FAILED", f"{missing} does not exist; check the path")
