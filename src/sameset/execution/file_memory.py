"""What is remembered of the files that a snapshot was made of, and the bytes that the registry keeps of it.

It is a cache: bytes that this program does not understand are no memory, never an error.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import packed_bits
from sameset.sources.file_states import FileState

__all__ = ["FileMemory", "KnownFile", "name_of"]

VERSION = b"1"
_COLUMNS = pa.schema(
    {
        "name": pa.string(),
        "size": pa.int64(),
        "modified": pa.int64(),
        "seen": pa.int64(),
        "changed": pa.int64(),
        "inode": pa.uint64(),
        "etag": pa.string(),
        "content": pa.string(),
        "own": pa.string(),
        "key": pa.string(),
    }
)
_MAY_BE_NULL = ("changed", "inode", "etag")


@dataclass(frozen=True)
class KnownFile:
    """A file as it was read: `content` names its bytes, `own` the columns that it says it has, `key` its sketch."""

    name: str
    state: FileState
    content: str
    own: str
    key: str


@dataclass(frozen=True)
class FileMemory:
    """The files of a snapshot; `reading` names how they were read, `shape` what decides the columns of the whole."""

    reading: str
    shape: str
    whole: pa.Schema
    schemas: dict[str, pa.Schema]  #: by name, what files say of their columns
    files: tuple[KnownFile, ...]

    @classmethod
    def of_none(cls) -> FileMemory:
        """The memory of no files, read in no way: all are new to it."""
        return cls("", "", pa.schema([]), {}, ())

    def to_bytes(self) -> bytes:
        """The memory as an Arrow IPC file of one row per file."""
        metadata = {
            "version": VERSION,
            "reading": self.reading,
            "shape": self.shape,
            "whole": self.whole.serialize().to_pybytes(),
            **{f"own {name}": schema.serialize().to_pybytes() for name, schema in self.schemas.items()},
        }
        rows = [{**vars(file), **vars(file.state)} for file in self.files]
        columns = [_column(field.type, [row[field.name] for row in rows]) for field in _COLUMNS]
        table = pa.table(columns, schema=_COLUMNS.with_metadata(metadata))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())

    @classmethod
    def from_bytes(cls, data: bytes) -> FileMemory | None:
        """The memory that `to_bytes` wrote; None if the bytes are anything else."""
        try:
            table = pa.ipc.open_file(data).read_all()
            table.validate(full=True)
            return _read(table)
        except (pa.ArrowException, ValueError, KeyError, TypeError, OSError):
            return None


def _column(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """An array of texts or whole numbers, null where a value is None, from buffers: `pa.array` would import pandas."""
    valid = np.array([value is not None for value in values], bool)
    bitmap = packed_bits(valid)
    if not pa.types.is_string(kind):
        numbers = np.array([value or 0 for value in values], kind.to_pandas_dtype())
        return pa.Array.from_buffers(kind, len(values), [bitmap, pa.py_buffer(numbers)])
    texts = [(value or "").encode() for value in values]
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    return pa.Array.from_buffers(kind, len(values), [bitmap, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))])


def _read(table: pa.Table) -> FileMemory:
    metadata = table.schema.metadata or {}
    if metadata.get(b"version") != VERSION or not table.schema.equals(_COLUMNS):
        raise ValueError("another version")
    if any(table.column(name).null_count for name in _COLUMNS.names if name not in _MAY_BE_NULL):
        raise ValueError("a value is missing")
    schemas = {name.decode()[4:]: _schema(content) for name, content in metadata.items() if name.startswith(b"own ")}
    files = tuple(map(_known, table.to_pylist()))
    if not {file.own for file in files} <= set(schemas):
        raise ValueError("a schema is missing")
    return FileMemory(
        metadata[b"reading"].decode(), metadata[b"shape"].decode(), _schema(metadata[b"whole"]), schemas, files
    )


def _schema(content: bytes) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(content))


def _known(row: dict[str, Any]) -> KnownFile:
    state = FileState(*(row[name] for name in ("size", "modified", "seen", "changed", "inode", "etag")))
    return KnownFile(row["name"], state, row["content"], row["own"], row["key"])


def name_of(*parts: object) -> str:
    """A name for what several things are together: the SHA-256 of their JSON, of schemas that of their bytes."""
    plain = [part.serialize().to_pybytes().hex() if isinstance(part, pa.Schema) else part for part in parts]
    return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
