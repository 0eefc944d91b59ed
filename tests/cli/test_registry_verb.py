"""`sameset registry upgrade`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from sameset.cli.main import cli
from sameset.errors import RegistryError
from sameset.registry.schema import REVISION

FIRST = Path(__file__).parents[1] / "registry" / "frozen" / "first.sqlite.sql"


def upgraded(path: Path) -> str:
    done = CliRunner().invoke(cli, ["registry", "upgrade", "--registry", str(path)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_it_makes_upgrades_and_leaves_alone(tmp_path: Path) -> None:
    made, old = tmp_path / "made.db", tmp_path / "old.db"
    assert upgraded(made) == f"registry {made}: made, revision {REVISION}\n"
    assert upgraded(made) == f"registry {made}: unchanged, revision {REVISION}\n"
    with sqlite3.connect(old) as connection:
        connection.executescript(FIRST.read_text("utf-8"))
    connection.close()
    assert upgraded(old) == f"registry {old}: upgraded from revision 0001, revision {REVISION}\n"


def test_a_newer_registry_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    upgraded(path)
    with sqlite3.connect(path) as connection:
        connection.execute("update registry set schema_version = 2")
    connection.close()
    with pytest.raises(
        RegistryError, match="has schema version 2, this program reads 1; use it with the newer version"
    ):
        upgraded(path)
