"""Prefect as its users run it: a server of its own, work pool, worker and command line, each its own process."""

from __future__ import annotations

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
from prefect.client.base import PrefectHttpxSyncClient

__all__ = ["RUN_TIMEOUT", "Prefect", "clean_server", "processes_of"]

START_TIMEOUT = 120.0
RUN_TIMEOUT = 90.0
ENDED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]


@dataclass(frozen=True)
class Prefect:
    """A Prefect server of its own, and its command line."""

    folder: Path
    url: str
    environment: dict[str, str]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("prefect", "--no-prompt", *arguments)

    def run(self, module: str, *arguments: str, code: int | None = None) -> subprocess.CompletedProcess[str]:
        """`python -m MODULE ARGUMENTS` against this server; the exit code has to be `code`, if that is given."""
        return self._python("-m", module, *arguments, code=code)

    def python(self, program: str) -> str:
        """What a small program prints that speaks to this server."""
        return self._python("-c", program, code=0).stdout

    def _python(self, *arguments: str, code: int | None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT + 30,
        )
        assert code in (None, done.returncode), done.stdout + done.stderr
        return done

    def check(self, dataset: str, *parameters: str) -> subprocess.CompletedProcess[str]:
        """A run of a dataset's deployment, from the command line, to its end."""
        given = [part for parameter in parameters for part in ("-p", parameter)]
        watch = ["--watch", "--watch-timeout", str(int(RUN_TIMEOUT))]
        return self("deployment", "run", f"check-dataset/{dataset}", *given, *watch)

    def get(self, path: str) -> Any:
        with self._client() as client:
            return client.get(path).json()

    def post(self, path: str, **body: Any) -> Any:
        with self._client() as client:
            return client.post(path, json=body).json()

    def _client(self) -> PrefectHttpxSyncClient:
        """As Prefect's own programs: raises for errors, but asks again where its SQLite was locked for a moment (503)."""
        return PrefectHttpxSyncClient(base_url=self.url, timeout=30)

    def ended(self, deployment: str) -> list[dict[str, Any]]:
        """The runs of a deployment (FLOW/NAME) that ended, the last one first."""
        known = self.get(f"/deployments/name/{deployment}")["id"]
        final = {"state": {"type": {"any_": ENDED}}, "deployment_id": {"any_": [known]}}
        return self.post("/flow_runs/filter", flow_runs=final, sort="END_TIME_DESC", limit=50)

    def start(self, deployment: str, log: str) -> dict[str, Any]:
        """A run of a deployment (FLOW/NAME), once it has ended; the same without the command line."""
        known = self.get(f"/deployments/name/{deployment}")["id"]
        run = self.post(f"/deployments/{known}/create_flow_run")["id"]
        self.wait_until(lambda: self.get(f"/flow_runs/{run}")["state"]["type"] in ENDED, log)
        return dict(self.get(f"/flow_runs/{run}"))

    @contextmanager
    def running(self, log: str, *arguments: str, module: str | None = "prefect") -> Iterator[subprocess.Popen[bytes]]:
        """A command (of a module, or a script) that runs until the end of the block, in a group of processes that ends with it."""
        with (self.folder / log).open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *(["-m", module] if module else []), *arguments],
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


@contextmanager
def clean_server(folder: Path) -> Iterator[Prefect]:
    """A server from a clean home in a folder; afterwards no process of it is left."""
    port = free_port()
    prefect = Prefect(folder, f"http://127.0.0.1:{port}/api", {
        **os.environ,
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        # A schedule that a test waits for is planned as soon as it is there.
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "SAMESET_REGISTRY": str(folder / "registry.db"),
    })  # fmt: skip
    with prefect.running("server.log", "server", "start", "--host", "127.0.0.1", "--port", str(port)):
        prefect.wait_until(lambda: prefect.get("/health") is True, "server.log")
        yield prefect
    assert processes_of(folder) == []
