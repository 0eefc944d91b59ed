"""What an address means: which kind of place it names, decided by content first and by its ending otherwise."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from sameset.addresses import has_open_password, without_password
from sameset.errors import SourceError
from sameset.sources.base import Source
from sameset.sources.file_sets import FileSet, files_at, has_pattern, kind_by_ending, kind_of
from sameset.sources.files import is_object, local_path, readable_file

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["UNDERSTOOD", "open_source"]

UNDERSTOOD = (
    "a file, glob or folder of Parquet (.parquet), CSV (.csv, .tsv), JSON lines (.jsonl, .ndjson, .json), either also "
    "as .gz or .zst, or Arrow IPC (.arrow, .feather, .ipc), or images, .npy, .npz, .tar shards, on disk or as "
    "s3://BUCKET/KEY; file.duckdb::table or ::select ..., likewise file.sqlite and postgresql://USER@HOST/DATABASE, "
    "mysql://...; the folder of a Delta table or of Hugging Face's save_to_disk; and iceberg://CATALOG/NAMESPACE.TABLE"
)
#: Endings of the files of databases; `.db` is used for both kinds, and content decides.
DUCKDB, SQLITE = (".duckdb", ".ddb", ".db"), (".sqlite", ".sqlite3", ".db3", ".s3db")
FILE_DATABASE = re.compile(
    r"(?P<file>.+?\.(?:duckdb|ddb|db|sqlite3?|db3|s3db))::(?P<rest>.*)", re.DOTALL | re.IGNORECASE
)
DATABASES = ("postgresql", "postgres", "sqlite", "mysql", "mariadb", "mssql", "oracle")
URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
#: A database and what of it: the first `::` outside the brackets of an IPv6 host.
DATABASE = re.compile(r"(?P<url>[a-z][a-z0-9+.-]+://(?:\[[^\]]*\]|[^:\[]|:(?!:)|\[)*?)::(?P<rest>.*)", re.DOTALL | re.I)


def open_source(
    place: object, *, schema: pa.Schema | None = None, union_by_name: bool = False, raw: bool = False
) -> Source:
    """The source that an address names, or that wraps a table in memory.

    Args:
        place: an address (text or path), or an object with the Arrow C stream protocol: a pyarrow table or
            reader, a pandas or Polars frame, a DuckDB relation; or a Spark DataFrame.
        schema: the types of columns of CSV and JSON lines, by name; columns that it lacks get the type that is found.
            Places that have types of their own keep these; keys of folders have none.
        union_by_name: whether several files may lack columns, which are null there, and may have types of one family,
            which widen without loss.
        raw: whether images are their bytes as they are, instead of their pixels.

    Raises:
        SourceError: nothing is there, or it is no kind of place that is understood.
    """
    if isinstance(place, Source):
        return place
    if not isinstance(place, str | os.PathLike):
        from sameset.sources.memory import MemorySource
        from sameset.sources.spark_frames import SparkFrameSource, is_spark_frame

        return SparkFrameSource(place) if is_spark_frame(place) else MemorySource(place)
    address = os.fspath(place)
    if not isinstance(address, str) or not address or "\0" in address:
        raise SourceError(f"{address!r} is no address; understood are {UNDERSTOOD}")
    if any("\udc80" <= sign <= "\udcff" for sign in address):  # how Python holds bytes that are not UTF-8
        raise SourceError(f"{address!r} is not written in UTF-8; rename the file or folder")
    if address[:7].lower() == "file://":
        address = local_path(address)
    elif URL.match(address) and not address.lower().startswith("s3://"):
        return _open_url(address)
    if match := FILE_DATABASE.fullmatch(address):
        return _open_file_database(match["file"], match["rest"])
    path = os.path.expanduser(address)
    if _may_be_delta(path):
        from sameset.sources.delta import DeltaSource, is_delta

        if is_delta(path):
            return DeltaSource(path, path)
    if dataset := _open_dataset(path, raw):
        return dataset
    files = files_at(path)
    return _open_samples(files, raw) or _open_files(files.typed_by(schema), schema, union_by_name)


def _open_file_database(path: str, content: str) -> Source:
    from sameset.sources.sqlite import SQLiteSource, is_sqlite

    path = os.path.expanduser(path)
    if is_sqlite(path) or path.lower().endswith(SQLITE):
        return SQLiteSource(path, content, f"{path}::{content}")
    from sameset.sources.duckdb_file import DuckDBSource

    return DuckDBSource(path, content)


def _may_be_delta(path: str) -> bool:
    """Whether it is worth a look: a folder, which of a store an ending or a pattern is not."""
    return not has_pattern(path) and kind_by_ending(path) is None if is_object(path) else os.path.isdir(path)


def _open_url(address: str) -> Source:
    scheme = address.split("://", 1)[0].lower()
    if scheme == "delta":
        from sameset.sources.delta import DeltaSource

        return DeltaSource(address[len("delta://") :], address)
    if scheme == "iceberg":
        from sameset.sources.iceberg import IcebergSource

        return IcebergSource(address)
    return _open_database(scheme, address)


def _open_database(scheme: str, address: str) -> Source:
    shown = without_password(address)
    match = DATABASE.fullmatch(address)
    if match is None:
        if scheme.partition("+")[0] in DATABASES:
            raise SourceError(f"{shown} is a database; add ::TABLE or ::select ...")
        raise SourceError(f"{shown}: {scheme} addresses cannot be read yet; understood are {UNDERSTOOD}")
    if has_open_password(address):
        raise SourceError(f"{shown} cannot be read as it is written; write signs like @ : / ? of a password as %XX")
    if scheme in ("postgresql", "postgres"):
        from sameset.sources.postgres import PostgresSource

        return PostgresSource(match["url"], match["rest"], shown)
    if scheme in ("sqlite", "sqlite+pysqlite"):
        from sameset.sources.sqlite import SQLiteSource

        # As everywhere in Python: three slashes before a relative path, four before an absolute one.
        return SQLiteSource(match["url"].partition("://")[2].removeprefix("/"), match["rest"], shown)
    from sameset.sources.sql_database import SQLDatabaseSource

    return SQLDatabaseSource(match["url"], match["rest"], shown)


def _open_dataset(path: str, raw: bool) -> Source | None:
    """A dataset of Hugging Face, or a split of one, if the folder is such."""
    from sameset.sources.hugging_face import HuggingFaceSource, is_dataset_folder

    folder, mark, split = path.rpartition("::")
    if mark and os.path.isdir(folder) and is_dataset_folder(folder):
        return HuggingFaceSource(folder, split, raw)
    return HuggingFaceSource(path, None, raw) if os.path.isdir(path) and is_dataset_folder(path) else None


def _open_samples(files: FileSet, raw: bool) -> Source | None:
    """Images, arrays or shards, if the files are such."""
    kind = kind_of(files)
    if kind == "images":
        from sameset.sources.image_files import ImageFolderSource

        return ImageFolderSource(files, raw)
    if kind in ("npy", "npz"):
        from sameset.sources.numpy_files import NpySource, NpzSource

        return (NpySource if kind == "npy" else NpzSource)(files)
    if kind == "tar":
        from sameset.sources.webdataset import WebDatasetSource

        return WebDatasetSource(files, raw)
    return None


def _open_files(files: FileSet, schema: pa.Schema | None, union_by_name: bool) -> Source:
    kind = kind_of(files)
    if kind == "parquet":
        from sameset.sources.parquet import ParquetSource

        return ParquetSource(files, union_by_name)
    if kind == "arrow":
        from sameset.sources.arrow_ipc import ArrowIpcSource

        return ArrowIpcSource(files, union_by_name)
    if kind == "json":
        from sameset.sources.json_lines import JsonLinesSource

        return JsonLinesSource(files, schema)
    if kind == "csv":
        from sameset.sources.delimited import DelimitedSource

        return DelimitedSource(files, schema, union_by_name)
    path = readable_file(files.address)
    if path.lower().endswith(DUCKDB + SQLITE):
        raise SourceError(
            f"{path} is a database; name its table as {path}::TABLE or give a query as {path}::select ..."
        )
    raise SourceError(f"{path} is no kind of file that is understood; understood are {UNDERSTOOD}")
