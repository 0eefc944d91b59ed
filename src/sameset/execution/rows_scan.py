"""A second scan of a source for the rows that have one of some hashes: the one way in which rows are found again.

Every row found is known by both halves of its hash, so nothing else has to be trusted: neither the condition that made
the scan short, nor that the source still holds what it held when it was sketched.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import kept_values
from sameset.errors import SamesetError
from sameset.execution.key_conditions import MOST_KEYS, condition_of
from sameset.execution.scanning import cores, fold_streams, silent
from sameset.sketches.sample import ROOM, TABLE_WORDS
from sameset.sketches.table import hasher_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sameset.canonical.batches import RowHasher
    from sameset.canonical.columns import HashedColumn
    from sameset.canonical.keys import KeyValue
    from sameset.execution.rows_index import RowIndex
    from sameset.execution.scanning import Progress
    from sameset.sketches.spec import Spec
    from sameset.sources.base import Source

    Words = NDArray[np.uint64]
    Keys = Sequence[dict[str, KeyValue] | None]

__all__ = ["FoundBatch", "scan_rows"]

State = TypeVar("State")


class FoundBatch(NamedTuple):
    """Rows of one batch that were looked for: their columns, and the place of each in the index."""

    columns: list[pa.Array]  #: in the order of the source's schema; texts may be codes of a dictionary
    places: NDArray[np.intp]


class Uncounted:
    """What takes the hashes of a column of which only the rows are to be known: nothing."""

    def add(self, nulls: int, rest: Words | None) -> None:
        """Takes nothing."""

    def update(self, column: HashedColumn) -> None:
        """Takes nothing."""


class UncountedColumns:
    """The tallies of so many such columns: a kernel counts no hash below a threshold of 0, for which there is room enough."""

    def __init__(self, columns: int) -> None:
        self.columns = [Uncounted()] * columns
        self.sums = np.zeros((columns, 2), np.uint64)
        self.tables = np.zeros((columns, TABLE_WORDS), np.uint64)
        self.tables[:, ROOM] = np.iinfo(np.int64).max


def scan_rows(
    source: Source,
    spec: Spec,
    index: RowIndex,
    start: Callable[[], State],
    take: Callable[[State, FoundBatch], None],
    keys: Keys | None = None,
    progress: Progress = silent,
) -> list[State]:
    """The states of the threads that took the rows of a source with one of the hashes, each hash once; `index.seen` says which
    there are.

    Where the `keys` of all of them are known and few, only rows of such keys are read, if the source can tell them (DuckDB
    then skips row groups and decodes the other columns of those rows alone); all rows only if some were not found that way.
    """
    if not len(index):
        return []
    condition = condition_for(source, keys)
    states: list[State] = []
    if condition is not None:
        try:
            states = _scan(source, spec, index, start, take, condition, progress)
        except SamesetError:  # whatever is wrong with the condition, a scan of all rows is right
            states, index.seen[:] = [], False
    if condition is None or not index.seen.all():
        states += _scan(source, spec, index, start, take, None, progress)
    return states


def condition_for(source: Source, keys: Keys | None) -> str | None:
    """What rows of these keys fulfil; None if they are not all known, too many, or not to be told in SQL."""
    if not keys or len(keys) > MOST_KEYS:
        return None
    known = [key for key in keys if key]
    return condition_of(known, source.schema()) if len(known) == len(keys) else None


def _scan(
    source: Source,
    spec: Spec,
    index: RowIndex,
    start: Callable[[], State],
    take: Callable[[State, FoundBatch], None],
    condition: str | None,
    progress: Progress,
) -> list[State]:
    schema = source.schema()
    hasher = hasher_for(replace(spec, key=(), bucket_by=None), schema)  # a row's hash knows of neither

    def begin() -> tuple[RowHasher, UncountedColumns, State]:
        return hasher.for_thread(), UncountedColumns(len(schema)), start()

    def fold(own: tuple[RowHasher, UncountedColumns, State], batch: pa.RecordBatch) -> None:
        own_hasher, tallies, state = own
        rows, places = index.fresh(own_hasher.fold(batch, tallies).named)
        if len(rows):
            take(state, FoundBatch(_rows_of(batch, rows), places))

    streams = source.streams(cores(), None, condition)
    return [state for _, _, state in fold_streams(streams, begin, fold, progress)]


def _rows_of(batch: pa.RecordBatch, rows: NDArray[np.intp]) -> list[pa.Array]:
    chosen = np.zeros(batch.num_rows, bool)
    chosen[rows] = True
    keep = pa.Array.from_buffers(pa.bool_(), len(chosen), [None, pa.py_buffer(np.packbits(chosen, bitorder="little"))])
    return [kept_values(column, keep) for column in batch.columns]
