"""A table, view or single SELECT of an SQLite file, opened read-only by Python's own module sqlite3.

In SQLite each value has a type of its own, whatever its column is declared as. Here a column has one: the declared
one (`sqlite_types`), and a value that does not fit it is an error that names it.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from urllib.parse import quote

import pyarrow as pa

from sameset.errors import SourceError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.base import ROWS_PER_BATCH
from sameset.sources.database_names import is_ordered, is_query, name_parts, offered, without_end
from sameset.sources.files import is_object, readable_file
from sameset.sources.interrupts import apart, interruptible
from sameset.sources.measured_types import measured
from sameset.sources.row_values import MisfitError, ValueColumn, batches_of, misfit_error
from sameset.sources.scan import quoted, reading, refuse_repeated
from sameset.sources.sqlite_types import declared_type, is_number

__all__ = ["SQLiteSource", "is_sqlite"]

MAGIC = b"SQLite format 3\0"
#: How long to wait for another program that has the file locked.
LOCK_SECONDS = 5.0
#: The name of a view that lives as long as its connection, and hides no table of the file.
VIEW = '"rows of sameset"'


def is_sqlite(path: str) -> bool:
    """Whether a file on disk is an SQLite database, as its first bytes tell."""
    if not os.path.isfile(path):  # a pipe would be waited for
        return False
    try:
        with open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


class SQLiteSource(ArrowStreamSource):
    """The rows of `table` or `view`, in any case, or of a single SELECT."""

    def __init__(self, path: str, content: str, shown: str) -> None:
        super().__init__(shown)
        self._path = path
        self._content = without_end(content)
        self._columns: tuple[ValueColumn, ...] = ()

    def ordered_batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        if is_ordered(self._content):
            return super().ordered_batches(columns, where, rows)
        raise SourceError(f"{self.address} keeps its rows in no order; give a select with ORDER BY")

    def _arrow_schema(self) -> pa.Schema:
        self._columns = apart(self._looked_at)  # columns without a type take a scan
        return pa.schema([pa.field(column.name, column.type) for column in self._columns])

    def _looked_at(self) -> tuple[ValueColumn, ...]:
        with self._connection() as con:
            return tuple(self._typed(con))

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        names = self.schema().names
        chosen = [names.index(name) for name in columns]
        with self._connection() as con, closing(self._select(con, chosen, names)) as cursor:
            yield from batches_of(cursor.fetchmany, [self._columns[i] for i in chosen])

    def _ordered_reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        """The columns, picked out of the rows of the query as it stands: in brackets it need not keep its order."""
        names = self.schema().names
        chosen = [names.index(name) for name in columns]
        with self._connection() as con, closing(con.execute(self._content)) as cursor:
            picked = [self._columns[i] for i in chosen]
            yield from batches_of(lambda n: [[row[i] for i in chosen] for row in cursor.fetchmany(n)], picked)

    def _typed(self, con: sqlite3.Connection) -> Iterator[ValueColumn]:
        """The columns; one scan looks at the values of those that are declared without a type."""
        relation = self._relation(con)
        names = self._names(con, relation)
        refuse_repeated(names, self.address)
        # What a column of a query is declared as, nothing for a calculated one, only a view of it tells.
        con.execute(f"CREATE TEMP VIEW {VIEW} AS SELECT * FROM {relation}")  # noqa: S608 - quoted
        declared = [row[2] for row in con.execute(f"PRAGMA temp.table_info({VIEW})")]
        types = [declared_type(text) for text in declared]
        found = self._measured(con, [i for i, type_ in enumerate(types) if type_ is None], names, declared)
        for i, name in enumerate(names):
            yield ValueColumn(name, declared[i], found[i] if i in found else types[i])

    def _names(self, con: sqlite3.Connection, relation: str) -> list[str]:
        names = [each[0] for each in con.execute(f"SELECT * FROM {relation} LIMIT 0").description]  # noqa: S608 - quoted
        if is_query(self._content) and any(re.search(r":\d+$", name) for name in names):
            # So SQLite tells names apart that differ at most in case; the query itself, which it begins to run, has the true ones.
            with closing(con.execute(self._content)) as cursor:
                return [each[0] for each in cursor.description]
        return names

    def _measured(
        self, con: sqlite3.Connection, chosen: list[int], names: list[str], declared: list[str]
    ) -> dict[int, pa.DataType]:
        """By place, the types of these columns, as their values tell them."""
        if not chosen:
            return {}
        with closing(self._select(con, chosen, names)) as cursor:
            found = measured(cursor.fetchmany, len(chosen))
        for i, values in zip(chosen, found, strict=True):
            if is_number(declared[i]) and (other := values.first_besides(int, float)):
                raise MisfitError(ValueColumn(names[i], declared[i], pa.float64()), *other)
        return {i: values.type(names[i], self.address) for i, values in zip(chosen, found, strict=True)}

    def _select(self, con: sqlite3.Connection, chosen: list[int], names: list[str]) -> sqlite3.Cursor:
        """The columns at these places; a query is run as it stands where all are chosen, so that its order stays."""
        # A query in brackets SQLite takes only within another one.
        if is_query(self._content) and chosen == list(range(len(names))) and not self._content.startswith("("):
            return con.execute(self._content)
        # By place, because names that differ only in case are one to SQL.
        cells = ", ".join(f"c{i} AS {quoted(names[i])}" for i in chosen) or "1"
        places = ", ".join(f"c{i}" for i in range(len(names)))
        rows = f"WITH source_rows({places}) AS (SELECT * FROM {self._relation(con)})"  # noqa: S608 - names are quoted
        return con.execute(f"{rows} SELECT {cells} FROM source_rows")  # noqa: S608 - names are quoted

    def _relation(self, con: sqlite3.Connection) -> str:
        """The table expression: a quoted name, or the query in brackets."""
        if is_query(self._content):
            # The line break keeps a comment at the end of the query from swallowing the bracket.
            return f"({self._content}\n)"
        tables = [name for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        schema, wanted = name_parts(self._content) or (None, self._content)
        for name in tables:
            if name.lower() == wanted.lower() and (schema or "main").lower() == "main":
                return f"main.{quoted(name)}"
        raise SourceError(f"{self._path} has no table {self._content!r}; {offered(self._content, tables)}")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that only reads; what SQLite says against it becomes a sentence."""
        with reading(self.address), closing(self._opened()) as con:
            try:
                with interruptible(con.interrupt):
                    yield con
            except sqlite3.Error as error:
                raise SourceError(f"{self.address} cannot be read: {_reason(error)}") from error
            except MisfitError as misfit:
                raise misfit_error(self.address, misfit, self._row_id(con, misfit)) from None

    def _opened(self) -> sqlite3.Connection:
        if is_object(self._path):
            raise SourceError(f"{self.address} is in a store, but SQLite reads files on disk only; copy it to one")
        path = os.path.abspath(os.path.expanduser(self._path))
        try:
            # Batches are fetched by several threads, one at a time.
            place = f"file:{quote(readable_file(path))}?mode=ro"
            return sqlite3.connect(place, uri=True, timeout=LOCK_SECONDS, check_same_thread=False)
        except sqlite3.Error as error:
            raise SourceError(f"{self.address} cannot be read: {_reason(error)}") from error

    def _row_id(self, con: sqlite3.Connection, misfit: MisfitError) -> str:
        """How SQLite calls a row with this value, nothing where it has no name for it: in a query, a view."""
        if is_query(self._content):
            return ""
        cell = quoted(misfit.column.name)
        query = f"SELECT rowid FROM {self._relation(con)} WHERE {cell} IS ? LIMIT 1"  # noqa: S608 - names are quoted
        try:
            found = con.execute(query, [misfit.value]).fetchone()
        except sqlite3.Error:
            return ""
        return f"the row of rowid {found[0]}" if found and found[0] is not None else ""


def _reason(error: sqlite3.Error) -> str:
    """What SQLite says, with what to do where that is known."""
    text = str(error).strip().partition("\n")[0].rstrip(".")
    if match := re.match(r"Could not decode to UTF-8 column '(.*?)' with text", str(error), re.DOTALL):
        return f"column {match[1]!r} has text that is not UTF-8; cast it to BLOB in a query"
    return f"{text}; try again when no other program writes" if "locked" in text else text
