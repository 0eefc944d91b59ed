"""The contract of every kind of place that rows come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sameset.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROWS_PER_BATCH", "Source"]

ROWS_PER_BATCH = (
    16_384  # what is computed of them stays in a second-level cache of 1 MiB; 65,536 took a quarter more time
)


class Source(ABC):
    """A readable table: its schema is known before its rows, and its rows come as Arrow batches in any order.

    A source may be read many times. Errors are `SourceError`s (or a kind of it) with one sentence for a person.
    SQL over a source calls its columns by their names; of names that differ only in case the later ones get a
    suffix there (`A_1`), because SQL does not tell them apart. Schema and batches always have the true names.
    """

    #: Where the rows are, as `open_source` takes it, without any password.
    address: str

    def files_read(self) -> Sequence[str]:
        """The files that the rows are read from, if they are such; none of them may be written meanwhile."""
        return ()

    @abstractmethod
    def schema(self) -> pa.Schema:
        """Names and types of the columns, in the source's order; the types are those of the batches."""

    @abstractmethod
    def batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        """The rows as batches of at most about `rows` rows; `columns` selects and orders, `where` is a SQL condition.

        Closing the iterator early stops the scan.
        """

    def streams(
        self, count: int, columns: Sequence[str] | None = None, where: str | None = None
    ) -> Sequence[Iterator[pa.RecordBatch]]:
        """Iterators, at most `count`, that together give each row once; different threads may read them at a time.

        Their batches may be of any size, and their texts in dictionaries.
        """
        return [self.batches(columns, where)]

    def ordered_batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = ROWS_PER_BATCH
    ) -> Iterator[pa.RecordBatch]:
        """What `batches` gives, in the order in which the source keeps its rows; SourceError if it keeps none."""
        raise SourceError(f"{self.address} keeps its rows in no order; write them to a file in the order that is meant")

    @abstractmethod
    def aggregate(self, expressions: str, where: str | None = None) -> tuple[Any, ...]:
        """The values of SQL aggregates over the rows, such as `"count(*), max(price)"`, as one tuple."""

    def partitions(self) -> Sequence[Source]:
        """Sources that together hold each row once, for workers to share; this one alone if it is not to be parted."""
        return [self]

    def row_count(self) -> int | None:
        """The number of rows if it is known without a scan (a Parquet footer), otherwise None."""
        return None
