"""A table in memory: anything that hands its rows out as Arrow (pyarrow, pandas, Polars, DuckDB relations)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import pyarrow as pa

from sameset.errors import SourceError, UnsupportedTypeError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.scan import delivery, is_refused, quoted, reading
from sameset.sources.schemas import conformed

__all__ = ["MemorySource"]


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
        if isinstance(self._table, pa.Table | pa.RecordBatchReader):
            return self._table.schema
        if hasattr(self._table, "collect_schema"):
            return pa.RecordBatchReader.from_stream(self._table.collect_schema().to_frame()).schema
        return pa.RecordBatchReader.from_stream(self._table).schema

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        if isinstance(self._table, pa.RecordBatchReader):
            if self._spent:
                raise SourceError(f"{self.address} is a stream that was read before; give a table to read it twice")
            self._spent = True
        schema = pa.schema([self.schema().field(name) for name in columns])
        for batch in self._stream():
            yield conformed(batch.select(list(columns)), schema)

    def _stream(self) -> Iterator[pa.RecordBatch]:
        if isinstance(self._table, pa.Table):
            yield from self._table.to_batches()
        elif isinstance(self._table, pa.RecordBatchReader):
            yield from self._table
        elif hasattr(self._table, "collect_batches"):
            for frame in self._table.collect_batches():
                yield from pa.RecordBatchReader.from_stream(frame)
        else:
            with pa.RecordBatchReader.from_stream(self._table) as reader:
                yield from reader


def _as_arrow(table: Any) -> Any:
    """A pyarrow table or reader, or an object that can be read many times."""
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if isinstance(table, pa.Table | pa.RecordBatchReader):
        return table
    library = type(table).__module__.partition(".")[0]
    with reading("memory:table"):
        if library == "pandas" and hasattr(table, "columns"):
            return _from_pandas(table)
        if library in ("duckdb", "_duckdb") and hasattr(table, "project"):
            return _exported(table)
        if library == "polars" and hasattr(table, "collect_schema"):  # a Series has none
            return table
        if hasattr(table, "__arrow_c_stream__"):
            # Nothing says whether it may be asked twice.
            return pa.RecordBatchReader.from_stream(table)
    raise SourceError(
        f"a {type(table).__name__} is no table; give an address, a pyarrow table, or a pandas or Polars frame"
    )


def _from_pandas(frame: Any) -> pa.Table:
    """The frame as a pyarrow table, the named levels of its index first."""
    if levels := [name for name in frame.index.names if name is not None]:
        frame = frame.reset_index(level=levels)
    return pa.Table.from_pandas(frame, preserve_index=False)


def _exported(relation: Any) -> Any:
    """The relation with what DuckDB would export wrongly converted."""
    for name, type_ in zip(relation.columns, relation.types, strict=True):
        if is_refused(type_):
            raise UnsupportedTypeError(name, str(type_))
    columns = zip(relation.columns, relation.types, strict=True)
    return relation.project(", ".join(f"{delivery(quoted(name), type_)} AS {quoted(name)}" for name, type_ in columns))
