"""What an address means: which kind of place it names, decided by content first and by its ending otherwise."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from sameset.errors import SourceError
from sameset.sources.base import Source
from sameset.sources.files import COMPRESSIONS, first_bytes

__all__ = ["UNDERSTOOD", "open_source", "without_password"]

UNDERSTOOD = (
    "a Parquet file, glob or folder (.parquet), CSV (.csv, .tsv), JSON lines (.jsonl, .ndjson, .json), "
    "either also as .gz or .zst, Arrow IPC (.arrow, .feather, .ipc), "
    "and file.duckdb::table or file.duckdb::select ..."
)
DUCKDB = re.compile(r"(?P<file>.+?\.(?:duckdb|ddb|db))::(?P<rest>.*)", re.DOTALL | re.IGNORECASE)
URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
SECRET = re.compile(r"(?i)\b(password|passwd|pwd|secret|token|sig|signature|key|access_key|secret_key)=[^&;\s]*")

PARQUET = (".parquet", ".pq")
DELIMITED = (".csv", ".tsv")
JSON_LINES = (".jsonl", ".ndjson", ".json")
ARROW_IPC = (".arrow", ".feather", ".ipc", ".arrows")


def open_source(place: object) -> Source:
    """The source that an address names, or that wraps a table in memory.

    Args:
        place: an address (text or path), or an object with the Arrow C stream protocol: a pyarrow table or
            reader, a pandas or Polars frame.

    Raises:
        SourceError: nothing is there, or it is no kind of place that is understood.
    """
    if isinstance(place, Source):
        return place
    if not isinstance(place, str | os.PathLike):
        from sameset.sources.memory import MemorySource

        return MemorySource(place)
    address = os.fspath(place)
    if not isinstance(address, str) or not address or "\0" in address:
        raise SourceError(f"{address!r} is no address; understood are {UNDERSTOOD}")
    if URL.match(address):
        return _open_url(address)
    if match := DUCKDB.fullmatch(address):
        from sameset.sources.duckdb_file import DuckDBSource

        return DuckDBSource(match["file"], match["rest"])
    return _open_path(os.path.expanduser(address))


def without_password(address: str) -> str:
    """An address without any password, in its user part or among its parameters, fit to be shown and stored."""
    if not URL.match(address):
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.split("://", 1)[0] + "://..."
    userinfo, at, host = parts.netloc.rpartition("@")
    netloc = userinfo.split(":", 1)[0] + at + host
    return urlunsplit((parts.scheme, netloc, *(SECRET.sub(r"\1=***", part) for part in parts[2:])))


def _open_url(address: str) -> Source:
    scheme = address.split("://", 1)[0].lower()
    if scheme == "file":
        return _open_path(address[len("file://") :])
    raise SourceError(
        f"{without_password(address)}: {scheme} addresses cannot be read yet; understood are {UNDERSTOOD}"
    )


def _open_path(path: str) -> Source:
    from sameset.sources.parquet import ParquetSource

    if os.path.isdir(path) or (not os.path.exists(path) and _ending(path) in PARQUET and set("*?[") & set(path)):
        return ParquetSource(path)
    kind = _kind_by_content(first_bytes(path, 6)) or _kind_by_ending(path)
    if kind == "parquet":
        return ParquetSource(path)
    if kind == "arrow":
        from sameset.sources.arrow_ipc import ArrowIpcSource

        return ArrowIpcSource(path)
    if kind == "json":
        from sameset.sources.json_lines import JsonLinesSource

        return JsonLinesSource(path)
    from sameset.sources.delimited import DelimitedSource

    return DelimitedSource(path)


def _kind_by_content(start: bytes) -> str | None:
    if start.startswith(b"PAR1"):
        return "parquet"
    return "arrow" if start.startswith((b"ARROW1", b"\xff\xff\xff\xff")) else None


def _kind_by_ending(path: str) -> str:
    ending = _ending(path)
    for kind, endings in (("parquet", PARQUET), ("arrow", ARROW_IPC), ("json", JSON_LINES), ("csv", DELIMITED)):
        if ending in endings:
            return kind
    if ending in (".duckdb", ".ddb", ".db"):
        raise SourceError(
            f"{path} is a database; name its table as {path}::TABLE or give a query as {path}::select ..."
        )
    raise SourceError(f"{path} is no kind of file that is understood; understood are {UNDERSTOOD}")


def _ending(path: str) -> str:
    """The ending that tells the kind, in lower case: `.csv` of `a.CSV.gz`."""
    name = Path(path)
    return Path(name.stem if name.suffix.lower() in COMPRESSIONS else name.name).suffix.lower()
