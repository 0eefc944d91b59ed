"""Some columns and rows of a source, under other names, as a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sameset.sources.base import ROWS_PER_BATCH, Source
from sameset.sources.conditions import check_names

if TYPE_CHECKING:
    from sameset.sketches.spec import Spec

__all__ = ["Projection", "selected"]


def selected(source: Source, spec: Spec) -> Source:
    """The source with the columns and rows that a spec asks for; SchemaError for a column that it does not have."""
    if spec.columns is None and not spec.ignore and spec.where is None:
        return source
    names = spec.select(source.schema().names)
    return Projection(source, {name: name for name in names}, spec.where)


class Projection(Source):
    """The columns of `names` (new name -> name in the source), in that order, and the rows that `where` chooses.

    SourceError for a condition that speaks of anything but single columns.
    """

    def __init__(self, source: Source, names: Mapping[str, str], where: str | None = None) -> None:
        self.address = source.address
        self._source = source
        self._names = dict(names)
        self._where = where
        if where is not None:
            check_names(self.address, source.schema().names, where)

    def schema(self) -> pa.Schema:
        """The columns chosen, under their new names."""
        whole = self._source.schema()
        return pa.schema([whole.field(old).with_name(new) for new, old in self._names.items()])

    def batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        """The rows; `columns` are new names, `where` knows the source's own."""
        chosen = list(self._names) if columns is None else list(columns)
        return _renamed(self._source.batches([self._names[name] for name in chosen], self._and(where), rows), chosen)

    def ordered_batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        """The same in the source's order; SourceError if it keeps none."""
        chosen = list(self._names) if columns is None else list(columns)
        inner = self._source.ordered_batches([self._names[name] for name in chosen], self._and(where), rows)
        return _renamed(inner, chosen)

    def streams(
        self, count: int, columns: Sequence[str] | None = None, where: str | None = None
    ) -> Sequence[Iterator[pa.RecordBatch]]:
        """The source's streams, projected."""
        chosen = list(self._names) if columns is None else list(columns)
        inner = self._source.streams(count, [self._names[name] for name in chosen], self._and(where))
        return [_renamed(stream, chosen) for stream in inner]

    def aggregate(self, expressions: str, where: str | None = None) -> tuple[Any, ...]:
        """Aggregates over the rows chosen; expressions know the source's own names."""
        return self._source.aggregate(expressions, self._and(where))

    def row_count(self) -> int | None:
        """The source's, unless only some rows are chosen."""
        return self._source.row_count() if self._where is None else None

    def _and(self, where: str | None) -> str | None:
        conditions = [condition for condition in (self._where, where) if condition is not None]
        if len(conditions) < 2:
            return next(iter(conditions), None)
        # The line break ends a comment at the end of a condition.
        return " and ".join(f"({condition}\n)" for condition in conditions)


def _renamed(batches: Iterator[pa.RecordBatch], names: list[str]) -> Iterator[pa.RecordBatch]:
    try:
        for batch in batches:
            yield batch.rename_columns(names)
    finally:
        batches.close()  # type: ignore[attr-defined]  # they are generators
