"""A table in memory: anything that hands its rows out as Arrow (pyarrow, pandas, Polars, DuckDB relations)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from sameset.errors import SourceError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.scan import reading

__all__ = ["MemorySource"]


class MemorySource(ArrowStreamSource):
    """The rows of an object with the Arrow C stream protocol, or of a pandas frame of any version.

    A reader of batches can be read only once; a second scan of it is an error, because it would see no rows.
    """

    def __init__(self, table: Any, name: str = "table") -> None:
        super().__init__(f"memory:{name}")
        self._table = _as_arrow(table)
        self._spent = False

    def row_count(self) -> int | None:
        return self._table.num_rows if isinstance(self._table, pa.Table) else None

    def _arrow_schema(self) -> pa.Schema:
        schema = getattr(self._table, "schema", None)
        return schema if isinstance(schema, pa.Schema) else pa.RecordBatchReader.from_stream(self._table).schema

    def _reader(self) -> Iterator[pa.RecordBatch]:
        if isinstance(self._table, pa.RecordBatchReader):
            if self._spent:
                raise SourceError(f"{self.address} is a stream that was read before; give a table to read it twice")
            self._spent = True
            return iter(self._table)
        return iter(pa.RecordBatchReader.from_stream(self._table))


def _as_arrow(table: Any) -> Any:
    """The object itself or, where that costs no copy of the rows, a pyarrow table of it."""
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    kind = type(table).__module__.partition(".")[0]
    if kind == "pandas":
        with reading("memory:table"):
            return pa.Table.from_pandas(table, preserve_index=False)
    if not hasattr(table, "__arrow_c_stream__"):
        raise SourceError(
            f"a {type(table).__name__} is no table; give an address, a pyarrow table, or a pandas or Polars frame"
        )
    return table
