"""Some plain Parquet files of a set, or row groups of one of them, as a source that opens each file once."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import pyarrow as pa

from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.row_groups import RowGroups

__all__ = ["PlainPart"]


class PlainPart(ArrowStreamSource):
    """Files whose footers whoever made this has looked at: they are plain (`row_groups.are_plain`) and of this schema."""

    def __init__(self, address: str, files: Sequence[str], schema: pa.Schema, groups: range | None = None) -> None:
        super().__init__(address)
        self._files = tuple(files)
        self._whole = schema
        self._groups = groups

    def _arrow_schema(self) -> pa.Schema:
        return self._whole

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        yield from RowGroups(self._files, self._groups).read(columns)

    def streams(
        self, count: int, columns: Sequence[str] | None = None, where: str | None = None
    ) -> Sequence[Iterator[pa.RecordBatch]]:
        chosen = self._chosen(columns)
        if where is not None or not chosen:
            return super().streams(count, columns, where)
        groups = RowGroups(self._files, self._groups)
        return [groups.read(chosen) for _ in range(count)]
