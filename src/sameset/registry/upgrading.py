"""What a registry is: none yet, of an earlier revision, of today's; and how it becomes one of today's.

Reading takes a registry of every earlier revision as it is. The first write makes or upgrades it, in its own transaction and
while all others that would do so wait: killed in the middle it is what it was. Alembic (0.13 s) loads only to upgrade.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import sqlalchemy
from sqlalchemy import Connection

from sameset.errors import RegistryError
from sameset.registry.engine import Place
from sameset.registry.schema import (
    REVISION,
    SCHEMA_VERSION,
    file_set,
    file_sketch,
    metadata,
    registry,
    registry_revision,
)

__all__ = ["FIRST_REVISION", "expect_understood", "has_file_tables", "held_revision", "is_behind", "make_current"]

#: That of registries which do not say theirs.
FIRST_REVISION = "0001"

# Held on PostgreSQL while a registry is made or upgraded, also by the first programs. Any number does.
_ONE_AT_A_TIME = 0x5A3E5E7

# What Alembic runs for is a variable of its modules: two threads that upgrade two registries would mix them up.
_one_thread = Lock()


def held_revision(connection: Connection, place: Place) -> str | None:
    """The revision of the registry that is there; None where there is nothing yet.

    RegistryError for another program's SQLite file, and for a registry that this program does not understand.
    """
    tables = sqlalchemy.inspect(connection).get_table_names()
    if registry.name not in tables:
        if tables and place.path is not None:
            raise RegistryError(f"{place.address} is a SQLite database but no registry; give the address of a registry")
        return None
    expect_understood(connection, place)
    if registry_revision.name not in tables:
        return FIRST_REVISION
    return str(connection.execute(sqlalchemy.select(registry_revision.c.version_num)).scalar_one())


def expect_understood(connection: Connection, place: Place) -> None:
    """RegistryError for a registry that asks for another program; a writer's transaction keeps it from being altered so."""
    wanted = sqlalchemy.select(registry.c.schema_version)
    if connection.get_execution_options().get("sameset_writes"):
        wanted = wanted.with_for_update(read=True)
    version = connection.execute(wanted).scalar()
    if version != SCHEMA_VERSION:
        raise RegistryError(
            f"the registry {place.address} has schema version {version}, this program reads {SCHEMA_VERSION}; "
            "use it with the newer version of sameset that wrote it"
        )


def is_behind(revision: str | None) -> bool:
    """Whether a registry of this revision, None for nothing, has to be made or upgraded before it is written to."""
    return revision is None or int(revision) < int(REVISION)


def has_file_tables(connection: Connection) -> bool:
    """Whether there are the tables of files, which a registry of the first revision may lack."""
    return {file_set.name, file_sketch.name} <= set(sqlalchemy.inspect(connection).get_table_names())


def make_current(connection: Connection, place: Place) -> tuple[str | None, str]:
    """Make or upgrade the registry in this transaction, unless another process was first: its revision before, and now."""
    if connection.dialect.name == "postgresql":
        connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    before = held_revision(connection, place)
    if before is None:
        metadata.create_all(connection)
        connection.execute(registry.insert().values(id=1, schema_version=SCHEMA_VERSION))
        connection.execute(registry_revision.insert().values(version_num=REVISION))
    elif is_behind(before):
        _migrate(connection)
        held_revision(connection, place)
    else:
        return before, before
    return before, REVISION


def _migrate(connection: Connection) -> None:
    """Run the migrations that are missing, in the transaction that is begun."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    # Alembic reads % as the beginning of a variable.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    with _one_thread:
        if registry_revision.name not in sqlalchemy.inspect(connection).get_table_names():
            command.stamp(config, FIRST_REVISION)
        command.upgrade(config, REVISION)
