"""An Iceberg table: the rows of its current snapshot, through the package pyiceberg.

iceberg://CATALOG/NAMESPACE.TABLE          a catalog that .pyiceberg.yaml or PYICEBERG_CATALOG__CATALOG__URI describes
iceberg:///PATH/NAME.metadata.json         one state of a table, by its metadata file on disk,
iceberg://s3://BUCKET/NAME.metadata.json   or in S3-compatible storage (`object_store` says where that is)
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from sameset.errors import MissingExtraError, SourceError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.base import Source
from sameset.sources.files import is_object, local_path, readable_file
from sameset.sources.scan import reading
from sameset.sources.schemas import conformed

__all__ = ["IcebergSource"]

ENDING = ".metadata.json"


class IcebergSource(ArrowStreamSource):
    """The rows of an Iceberg table, of the snapshot and the schema that are current when the source is opened.

    The schema may be younger than the snapshot: a column that was added, renamed or dropped is so before rows are written.
    One data file at a time is in memory, decoded.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._place = local_path(address[len("iceberg://") :])  # as catalogs and tables themselves write it
        self._state: tuple[int | None, int] | None = None  # of the snapshot and of the schema

    ordered_batches = Source.ordered_batches  # a lake keeps its rows in no order

    def _arrow_schema(self) -> pa.Schema:
        with self._told():
            from pyiceberg.io.pyarrow import schema_to_pyarrow

            return schema_to_pyarrow(self._current()[2])

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        with self._told():
            # Of no columns it would read none and lose the number of rows.
            first = tuple(columns) or (self.schema().names[0],)
            schema = pa.schema([self.schema().field(name) for name in columns])
            for batch in self._file_batches(first):
                yield conformed(batch.select(list(columns)), schema)

    def _file_batches(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        """The rows, one data file after another; the library's own reader loads all of them at once."""
        table, snapshot, schema = self._current()
        if snapshot is None:
            return
        from pyiceberg.expressions import AlwaysTrue
        from pyiceberg.io.pyarrow import ArrowScan

        scan = table.scan(snapshot_id=snapshot)
        # Its own projection would have the columns as they were when the snapshot was written.
        reader = ArrowScan(scan.table_metadata, scan.io, schema.select(*columns), AlwaysTrue())
        for task in scan.plan_files():
            yield from reader.to_record_batches([task])

    def _current(self) -> tuple[Any, int | None, Any]:
        """The table, the number of its snapshot, none as long as it has no rows, and its schema; always the same two."""
        table = self._table()
        if self._state is None:
            snapshot = table.current_snapshot()
            self._state = (None if snapshot is None else snapshot.snapshot_id, table.metadata.current_schema_id)
        snapshot_id, schema_id = self._state
        return table, snapshot_id, table.schemas()[schema_id]

    def _table(self) -> Any:
        try:
            from pyiceberg.catalog import load_catalog
            from pyiceberg.table import StaticTable
        except ImportError:
            raise MissingExtraError("iceberg", "reading Iceberg tables") from None
        if self._place.startswith("/") or is_object(self._place):
            file = readable_file(self._place)
            if not file.endswith(ENDING):  # the library would look for a folder of that name
                raise SourceError(f"{self.address} is no metadata file of a table, whose name ends in {ENDING}")
            return StaticTable.from_metadata(file, _store_properties(self._place))
        catalog, _, table = self._place.partition("/")
        if not catalog or "." not in table:
            raise SourceError(
                f"{self.address} names no table; write iceberg://CATALOG/NAMESPACE.TABLE or iceberg:///PATH/NAME.metadata.json"
            )
        return load_catalog(catalog).load_table(table)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the errors of pyiceberg into a sentence; they are of its own kinds, without a common one but Exception."""
        with reading(self.address):
            try:
                yield
            except Exception as error:
                if not type(error).__module__.startswith(("pyiceberg", "pydantic")):
                    raise
                raise SourceError(f"{self.address} cannot be read: {str(error).splitlines()[0]}") from error


def _store_properties(place: str) -> dict[str, str]:
    """Where the store is, if it is one; the credentials are found in the environment, as by all others."""
    if not is_object(place):
        return {}
    from sameset.sources.object_store import CONNECT_SECONDS, SILENT_SECONDS, endpoint, region

    given = {"s3.endpoint": endpoint(), "s3.region": region()}
    return {
        **{name: value for name, value in given.items() if value},
        "s3.connect-timeout": str(CONNECT_SECONDS),
        "s3.request-timeout": str(SILENT_SECONDS),
    }
