"""Great Expectations' own expectations in SQL on DuckDB, and ours beside them: a SQL data source of one held connection.

    source = context.data_sources.add_sameset_duckdb("lake", connection_string="duckdb:///lake.duckdb")
    orders = source.add_table_asset("orders", table_name="orders")
    events = source.add_query_asset("events", query="select * from read_parquet('events/*.parquet')")

The stock data source (`add_sql("duckdb:///...")`) fails on every expectation: it fetches rows after it closed their
connection, and DuckDB has dropped them by then. Here one connection stays open as long as its engine. A file is opened
to be read only; the rows of a query are streamed, and never lie in pandas.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from typing import Any, Literal
from weakref import WeakSet

from great_expectations.compatibility import pydantic
from great_expectations.compatibility.sqlalchemy import sqlalchemy as sa
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.datasource.fluent.config_str import ConfigStr
from great_expectations.execution_engine import SqlAlchemyExecutionEngine

from sameset.errors import MissingExtraError
from sameset.sources.scan import opened

__all__ = ["HeldConnectionExecutionEngine", "SamesetDuckDBDatasource"]

IN_MEMORY = (None, "", ":memory:")
#: With the zone of the machine a text without one would become another instant on each machine; and a name that is no
#: table must not be looked for among the variables of Python.
SETTINGS = ("SET TimeZone = 'UTC'", "SET python_enable_replacements = false")
_open: WeakSet[HeldConnectionExecutionEngine] = WeakSet()


class HeldConnectionExecutionEngine(SqlAlchemyExecutionEngine):
    """Runs all SQL over one connection, which stays open, in UTC, until the engine is closed or the process ends."""

    def __init__(self, connection_string: str | None = None, **kwargs: Any) -> None:
        self._held: Any = None
        try:
            super().__init__(connection_string=connection_string, **_with_defaults(connection_string, kwargs))
        except (sa.exc.NoSuchModuleError, ModuleNotFoundError):
            raise MissingExtraError("duckdb-sql", "the data source sameset_duckdb") from None
        _tidy_at_exit()
        _open.add(self)

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        """The connection of SQLAlchemy, which the end of the block does not close.

        What came before is committed now, and not at the end of its block: its rows may be fetched after that.
        """
        if self._held is None or self._held.closed:
            self._held = self.engine.connect()
            for setting in SETTINGS:
                self._held.exec_driver_sql(setting)
        self.settle()
        yield self._held

    def settle(self) -> None:
        """Ends the transaction that is open, if any: there is one connection, and it cannot have two."""
        if self._held is not None and not self._held.closed:
            try:
                self._held.commit()
            except sa.exc.DBAPIError:  # a statement of it failed
                self._held.rollback()

    def raw_connection(self) -> Any:
        """The connection of DuckDB itself, for rows as Arrow."""
        with self.get_connection() as con:
            return con.connection.driver_connection

    def close(self) -> None:
        """Closes the connection; the next query opens another one."""
        held, self._held = self._held, None
        with suppress(Exception):  # nothing helps a connection that does not even close
            if held is not None:
                held.close()
            self.engine.dispose()


class SamesetDuckDBDatasource(SQLDatasource):
    """A DuckDB file, or `duckdb:///:memory:` for queries over files, in SQL of Great Expectations."""

    type: Literal["sameset_duckdb"] = "sameset_duckdb"
    connection_string: ConfigStr | str = pydantic.Field(
        description="duckdb:///FILE, with four slashes for an absolute path, or duckdb:///:memory:"
    )

    @pydantic.validator("connection_string")
    @classmethod
    def _is_of_duckdb(cls, text: Any) -> Any:
        told = str(getattr(text, "template_str", text))
        if not told.startswith(
            ("duckdb:", "$")
        ):  # another dialect takes other arguments, and says so in words of its own
            raise ValueError(
                "a connection_string of DuckDB is duckdb:///FILE or duckdb:///:memory:, not of another kind"
            )
        return text

    @property
    def execution_engine_type(self) -> Any:
        """The engine that evaluates batches of this data source."""
        return HeldConnectionExecutionEngine

    def get_engine(self) -> Any:
        """The engine of SQLAlchemy that all assets share, so that one sees what another created."""
        engine = self.get_execution_engine()
        engine.settle()
        return engine.engine


def _with_defaults(connection_string: str | None, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the engine: one connection for all, which may not write into a file unless told how to connect.

    It is configured as those of the library are, for DuckDB refuses a process that opens a file in two ways.
    """
    url = sa.make_url(connection_string) if connection_string is not None else None
    own = {}
    if url is not None and url.database not in IN_MEMORY and not (kwargs.get("connect_args") or url.query):
        own["creator"] = partial(_connection, url.database)
    return {"poolclass": sa.pool.StaticPool, **own, **kwargs}


def _connection(database: str) -> Any:
    from duckdb_engine import ConnectionWrapper

    return ConnectionWrapper(opened(database))


@cache
def _tidy_at_exit() -> None:
    atexit.register(_close_all)


def _close_all() -> None:
    """Leaves nothing of DuckDB to what outlives the interpreter, such as the dialects of SQLAlchemy: nanobind would list it
    on stderr as leaked, in some forty lines."""
    for engine in list(_open):
        engine.close()
    for name in [name for name in sys.modules if name.partition(".")[0] == "duckdb_engine"]:
        vars(sys.modules[name]).clear()
