"""S3-compatible storage: one file system for all readers; endpoint, region and credentials come from the environment.

    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN   or a profile or role, as every AWS tool finds them
    AWS_REGION, AWS_DEFAULT_REGION
    AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL                          a store other than Amazon's

None of them is ever part of an address or an error.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pyarrow as pa
from pyarrow import fs

from sameset.addresses import holds_password, without_password
from sameset.errors import MissingExtraError, SourceError, SourceUnavailableError
from sameset.sources.reasons import may_pass

__all__ = [
    "ATTEMPTS",
    "CONNECT_SECONDS",
    "PROTOCOL",
    "SILENT_SECONDS",
    "duckdb_filesystem",
    "endpoint",
    "etag_of_object",
    "holds_objects",
    "listing_of",
    "objects_below",
    "open_object",
    "region",
    "size_of_object",
]

#: What DuckDB calls the objects; for `s3` it would want an extension that has to be downloaded.
PROTOCOL = "objects"
#: An endpoint that does not answer is given up after two attempts: 5 s to connect, 20 s of silence each.
CONNECT_SECONDS, SILENT_SECONDS, ATTEMPTS = 5, 20, 2
AHEAD = 1 << 23
PARQUET = (".parquet", ".pq")
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
CREDENTIALS = (("AWS_ACCESS_KEY_ID",), ("AWS_SECRET_ACCESS_KEY",), ("AWS_SESSION_TOKEN",), ("AWS_PROFILE",))
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")

REASONS = {
    "NO_SUCH_BUCKET": "its bucket does not exist; check the address and the endpoint",
    "ACCESS_DENIED": "access is denied; check the credentials and the permissions of the bucket",
    "INVALID_ACCESS_KEY_ID": "the access key is not known there; check AWS_ACCESS_KEY_ID",
    "SIGNATURE_DOES_NOT_MATCH": "the secret key does not match; check AWS_SECRET_ACCESS_KEY",
    "VALIDATION": "the address of the store or the name of the bucket is not valid; check AWS_ENDPOINT_URL and the address",
    "NETWORK_CONNECTION": "the store does not answer; check AWS_ENDPOINT_URL and the network",
    "REQUEST_TIMEOUT": "the store does not answer in time; check AWS_ENDPOINT_URL and the network",
    "SLOW_DOWN": "the store asks to slow down; try again later",
}


def size_of_object(address: str) -> int:
    """The size of an object in bytes; SourceError if there is none."""
    with _told(address):
        info = _filesystem().get_file_info(_path(address))
    if info.type == fs.FileType.Directory:
        raise SourceError(f"{address} is a folder, where a file is expected")
    if info.type == fs.FileType.NotFound:
        _refuse_missing_bucket(address)
        raise SourceError(f"{address} does not exist; check bucket and key")
    return int(info.size)


def open_object(address: str) -> pa.NativeFile:
    """The content of an object, to be read at any place."""
    with _told(address):
        return _filesystem().open_input_file(_path(address))


def etag_of_object(address: str) -> tuple[int, str | None]:
    """The size of an object in bytes and its ETag, if the store has one, by one request; SourceError if there is none."""
    with _told(address):
        try:
            with _filesystem().open_input_file(_path(address)) as file:
                etag = (file.metadata() or {}).get("ETag")
                return int(file.size()), etag.decode("utf-8", "replace") if etag else None
        except FileNotFoundError:
            return size_of_object(address), None  # which says what is not there


def listing_of(folder: str) -> dict[str, tuple[int, int]]:
    """By address, size in bytes and time of modification (ns) of all objects below BUCKET or BUCKET/PREFIX."""
    with _told(f"s3://{folder}"):
        found = _filesystem().get_file_info(fs.FileSelector(folder, recursive=True))
    return {
        f"s3://{info.path}": (int(info.size), int(info.mtime_ns)) for info in found if info.type == fs.FileType.File
    }


def holds_objects(address: str, folder: str = "") -> bool:
    """Whether there are objects below a prefix, or below a folder in it."""
    path = _path(address)
    with _told(address):
        return bool(_filesystem().get_file_info(f"{path}{folder}").type == fs.FileType.Directory)


def objects_below(address: str) -> list[str] | None:
    """The addresses of all objects below a prefix, sorted; None if it is an object itself or not there."""
    if not holds_objects(address):
        return None
    with _told(address):
        found = _filesystem().get_file_info(fs.FileSelector(_path(address), recursive=True))
    return sorted(f"s3://{info.path}" for info in found if info.type == fs.FileType.File)


def duckdb_filesystem() -> Any:
    """The store as DuckDB takes it; MissingExtraError without fsspec."""
    try:
        from fsspec.implementations.arrow import ArrowFSWrapper  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError("s3", "reading from S3") from None

    class Objects(ArrowFSWrapper):  # type: ignore[misc]
        protocol = PROTOCOL
        # Without it every connection would share one instance that fsspec keeps for ever.
        cachable = False

        def _open(self, path: str, mode: str = "rb", **_: Any) -> SharedFile:
            # Each read is a request: Parquet is read in few large pieces, texts in many small ones, one after another.
            return SharedFile(self.fs.open_input_file(path), 0 if path.lower().endswith(PARQUET) else AHEAD)

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path.removeprefix(f"{PROTOCOL}://")

        def glob(self, path: str, **_: Any) -> list[str]:
            # Each file is named by itself, and a key may hold signs of a pattern.
            return [path]

    return Objects(_filesystem())


def endpoint() -> str | None:
    """The address of the store, if it is not Amazon's."""
    return _first(ENDPOINTS)


def region() -> str | None:
    """The region of the store, if one is given."""
    return _first(REGIONS)


class SharedFile:
    """An object that several threads read at a time, as DuckDB does it.

    Either each says where before it reads: then that place is its own, or threads would get each other's bytes. Or they
    take turns at reading on, from where the last one ended.
    """

    def __init__(self, file: pa.NativeFile, ahead: int) -> None:
        self._file = file
        self._ahead = ahead
        self._size = int(file.size())
        self._place = 0
        #: Where a thread wants to read next, by its number of the system; Python's own data of a thread end with each
        #: call from outside.
        self._wanted: dict[int, int] = {}
        self._read_ahead: dict[int, tuple[int, bytes]] = {}

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._size}[whence]
        self._place = self._wanted[threading.get_ident()] = start + offset
        return start + offset

    def tell(self) -> int:
        return self._wanted.get(threading.get_ident(), self._place)

    def read(self, count: int = -1) -> bytes:
        reader = threading.get_ident()
        if reader in self._wanted:
            place = self._wanted.pop(reader)
        else:
            place, reader = self._place, 0
            self._wanted.clear()  # threads that take turns want nothing of their own
        data = self._bytes_at(place, self._size if count < 0 else min(place + count, self._size), reader)
        self._place = place + len(data)
        return data

    def _bytes_at(self, place: int, end: int, reader: int) -> bytes:
        if end <= place:
            return b""
        start, data = self._read_ahead.get(reader, (0, b""))
        if not start <= place <= end <= start + len(data):
            start, data = place, self._file.read_at(max(end - place, self._ahead), place)
            if self._ahead:
                self._read_ahead[reader] = start, data
        return bytes(data[place - start : end - start])

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._read_ahead.clear()
        self._file.close()


def _filesystem() -> fs.S3FileSystem:
    return _connected(endpoint(), region(), *map(_first, CREDENTIALS))


@cache
def _connected(place: str | None, area: str | None, *credentials: str | None) -> fs.S3FileSystem:
    """The file system; it finds the credentials by itself, once, so that others are another file system."""
    return fs.S3FileSystem(
        endpoint_override=place,
        region=area,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=SILENT_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )


def _first(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def _path(address: str) -> str:
    path = address[5:].rstrip("/")
    if not re.fullmatch(r"[^/@:]+(?:/.*)?", path, re.DOTALL):
        shown = address.rpartition("@")[2].partition("?")[0]  # credentials may stand before the one and after the other
        raise SourceError(f"{shown!r} names no bucket; write s3://BUCKET/KEY, credentials go into the environment")
    if "?" in path and holds_password(address):
        shown = without_password(address)
        raise SourceError(f"{shown} holds a secret; write s3://BUCKET/KEY, credentials go into the environment")
    if "//" in path:
        raise SourceError(f"{address} has two slashes in a row; write one, or rename the object if they are in its key")
    return path


def _refuse_missing_bucket(address: str) -> None:
    bucket = _path(address).partition("/")[0]
    with _told(address):
        missing = _filesystem().get_file_info(bucket).type == fs.FileType.NotFound
    if missing:
        raise SourceError(f"{address} cannot be read: {REASONS['NO_SUCH_BUCKET']}")


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Turns an error of the store into a sentence; the store's own text names endpoints and may name keys."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        code = re.search(r"AWS Error (\w+)", str(error))
        why = REASONS.get(code[1] if code else "", f"the store answers {code[1] if code else type(error).__name__}")
        raise (SourceUnavailableError if may_pass(error) else SourceError)(f"{address} cannot be read: {why}") from None
