"""The one place that holds a DuckDB connection: SQL over a source, streamed as Arrow batches.

A kind of place says which table expression it is (`Layout`); everything else happens here, the same for all:
names are kept by position, types that DuckDB would export wrongly are converted or refused, errors become a sentence.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from sameset.errors import (
    SamesetError,
    SchemaError,
    SourceError,
    SourceUnavailableError,
    UnsupportedTypeError,
    listed,
)
from sameset.sources.base import ROWS_PER_BATCH, Source
from sameset.sources.conditions import check_condition, folded
from sameset.sources.interrupts import apart, interruptible
from sameset.sources.reasons import advice, file_of, may_pass, reason

__all__ = [
    "Layout",
    "ScannedSource",
    "connect",
    "delivery",
    "is_refused",
    "one_select",
    "opened",
    "quoted",
    "reading",
    "refuse_repeated",
    "sql_type_of",
    "text_literal",
    "unique_names",
]

# 65,536 rows pass 2 GiB of text at 32 KiB a row: 64-bit offsets cost no measurable time (0.59 s and 0.61 s for
# lineitem SF1), so every source has them.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "arrow_large_buffer_size": True,
    "preserve_insertion_order": False,
    "python_enable_replacements": False,
}
#: Types whose Arrow form loses a part of the value (the offset of a time, the length of a bit string) or cannot be read.
REFUSED = {"bignum", "bit", "geometry", "time with time zone", "variant"}


@dataclass(frozen=True)
class Layout:
    """What a place is for DuckDB: a table expression and, by position, what it says of its columns itself."""

    relation: str
    names: tuple[str, ...]
    #: By position, the Arrow type that the values become on arrival: DuckDB has no durations (64-bit integers there)
    #: and no half floats.
    restored: dict[int, pa.DataType] = field(default_factory=dict)
    #: By position, the name of a type that cannot be read without loss.
    refused: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """One column: its name, how SQL calls it, the SQL that delivers it, the Arrow type that arrives."""

    name: str
    identifier: str
    delivery: str
    type: pa.DataType
    refused: str | None = None


class ScannedSource(Source):
    """A source that DuckDB reads; a kind of place adds `_layout` and, if need be, `_database` and `_register`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._known: tuple[Layout, tuple[Column, ...]] | None = None

    @abstractmethod
    def _layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        """The table expression and the true names of its columns; asked once."""

    def _database(self) -> str:
        """The database file to open read-only, or none."""
        return ":memory:"

    def _register(self, con: duckdb.DuckDBPyConnection) -> None:
        """Makes known whatever the table expression refers to."""

    def schema(self) -> pa.Schema:
        _, columns = self._columns()
        return pa.schema([pa.field(column.name, column.type) for column in columns])

    def batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        return self._batches(self._chosen(columns), where, rows)

    def ordered_batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        return self._batches(self._chosen(columns), where, rows, ordered=True)

    def _batches(
        self, chosen: Sequence[Column], where: str | None, rows: int, *, ordered: bool = False
    ) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([pa.field(column.name, column.type) for column in chosen])
        # A scan of no columns still has to know its rows.
        deliveries = [f"{column.delivery} AS c{i}" for i, column in enumerate(chosen)] or ["true AS c0"]
        scan = self._scan(", ".join(deliveries), where, ordered=ordered)
        with scan as relation, relation.to_arrow_reader(rows) as reader:
            for batch in reader:
                if batch.num_rows:
                    yield _restored(batch, schema)

    def aggregate(self, expressions: str, where: str | None = None) -> tuple[Any, ...]:
        return apart(lambda: self._aggregate(expressions, where))

    def _aggregate(self, expressions: str, where: str | None) -> tuple[Any, ...]:
        with self._scan(expressions, where) as relation:
            return tuple(relation.fetchall()[0])

    @contextmanager
    def _scan(self, selection: str, where: str | None, *, ordered: bool = False) -> Iterator[duckdb.DuckDBPyRelation]:
        layout, _ = self._columns()
        query = _select(selection, layout.relation, where)
        with reading(self.address), connect(self._database()) as con:
            con.execute(f"SET preserve_insertion_order = {str(ordered).lower()}")
            self._register(con)
            if where:
                check_condition(con, self.address, layout.relation, where)
            one_select(con, query, self.address)
            yield con.sql(query)

    def _columns(self) -> tuple[Layout, tuple[Column, ...]]:
        if self._known is None:
            self._known = apart(self._looked_at)  # the types of texts take a scan
        return self._known

    def _looked_at(self) -> tuple[Layout, tuple[Column, ...]]:
        with reading(self.address), connect(self._database()) as con:
            self._register(con)
            layout = self._layout(con)
            refuse_repeated(layout.names, self.address)
            return layout, _described(con, layout)

    def _chosen(self, names: Sequence[str] | None) -> list[Column]:
        _, columns = self._columns()
        by_name = {column.name: column for column in columns}
        if missing := [name for name in names or () if name not in by_name]:
            raise SchemaError(f"{self.address} has no column {missing[0]!r}; it has {listed(by_name)}")
        chosen = list(columns) if names is None else [by_name[name] for name in names]
        for column in chosen:
            if column.refused:
                raise UnsupportedTypeError(column.name, column.refused)
        return chosen


def opened(database: str) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection, offline, in UTC, read-only if to a file; all in a process have one configuration, as DuckDB wants it."""
    config = CONFIG | {"temp_directory": _spill_directory()}
    con = duckdb.connect(database, read_only=database != ":memory:", config=config)
    # With a zone of the machine a text without one would become another instant on each machine.
    con.execute("SET TimeZone = 'UTC'")
    return con


@contextmanager
def connect(database: str = ":memory:") -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection of its own, offline, in UTC; whatever still runs on it stops when the block is left."""
    con = opened(database)
    try:
        # After two seconds DuckDB would draw a bar into stdout, where results go.
        con.execute("SET enable_progress_bar = false")
        with interruptible(con.interrupt):
            yield con
    finally:
        con.interrupt()
        con.close()


@contextmanager
def reading(address: str) -> Iterator[None]:
    """Turns whatever a reader raises in the block into a `SourceError` of one sentence that names the source."""
    try:
        yield
    except SamesetError:
        raise
    except (duckdb.Error, pa.ArrowException, OSError, ValueError, TypeError) as error:
        kind = SourceUnavailableError if may_pass(error) else SourceError
        why = reason(error)
        if advised := "" if "; " in why else advice(error, address):
            why = f"{why}; {advised}"
        raise kind(f"{address} cannot be read: {file_of(error, address)}{why}") from error


def one_select(con: duckdb.DuckDBPyConnection, query: str, address: str) -> None:
    """Nothing, if the text is exactly one SELECT; conditions and queries come from people."""
    statements = con.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise SourceError(f"{address} is not a single SELECT; a source only reads, so give one SELECT without others")


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def sql_type_of(con: duckdb.DuckDBPyConnection, type_: pa.DataType) -> str:
    """The SQL type that DuckDB has for an Arrow type."""
    return str(con.from_arrow(pa.table([pa.array([], type_)], names=["x"])).types[0])


def unique_names(names: Sequence[str]) -> list[str]:
    """Names for SQL, which is blind to case: `a`, `A`, and an empty one become `a`, `A_1`, `column2` (if none is called so)."""
    taken: set[str] = set()
    own = set(map(folded, names))
    result = []
    for position, name in enumerate(names):
        base = name or f"column{position}"
        base += "" if name or base not in own else "_of_no_name"
        unique, count = base, 0
        while folded(unique) in taken:
            count += 1
            unique = f"{base}_{count}"
        taken.add(folded(unique))
        result.append(unique)
    return result


def refuse_repeated(names: Sequence[str], address: str) -> None:
    """Nothing, if no two columns have one name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SchemaError(f"{address} has two columns named {name!r}; rename one of them")
        seen.add(name)


def _select(selection: str, relation: str, where: str | None) -> str:
    # The line break keeps a comment at the end of a condition from swallowing the bracket.
    condition = f"\nWHERE ({where}\n)" if where else ""
    return f"SELECT {selection}\nFROM {relation} AS source{condition}"


def _described(con: duckdb.DuckDBPyConnection, layout: Layout) -> tuple[Column, ...]:
    """The columns with the types that arrive, found out by reading no rows."""
    relation = con.sql(_select("*", layout.relation, None))
    identifiers, types = relation.columns, relation.types
    if len(identifiers) != len(layout.names):
        raise SchemaError(f"it shows {len(layout.names)} column names for {len(identifiers)} columns")
    refused = {i: str(type_) for i, type_ in enumerate(types) if is_refused(type_)} | layout.refused
    deliveries = [delivery(quoted(name), type_) for name, type_ in zip(identifiers, types, strict=True)]
    selection = ", ".join("NULL" if i in refused else text for i, text in enumerate(deliveries))
    arriving = con.sql(_select(selection, layout.relation, None) + " LIMIT 0").to_arrow_reader().schema.types
    for i, type_ in refused.items():
        arriving[i] = pa.opaque(pa.large_binary(), type_, "DuckDB")
    arriving = [layout.restored.get(i, type_) for i, type_ in enumerate(arriving)]
    return tuple(
        Column(name, identifiers[i], deliveries[i], arriving[i], refused.get(i)) for i, name in enumerate(layout.names)
    )


def delivery(column: str, type_: Any) -> str:
    """The SQL that brings a column to Arrow with its value unchanged.

    DuckDB would export a UUID as text and an unsigned 128-bit integer above 2^127 as a negative number.
    A UUID arrives as its 16 bytes; an unsigned one that needs more than 38 digits is an error.
    """
    if type_.id == "uuid":
        return f"unhex(replace(CAST({column} AS VARCHAR), '-', ''))"
    if type_.id == "uhugeint":
        return f"CAST({column} AS DECIMAL(38, 0))"
    return column


def is_refused(type_: Any, nested: bool = False) -> bool:
    if type_.id in REFUSED or (nested and type_.id in {"uuid", "uhugeint"}):
        return True
    if type_.id not in {"list", "array", "struct", "map", "union"}:
        return False
    return any(is_refused(child, True) for _, child in type_.children if not isinstance(child, int))


def _restored(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch under the true names; integers that stand for durations become these, without a copy."""
    if not schema.names:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * batch.num_rows, pa.struct([])))
    arrays = [
        array.cast(field.type) if array.type != field.type else array
        for array, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@cache
def _spill_directory() -> str:
    """A private folder for what does not fit in memory, removed at exit; the default lies beside the data."""
    folder = tempfile.mkdtemp(prefix="sameset-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
