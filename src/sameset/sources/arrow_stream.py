"""What every place has in common whose rows already are Arrow batches: they go through as they are, whatever their types.

DuckDB is asked only for conditions and aggregates. For these it gets half floats, wide decimals and durations as equal
types that it has (a duration is a number of its unit there); a column that it has no type for is not among them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import cache, reduce
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from sameset.canonical.buffers import kept_values, spans
from sameset.errors import SamesetError, SchemaError, SourceError, UnsupportedTypeError, listed
from sameset.sources.base import ROWS_PER_BATCH, Source
from sameset.sources.conditions import check_condition, mentioned
from sameset.sources.scan import connect, one_select, reading, refuse_repeated, unique_names
from sameset.sources.schemas import decoded

__all__ = ["ArrowStreamSource"]

VIEW = "arrow_rows"
ROWS = "\x01rows"

Read = Callable[[Sequence[str]], Generator[pa.RecordBatch, None, None]]


class ArrowStreamSource(Source):
    """A source whose rows already are Arrow batches; a kind of place adds `_arrow_schema` and `_reader`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._known: pa.Schema | None = None

    @abstractmethod
    def _arrow_schema(self) -> pa.Schema:
        """The schema of the rows; asked once."""

    @abstractmethod
    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        """All batches from the first one, of these columns in this order, of any size."""

    def _ordered_reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        """The same with its rows in the source's order, where that is another reading."""
        return self._reader(columns)

    def schema(self) -> pa.Schema:
        if self._known is None:
            with reading(self.address):
                schema = decoded(self._arrow_schema()).remove_metadata()
                refuse_repeated(schema.names, self.address)
                self._known = pa.schema([field.remove_metadata() for field in schema])
        return self._known

    def batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        return self._batches(self._chosen(columns), where, rows, self._reader)

    def ordered_batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        return self._batches(self._chosen(columns), where, rows, self._ordered_reader)

    def aggregate(self, expressions: str, where: str | None = None) -> tuple[Any, ...]:
        condition = f"\nWHERE ({where}\n)" if where else ""
        query = f"SELECT {expressions}\nFROM {VIEW} AS source{condition}"
        with reading(self.address), connect() as con, closing(self._reader(self.schema().names)) as reader:
            taken = _taken(self.schema())
            if where:
                con.register(VIEW, pa.Table.from_batches([], taken))
                check_condition(con, self.address, VIEW, where)
            one_select(con, query, self.address)
            failures: list[SamesetError] = []
            converted = (_converted(batch, taken) for batch in _noting(reader, failures))
            con.register(VIEW, pa.RecordBatchReader.from_batches(taken, converted))
            try:
                return tuple(con.sql(query).fetchall()[0])
            except duckdb.Error as error:
                raise failures[0] if failures else error from None

    def _batches(self, chosen: list[str], where: str | None, rows: int, read: Read) -> Iterator[pa.RecordBatch]:
        wanted = chosen if where is None else self.schema().names
        with reading(self.address), closing(read(wanted)) as reader:
            for batch in reader if where is None else _filtered(reader, where, self.schema(), self.address, chosen):
                selected = batch if where is None else batch.select(chosen)
                # Of a struct array without fields even no columns know their number of rows.
                for start in range(0, batch.num_rows, rows):
                    yield selected.slice(start, rows)

    def _chosen(self, names: Sequence[str] | None) -> list[str]:
        schema = self.schema()
        chosen = schema.names if names is None else list(names)
        if missing := [name for name in chosen if name not in schema.names]:
            raise SchemaError(f"{self.address} has no column {missing[0]!r}; it has {listed(schema.names)}")
        for name in chosen:
            if isinstance(schema.field(name).type, pa.OpaqueType):
                raise UnsupportedTypeError(name, schema.field(name).type.type_name)
        return chosen


def _noting(reader: Iterator[pa.RecordBatch], failures: list[SamesetError]) -> Iterator[pa.RecordBatch]:
    """The same batches; an error is kept, because DuckDB buries it in one of its own."""
    try:
        yield from reader
    except SamesetError as error:
        failures.append(error)
        raise


def _filtered(
    reader: Iterator[pa.RecordBatch], where: str, schema: pa.Schema, address: str, chosen: list[str]
) -> Iterator[pa.RecordBatch]:
    """The rows of which the condition is true, of the chosen columns, with their types as they are.

    If none is chosen, of one that nobody asked for, which knows how many there are.
    """
    query = f"SELECT coalesce(CAST((\n{where}\n) AS BOOLEAN), false) AS keep FROM {VIEW} AS source"  # noqa: S608
    whole = _taken(schema)
    if untaken := [
        name for name in mentioned(schema.names, where) if not _is_taken(_equal_type(schema.field(name).type))
    ]:
        raise SourceError(
            f"{address}: the condition {where!r} speaks of {untaken[0]!r}, but SQL has no values of the type "
            f"{schema.field(untaken[0]).type}; cast the column, or choose rows by another one"
        )
    taken = _mentioned(where, whole)
    with connect() as con:
        con.execute("SET preserve_insertion_order = true")
        # No rows first: a bad condition is an error of an empty table, too.
        con.register(VIEW, pa.Table.from_batches([], taken))
        check_condition(con, address, VIEW, where)
        for batch in reader:
            con.register(VIEW, pa.Table.from_batches([_converted(batch, taken)]))
            kept = con.sql(query).to_arrow_table().columns  # COLUMNS(...) has one for each
            keep = reduce(pc.and_, (column.combine_chunks() for column in kept))
            held = batch.select(chosen) if chosen else pa.record_batch([keep], names=["keep"])
            yield from _kept_rows(held, keep)


def _kept_rows(batch: pa.RecordBatch, keep: pa.BooleanArray) -> Iterator[pa.RecordBatch]:
    """The rows where `keep` is true; one batch after the other where Arrow can do no better (runs of an extension type)."""
    try:
        yield pa.RecordBatch.from_arrays([kept_values(array, keep) for array in batch.columns], schema=batch.schema)
    except (pa.ArrowException, NotImplementedError):
        for start, length in spans(keep):
            yield batch.slice(start, length)


def _mentioned(where: str, taken: pa.Schema) -> pa.Schema:
    """The columns whose names occur in a condition; one of no name if there are none, so that there are rows in any case.

    What it does not speak of need not be handed over, where some values are refused (a map with a key twice).
    """
    text = where.lower()
    patterns = "*" in text or "columns" in text  # COLUMNS('pri') is of all whose name has that in it
    fields = [field for field in taken if patterns or field.name.lower().replace('"', '""') in text]
    return pa.schema(fields or [pa.field(ROWS, pa.null(), metadata={"at": "-1"})])


def _converted(batch: pa.RecordBatch, taken: pa.Schema) -> pa.RecordBatch:
    """The columns that DuckDB takes, under names that it tells apart."""
    arrays = []
    for field in taken:
        at = int(field.metadata[b"at"])
        array = batch.column(at) if at >= 0 else pa.nulls(batch.num_rows)
        arrays.append(array if array.type == field.type else array.cast(field.type))
    made = pa.RecordBatch.from_arrays(arrays, schema=taken)
    return _without_offsets(made) if any(map(_has_structs_within, taken.types)) else made


def _without_offsets(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows from the start of their buffers: DuckDB refuses structs in what is a slice of something."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return pa.ipc.open_stream(sink.getvalue()).read_next_batch()


def _has_structs_within(type_: pa.DataType) -> bool:
    if isinstance(type_, pa.DictionaryType):
        return bool(pa.types.is_nested(type_.value_type))
    inner = [type_.field(i).type for i in range(type_.num_fields)]
    return any(pa.types.is_struct(part) or _has_structs_within(part) for part in inner)


def _taken(schema: pa.Schema) -> pa.Schema:
    """What DuckDB takes of a schema; each field knows its place there."""
    fields = [
        pa.field(name, type_, metadata={"at": str(i)})
        for i, (name, field) in enumerate(zip(unique_names(schema.names), schema, strict=True))
        if _is_taken(type_ := _equal_type(field.type))
    ]
    return pa.schema(fields)


def _equal_type(type_: pa.DataType) -> pa.DataType:
    """The type that DuckDB takes for one that it would refuse or round, of equal values."""
    if isinstance(type_, pa.BaseExtensionType):
        is_known = type_.extension_name in ("arrow.uuid", "arrow.json") and _is_taken(type_)
        return type_ if is_known else _equal_type(type_.storage_type)
    if pa.types.is_float16(type_):
        return pa.float32()
    if pa.types.is_duration(type_):
        return pa.int64()
    if pa.types.is_decimal256(type_) and type_.precision <= 38:
        return pa.decimal128(type_.precision, type_.scale)
    return type_


@cache
def _is_taken(type_: pa.DataType) -> bool:
    if _is_lossy(type_):
        return False
    try:
        with connect() as con:
            con.from_arrow(pa.Table.from_batches([], pa.schema([("x", type_)]))).fetchall()
    except (duckdb.Error, pa.ArrowException):
        return False
    return True


WITHOUT_ARRAYS = (pa.lib.Type_INTERVAL_MONTHS, pa.lib.Type_INTERVAL_DAY_TIME)


def _is_lossy(type_: pa.DataType) -> bool:
    """Whether DuckDB would change the values, as those of wide decimals, or Arrow in Python has no arrays of them."""
    is_odd = pa.types.is_decimal256(type_) or type_.id in WITHOUT_ARRAYS
    return is_odd or any(_is_lossy(type_.field(i).type) for i in range(type_.num_fields))
