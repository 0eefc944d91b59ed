"""Registries of earlier programs (frozen/): read as they are, upgraded by the first write, never half."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import registry_processes
from registry_contents import contents, tables
from registry_processes import entry, record_next, run_together, wait_until_alone, writer_inside

from sameset.errors import RegistryError
from sameset.registry import Registry
from sameset.registry.engine import connect, locate, writer
from sameset.registry.schema import REVISION, SCHEMA_VERSION
from sameset.registry.upgrading import FIRST_REVISION

FROZEN = Path(__file__).with_name("frozen")
RECORDED = ["orders@1", "items@1", "orders@2", "Größe@1", "orders@3"]
ADDED = {"registry_revision", "file_set", "file_sketch"}
#: What is run, but not committed, when the process that upgrades stops.
STEPS = [
    "create table registry_revision",
    "insert into registry_revision",
    "create table file_set",
    "update registry_rev",
]


def lay(address: str, name: str) -> str:
    """The address, where a registry of an earlier program lies from now on."""
    if "://" not in address:
        with sqlite3.connect(address) as connection:
            connection.executescript((FROZEN / f"{name}.sqlite.sql").read_text("utf-8"))
        connection.close()
        return address
    engine = connect(locate(address), 5)
    with engine.begin() as connection:
        connection.exec_driver_sql((FROZEN / f"{name}.postgresql.sql").read_text("utf-8"))
    engine.dispose()
    return address


@pytest.fixture(params=["first", "files"])
def old(request: pytest.FixtureRequest, address: str) -> str:
    """The address of a registry of an earlier program."""
    return lay(address, request.param)


def all_snapshots(registry: Registry) -> list[tuple[object, ...]]:
    found = [shot for name in ("orders", "items", "Größe") for shot in registry.history(name)]
    facts = sorted(found, key=lambda shot: shot.taken_at)
    return [(shot, registry.sketch(shot), registry.report(shot), registry.validation(shot)) for shot in facts]


def test_reading_takes_it_as_it_is_and_alters_nothing(old):
    before = contents(old)
    with Registry.open(old, create=False) as registry:
        found = all_snapshots(registry)
        assert [shot.reference for shot, *_ in found] == RECORDED
        assert [(sketch, report) for _, sketch, report, _ in found] == [
            (b"sketch %d" % (number % 4), f'{{"number": {number}}}') for number in range(5)
        ]
        assert registry.revision == FIRST_REVISION
        remembered = (3, b"files of 4") if "file_set" in before else None
        assert registry.remembered_files("orders") == remembered
        assert registry.file_keys("orders") == ({"key"} if remembered else set())
    assert contents(old) == before


def test_the_first_write_upgrades_and_keeps_all_that_there_was(old):
    before = contents(old)
    with Registry.open(old) as registry:
        found = all_snapshots(registry)
        recorded = registry.record(entry("orders", files=b"new files"), expected_previous=3)
        assert (recorded.number, registry.revision) == (4, REVISION)
        assert all_snapshots(registry) == [*found, (recorded, b"sketch", None, None)]
        assert registry.remembered_files("orders") == (4, b"new files")
    after = contents(old)
    assert set(after) == set(before) | ADDED
    assert after["registry"] == [(1, SCHEMA_VERSION)]
    assert after["registry_revision"] == [(REVISION,)]
    for name, rows in before.items():
        assert set(rows) <= set(after[name]) or name == "file_set"


def test_an_upgraded_registry_is_like_one_made_today(old, request, tmp_path):
    made = str(tmp_path / "made.db") if "://" not in old else request.getfixturevalue("server").empty_schema()
    for address in (old, made):
        with Registry.open(address) as registry:
            registry.upgrade()
    assert tables(old) == tables(made)


def test_all_migrations_together_make_what_a_new_registry_is(address, request, tmp_path):
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import sameset.registry.upgrading as upgrading

    engine = connect(locate(address), 5)
    with writer(engine).begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(upgrading.__file__).with_name("migrations")))
        command.upgrade(config, "head")
    engine.dispose()
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION
    assert contents(address)["registry"] == [(1, SCHEMA_VERSION)]
    made = str(tmp_path / "made.db") if "://" not in address else request.getfixturevalue("server").empty_schema()
    with Registry.open(made) as registry:
        assert registry.upgrade() == (None, REVISION)
    assert tables(address) == tables(made)


def test_upgrade_says_what_it_found_and_made(old):
    with Registry.open(old) as registry:
        assert registry.upgrade() == (FIRST_REVISION, REVISION)
        assert registry.upgrade() == (REVISION, REVISION)


def alter(address: str, statement: str) -> None:
    engine = connect(locate(address), 5)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_a_registry_that_became_newer_while_it_was_open_is_not_written(address):
    with Registry.open(address) as registry:
        record_next(registry, entry())
        alter(address, "update registry set schema_version = 2")
        before = contents(address)
        with pytest.raises(RegistryError, match=r"has schema version 2, this program reads 1; use it with the newer"):
            registry.record(entry(sketch=b"2"), expected_previous=1)
    assert contents(address) == before


def test_a_newer_revision_that_asks_for_no_newer_program_is_read_and_written(address):
    """So workers of both programs share a registry while they are updated one after another."""
    with Registry.open(address) as registry:
        record_next(registry, entry())
    alter(address, "update registry_revision set version_num = '9999'")
    alter(address, "alter table snapshot add column newer text")
    with Registry.open(address) as registry:
        assert record_next(registry, entry(sketch=b"2")) == 0
        assert [shot.number for shot in registry.history("orders")] == [2, 1]
        assert registry.upgrade() == ("9999", "9999")
    assert contents(address)["registry_revision"] == [("9999",)]


@pytest.mark.slow
def test_eight_processes_that_upgrade_at_once_upgrade_once(old):
    run_together(registry_processes.write, [(old, "orders", worker, 2) for worker in range(8)])
    after = contents(old)
    assert after["registry_revision"] == [(REVISION,)]
    with Registry.open(old) as registry:
        assert [shot.number for shot in registry.history("orders")] == list(range(3 + 8 * 2, 0, -1))


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_killed_while_it_upgrades_it_is_the_old_one(address, step):
    old = lay(address, "first")
    before = contents(old)
    with writer_inside(old, step) as process:
        process.kill()
        assert process.wait() == -9
    wait_until_alone(old)
    assert contents(old) == before
    with Registry.open(old) as registry:
        assert record_next(registry, entry()) == 0
        assert registry.revision == REVISION
