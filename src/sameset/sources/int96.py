"""Timestamps of Parquet's old kind, INT96: days and nanoseconds of a day, of which DuckDB keeps microseconds."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from sameset.errors import SourceError
from sameset.sources.files import open_random
from sameset.sources.row_groups import schema_of

__all__ = ["refuse_nanoseconds"]


def refuse_nanoseconds(name: str) -> None:
    """Nothing, unless microseconds do not hold all timestamps of the kind INT96 in a file; only these columns are read."""
    with open_random(name) as file:
        schema = schema_of(pq.read_metadata(file))
    columns = [schema.column(i) for i in range(len(schema))]
    leaves = [column.path for column in columns if column.physical_type == "INT96"]
    if leaves and any(map(_differ, *(_instants(name, leaves, unit) for unit in ("ns", "us")))):
        raise SourceError(
            f"{name} has nanoseconds in a timestamp of the kind INT96 ({leaves[0]}), which cannot be read without loss; "
            "write it as a timestamp of Parquet's own"
        )


def _instants(name: str, leaves: list[str], unit: str) -> Iterator[pa.Array]:
    """The columns, batch after batch, as integers in a unit; what is out of reach of nanoseconds wraps around."""
    with open_random(name) as file:
        for batch in pq.ParquetFile(file, coerce_int96_timestamp_unit=unit).iter_batches(columns=leaves):
            for array in batch.columns:
                yield from (leaf.cast(pa.int64()) for leaf in _leaves(array))


def _differ(nanoseconds: pa.Array, microseconds: pa.Array) -> bool:
    import pyarrow.compute as pc

    # The product wraps around, too.
    return bool(pc.any(pc.not_equal(nanoseconds, pc.multiply(microseconds, 1000))).as_py())


def _leaves(array: pa.Array) -> Iterator[pa.Array]:
    """The arrays without others in them that an array of a Parquet file is made of."""
    if pa.types.is_map(array.type):
        yield from (*_leaves(array.keys), *_leaves(array.items))
    elif pa.types.is_struct(array.type):
        for part in array.flatten():
            yield from _leaves(part)
    elif array.type.num_fields:
        yield from _leaves(array.values)
    else:
        yield array
