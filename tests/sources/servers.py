"""Real servers for a session of tests, on free ports of this machine: an S3-compatible store, PostgreSQL, MariaDB."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: What initdb and pg_ctl may be in, the newest version last; distributions keep them off PATH.
BINARIES = "/usr/lib/postgresql/*/bin"


@contextmanager
def object_store() -> Iterator[str]:
    """The endpoint of an S3-compatible store with the bucket `bucket`."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def postgres_program(name: str) -> str | None:
    """The path of a program of the PostgreSQL server, the newest one that is installed."""
    found = [shutil.which(name), *sorted(glob.glob(f"{BINARIES}/{name}"), key=lambda path: int(path.split("/")[4]))]
    return next((path for path in reversed(found) if path), None)


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database `postgres`, whose user `postgres` needs no password over TCP."""
    folder = Path(tempfile.mkdtemp(prefix="sameset-pg-", dir="/tmp"))  # the path of a socket may have 107 bytes
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    try:
        if user:
            shutil.chown(folder, user, user)
        _run(user, "initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8", "--locale=C")
        port = _free_port()
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
        _run(user, "pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            _run(user, "pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mysql() -> Iterator[str]:
    """The address of a MariaDB server, whose user `root` needs no password over TCP."""
    folder = Path(tempfile.mkdtemp(prefix="sameset-my-", dir="/tmp"))
    user = "mysql" if os.geteuid() == 0 else None  # the server refuses to run as root
    port = _free_port()
    try:
        if user:
            shutil.chown(folder, user, user)
        options = ["--no-defaults", f"--datadir={folder}/data", *([f"--user={user}"] if user else [])]
        _run(user, "mariadb-install-db", *options, "--auth-root-authentication-method=normal", "--skip-test-db")
        command = [mysql_program("mariadbd") or "mariadbd", *options, f"--socket={folder}/socket", f"--port={port}"]
        command += ["--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0", "--local-infile=1"]
        with open(folder / "log", "w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
            try:
                _wait_for(port, server, folder / "log")
                yield f"mysql://root@127.0.0.1:{port}/mysql"
            finally:
                server.terminate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def mysql_program(name: str) -> str | None:
    """The path of a program of the MariaDB server, which is not on every user's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    """Nothing, once the server takes connections."""
    give_up = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < give_up:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        with suppress(subprocess.TimeoutExpired):
            server.wait(0.05)
    raise RuntimeError(f"mariadbd does not start: {log.read_text()}")


def _run(user: str | None, program: str, *arguments: str) -> None:
    command = [postgres_program(program) or mysql_program(program) or program, *arguments]
    done = subprocess.run(
        command, user=user, group=user, extra_groups=[] if user else None, cwd="/", text=True, capture_output=True
    )
    if done.returncode:
        raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
