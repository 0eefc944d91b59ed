"""Copies that are made while somebody writes, and put back, by the commands that docs/registry.md gives."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
import servers
from registry_contents import contents
from registry_processes import entry, record_next, writer_inside

from sameset.registry import Registry

PAGE = (Path(__file__).parents[2] / "docs" / "registry.md").read_text("utf-8")


def commands(program: str) -> list[str]:
    found = re.findall(rf"`({program} [^`]+)`", PAGE)
    assert found
    return found


def test_a_copy_of_a_file_that_is_written_to_is_whole(tmp_path: Path) -> None:
    (command,) = commands("sqlite3")
    path, copy = tmp_path / "registry.db", tmp_path / "registry-copy.db"
    with Registry.open(path) as registry:
        record_next(registry, entry())
        before = contents(str(path))
        with writer_inside(path, "insert into validation"):
            # The shell's .backup is this call; the shell itself is another package.
            assert command == 'sqlite3 registry.db ".backup registry-copy.db"'
            with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
                source.backup(target)
            source.close()
            target.close()
        record_next(registry, entry(sketch=b"2"))
    assert contents(str(copy)) == before
    shutil.move(copy, path)
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    with Registry.open(path) as registry:
        assert [shot.number for shot in registry.history("orders")] == [1]
        assert record_next(registry, entry(sketch=b"3")) == 0


@pytest.mark.slow
def test_a_dump_of_a_server_is_whole_and_can_be_put_back(own_server: servers.PostgresServer, tmp_path: Path) -> None:
    address = own_server.address
    (dump,), (restore,) = commands("pg_dump"), commands("pg_restore")

    def run(command: str) -> None:
        program = command.split()[0]
        line = command.replace(program, servers.postgres_program(program) or program, 1)
        environment = {"SAMESET_REGISTRY": address, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(["sh", "-c", line], env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")

    with Registry.open(address) as registry:
        record_next(registry, entry())
        before = contents(address)
        with writer_inside(address, "insert into validation"):
            run(dump)
        record_next(registry, entry(sketch=b"2"))
        registry.add_file_sketches("orders", {"key": b"sketch"})
    run(restore)
    assert contents(address) == before
    with Registry.open(address) as registry:
        assert record_next(registry, entry(sketch=b"3")) == 0
        assert [shot.number for shot in registry.history("orders")] == [2, 1]
