"""What every source that is a file asks of the file system before a reader touches it."""

from __future__ import annotations

import glob
import io
import os
from pathlib import Path

from sameset.errors import SourceError

__all__ = ["COMPRESSIONS", "first_bytes", "open_bytes", "readable_file", "sql_path"]

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


def readable_file(path: str) -> str:
    """The path itself once it is known to be a file with content that may be read.

    Raises:
        SourceError: it is missing, a folder, empty, or not readable for this user.
    """
    if not os.path.exists(path):
        raise SourceError(f"{path} does not exist; check the path")
    if os.path.isdir(path):
        raise SourceError(f"{path} is a folder, where a file is expected")
    try:
        with open(path, "rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    if empty:
        raise SourceError(f"{path} is empty (0 bytes); a table of zero rows still has its column names")
    return path


def first_bytes(path: str, count: int) -> bytes:
    """The first `count` bytes of a file that exists, fewer if it is shorter."""
    with open(readable_file(path), "rb") as file:
        return file.read(count)


def open_bytes(path: str) -> io.BufferedReader:
    """The content of a file as a binary stream, decompressed if its name says so (.gz, .zst)."""
    import pyarrow as pa

    return io.BufferedReader(pa.input_stream(path, compression=COMPRESSIONS.get(Path(path).suffix.lower())))


def sql_path(path: str) -> str:
    """A path as a quoted SQL literal that means this very file, even if its name holds signs of a pattern."""
    return "'" + glob.escape(os.path.abspath(path)).replace("'", "''") + "'"
