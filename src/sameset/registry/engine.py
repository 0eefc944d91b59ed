"""From the address of a registry to connections that behave: readers never wait, writers queue, errors are sentences.

SQLite: WAL with `BEGIN IMMEDIATE` for writers, so that 8 processes write 1,500 transactions a second and lose none.
PostgreSQL: the driver's own transactions; whoever writes a dataset locks its row.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, Executable, QueuePool, Table, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from sameset.errors import MissingExtraError, RegistryError
from sameset.registry.addresses import without_password
from sameset.registry.schema import SCHEMA_VERSION, file_set, file_sketch, metadata, registry

__all__ = [
    "LOCK_TIMEOUT",
    "Place",
    "connect",
    "create_file_tables",
    "create_schema",
    "create_storage",
    "has_file_tables",
    "has_schema",
    "insert_if_absent",
    "insert_or_replace",
    "locate",
    "told",
    "writer",
]

LOCK_TIMEOUT = 30.0

# Held while the schema is created on PostgreSQL, where two `create table` at once collide. Any number does.
_CREATION_LOCK = 0x5A3E5E7

_SQLITE_REASONS = {
    "SQLITE_BUSY": "is locked by another program; try again when that has finished",
    "SQLITE_NOTADB": "is not a SQLite database; give the address of a registry",
    "SQLITE_CORRUPT": "is damaged; restore it from a copy",
    "SQLITE_READONLY": "cannot be written; check the permissions of the file and its folder",
    "SQLITE_CANTOPEN": "cannot be opened; check that its folder exists and can be written",
    "SQLITE_FULL": "cannot be written because the disk is full; free some space and try again",
}


@dataclass(frozen=True)
class Place:
    """Where a registry is: a file of SQLite (`path`) or a server (`url`); `address` is what may be shown of it."""

    address: str
    path: Path | None = None
    url: URL | None = field(default=None, repr=False)

    def is_there(self) -> bool:
        """Whether there is something to connect to; a file of no bytes is a registry still to be made."""
        if self.path is None:
            return True
        try:
            return self.path.stat().st_size > 0
        except (FileNotFoundError, NotADirectoryError):
            return False


def locate(address: str | os.PathLike[str]) -> Place:
    """The place that a path, `sqlite:///path` or `postgresql://...` means; nothing is opened or created."""
    text = os.fspath(address)
    scheme, separator, rest = text.partition("://")
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"} and separator:
        return _server(f"postgresql+psycopg://{rest}")
    if separator and scheme != "sqlite":
        raise RegistryError(f"a registry cannot be at {scheme}://; give a path, sqlite:///PATH or postgresql://...")
    name = rest.removeprefix("/") if separator else text
    if name in {"", ":memory:"}:
        raise RegistryError("the registry's address names no file; give a path, sqlite:///PATH or postgresql://...")
    path = Path(os.path.abspath(os.path.expanduser(name)))
    return Place(address=str(path).encode("utf-8", "backslashreplace").decode(), path=path)


def connect(place: Place, lock_timeout: float) -> Engine:
    """The engine for a place; connecting to a SQLite file makes it, so callers ask `place.is_there()` first."""
    if place.url is None:
        return _sqlite_engine(place, lock_timeout)
    try:
        return create_engine(place.url, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError:
        raise MissingExtraError("postgres", "a registry on PostgreSQL") from None


def writer(engine: Engine) -> Engine:
    """The same engine and connections, whose transactions take the write lock when they begin."""
    return engine.execution_options(sameset_writes=True)


@contextmanager
def told(place: Place) -> Iterator[None]:
    """Within it, what the database or the file system says against us becomes a RegistryError of one sentence."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise RegistryError(f"the registry {place.address} {_reason(error)}") from error


def has_schema(engine: Engine, place: Place) -> bool:
    """Whether the place holds a registry that this program reads.

    False where there is nothing yet. RegistryError for another program's SQLite file and for another schema version.
    """
    if not place.is_there():
        return False
    with engine.connect() as connection:
        return _check_schema(connection, place)


def create_storage(engine: Engine, place: Place, lock_timeout: float) -> None:
    """Make a SQLite file ready to be written: its folder is there, and readers and writer do not block each other."""
    if place.path is None:
        return
    place.path.parent.mkdir(parents=True, exist_ok=True)
    give_up = time.monotonic() + lock_timeout
    while True:
        try:
            # Outside any transaction, and tried again: SQLite does not wait for its turn when two switch at once.
            with engine.connect() as connection:
                connection.connection.cursor().execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > give_up:
                raise
        time.sleep(0.01)


def create_schema(connection: Connection, place: Place) -> None:
    """Create the tables in this transaction, unless another process was first."""
    _one_at_a_time(connection)
    if not _check_schema(connection, place):
        metadata.create_all(connection)
        connection.execute(registry.insert().values(id=1, schema_version=SCHEMA_VERSION))


def has_file_tables(connection: Connection) -> bool:
    """Whether there are the tables of files, which a registry of an older program has not."""
    return {file_set.name, file_sketch.name} <= set(sqlalchemy.inspect(connection).get_table_names())


def create_file_tables(connection: Connection) -> None:
    """Create the tables of files in this transaction, unless they are there."""
    if not has_file_tables(connection):
        _one_at_a_time(connection)
        metadata.create_all(connection, tables=[file_set, file_sketch])


def _one_at_a_time(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(_CREATION_LOCK)))


def insert_if_absent(connection: Connection, table: Table, values: dict[str, Any]) -> Executable:
    """The insertion of a row that does nothing if its key is there already, or is just being inserted elsewhere."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table).values(values).on_conflict_do_nothing()
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table).values(values).on_conflict_do_nothing()


def insert_or_replace(connection: Connection, table: Table, values: dict[str, Any]) -> Executable:
    """The insertion of a row that takes the place of one of the same primary key."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table).values(values).on_conflict_do_update(constraint=table.primary_key, set_=values)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table).values(values).on_conflict_do_update(index_elements=table.primary_key, set_=values)


def _server(text: str) -> Place:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    # An @ in the host is the rest of a password that was cut at its own @.
    if url is None or "@" in (url.host or ""):
        raise RegistryError(
            "the registry's address cannot be read; write postgresql://USER@HOST:PORT/DATABASE, signs like @ as %XX"
        )
    shown = url.difference_update_query([name for name in url.query if "password" in name])
    return Place(address=without_password(shown.render_as_string()), url=url)


def _sqlite_engine(place: Place, lock_timeout: float) -> Engine:
    path = place.path
    assert path is not None

    def open_file() -> sqlite3.Connection:
        # isolation_level None: the driver leaves BEGIN to us. The pool hands a connection to one thread at a time.
        connection = sqlite3.connect(path, timeout=lock_timeout, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("pragma foreign_keys = on")
            connection.execute("pragma synchronous = normal")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=open_file, poolclass=QueuePool, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("sameset_writes", False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")


def _check_schema(connection: Connection, place: Place) -> bool:
    tables = sqlalchemy.inspect(connection).get_table_names()
    if registry.name not in tables:
        if tables and place.path is not None:
            raise RegistryError(f"{place.address} is a SQLite database but no registry; give the address of a registry")
        return False
    version = connection.execute(sqlalchemy.select(registry.c.schema_version)).scalar()
    if version != SCHEMA_VERSION:
        raise RegistryError(
            f"the registry {place.address} has schema version {version}, this program reads {SCHEMA_VERSION}; "
            "use it with the newer version of sameset that wrote it"
        )
    return True


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"cannot be reached: {error.strerror or error}; check its folder"
    cause = getattr(error, "orig", None) or error
    name = "_".join(getattr(cause, "sqlite_errorname", "").split("_")[:2])
    if name in _SQLITE_REASONS:
        return _SQLITE_REASONS[name]
    first_line = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    return f"cannot be used: {first_line}; check its address"
