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
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

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


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL server of our own in a folder, to be stopped, started and set up as a test needs it."""

    folder: Path
    port: int
    fsync: bool = False  # whether what is committed survives the loss of the machine, as it must outside of tests

    @property
    def user(self) -> str | None:
        """Whom its programs run as: the server refuses to run as root."""
        return "postgres" if os.geteuid() == 0 else None

    @property
    def address(self) -> str:
        """The address of its database `postgres`, whose user `postgres` needs no password over TCP."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = (
            f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder} -c fsync={'on' if self.fsync else 'off'}"
        )
        self.control("-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `fast` ends transactions in order, `immediate` is what a crash does."""
        self.control("-m", mode, "-w", "stop")

    def control(self, *arguments: str) -> None:
        _run(self.user, "pg_ctl", "-D", f"{self.folder}/data", *arguments)

    def empty_schema(self) -> str:
        """The address of its database that leads to a schema of its own, in which there is nothing."""
        name = f"t{uuid4().hex}"
        self.query(f"create schema {name}")
        return f"{self.address}?options=-csearch_path%3D{name}"

    def query(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, each committed at once; gives the rows of the last."""
        import psycopg

        with psycopg.connect(self.address, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgres_server(copy_of: PostgresServer | None = None, *, fsync: bool = False) -> Iterator[PostgresServer]:
    """A server that runs: a new one without data, or a read-only replica that follows another."""
    folder = Path(tempfile.mkdtemp(prefix="sameset-pg-", dir="/tmp"))  # the path of a socket may have 107 bytes
    server = PostgresServer(folder, _free_port(), fsync)
    try:
        if server.user:
            shutil.chown(folder, server.user, server.user)
        if copy_of:
            _run(server.user, "pg_basebackup", "-d", copy_of.address, "-D", f"{folder}/data", "-R", "-c", "fast")
        else:
            names = ["-A", "trust", "-U", "postgres", "-N", "-E", "UTF8", "--locale=C"]
            _run(server.user, "initdb", "-D", f"{folder}/data", *names)
        server.start()
        try:
            yield server
        finally:
            with suppress(RuntimeError):  # a test may have stopped it
                server.stop()
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
