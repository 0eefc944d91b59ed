"""A table or a query over a connection that somebody else holds, such as one whose temporary tables nobody else sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sameset.sources.sql_database import SQLDatabaseSource

__all__ = ["Connect", "SQLConnectionSource"]

#: Lends a connection of SQLAlchemy.
Connect = Callable[[], AbstractContextManager[Any]]


class SQLConnectionSource(SQLDatabaseSource):
    """The rows of a table or a single SELECT, read over whatever connection of SQLAlchemy `connect` lends.

    `url` tells what is secret. The connection is given back outside of any transaction.
    """

    def __init__(self, connect: Connect, url: str, content: str, shown: str) -> None:
        super().__init__(url, content, shown)
        self._connect = connect

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        with self._connect() as con:
            con.rollback()  # what is set for the session has to come first in a transaction
            try:
                yield con
            finally:
                con.rollback()
