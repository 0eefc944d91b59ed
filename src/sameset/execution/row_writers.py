"""Files of differing rows, written a table at a time: Parquet and CSV, and the columns that say what became of each row."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sameset.execution.row_lines import CHANGE, ROW, SIDE, TIMES
from sameset.execution.row_types import as_text, is_flat

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["opened", "own_columns", "own_fields"]

CHANGES, SIDES = ("changed", "added", "removed"), ("before", "after")  # by their numbers
HASH_DIGITS = 32


def own_fields(taken: Container[str]) -> list[pa.Field]:
    """The columns in front of those of a table, under names that it has not itself."""
    fields = {"_change": pa.string(), "_side": pa.string(), "_times": pa.int64(), "_row_hash": pa.string()}
    while any(name in taken for name in fields):
        fields = {f"_{name}": kind for name, kind in fields.items()}
    return [pa.field(name, kind) for name, kind in fields.items()]


def own_columns(lines: NDArray[np.uint64]) -> list[pa.Array]:
    """These columns of some lines."""
    change, side = (pa.array(lines[:, column].astype(np.int64)) for column in (CHANGE, SIDE))
    return [
        pa.array(CHANGES).take(change),
        pa.array(SIDES).take(side),
        pa.array(lines[:, TIMES].astype(np.int64)),
        _hexadecimal(lines[:, ROW]),
    ]


def _hexadecimal(hashes: NDArray[np.uint64]) -> pa.Array:
    digits = hashes.astype(">u8").tobytes().hex().encode()
    ends = np.arange(len(hashes) + 1, dtype=np.int32) * HASH_DIGITS
    return pa.Array.from_buffers(pa.string(), len(hashes), [None, pa.py_buffer(ends), pa.py_buffer(digits)])


@contextmanager
def opened(path: Path, suffix: str, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """What writes tables of a schema to a new file, one after another."""
    with _WRITERS[suffix](path, schema) as write:
        yield write


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    import pyarrow.parquet as pq

    with path.open("wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        yield writer.write_table


@contextmanager
def _csv(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    from pyarrow import csv

    words = pa.schema([(field.name, field.type if is_flat(field.type) else pa.string()) for field in schema])

    def write(table: pa.Table) -> None:
        columns = [column if is_flat(column.type) else _as_texts(column) for column in table.columns]
        writer.write_table(pa.table(columns, schema=words))

    with path.open("wb") as file, csv.CSVWriter(file, words) as writer:
        yield write


def _as_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([as_text(chunk) for chunk in column.chunks], pa.string())


_WRITERS = {".parquet": _parquet, ".csv": _csv}
