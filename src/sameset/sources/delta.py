"""A Delta Lake table on disk or in S3-compatible storage: the rows of its current version, through the package deltalake."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from sameset.errors import MissingExtraError, SourceError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.base import Source
from sameset.sources.files import is_object, local_path
from sameset.sources.scan import quoted, reading
from sameset.sources.schemas import conformed

__all__ = ["DeltaSource", "is_delta"]

#: A whole object may take so long, unlike the 30 s that deltalake grants by itself; whether the store answers is asked before.
OBJECT_SECONDS = 300


class DeltaSource(ArrowStreamSource):
    """The rows of a Delta table, of the version that is current when the source is opened."""

    def __init__(self, path: str, shown: str) -> None:
        super().__init__(shown)
        self._path = path.rstrip("/") if is_object(path) else os.path.abspath(os.path.expanduser(local_path(path)))
        self._version: int | None = None

    def row_count(self) -> int | None:
        with self._told():
            return int(self._table().count())

    ordered_batches = Source.ordered_batches  # a lake keeps its rows in no order

    def _arrow_schema(self) -> pa.Schema:
        with self._told():
            table = self._table()
            schema = pa.schema(table.schema().to_arrow())
            keys = table.metadata().partition_columns
            return pa.schema([_refused(field) if field.name in keys else field for field in schema])

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        from deltalake import QueryBuilder

        schema = pa.schema([self.schema().field(name) for name in columns])
        # Its own engine streams and knows deletion vectors; pyarrow's reader loads whole row groups and does not.
        # A scan of no columns still has to know its rows.
        cells = ", ".join(map(quoted, columns)) or "true"
        with self._told():
            query = QueryBuilder().register("rows", self._table()).execute(f"SELECT {cells} FROM rows")  # noqa: S608 - quoted
            with pa.RecordBatchReader.from_stream(query) as reader:
                for batch in reader:
                    yield conformed(batch.select(list(columns)), schema)

    def _table(self) -> Any:
        try:
            import deltalake
        except ImportError:
            raise MissingExtraError("delta", "reading Delta tables") from None
        self._refuse_missing()
        options = _store_options() if is_object(self._path) else None
        table = deltalake.DeltaTable(self._path, version=self._version, storage_options=options)
        self._version = table.version()
        return table

    def _refuse_missing(self) -> None:
        if not is_object(self._path):
            if not os.path.isdir(self._path):
                raise SourceError(f"{self.address} does not exist; check the path")
            if not is_delta(self._path):
                raise SourceError(f"{self.address} is no Delta table: it has no folder _delta_log; check the path")
        elif not is_delta(self._path):
            raise SourceError(f"{self.address} is no Delta table: it has no folder _delta_log; check bucket and key")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the errors of deltalake into a sentence; they are of its own kinds, without a common one but Exception."""
        with reading(self.address):
            try:
                yield
            except Exception as error:
                own = type(error).__module__.startswith(("deltalake", "_internal"))
                if not own and not isinstance(error, OSError | pa.ArrowException):
                    raise
                raise SourceError(f"{self.address} cannot be read: {_reason(str(error))}") from error


def _refused(key: pa.Field) -> pa.Field:
    """The column of a partition; deltalake hands bytes out as the text that stands for them in the log, `\\u0000`."""
    is_bytes = pa.types.is_binary(key.type) or pa.types.is_large_binary(key.type) or pa.types.is_binary_view(key.type)
    return key.with_type(pa.opaque(key.type, "binary, as a partition column", "Delta")) if is_bytes else key


def is_delta(path: str) -> bool:
    """Whether a folder, on disk or in a store, holds a Delta table."""
    if not is_object(path):
        return os.path.isdir(os.path.join(path, "_delta_log"))
    from sameset.sources.object_store import holds_objects

    return holds_objects(path, "/_delta_log")


def _store_options() -> dict[str, str]:
    """Where the store is; the credentials deltalake finds in the environment by itself, as all others do."""
    from sameset.sources.object_store import ATTEMPTS, CONNECT_SECONDS, endpoint, region

    place = endpoint() or ""
    given = {"AWS_ENDPOINT_URL": place, "AWS_REGION": region() or ""}
    return {
        **{name: value for name, value in given.items() if value},
        "AWS_ALLOW_HTTP": str(place.startswith("http://")).lower(),
        "connect_timeout": f"{CONNECT_SECONDS}s",
        "timeout": f"{OBJECT_SECONDS}s",
        "max_retries": str(ATTEMPTS - 1),
    }


def _reason(text: str) -> str:
    """What deltalake says, on one line, without the address of a store and the colours of a terminal."""
    if lost := re.search(r"Object at location (.+?) not found", text):
        return f"its file {lost[1]} is missing"
    lines = [re.sub(r"\x1b\[[0-9;]*m|↳", "", line).strip() for line in text.splitlines()]
    told = next((line for line in lines if re.match(r"[45]\d\d ", line)), lines[0] if lines else "no reason")
    told = re.split(r": \w+ \{", told)[0]  # what follows is the program's own view of the log
    return re.sub(r"https?://\S+", "an object of it", told).rstrip(".")
