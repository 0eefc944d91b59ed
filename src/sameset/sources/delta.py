"""A Delta Lake table: the rows of its current version, through the package deltalake."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from sameset.errors import MissingExtraError, SourceError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.base import ROWS_PER_BATCH
from sameset.sources.scan import quoted, reading
from sameset.sources.schemas import conformed

__all__ = ["DeltaSource"]


class DeltaSource(ArrowStreamSource):
    """The rows of a Delta table, of the version that is current when the source is opened."""

    def __init__(self, path: str, shown: str) -> None:
        super().__init__(shown)
        self._path = os.path.abspath(os.path.expanduser(path))
        self._version: int | None = None

    def row_count(self) -> int | None:
        with self._told():
            return int(self._table().count())

    def ordered_batches(self, rows: int = ROWS_PER_BATCH) -> Iterator[pa.RecordBatch]:
        raise SourceError(f"{self.address} keeps its rows in no order; write them to a file in the order that is meant")

    def _arrow_schema(self) -> pa.Schema:
        with self._told():
            return pa.schema(self._table().schema().to_arrow())

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
        if not os.path.isdir(self._path):
            raise SourceError(f"{self.address} does not exist; check the path")
        table = deltalake.DeltaTable(self._path, version=self._version)
        self._version = table.version()
        return table

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the errors of deltalake into a sentence; they are of its own kinds, without a common one but Exception."""
        with reading(self.address):
            try:
                yield
            except Exception as error:
                if not type(error).__module__.startswith(("deltalake", "_internal")):
                    raise
                raise SourceError(f"{self.address} cannot be read: {str(error).splitlines()[0]}") from error
