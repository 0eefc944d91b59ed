"""Plain Parquet on a local disk, read by as many threads as there are cores, each its own row groups.

DuckDB reads the same rows, but its Arrow export takes half as long again (0.72 to 0.90 s of processor time for lineitem SF1,
against 0.57), and texts lose the dictionary that the file has. So it is left out where nothing has to be selected or
converted, and no type could come out otherwise. That text is UTF-8 and codes lie within their dictionary is looked at where
they are hashed.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from threading import Lock
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from sameset.errors import SourceError
from sameset.sources.base import ROWS_PER_BATCH
from sameset.sources.footers import coded_texts, footer_of
from sameset.sources.scan import reading

__all__ = ["RowGroups", "are_plain", "delivered_schema", "has_int96", "schema_of"]

FEWEST_ROWS, MOST_ROWS = ROWS_PER_BATCH, 2 * ROWS_PER_BATCH  # of a batch; 65,536 are no faster than 32,768
CELLS = 1 << 20  # of a batch of many columns: with 500 of them 32,768 rows take a fifth more memory
# Read ahead within columns: a row group of 230 MB takes 174 MB in all, read as a whole 312. A MiB of 500 columns would be 1 GB.
BUFFER_BYTES = 1 << 20
BUFFERS_BYTES = 1 << 25
#: How all files are read: pages whose checksum does not fit, where a writer left one, are an error.
ALIKE = {"pre_buffer": False, "page_checksum_verification": True}
#: Under which name a writer of Arrow's notes its types, and one as long that means nothing.
NOTED, UNNOTED = b"ARROW:schema", b"arrow:schema"
VIEWS = {pa.lib.Type_STRING_VIEW: pa.string(), pa.lib.Type_BINARY_VIEW: pa.binary()}
PLAIN = (
    pa.types.is_integer,
    pa.types.is_boolean,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_date32,
    pa.types.is_decimal128,
    pa.types.is_timestamp,
)


_DELIVERED = {
    **dict.fromkeys((pa.string(), pa.string_view()), pa.large_string()),
    **dict.fromkeys((pa.binary(), pa.binary_view()), pa.large_binary()),
    **dict.fromkeys((pa.timestamp("s"), pa.timestamp("ms")), pa.timestamp("us")),
}


class Group(NamedTuple):
    """One row group of one file."""

    file: str
    metadata: pq.FileMetaData
    number: int
    coded_texts: list[str]


class RowGroups:
    """The row groups of Parquet files of one schema, to be shared by several readers."""

    def __init__(self, files: Sequence[str], numbers: range | None = None) -> None:
        """`numbers` are the row groups to read of each file; None is all of them."""
        self._numbers = numbers
        self._files = deque(files)
        # The first file's here, not by a reader: each thread has memory of its own, and keeps it after the metadata are gone.
        self._groups = self._of_next_file()
        self._lock = Lock()

    def read(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Batches of the columns named, of whichever row groups no other reader has taken; text may come as dictionaries."""
        with closing(_OneFile()) as opened:
            while (group := self._take()) is not None:
                with reading(group.file):
                    yield from opened.batches(group, list(names))

    def _take(self) -> Group | None:
        with self._lock:
            while (group := next(self._groups, None)) is None and self._files:
                self._groups = self._of_next_file()
            return group

    def _of_next_file(self) -> Iterator[Group]:
        """The row groups of one file: the metadata of many would not fit into memory."""
        if not self._files:
            return iter(())
        file = self._files.popleft()
        with reading(file):
            metadata = _metadata_of(file)
            texts = _coded_texts(file, metadata)
        numbers = range(metadata.num_row_groups) if self._numbers is None else self._numbers
        return (Group(file, metadata, i, texts[i]) for i in numbers)


def are_plain(files: Sequence[str], schema: pa.Schema) -> bool:
    """Whether these are local files, and no value of such columns would come out otherwise than DuckDB reads it."""
    plain = all(any(test(kind) for test in PLAIN) for kind in schema.types)
    clear = len({name.lower() for name in schema.names}) == len(schema.names) and "." not in "".join(schema.names)
    return plain and clear and all(os.path.isfile(file) for file in files)


def delivered_schema(schema: pa.Schema) -> pa.Schema | None:
    """The schema that DuckDB gives to a plain file, without asking it, which takes 16 ms; None if only it can know."""
    if any(pa.types.is_timestamp(kind) and kind.tz is not None for kind in schema.types):  # it has its own time zone
        return None
    return pa.schema([pa.field(field.name, _DELIVERED.get(field.type, field.type)) for field in schema])


def schema_of(metadata: pq.FileMetaData) -> pq.ParquetSchema:
    """The schema of a file. `metadata.schema` would be kept alive by the metadata and they by it, until Python looks for cycles:
    of 524 row groups 7 MB, and that for each time they are read."""
    return pq.ParquetSchema(metadata)


def has_int96(metadata: pq.FileMetaData) -> bool:
    """Whether there are timestamps of the old kind, which Arrow reads as nanoseconds and so loses after the year 2262."""
    schema = schema_of(metadata)
    return any(schema.column(i).physical_type == "INT96" for i in range(len(schema)))


def _metadata_of(file: str) -> pq.FileMetaData:
    """What the footer of a file says; without its note that texts are views, if no other column would come out otherwise.

    Text that is not written as codes then takes a seventh less time, read and hashed. The note is one entry of the footer, and
    one that Arrow does not know under another name. Of 524 row groups the metadata are 7 MB: there are never two of them.
    """
    metadata = pq.read_metadata(file)
    noted = schema_of(metadata).to_arrow_schema()
    if not any(kind.id in VIEWS for kind in noted.types):
        return metadata
    del metadata
    footer = footer_of(file)
    if footer.count(NOTED) == 1:
        place = footer.index(NOTED)
        footer[place : place + len(NOTED)] = UNNOTED  # in place: of 524 row groups they are 3 MB
        unnoted = pq.read_metadata(pa.BufferReader(footer))
        del footer
        plain = schema_of(unnoted).to_arrow_schema()
        same = all(VIEWS.get(one.id, one) == other for one, other in zip(noted.types, plain.types, strict=True))
        if same and noted.names == plain.names:
            return unnoted
        del unnoted
    return pq.read_metadata(file)


class _OneFile:
    """The file that a reader has open; it stays so from one row group to the next, for opening takes 0.2 ms."""

    def __init__(self) -> None:
        self._options: dict[str, object] = {}
        self._opened: pq.ParquetFile | None = None

    def batches(self, group: Group, names: list[str]) -> Iterator[pa.RecordBatch]:
        """The rows of a row group, neither fewer nor more than its footer says, with their columns in the order of the names."""
        claimed, found = group.metadata.row_group(group.number).num_rows, 0
        rows = _rows_at_a_time(len(names), claimed)
        file = self._of(group, len(names))
        for batch in file.iter_batches(rows, [group.number], names, use_threads=False):
            found += batch.num_rows
            yield batch.select(names) if batch.schema.names != names else batch  # Arrow gives them in the file's order
        if found != claimed:
            raise SourceError(
                f"{group.file} is damaged: row group {group.number} has {found:,} rows and its footer says {claimed:,}; "
                "copy it again or write it anew"
            )

    def _of(self, group: Group, columns: int) -> pq.ParquetFile:
        """The file of a row group, to be read as is best for the group."""
        options = {
            "source": group.file,
            "metadata": group.metadata,
            "read_dictionary": group.coded_texts,
            "buffer_size": _buffer_bytes(group, columns),
        }
        if self._opened is None or options != self._options:
            self.close()
            self._opened, self._options = pq.ParquetFile(**options, **ALIKE), options
        return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()


def _rows_at_a_time(columns: int, rows: int) -> int:
    """How many of a row group's rows a batch has: as many as are best at most, and no small rest."""
    most = min(MOST_ROWS, max(CELLS // columns, FEWEST_ROWS))
    return math.ceil(rows / math.ceil(rows / most)) if rows > 0 else most


def _buffer_bytes(group: Group, columns: int) -> int:
    """How much of a column to read at a time; 0 is all of it, which takes a twentieth less time."""
    if group.metadata.row_group(group.number).total_byte_size <= BUFFERS_BYTES:
        return 0
    return min(BUFFER_BYTES, max(BUFFERS_BYTES // columns, 1 << 14))


def _coded_texts(file: str, metadata: pq.FileMetaData) -> list[list[str]]:
    """For each row group the text columns that are written as codes of a small dictionary."""
    names = {*schema_of(metadata).names}
    return [
        [name for name in coded if name in names] for coded in coded_texts(footer_of(file), metadata.num_row_groups)
    ]
