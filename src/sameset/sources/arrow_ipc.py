"""Arrow IPC: a file (Feather version 2) or a stream, mapped into memory rather than read."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from sameset.errors import SourceError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.files import first_bytes
from sameset.sources.scan import reading

__all__ = ["ArrowIpcSource"]


class ArrowIpcSource(ArrowStreamSource):
    """The rows of an Arrow IPC file or stream."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._path = path

    def row_count(self) -> int | None:
        if not self._is_file():
            return None
        with reading(self.address), pa.memory_map(self._path) as file:
            reader = pa.ipc.open_file(file)
            return sum(int(reader.get_batch(i).num_rows) for i in range(reader.num_record_batches))

    def _is_file(self) -> bool:
        start = first_bytes(self._path, 6)
        if start.startswith(b"FEA1"):
            raise SourceError(f"{self.address} is a Feather file of version 1; write it as version 2 (Arrow IPC)")
        return start.startswith(b"ARROW1")

    def _arrow_schema(self) -> pa.Schema:
        opens = pa.ipc.open_file if self._is_file() else pa.ipc.open_stream
        with reading(self.address), pa.memory_map(self._path) as file, opens(file) as reader:
            return reader.schema

    def _reader(self) -> Iterator[pa.RecordBatch]:
        with pa.memory_map(self._path) as file:
            if self._is_file():
                reader = pa.ipc.open_file(file)
                for i in range(reader.num_record_batches):
                    yield reader.get_batch(i)
            else:
                yield from pa.ipc.open_stream(file)
