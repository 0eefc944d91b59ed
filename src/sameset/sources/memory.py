"""A table in memory: anything that hands its rows out as Arrow (pyarrow and its datasets, pandas, Polars, DuckDB relations)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from sameset.canonical.families import make_room
from sameset.errors import SamesetError, SourceError, UnsupportedTypeError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.scan import delivery, is_refused, quoted, reading
from sameset.sources.schemas import conformed, marked

__all__ = ["MemorySource"]

#: Types of Polars that Arrow has not, or of which it gets no more than addresses in memory.
PRIVATE = ("Int128", "Object", "UInt128", "Unknown")


class MemorySource(ArrowStreamSource):
    """The rows of an object with the Arrow C stream protocol, of a pandas frame of any version, or a Polars query.

    Of a pandas frame, an index with names is data (its levels are the first columns), one without is none; NaN in a
    column of floats is what pandas has for a missing value, and is one. A Polars query (LazyFrame) and a DuckDB
    relation run for each scan. A reader of batches can be read only once; a second scan of it is an error, because it
    would see no rows.
    """

    def __init__(self, table: Any, name: str = "table") -> None:
        super().__init__(f"memory:{name}")
        self._table = _as_arrow(table)
        self._spent = False

    def row_count(self) -> int | None:
        return self._table.num_rows if isinstance(self._table, pa.Table) else None

    def _arrow_schema(self) -> pa.Schema:
        with _told(self.address):
            if isinstance(self._table, pa.Table | pa.RecordBatchReader | _Scans):
                return _marked(self._table.schema)
            if hasattr(self._table, "collect_schema"):
                return _polars_schema(self._table.collect_schema())
            return _marked(pa.RecordBatchReader.from_stream(self._table).schema)

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        if isinstance(self._table, pa.RecordBatchReader):
            if self._spent:
                raise SourceError(f"{self.address} is a stream that was read before; give a table to read it twice")
            self._spent = True
        schema = pa.schema([self.schema().field(name) for name in columns])
        with _told(self.address):
            for batch in self._stream():
                has = set(batch.schema.names)
                yield conformed(
                    batch.select([name for name in columns if name in has or not _is_private(schema, name)]), schema
                )

    def _stream(self) -> Iterator[pa.RecordBatch]:
        if isinstance(self._table, pa.Table):
            yield from self._table.to_batches()
        elif isinstance(self._table, pa.RecordBatchReader):
            yield from self._table
        elif hasattr(self._table, "collect_batches"):
            for frame in self._readable().collect_batches():
                yield from pa.RecordBatchReader.from_stream(frame)
        else:
            with pa.RecordBatchReader.from_stream(self._readable()) as reader:
                yield from reader

    def _readable(self) -> Any:
        """The Polars frame or query without the columns that have no Arrow type; a DuckDB relation as it is."""
        schema = self.schema()
        private = [name for name in schema.names if _is_private(schema, name)]
        return self._table.drop(private) if private else self._table


class _Scans:
    """A dataset of pyarrow's, or a scanner of one, as a stream that may be asked again and holds few batches at a time."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    @property
    def schema(self) -> pa.Schema:
        return self._scanner().projected_schema

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._scanner().to_reader().__arrow_c_stream__(requested_schema)

    def _scanner(self) -> Any:
        is_dataset = hasattr(self._dataset, "scanner")
        return self._dataset.scanner(batch_readahead=2, fragment_readahead=1) if is_dataset else self._dataset


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Turns whatever a library or the program itself raises while it hands out rows into a sentence."""
    with reading(address):
        try:
            yield
        except (SamesetError, duckdb.Error, pa.ArrowException, OSError, ValueError, TypeError):
            raise
        except Exception as error:
            first = next(iter(str(error).splitlines()), "")
            raise SourceError(f"{address} cannot be read: {type(error).__name__}: {first}") from error


def _marked(schema: pa.Schema) -> pa.Schema:
    make_room(schema)  # no format of files nests as deep as a table in memory may
    return marked(schema)


def _polars_schema(types: Any) -> pa.Schema:
    """The Arrow schema of a frame of these types; those that Arrow has not as `arrow.opaque`."""
    private = [name for name, type_ in types.items() if _is_private_type(type_)]
    known = pa.RecordBatchReader.from_stream(types.to_frame().drop(private)).schema
    # A decimal so wide is kept from SQL, too.
    unknown = {name: pa.opaque(pa.decimal256(76, 0), str(types[name]), "Polars") for name in private}
    return pa.schema([pa.field(name, unknown[name]) if name in unknown else known.field(name) for name in types])


def _is_private_type(type_: Any) -> bool:
    """Whether a type of Polars is private, or one is within it."""
    within = [getattr(type_, "inner", None), *(field.dtype for field in getattr(type_, "fields", ()))]
    return type_.base_type().__name__ in PRIVATE or any(_is_private_type(each) for each in within if each is not None)


def _is_private(schema: pa.Schema, name: str) -> bool:
    type_ = schema.field(name).type
    return isinstance(type_, pa.OpaqueType) and type_.vendor_name == "Polars"


def _as_arrow(table: Any) -> Any:
    """A pyarrow table or reader, or an object that can be read many times."""
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if isinstance(table, pa.Table | pa.RecordBatchReader):
        return table
    library = type(table).__module__.partition(".")[0]
    with reading("memory:table"):
        if library == "pandas" and hasattr(table, "columns"):
            from sameset.sources.pandas_frames import from_pandas

            return from_pandas(table, "memory:table")
        if library in ("duckdb", "_duckdb") and hasattr(table, "project"):
            return _exported(table)
        if library == "polars" and hasattr(table, "collect_schema"):  # a Series has none
            return table
        if isinstance(table, pa.ChunkedArray) or hasattr(table, "to_frame"):
            raise SourceError(f"a {type(table).__name__} is one column and no table; give a frame or a table with it")
        if library == "pyarrow" and hasattr(table, "to_batches") and hasattr(table, "count_rows"):
            return _Scans(table)
        if hasattr(table, "__arrow_c_stream__"):
            # Nothing says whether it may be asked twice.
            return pa.RecordBatchReader.from_stream(table)
    raise SourceError(
        f"a {type(table).__name__} is no table; give an address, a pyarrow table, or a pandas or Polars frame"
    )


def _exported(relation: Any) -> Any:
    """The relation with what DuckDB would export wrongly converted."""
    for name, type_ in zip(relation.columns, relation.types, strict=True):
        if is_refused(type_):
            raise UnsupportedTypeError(name, str(type_))
    columns = zip(relation.columns, relation.types, strict=True)
    return relation.project(", ".join(f"{delivery(quoted(name), type_)} AS {quoted(name)}" for name, type_ in columns))
