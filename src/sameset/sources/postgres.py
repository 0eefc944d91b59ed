"""A table, view or single SELECT of a PostgreSQL database, streamed over ADBC in one read-only transaction.

numeric                decimal of the digits that its values have; NaN beside numbers of at most 15 digits: double
money, timetz, bit,    refused, as every type without a canonical form; a query may cast them
ranges, ...
enum, name, xml        text
json, jsonb            text, as PostgreSQL writes it
uuid                   its 16 bytes
date, timestamp        an infinite one is an error, because no other format has it
arrays                 lists; those of several dimensions are an error, because the stream loses their shape
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pyarrow as pa

from sameset.errors import MissingExtraError, SourceError, SourceUnavailableError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.base import ROWS_PER_BATCH
from sameset.sources.database_names import offered, says_order, without_end
from sameset.sources.interrupts import apart, interruptible
from sameset.sources.postgres_types import Column, columns_of, restored
from sameset.sources.reasons import may_pass
from sameset.sources.scan import quoted, reading
from sameset.sources.sql_kinds import POSTGRES_SESSION

__all__ = ["PostgresSource"]

QUERY = re.compile(r"\s*(?:(?:select|with|values|table)(?![\w.$])|\(|--|/\*)", re.IGNORECASE)
NAME = re.compile(r'\s*(?:("(?:[^"]|"")+"|[^".\s]+)\s*\.\s*)?("(?:[^"]|"")+"|[^".\s]+)\s*')
CONNECT_SECONDS = 10
#: What one batch holds before it is handed over, so that few wide rows do not take all memory.
BATCH_BYTES = 1 << 24


class PostgresSource(ArrowStreamSource):
    """The rows of `table`, `schema.table` or a single SELECT; the password may also come from PGPASSWORD or .pgpass."""

    def __init__(self, url: str, content: str, shown: str) -> None:
        super().__init__(shown)
        self._uri, self._secrets = _uri(url, shown)
        self._content = without_end(content)
        self._columns: tuple[Column, ...] = ()
        self._rows = ""

    def ordered_batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        if QUERY.match(self._content) and says_order(self._content):
            return super().ordered_batches(columns, where, rows)  # PostgreSQL keeps the order of a query in brackets
        raise SourceError(f"{self.address} keeps its rows in no order; give a select with ORDER BY")

    def _arrow_schema(self) -> pa.Schema:
        self._rows, self._columns = apart(self._looked_at)  # the digits of numbers take a scan
        return pa.schema([pa.field(column.name, column.type) for column in self._columns])

    def _looked_at(self) -> tuple[str, tuple[Column, ...]]:
        with self._cursor() as cursor:
            rows = self._relation(cursor)
            return rows, columns_of(cursor, rows, self.address)

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        self.schema()
        by_name = {column.name: column for column in self._columns}
        chosen = [by_name[name] for name in columns]
        # A scan of no columns still has to know its rows.
        cells = [f"{column.delivery} AS c{i}" for i, column in enumerate(chosen)] or ["true AS c0"]
        with self._cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(cells)} FROM {self._rows}")  # noqa: S608 - names are quoted
            with cursor.fetch_record_batch() as reader:
                for batch in reader:
                    yield restored(batch, chosen, self.address)

    def _relation(self, cursor: Any) -> str:
        """The table expression; a name that is none says which there are."""
        if QUERY.match(self._content):
            # The line break keeps a comment at the end of the query from swallowing the bracket.
            return f"({self._content}\n) AS source_rows"
        match = NAME.fullmatch(self._content)
        if match is None:
            raise SourceError(f"{self.address} names no table; write ::TABLE, ::SCHEMA.TABLE or ::select ...")
        schema, table = (part and _unquoted(part) for part in match.groups())
        cursor.execute(
            "SELECT n.nspname, c.relname, pg_table_is_visible(c.oid) FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') "
            "AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
        )
        found = cursor.fetchall()
        for nspname, relname, visible in found:
            if relname == table and (nspname == schema if schema else visible):
                return f"{quoted(nspname)}.{quoted(relname)} AS source_rows"
        names = sorted(name if visible else f"{space}.{name}" for space, name, visible in found)
        raise SourceError(f"{self.address}: there is no table {self._content!r}; {offered(table or '', names)}")

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """A cursor in a transaction that only reads and sees one state of the database."""
        try:
            from adbc_driver_postgresql import StatementOptions, dbapi  # type: ignore[import-untyped]
        except ImportError:
            raise MissingExtraError("postgres", "reading from PostgreSQL") from None
        with self._told(dbapi), dbapi.connect(self._uri) as con, con.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)})
            for statement in POSTGRES_SESSION:
                cursor.execute(statement)
            with interruptible(con.adbc_cancel):
                yield cursor

    @contextmanager
    def _told(self, dbapi: Any) -> Iterator[None]:
        with reading(self.address):
            try:
                yield
            except (dbapi.Error, OSError, pa.ArrowException) as error:  # Arrow's own come while rows are streamed
                if "[libpq]" not in str(error) and not isinstance(error, dbapi.Error):
                    raise
                kind = SourceUnavailableError if may_pass(error) else SourceError
                raise kind(f"{self.address} cannot be read: {self._reason(str(error))}") from None

    def _reason(self, text: str) -> str:
        """The database's own first sentence, without any secret."""
        lines = [line for line in text.splitlines() if line.strip()]
        told = next(
            (line for line in lines if re.search(r"(?:ERROR|FATAL):", line)), lines[0] if lines else "no reason"
        )
        told = re.sub(r"^.*?(?:ERROR|FATAL):\s*|^[A-Z_]+: (?:\[libpq\] )?", "", told).strip().rstrip(".")
        for secret in self._secrets:
            told = told.replace(secret, "***")
        return told


def _uri(url: str, shown: str) -> tuple[str, list[str]]:
    """The address as libpq takes it, every part escaped so that none is taken for another; and what is secret in it."""
    try:
        parts = urlsplit(url)
        userinfo, _, host = parts.netloc.rpartition("@")
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise SourceError(f"{shown} is no address of a database; write postgresql://USER@HOST:PORT/DATABASE") from None
    user, colon, password = (part if part == ":" else unquote(part) for part in userinfo.partition(":"))
    options.setdefault("connect_timeout", str(CONNECT_SECONDS))
    options.setdefault("application_name", "sameset")
    login = quote(user, safe="") + (colon + quote(password, safe="") if colon else "") + ("@" if user or colon else "")
    uri = f"postgresql://{login}{host}{quote(unquote(parts.path), safe='/')}?{urlencode(options, quote_via=quote)}"
    return uri, [secret for secret in (password, options.get("password", "")) if len(secret) > 3]


def _unquoted(name: str) -> str:
    """A name as PostgreSQL stores it: in lower case, unless it is quoted."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
