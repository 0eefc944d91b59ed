"""Plain Parquet on a local disk, read by as many threads as there are cores, each its own row groups.

DuckDB reads the same rows; through its Arrow export they cost about a fifth more processor time, and texts lose the dictionary that
the file has. So it is left out where nothing has to be selected or converted, and no type could come out otherwise.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq

from sameset.sources.scan import reading

__all__ = ["RowGroups"]

ROWS = 16_384  # accumulators of a batch stay in the second-level cache; 65,536 took a quarter more time
DICTIONARY_BYTES = 3  # a text column of fewer bytes a value is written as codes of a small dictionary
BUFFER_BYTES = 1 << 20  # read ahead within a column, so that large row groups do not lie in memory whole
PLAIN = (
    pa.types.is_integer,
    pa.types.is_boolean,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_date32,
    pa.types.is_decimal128,
    pa.types.is_timestamp,
)


class RowGroups:
    """The row groups of Parquet files of one schema, to be shared by several readers."""

    def __init__(self, address: str, files: Sequence[str]) -> None:
        self._address = address
        self._metadata = {file: pq.read_metadata(file) for file in files}
        self._left = deque(
            (file, group) for file, known in self._metadata.items() for group in range(known.num_row_groups)
        )

    @classmethod
    def of_plain(cls, address: str, files: Sequence[str], schema: pa.Schema) -> RowGroups | None:
        """The row groups, or None if some value would come out otherwise than DuckDB reads it."""
        if not all(os.path.isfile(file) for file in files):
            return None
        if not all(any(test(kind) for test in PLAIN) for kind in schema.types) or any(
            "." in name for name in schema.names
        ):
            return None
        groups = cls(address, files)
        return groups if not any(_has_int96(known) for known in groups._metadata.values()) else None

    def read(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Batches of the columns named, of whichever row groups no other reader has taken; text may come as dictionaries."""
        with reading(self._address):
            while self._left:
                try:
                    file, group = self._left.popleft()
                except IndexError:  # another reader was faster
                    return
                yield from self._read_group(file, group, names)

    def _read_group(self, file: str, group: int, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        coded = _coded_texts(self._metadata[file].row_group(group))
        with closing(
            pq.ParquetFile(file, read_dictionary=coded, buffer_size=BUFFER_BYTES, metadata=self._metadata[file])
        ) as opened:
            for batch in opened.iter_batches(ROWS, [group], list(names), use_threads=False):
                for column in batch.columns:
                    if _is_text(column.type):
                        column.validate(full=True)  # DuckDB refuses what is not UTF-8, and so do we
                yield batch.select(names)


def _coded_texts(group: pq.RowGroupMetaData) -> list[str]:
    columns = (group.column(i) for i in range(group.num_columns))
    return [
        column.path_in_schema
        for column in columns
        if column.physical_type == "BYTE_ARRAY"
        and column.total_uncompressed_size < DICTIONARY_BYTES * column.num_values
    ]


def _has_int96(metadata: pq.FileMetaData) -> bool:
    """Whether there are timestamps of the old kind, which Arrow reads as nanoseconds and so loses after the year 2262."""
    schema = metadata.schema
    return any(schema.column(i).physical_type == "INT96" for i in range(len(schema)))


def _is_text(kind: pa.DataType) -> bool:
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(values) or pa.types.is_large_string(values))
