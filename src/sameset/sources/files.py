"""What every source of files asks of the place where they are, the local disk or an S3-compatible store.

A file is the text that people see: a path, or `s3://bucket/key`.
"""

from __future__ import annotations

import glob
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa

from sameset.errors import SourceError

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "COMPRESSIONS",
    "LONGEST_SIGN",
    "attach_stores",
    "first_bytes",
    "is_object",
    "local_path",
    "open_bytes",
    "open_random",
    "readable_file",
    "refuse_packed",
    "sql_path",
]

BUFFER = 1 << 20  # of an object each read is a request
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
#: By the first bytes of what is packed, what to do about it where text is expected.
PACKED = {
    b"\x1f\x8b": "is compressed with gzip; let its name end in .gz",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; let its name end in .zst",
    b"PK\x03\x04": "is a zip archive, or a file of Excel; unpack or convert it",
    b"\xfd7zXZ\x00": "is compressed with xz; decompress it",
    b"BZh91AY&SY": "is compressed with bzip2; decompress it",
}
LONGEST_SIGN = max(map(len, PACKED))


def is_object(file: str) -> bool:
    """Whether the file is an object of an S3-compatible store."""
    return file[:5].lower() == "s3://"


def local_path(address: str) -> str:
    """The path that a URL `file://` names, as it is written, or unescaped if there is such a file; any other text as it is."""
    if address[:7].lower() != "file://":
        return address
    path = address[7:]
    if path[:10].lower() == "localhost/":
        path = path[9:]
    plain = unquote(path)
    return plain if not os.path.exists(path) and os.path.exists(plain) else path


def readable_file(path: str, *, or_empty: bool = False) -> str:
    """The path itself once it is known to be a file with content that may be read.

    Raises:
        SourceError: it is missing, a folder or a pipe, not readable for this user, or, unless asked for one with
            content `or_empty`, empty.
    """
    if is_object(path):
        from sameset.sources.object_store import size_of_object

        empty = size_of_object(path) == 0
    else:
        empty = _is_empty(path)
    if empty and not or_empty:
        raise SourceError(f"{path} is empty (0 bytes); a table of zero rows still has its column names")
    return path


def first_bytes(path: str, count: int) -> bytes:
    """The first `count` bytes of a file that exists, fewer if it is shorter."""
    # A path that is no UTF-8 opens here, and is refused by the reader that cannot take it.
    with open_random(path) if is_object(readable_file(path)) else open(path, "rb") as file:
        return bytes(file.read(count))


def open_stream(path: str) -> pa.NativeFile:
    """The content of a file from its first byte on, decompressed if its name says so (.gz, .zst)."""
    return pa.input_stream(open_random(path), compression=COMPRESSIONS.get(Path(path).suffix.lower()))


def open_bytes(path: str) -> io.BufferedReader:
    """The same as a binary stream of Python, with lines."""
    return io.BufferedReader(open_stream(path), BUFFER)


def open_random(path: str) -> pa.NativeFile:
    """The content of a file as it is, to be read at any place; a local one is mapped into memory."""
    if not is_object(path):
        return pa.memory_map(path)
    from sameset.sources.object_store import open_object

    return open_object(path)


def refuse_packed(path: str, start: bytes) -> None:
    """Nothing, unless the first bytes of what should be text are those of something packed."""
    if told := next((told for sign, told in PACKED.items() if start.startswith(sign)), None):
        raise SourceError(f"{path} {told}")


def sql_path(path: str) -> str:
    """A path as a quoted SQL literal that means this very file, even if its name holds signs of a pattern."""
    if is_object(path):
        from sameset.sources.object_store import PROTOCOL

        text = f"{PROTOCOL}://{path[5:]}"
    else:
        text = glob.escape(os.path.abspath(path))
    return "'" + text.replace("'", "''") + "'"


def attach_stores(con: duckdb.DuckDBPyConnection, files: Iterable[str]) -> None:
    """Makes DuckDB read objects, if any of the files is one."""
    if any(map(is_object, files)):
        from sameset.sources.object_store import duckdb_filesystem

        con.register_filesystem(duckdb_filesystem())


def _is_empty(path: str) -> bool:
    if not os.path.exists(path):
        raise SourceError(f"{path} does not exist; check the path")
    if os.path.isdir(path):
        raise SourceError(f"{path} is a folder, where a file is expected")
    if not os.path.isfile(path):  # opening a pipe would wait for who writes into it
        raise SourceError(f"{path} is a pipe or a device, which can be read only once; write its content into a file")
    try:
        with open(path, "rb") as file:
            return not file.read(1)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
