"""What Arrow data in memory and in IPC files share: a reader of batches that DuckDB scans without a copy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from sameset.sources.scan import Layout, ScannedSource, quoted

__all__ = ["ArrowStreamSource"]

VIEW = "arrow_rows"


class ArrowStreamSource(ScannedSource):
    """A source whose rows already are Arrow batches.

    What DuckDB does not take (half floats, wide decimals) or would round (durations) goes in as an equal type.
    """

    @abstractmethod
    def _arrow_schema(self) -> pa.Schema:
        """The schema that the data itself has."""

    @abstractmethod
    def _reader(self) -> Iterator[pa.RecordBatch]:
        """All batches, from the first one."""

    def _layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        schema = self._arrow_schema()
        return Layout(
            quoted(VIEW),
            tuple(schema.names),
            durations={i: type_ for i, type_ in enumerate(schema.types) if pa.types.is_duration(type_)},
            refused={i: str(type_) for i, type_ in enumerate(schema.types) if _is_refused(type_)},
        )

    def _register(self, con: duckdb.DuckDBPyConnection, rows: bool) -> None:
        schema = self._arrow_schema()
        taken = pa.schema([pa.field(field.name, _taken(field.type)) for field in schema])
        batches = (_converted(batch, taken) for batch in (self._reader() if rows else ()))
        con.register(VIEW, pa.RecordBatchReader.from_batches(taken, batches))


def _converted(batch: pa.RecordBatch, taken: pa.Schema) -> pa.RecordBatch:
    arrays = [
        # What is refused is never asked for.
        pa.nulls(len(array), field.type)
        if _is_refused(array.type)
        else array.cast(field.type)
        if array.type != field.type
        else array
        for array, field in zip(batch.columns, taken, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=taken)


def _taken(type_: pa.DataType) -> pa.DataType:
    """The type in which DuckDB takes the values unchanged."""
    if _is_refused(type_):
        return pa.null()
    if pa.types.is_float16(type_):
        return pa.float32()
    if pa.types.is_duration(type_):
        return pa.int64()
    return pa.decimal128(type_.precision, type_.scale) if pa.types.is_decimal256(type_) else type_


def _is_refused(type_: pa.DataType, nested: bool = False) -> bool:
    """Whether DuckDB would change the values, or forget what an extension means."""
    if pa.types.is_decimal256(type_) and (nested or type_.precision > 38):
        return True
    if nested and (pa.types.is_duration(type_) or pa.types.is_float16(type_)):
        return True
    if isinstance(type_, pa.OpaqueType) or getattr(type_, "extension_name", "arrow.").partition(".")[0] != "arrow":
        return True
    return any(_is_refused(type_.field(i).type, True) for i in range(type_.num_fields))
