"""A table, view or single SELECT of a database that SQLAlchemy has a dialect for, streamed in one transaction that only reads.

MySQL and MariaDB (`mysql://`, extra `mysql`) and PostgreSQL through psycopg (`postgresql+psycopg://`) are tested; of others the
driver has to be installed by hand.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import pyarrow as pa
from sqlalchemy import URL, Connection, CursorResult, Engine, NullPool, create_engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SAWarning, SQLAlchemyError
from sqlalchemy.types import TypeEngine

from sameset.addresses import is_secret_option
from sameset.errors import MissingExtraError, SourceError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.base import ROWS_PER_BATCH
from sameset.sources.database_names import is_ordered, is_query, name_parts, offered, without_end
from sameset.sources.interrupts import apart, interruptible
from sameset.sources.measured_types import measured
from sameset.sources.mysql_types import mysql_kinds
from sameset.sources.row_values import MisfitError, ValueColumn, batches_of, misfit_error
from sameset.sources.scan import reading, refuse_repeated
from sameset.sources.sql_kinds import POSTGRES_SESSION, Kind
from sameset.sources.sql_types import MYSQL, declared_kind, measured_kinds

__all__ = ["SQLDatabaseSource"]

#: As it stands, without a place for parameters that a percent sign would be; and not loaded as a whole.
AS_IT_STANDS = {"no_parameters": True, "stream_results": True}
#: How a column is delivered: by its name alone, or not at all; anything else is SQL around its name.
AS_IT_IS, REFUSED = "{}", "NULL"
#: What begins a session: one state of the data, nothing written, times in UTC, and patience with a reader that computes.
SESSIONS = {
    "mysql": (
        "SET time_zone = '+00:00', net_write_timeout = 600",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ),
    "postgresql": POSTGRES_SESSION,
}
SESSIONS["mariadb"] = SESSIONS["mysql"]
#: By dialect and driver, what the connection is told unless the address says otherwise; times are in seconds.
OPTIONS = {
    "pymysql": {"charset": "utf8mb4", "connect_timeout": "10", "read_timeout": "600"},
    "mysqldb": {"charset": "utf8mb4", "connect_timeout": "10", "read_timeout": "600"},
    "psycopg": {"connect_timeout": "10", "application_name": "sameset"},
}
DRIVERS = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
EXTRAS = {"pymysql": "mysql", "psycopg": "postgres"}
#: How SQLAlchemy warns of a type that it does not know.
UNKNOWN = re.compile(r"type '(.+?)' of column '(.+)'")
#: Texts, quoted names and remarks: what stands in them is no SQL, save in those that MySQL runs, `/*! ... */`.
NO_SQL = re.compile(r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`|--[^\n]*|/\*(?!M?!).*?\*/""", re.DOTALL)

INTO_A_FILE = re.compile(r"\binto\s+(?:outfile|dumpfile)\b", re.IGNORECASE)


class SQLDatabaseSource(ArrowStreamSource):
    """The rows of `table`, `schema.table` or a single SELECT; parts of the address are escaped as %XX."""

    def __init__(self, url: str, content: str, shown: str) -> None:
        super().__init__(shown)
        self._url = url
        self._content = without_end(content)
        self._columns: tuple[ValueColumn, ...] = ()
        self._deliveries: tuple[str, ...] = ()

    def ordered_batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        if not is_ordered(self._content):
            raise SourceError(f"{self.address} keeps its rows in no order; give a select with ORDER BY")
        # A condition may speak of any column.
        read = self.schema().names if where is not None or columns is None else columns
        if any(self._needs_sql(name) for name in read):
            raise SourceError(
                f"{self.address} has columns of type FLOAT, and loses its order with them; cast them to DOUBLE"
            )
        return super().ordered_batches(columns, where, rows)

    def _needs_sql(self, name: str) -> bool:
        """Whether a column arrives with its values only by SQL around the query; a refused one never does."""
        deliveries = dict(zip(self.schema().names, self._deliveries, strict=True))
        return deliveries.get(name, AS_IT_IS) not in (AS_IT_IS, REFUSED)

    def _arrow_schema(self) -> pa.Schema:
        names, declared, kinds, types = apart(self._looked_at)  # types that only the values tell take a scan
        self._deliveries = tuple(kind.delivery for kind in kinds)
        self._columns = tuple(map(ValueColumn, names, declared, types, [kind.arriving for kind in kinds]))
        return pa.schema([pa.field(column.name, column.type) for column in self._columns])

    def _looked_at(self) -> tuple[list[str], list[str], list[Kind], list[pa.DataType]]:
        with self._connection() as con:
            names, declared, kinds = self._query_columns(con) if is_query(self._content) else self._table_columns(con)
            refuse_repeated(names, self.address)
            return names, declared, kinds, self._measured(con, names, kinds)

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        names = self.schema().names
        chosen = [names.index(name) for name in columns]
        with self._connection() as con:
            statement = self._select(con, names, [(i, self._deliveries[i]) for i in chosen])
            with self._result(con, statement) as result:
                yield from batches_of(result.fetchmany, [self._columns[i] for i in chosen])

    def _ordered_reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        """The columns, picked out of the rows of the query as it stands: in brackets it need not keep its order."""
        names = self.schema().names
        chosen = [(i, self._deliveries[i] != REFUSED) for i in map(names.index, columns)]
        with self._connection() as con, self._result(con, self._content) as result:
            picked = [self._columns[i] for i, _ in chosen]
            yield from batches_of(
                lambda n: [[row[i] if held else None for i, held in chosen] for row in result.fetchmany(n)], picked
            )

    def _table_columns(self, con: Connection) -> tuple[list[str], list[str], list[Kind]]:
        schema, table = self._table(con)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", SAWarning)
            found = inspect(con).get_columns(table, schema)
        warned = [UNKNOWN.search(str(each.message)) for each in said]
        unknown = {match[2]: match[1] for match in warned if match}
        declared = [unknown.get(column["name"]) or _declared(con, column["type"]) for column in found]
        kinds = [
            declared_kind(column["type"], con.dialect.name, name) for column, name in zip(found, declared, strict=True)
        ]
        names = [str(column["name"]) for column in found]
        # SQLAlchemy reads the names of MySQL's columns out of a statement, and leaves quotes in them doubled.
        return [name.replace("``", "`") for name in names] if con.dialect.name in MYSQL else names, declared, kinds

    def _query_columns(self, con: Connection) -> tuple[list[str], list[str], list[Kind]]:
        bare = NO_SQL.sub("", self._content)
        if ";" in bare or INTO_A_FILE.search(bare):  # which MySQL writes in a transaction that only reads, too
            raise SourceError(
                f"{self.address} is not a single SELECT; a source only reads, so give one SELECT without others"
            )
        with self._result(con, self._content) as result:
            described = result.cursor.description if result.cursor else ()
        kinds = (
            mysql_kinds(con, self._content, described)
            if con.dialect.name in MYSQL
            else measured_kinds(con, [each[1] for each in described])
        )
        return [each[0] for each in described], [str(kind.type) for kind in kinds], kinds

    def _measured(self, con: Connection, names: list[str], kinds: list[Kind]) -> list[pa.DataType]:
        """The types in the end; one scan looks at the columns whose types only their values tell."""
        types = [kind.type for kind in kinds]
        if chosen := [i for i, type_ in enumerate(types) if type_ is None]:
            with self._result(con, self._select(con, names, [(i, "{}") for i in chosen])) as result:
                found = measured(result.fetchmany, len(chosen))
            for i, values in zip(chosen, found, strict=True):
                types[i] = values.type(names[i], self.address)
        return types

    def _select(self, con: Connection, names: list[str], cells: list[tuple[int, str]]) -> str:
        """The statement that delivers these columns; a query as it stands where all are chosen, so that its order stays."""
        if is_query(self._content):
            if cells == [(i, "{}") for i in range(len(names))]:
                return self._content
            # By place, because names that differ only in case are one to many databases.
            rows, columns = "source_rows", [f"c{i}" for i in range(len(names))]
            with_ = f"WITH source_rows({', '.join(columns)}) AS ({self._content}\n) "
        else:
            schema, table = self._table(con)
            rows = ".".join(_quoted(con, part) for part in (schema, table) if part)
            columns, with_ = [_quoted(con, name) for name in names], ""
        chosen = ", ".join(delivery.format(columns[i]) for i, delivery in cells) or "1"
        return f"{with_}SELECT {chosen} FROM {rows}"  # noqa: S608 - names are quoted

    def _table(self, con: Connection) -> tuple[str | None, str]:
        """Schema, if one is given, and name of the table or view."""
        parts = name_parts(self._content)
        if parts is None:
            raise SourceError(f"{self.address} names no table; write ::TABLE, ::SCHEMA.TABLE or ::select ...")
        seen = inspect(con)
        if not seen.has_table(parts[1], parts[0]):
            with suppress(SQLAlchemyError):  # of a schema that is not there
                names = sorted(seen.get_table_names(parts[0]) + seen.get_view_names(parts[0]))
                raise SourceError(f"{self.address}: there is no table {self._content!r}; {offered(parts[1], names)}")
            raise SourceError(
                f"{self.address}: there is no table {self._content!r}; check the names of schema and table"
            )
        return parts

    @contextmanager
    def _result(self, con: Connection, statement: str) -> Iterator[CursorResult[Any]]:
        """The rows of a statement as they come; leaving early stops it."""
        session = con.exec_driver_sql("SELECT CONNECTION_ID()").scalar() if con.dialect.name in MYSQL else None
        result = con.exec_driver_sql(statement, execution_options=AS_IT_STANDS)
        try:
            yield result
        finally:
            if session is not None and result.cursor is not None:
                _stop(con, int(session), result)
            result.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection in a transaction that only reads; what the database says against it becomes a sentence."""
        with reading(self.address):
            try:
                with self._connected() as con:
                    for statement in SESSIONS.get(con.dialect.name, ()):
                        con.exec_driver_sql(statement)
                    with interruptible(_cancel(con)):
                        yield con
            except (SQLAlchemyError, RuntimeError) as error:
                raise SourceError(f"{self.address} cannot be read: {self._reason(error)}") from None
            except MisfitError as misfit:
                raise misfit_error(self.address, misfit) from None

    def _connected(self) -> AbstractContextManager[Connection]:
        """A connection, closed when the block is left."""
        return self._engine().connect()

    def _engine(self) -> Engine:
        try:
            url = _with_options(make_url(self._url))
            if "@" in f"{url.host}{url.database}":  # the rest of a password that was cut at its own @
                raise ValueError
            engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        except NoSuchModuleError:
            raise SourceError(
                f"{self.address} is of no kind of database that SQLAlchemy knows; check its first word"
            ) from None
        except (ArgumentError, ValueError):
            raise SourceError(
                f"{self.address} is no address of a database; write mysql://USER@HOST:PORT/DATABASE, signs like @ as %XX"
            ) from None
        except ModuleNotFoundError as error:
            driver = error.name or "of the database"
            if driver in EXTRAS:
                raise MissingExtraError(EXTRAS[driver], f"reading {self.address}") from None
            raise SourceError(
                f"{self.address} needs the driver {driver}, which is not installed; install it with pip"
            ) from None
        if engine.dialect.is_async:
            raise SourceError(
                f"{self.address} names a driver for asyncio, which cannot be read with; name another, as postgresql+psycopg"
            )
        return engine

    def _reason(self, error: Exception) -> str:
        """The database's own first sentence, without any secret."""
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        lines = str(cause.args[-1] if cause.args else cause).strip().splitlines()
        told = lines[0].strip().rstrip(".") if lines else type(cause).__name__
        url = make_url(self._url)
        options = (value for name, value in url.query.items() if is_secret_option(name))
        for secret in (url.password, *options):
            told = told.replace(secret, "***") if isinstance(secret, str) and len(secret) > 3 else told
        return told


def _with_options(url: URL) -> URL:
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    options = OPTIONS.get(url.get_driver_name(), {})
    return url.update_query_dict({name: value for name, value in options.items() if name not in url.query})


def _quoted(con: Connection, name: str) -> str:
    """A name as SQL of the database, quoted where it has to be."""
    quote = con.dialect.identifier_preparer.quote
    # Some dialects double percent signs for drivers that look for places of parameters; here they do not.
    return quote(name).replace("%%", "%") if "%%" in quote("%") else quote(name)


def _declared(con: Connection, type_: TypeEngine[Any]) -> str:
    """How the database calls a type."""
    try:
        return type_.compile(con.dialect)
    except SQLAlchemyError:
        return repr(type_)


def _cancel(con: Connection) -> Callable[[], object]:
    """What another thread calls to end the statement that the connection waits for; nothing where the driver has no way."""
    if con.dialect.name in MYSQL:
        session, engine = int(con.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one()), con.engine
        return lambda: _kill(engine, session)
    driver: Any = con.connection.dbapi_connection
    return getattr(driver, "cancel", None) or getattr(driver, "interrupt", None) or (lambda: None)


def _kill(engine: Engine, session: int) -> None:
    with engine.connect() as other:
        other.exec_driver_sql(f"KILL QUERY {session}")


def _stop(con: Connection, session: int, result: CursorResult[Any]) -> None:
    """Ends a statement of MySQL, which would otherwise send all of its rows before the connection can close."""
    with suppress(SQLAlchemyError):
        _kill(con.engine, session)
        while result.fetchmany(1_024):
            pass
