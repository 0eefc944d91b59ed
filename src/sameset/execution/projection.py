"""Some columns of a source under other names, as a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from sameset.sources.base import ROWS_PER_BATCH, Source

__all__ = ["Projection"]


class Projection(Source):
    """The columns of `names` (new name -> name in the source), in that order."""

    def __init__(self, source: Source, names: Mapping[str, str]) -> None:
        self.address = source.address
        self._source = source
        self._names = dict(names)

    def schema(self) -> pa.Schema:
        """The columns chosen, under their new names."""
        whole = self._source.schema()
        return pa.schema([whole.field(old).with_name(new) for new, old in self._names.items()])

    def batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        """The rows; `columns` are new names, `where` knows the source's own."""
        chosen = list(self._names) if columns is None else list(columns)
        scan = self._source.batches([self._names[name] for name in chosen], where, rows)
        try:
            for batch in scan:
                yield batch.rename_columns(chosen)
        finally:
            scan.close()  # type: ignore[attr-defined]

    def aggregate(self, expressions: str, where: str | None = None) -> tuple[Any, ...]:
        """Aggregates over the source itself."""
        return self._source.aggregate(expressions, where)

    def row_count(self) -> int | None:
        """The source's."""
        return self._source.row_count()
