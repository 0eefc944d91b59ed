"""From the address of a registry to connections that behave: readers never wait, writers queue.

SQLite: WAL with `BEGIN IMMEDIATE` for writers, so that 8 processes write 1,500 transactions a second and lose none.
PostgreSQL: the driver's own transactions; whoever writes a dataset locks its row (`servers.py`).
"""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Executable, QueuePool, Table, create_engine, event

from sameset.errors import RegistryError

__all__ = [
    "LOCK_TIMEOUT",
    "Place",
    "connect",
    "create_storage",
    "insert_if_absent",
    "insert_or_replace",
    "locate",
    "writer",
]

LOCK_TIMEOUT = 30.0


@dataclass(frozen=True)
class Place:
    """Where a registry is: a file of SQLite (`path`) or a server (`url`); `address` is what may be shown of it."""

    address: str
    url: URL | None = field(default=None, repr=False)
    path: Path | None = None

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
        from sameset.registry.servers import read_address

        return Place(*read_address(rest))
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
    from sameset.registry.servers import server_engine

    return server_engine(place.url, lock_timeout)


def writer(engine: Engine) -> Engine:
    """The same engine and connections, whose transactions take the write lock when they begin."""
    return engine.execution_options(sameset_writes=True)


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
