"""The members of a tar file, one after the other, in memory: nothing is unpacked to disk, and no name is a path to anything.

Python's tarfile takes the end of the file for the end of the archive, and reads headers of any length into memory.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa

from sameset.errors import SourceError
from sameset.sources.files import COMPRESSIONS, open_random, readable_file

__all__ = ["Member", "members_of"]

BLOCK = 512
END = bytes(BLOCK)
MOST_HEADER_BYTES = 1 << 16  # of a long name, or of what POSIX writes about one member
FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
PASSED_OVER = (tarfile.DIRTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK)
STEP = 1 << 20


class Member(NamedTuple):
    """A file in a tar: its name, and its content if it was wanted."""

    name: str
    content: bytes | None


def members_of(path: str, most_bytes: int, wanted: Callable[[str], bool]) -> Generator[Member, None, None]:
    """The files of a tar (also .gz, .tgz, .zst) in their order, with the content of those whose names are wanted.

    Folders are passed over. SourceError for links, devices and sparse files, for a file of more than `most_bytes`, for names
    that are not UTF-8, and for an archive that breaks off, has no end mark, or goes on behind it.
    """
    readable_file(path)
    try:
        with _opened(path) as stream:
            yield from _members(stream, path, most_bytes, wanted)
    except (OSError, EOFError, tarfile.TarError, pa.ArrowException) as error:
        raise SourceError(f"{path} is no whole tar file: {error}; write it again") from error


def _opened(path: str) -> io.BufferedReader:
    suffix = Path(path).suffix.lower()
    compression = "gzip" if suffix == ".tgz" else COMPRESSIONS.get(suffix)
    return io.BufferedReader(pa.input_stream(open_random(path), compression=compression), STEP)


def _members(stream: BinaryIO, path: str, most_bytes: int, wanted: Callable[[str], bool]) -> Iterator[Member]:
    told: dict[str, str] = {}  # what the last headers say of the next file
    while (block := stream.read(BLOCK)) != END:
        if len(block) < BLOCK:
            raise SourceError(f"{path} breaks off without an end mark; write it again and close the writer")
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if header.type in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
            _refuse_large(header.size, MOST_HEADER_BYTES, f"{path}: a header")
            told |= _told(_content(stream, header.size, path), header.type, path)
            continue
        if header.type in PASSED_OVER:
            _skip(stream, header.size)
            continue
        name, size = told.get("path", header.name), int(told.get("size", header.size))
        _refuse_odd(header, name, told, path)
        _refuse_large(size, most_bytes, f"{path}: {name}")
        told = {}
        if wanted(name):
            yield Member(name, _content(stream, size, f"{path}: {name}"))
        else:
            _skip(stream, size)
            yield Member(name, None)
    _refuse_more(stream, path)


def _told(data: bytes, kind: bytes, path: str) -> dict[str, str]:
    """What a header says of the file behind it: its long name, or POSIX's records, each `LENGTH KEY=VALUE` and a line end."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return {"path": data.rstrip(b"\0").decode("utf-8", "surrogateescape")}
    told = {}
    while data.rstrip(b"\0"):
        length = data.split(b" ", 1)[0]
        if not length.isdigit() or not len(length) < int(length) <= len(data):
            raise SourceError(f"{path} has a broken header; write it again")
        record, data = data[len(length) + 1 : int(length) - 1], data[int(length) :]
        key, _, value = record.decode("utf-8", "surrogateescape").partition("=")
        told[key] = value
    if not told.get("size", "0").isdecimal():
        raise SourceError(f"{path} has a broken header; write it again")
    return told


def _refuse_odd(header: tarfile.TarInfo, name: str, told: dict[str, str], path: str) -> None:
    if header.type not in FILES or any(key.startswith("GNU.sparse") for key in told):
        raise SourceError(f"{path} has the member {name!r}, which is a link, a device or sparse; write plain files")
    if any("\udc80" <= sign <= "\udcff" for sign in name):
        raise SourceError(f"{path} has the member {name!r}, whose name is not UTF-8; rename it")


def _refuse_large(size: int, most_bytes: int, place: str) -> None:
    if not 0 <= size <= most_bytes:
        raise SourceError(f"{place} has {size:,} bytes, where at most {most_bytes:,} are read; take it out")


def _content(stream: BinaryIO, size: int, place: str) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise SourceError(f"{place} breaks off; write it again")
    _skip(stream, 0, -size % BLOCK)
    return data


def _skip(stream: BinaryIO, size: int, padding: int | None = None) -> None:
    """Passes over a file's content and what fills its last block."""
    rest = size + (-size % BLOCK if padding is None else padding)
    if rest < 0:
        raise SourceError("a tar file has a broken header; write it again")
    if stream.seekable():
        stream.seek(rest, io.SEEK_CUR)
        return
    while rest and (data := stream.read(min(rest, STEP))):
        rest -= len(data)


def _refuse_more(stream: BinaryIO, path: str) -> None:
    """SourceError if there is anything but zeros behind the end mark."""
    while data := stream.read(STEP):
        if data.strip(b"\0"):
            raise SourceError(
                f"{path} goes on behind its end mark; if these are several archives, write a file of each"
            )
