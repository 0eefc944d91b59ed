"""Arrow IPC: files (Feather version 2) or streams, mapped into memory rather than read where they are local."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from sameset.errors import SourceError
from sameset.sketches.marks import is_marked, is_marked_lattice
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.base import Source
from sameset.sources.file_parts import PARTITION_TYPES, FilesSource
from sameset.sources.file_sets import FileSet
from sameset.sources.files import COMPRESSIONS, first_bytes, is_object, open_random, open_stream
from sameset.sources.scan import reading
from sameset.sources.schemas import conformed, decoded, marked, one_schema

__all__ = ["ArrowIpcSource", "batches_of", "raw_schema_of"]


class ArrowIpcSource(ArrowStreamSource, FilesSource):
    """The rows of Arrow IPC files or streams, streams also compressed as a whole (.gz, .zst)."""

    def __init__(self, files: FileSet, union_by_name: bool = False) -> None:
        super().__init__(files.address)
        self._files = files
        self._union_by_name = union_by_name

    @property
    def file_set(self) -> FileSet:
        return self._files

    @property
    def reading(self) -> str:
        return f"arrow, union by name {self._union_by_name}"

    def own_schema(self, file: str) -> pa.Schema:
        return _schema_of(file).remove_metadata()

    def alone(self, file: str) -> Source:
        return ArrowIpcSource(FileSet(file, (file,)))

    def like(self, files: FileSet, groups: range | None = None) -> FilesSource:
        return ArrowIpcSource(files, self._union_by_name)

    def row_count(self) -> int | None:
        if not all(map(_is_file, self._files.files)):
            return None
        total = 0
        for name in self._files.files:
            with reading(name), open_random(name) as file:
                reader = pa.ipc.open_file(file)
                total += sum(int(reader.get_batch(i).num_rows) for i in range(reader.num_record_batches))
        return total

    def _arrow_schema(self) -> pa.Schema:
        shared = self._shared_schema
        self._files.refuse_shared(shared.names)
        keys = self._files.partition_types().items()
        return pa.schema([*shared, *(pa.field(key, PARTITION_TYPES[type_]) for key, type_ in keys)])

    @cached_property
    def _shared_schema(self) -> pa.Schema:
        schemas = [_schema_of(name) for name in self._files.files]
        if len(schemas) == 1:
            return schemas[0]
        return one_schema(self.address, self._files.files, schemas, self._union_by_name).remove_metadata()

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        schema = self.schema()
        own = [name for name in columns if name not in self._files.partitions]
        fields = pa.schema([schema.field(name) for name in own])
        for i, name in enumerate(self._files.files):
            constants = {key: values[i] for key, values in self._files.partitions.items()}
            with reading(name):
                for batch in batches_of(name):
                    held = [column for column in own if column in set(batch.schema.names)]
                    rows = conformed(batch.select(held), fields)
                    yield _completed(rows, columns, constants, schema) if constants else rows


def _completed(
    batch: pa.RecordBatch, columns: Sequence[str], constants: dict[str, str | None], schema: pa.Schema
) -> pa.RecordBatch:
    """The batch with the values of its folders as columns."""
    arrays = [
        pa.repeat(pa.scalar(constants[name]).cast(schema.field(name).type), batch.num_rows)
        if name in constants
        else batch.column(name)
        for name in columns
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([schema.field(name) for name in columns]))


def _is_file(name: str) -> bool:
    start = first_bytes(name, 6)
    if start.startswith(b"FEA1"):
        raise SourceError(f"{name} is a Feather file of version 1; write it as version 2 (Arrow IPC)")
    return start.startswith(b"ARROW1")


def _schema_of(name: str) -> pa.Schema:
    return marked(raw_schema_of(name))


def raw_schema_of(name: str) -> pa.Schema:
    """The schema that a file says it has; SourceError if it cannot be read, or is a sketch."""
    is_file = _is_file(name)
    if not is_file:
        _refuse_compressed_file(name)
    with reading(name), open_random(name) if is_file else open_stream(name) as file:
        schema = decoded((pa.ipc.open_file if is_file else pa.ipc.open_stream)(file).schema)
    _refuse_stored(name, schema)
    return schema


def _refuse_stored(name: str, schema: pa.Schema) -> None:
    """Nothing, unless sameset stored what it knows of other rows in the file: its own row is none that anybody means."""
    if is_marked_lattice(schema.metadata):
        raise SourceError(
            f"{name} holds a lattice digest and no rows; compare it with: sameset digest {name} --scheme lthash --expect OTHER"
        )
    if is_marked(schema.metadata):
        raise SourceError(f"{name} holds a sketch and no rows; compare it with: sameset compare {name} OTHER")


def _refuse_compressed_file(name: str) -> None:
    """Nothing, unless an Arrow file was compressed as a whole; it has to be read at any place, a stream has not."""
    if Path(name).suffix.lower() not in COMPRESSIONS:
        return
    with reading(name), open_stream(name) as file:
        start = file.read(6)
    if start == b"ARROW1":
        raise SourceError(
            f"{name} is a compressed Arrow file; decompress it, or write it as a stream and compress that"
        )


def batches_of(name: str) -> Generator[pa.RecordBatch, None, None]:
    """The batches of a file, validated: kernels follow its offsets, and a broken file must not lead them astray."""
    for batch in _read_batches(name):
        batch.validate(full=True)  # 16 ms per million rows of 15 columns
        yield batch


def _read_batches(name: str) -> Generator[pa.RecordBatch, None, None]:
    if _is_file(name):
        refuse_shorter = _size_watch(name)
        with open_random(name) as file:
            reader = pa.ipc.open_file(file)
            for i in range(reader.num_record_batches):
                refuse_shorter()
                yield reader.get_batch(i)
    else:
        yield from _read_stream(name)


def _size_watch(name: str) -> Callable[[], None]:
    """What raises an error once a file has become shorter: a page that is mapped into memory and gone ends the process."""
    size = 0 if is_object(name) else os.path.getsize(name)

    def refuse_shorter() -> None:
        if size and os.path.exists(name) and os.path.getsize(name) < size:
            raise SourceError(f"{name} was written while it was read; read it again when it is complete")

    return refuse_shorter


def _read_stream(name: str) -> Generator[pa.RecordBatch, None, None]:
    """The batches of a stream up to its end mark, which a writer leaves that was closed.

    Arrow itself also takes the end of the file for the end of the stream, and so a stream that breaks off between batches.
    """
    with open_stream(name) as file:
        watched = _Watched(file, _size_watch(name))
        yield from pa.ipc.open_stream(watched)
        if watched.is_short:
            raise SourceError(f"{name} breaks off without an end mark; write it again and close the writer")
        if file.read(1):
            raise SourceError(f"{name} goes on behind its end mark; if these are several streams, write a file of each")


class _Watched(io.RawIOBase):
    """A stream that knows whether the last read got fewer bytes than were asked for."""

    def __init__(self, file: pa.NativeFile, before_reading: Callable[[], None]) -> None:
        self._file = file
        self._before_reading = before_reading
        self.is_short = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._before_reading()
        data = bytes(self._file.read(size))
        self.is_short = len(data) < size
        return data

    def read_buffer(self, size: int) -> pa.Buffer:
        """The same without a copy, which Arrow prefers."""
        self._before_reading()
        data = self._file.read_buffer(size)
        self.is_short = data.size < size
        return data
