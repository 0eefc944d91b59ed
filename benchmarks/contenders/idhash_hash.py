"""idhash: its hash of record batches in memory; reading them is not timed.

It knows no decimals and no dates: they go in as doubles and as timestamps in nanoseconds. It aborts on the double 0.0,
so one is added to the doubles.
"""

from __future__ import annotations

from importlib.metadata import version as installed

import idhash  # type: ignore[import-not-found]
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.contenders import Done

__all__ = ["prepare", "read_known", "version", "work"]


def version() -> str:
    """The library."""
    return f"idhash {installed('idhash')}"


def prepare(file: str, small: str) -> pa.Table:
    """The table, in the types that idhash knows."""
    work(read_known(small))
    return read_known(file)


def work(state: pa.Table) -> Done:
    """One hash of all rows."""
    kinds = [_kind(field.type) for field in state.schema]
    found = idhash.id_hash(state.to_batches(), state.schema.names, kinds)
    return Done(state.num_rows, state.num_columns, str(found))


def read_known(file: str) -> pa.Table:
    """The table of a Parquet file, in the types that idhash knows."""
    table = pq.read_table(file)
    return pa.table([_known(column) for column in table.columns], table.schema.names).combine_chunks()


def _known(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_decimal(column.type):
        return pc.add(column.cast(pa.float64()), 1.0)
    return column.cast(pa.timestamp("ns")) if pa.types.is_date(column.type) else column


def _kind(type_: pa.DataType) -> str:
    """The name that pandas gives to the type, which is what idhash asks for."""
    if pa.types.is_timestamp(type_):
        return "datetime64[ns]"
    if pa.types.is_float64(type_):
        return "float64"
    return "string" if pa.types.is_string(type_) else str(type_)
