"""A table or a query of a DuckDB file, opened read-only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa

from sameset.errors import SourceError
from sameset.sources.base import ROWS_PER_BATCH
from sameset.sources.database_names import name_parts, offered, says_order, without_end
from sameset.sources.files import is_object, readable_file
from sameset.sources.interrupts import apart
from sameset.sources.scan import Layout, ScannedSource, connect, one_select, quoted, reading

__all__ = ["DuckDBSource"]

QUERY = re.compile(r"\s*(?:(?:select|with|from|values)(?![\w.$])|\(|--|/\*)", re.IGNORECASE)


class DuckDBSource(ScannedSource):
    """The rows of `table`, `schema.table` or a single SELECT in a DuckDB file."""

    def __init__(self, path: str, content: str) -> None:
        super().__init__(f"{path}::{content}")
        self._path = path
        self._content = without_end(content)

    def ordered_batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        if not apart(self._is_ordered):
            raise SourceError(f"{self.address} keeps its rows in no order; give a select with ORDER BY")
        return super().ordered_batches(columns, where, rows)

    def row_count(self) -> int | None:
        if self._is_query():
            return None
        with reading(self.address), connect(self._database()) as con:
            schema, table = self._table(con)
            stored = con.execute(
                "SELECT count(*) FROM duckdb_tables() WHERE schema_name = $1 AND table_name = $2", [schema, table]
            ).fetchall()
            if stored == [(0,)]:
                return None
            name = f"{quoted(schema)}.{quoted(table)}"
            (rows,) = con.sql(f"SELECT count(*) FROM {name}").fetchall()[0]  # noqa: S608 - the name is quoted
            return None if rows is None else int(rows)

    def _database(self) -> str:
        if is_object(self._path):
            raise SourceError(f"{self.address} is in a store, but DuckDB's files are read on disk only; copy it to one")
        return readable_file(self._path)

    def _is_query(self) -> bool:
        return QUERY.match(self._content) is not None

    def _is_ordered(self) -> bool:
        """Whether the rows have an order: a table keeps its own; joins and groups come as threads are done with them."""
        if self._is_query():
            return says_order(self._content)
        with reading(self.address), connect(self._database()) as con:
            found = con.execute(
                "SELECT sql FROM duckdb_views() WHERE database_name = current_database() AND schema_name = $1 AND view_name = $2",
                self._table(con),
            ).fetchall()
        return all(says_order(sql) for (sql,) in found)

    def _layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        if self._is_query():
            return self._query_layout(con)
        schema, table = self._table(con)
        name = f"{quoted(schema)}.{quoted(table)}"
        return Layout(name, tuple(con.table(name).columns))

    def _query_layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        query = self._content
        one_select(con, query, self.address)
        # The relation has the names as written; as a subquery repeated ones would get a suffix.
        names = tuple(con.sql(query).columns)
        return Layout(f"({query}\n)", names)

    def _table(self, con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
        """Schema and name of the table or view, as the file writes them."""
        tables = con.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database()"
        ).fetchall()
        found: list[tuple[str, str]] = []
        if parts := name_parts(self._content):
            wanted = (parts[0] or "main").lower(), parts[1].lower()
            found = [each for each in tables if (each[0].lower(), each[1].lower()) == wanted]
            # A name as it is offered below, with dots or quotes of its own.
        found = found or [each for each in tables if _offered_name(*each).lower() == self._content.lower()]
        if found:
            return found[0]
        names = [_offered_name(*each) for each in tables]
        raise SourceError(f"{self._path} has no table {self._content!r}; {offered(self._content, names)}")


def _offered_name(schema: str, table: str) -> str:
    return table if schema == "main" else f"{schema}.{table}"
