"""The services of compose.yaml as processes of this machine: their own commands, variables, secrets and health checks."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import servers
from compose_services import FOLDER, SERVICES, WITH_SECRETS, Stack

pytestmark = pytest.mark.server

#: Signs that addresses, shells and SQL take for others.
SECRETS = {
    "postgres_password": "super 'user'",
    "prefect_database_password": "p@ss:w/rd%1",
    "sameset_database_password": 'it\'s "2" $HOME %',
    "prefect_login": "admin:p@ss:w/rd%3",
}
HEALTHY_WITHIN = 120.0


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with the secrets, which the user of PostgreSQL may read, too."""
    path = Path(tempfile.mkdtemp(prefix="sameset-stack-", dir="/tmp"))
    path.chmod(0o755)
    (path / "secrets").mkdir(mode=0o755)
    (path / "orders.csv").write_text("id,price\n1,2.5\n2,3.5\n")
    (path / "sameset.toml").write_text(f"[datasets.orders]\nsource = '{path}/orders.csv'\nkey = ['id']\n")
    for name, secret in SECRETS.items():
        (path / "secrets" / name).write_text(secret)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    """The services, with a PostgreSQL set up as the image of PostgreSQL does it: initdb, its own scripts, then TCP."""
    database = SERVICES["database"]
    data = folder / "database"
    data.mkdir()
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(data, user)
    ports = {name: servers._free_port() for name in ("database", "server", "worker")}

    def program(name: str, *arguments: str) -> None:
        words = [servers.postgres_program(name) or name, "-D", f"{data}/data", *arguments]
        subprocess.run(words, user=user, cwd="/", check=True, capture_output=True, timeout=60)

    options = [*database["environment"]["POSTGRES_INITDB_ARGS"].split(), f"--pwfile={folder}/secrets/postgres_password"]
    program("initdb", "--username=postgres", *options)
    listening = f"-c listen_addresses=127.0.0.1 -p {ports['database']} -k {data}"
    program("pg_ctl", "-w", "-l", f"{data}/log", "-o", listening, "start")
    try:
        told = {"PGHOST": str(data), "PGPORT": str(ports["database"]), "POSTGRES_USER": "postgres"}
        told |= {"SECRETS_FOLDER": f"{folder}/secrets", "PATH": os.environ["PATH"]}
        making = ["sh", str(FOLDER / "docker" / "make-databases.sh")]
        made = subprocess.run(making, user=user, env=told, cwd="/", capture_output=True, text=True, timeout=60)
        assert (made.returncode, made.stderr) == (0, "")
        yield Stack(
            folder,
            {
                "/run/secrets": f"{folder}/secrets",
                "/etc/sameset/sameset.toml": f"{folder}/sameset.toml",
                "@database:5432": f"@127.0.0.1:{ports['database']}",
                "5432": str(ports["database"]),
                "0.0.0.0": "127.0.0.1",
                "http://server:": "http://127.0.0.1:",
                "4200": str(ports["server"]),
                "8080": str(ports["worker"]),
            },
        )
    finally:
        program("pg_ctl", "-m", "immediate", "stop")


def wait_until_healthy(stack: Stack, service: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + HEALTHY_WITHIN
    while stack.run(service, stack.health(service)).returncode != 0:
        log = (stack.folder / f"{service}.log").read_text()
        assert process.poll() is None, log
        assert time.monotonic() < give_up, log
        # The next question, or the end of the process.
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            continue


def inside(stack: Stack, *command: str) -> str:
    """What a command says that is run in the worker's place, as docs/production-docker.md has it."""
    done = stack.run("worker", [WITH_SECRETS, *command])
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_services_come_up_one_after_another_and_are_healthy(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    server_host = {"PREFECT_SERVER_DATABASE_HOST": "127.0.0.1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    for name, value in server_host.items():
        monkeypatch.setitem(SERVICES["server"]["environment"], name, value)
    worker_port = stack.names["8080"]
    monkeypatch.setitem(SERVICES["worker"]["environment"], "PREFECT_WORKER_WEBSERVER_PORT", worker_port)
    for told in ("made, revision", "unchanged, revision"):
        made = stack.run("registry")
        assert made.returncode == 0, made.stderr
        assert told in made.stdout
    with stack.running("server") as server:
        wait_until_healthy(stack, "server", server)
        for told in ("created check-dataset/orders", "unchanged check-dataset/orders"):
            deployed = stack.run("deploy")
            assert deployed.returncode == 0, deployed.stderr
            assert told in deployed.stdout
        with stack.running("worker") as worker:
            wait_until_healthy(stack, "worker", worker)
            for reference in ("orders@1", "orders@2"):
                inside(
                    stack, "prefect", "deployment", "run", "check-dataset/orders", "--watch", "--watch-timeout", "100"
                )
                assert reference in inside(stack, "sameset", "history", "orders")
            # Who does not know the login is not let in.
            name = "PREFECT_API_AUTH_STRING_FILE"
            stranger = {one: value for one, value in stack.environment("worker").items() if one != name}
            command = ["prefect", "work-pool", "ls"]
            refused = subprocess.run(command, env=stranger, capture_output=True, text=True, timeout=120)
            assert refused.returncode != 0
            assert "401" in refused.stdout + refused.stderr
    written = "".join((stack.folder / f"{name}.log").read_text() for name in ("server", "worker"))
    for secret in SECRETS.values():
        assert secret not in written
