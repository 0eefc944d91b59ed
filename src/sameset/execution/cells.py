"""Cells of both tables side by side: of the changed rows of a delta, or of rows that are paired by what did not change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from sameset.execution.patterns import plain_values
from sameset.execution.scanning import cores, fold_streams
from sameset.sketches.delta import row_lanes
from sameset.sketches.table import hasher_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sameset.canonical.batches import HashedBatch
    from sameset.sketches.spec import Spec
    from sameset.sources.base import Source

    Words = NDArray[np.uint64]

__all__ = ["MOST_ROWS", "Cells", "Choice", "Column", "RowsByHash", "RowsByKey", "fetch_cells"]

MOST_ROWS = 16_384  # whose values are taken
CROWDED = 4  # times as many are names that say too little: nearly no row has one for itself


class Choice(Protocol):
    """Which rows of a batch are wanted, and what each is called: uint64, the same for the two rows of a pair."""

    def of(self, batch: HashedBatch) -> tuple[NDArray[np.intp], Words]:
        """Places in the batch, and the name of each."""


class RowsByHash:
    """Rows of given hashes as a delta holds them, each named by its place in the list."""

    def __init__(self, rows: Sequence[tuple[int, int]]) -> None:
        lanes = np.array(rows, np.uint64).reshape(-1, 2)
        self._order = np.lexsort(lanes.T[::-1])
        self._first, self._second = lanes[self._order].T

    def of(self, batch: HashedBatch) -> tuple[NDArray[np.intp], Words]:
        """The rows whose hashes are in the list."""
        h1, h2 = (row_lanes(half) for half in batch.named)
        rows = np.flatnonzero(np.isin(h1, self._first))
        at = np.searchsorted(self._first, h1[rows])  # two rows of one first lane are a chance of 2^-61
        same = self._second[at] == h2[rows]
        return rows[same], self._order[at[same]].astype(np.uint64)


class RowsByKey:
    """Rows whose key hash is below a limit, named by that hash."""

    def __init__(self, limit: int) -> None:
        self._limit = np.uint64(limit)

    def of(self, batch: HashedBatch) -> tuple[NDArray[np.intp], Words]:
        """The rows of low key hashes."""
        assert batch.key is not None
        rows = np.flatnonzero(batch.key[0] < self._limit)
        return rows, batch.key[0][rows]


class Column(NamedTuple):
    """Cells of one column: value hashes, uint64 (rows, 2), and the values if they were wanted."""

    hashes: Words
    values: pa.Array | None

    def take(self, places: NDArray[np.intp]) -> Column:
        """The cells of some rows."""
        values = None if self.values is None else self.values.take(pa.array(places))
        return Column(self.hashes[places], values)


@dataclass
class Cells:
    """Rows that were chosen: names, uint64 (rows,), and the cells of each column."""

    rows: int = 0
    names: list[Words] = field(default_factory=list)
    hashes: dict[str, list[Words]] = field(default_factory=dict)
    values: dict[str, list[pa.Array]] = field(default_factory=dict)

    def settled(self) -> tuple[Words, Mapping[str, Column]]:
        """Names of the rows and the cells by column."""
        names = np.concatenate(self.names) if self.names else np.zeros(0, np.uint64)
        values = {name: pa.concat_arrays(parts) for name, parts in self.values.items()}
        return names, {name: Column(np.concatenate(parts), values.get(name)) for name, parts in self.hashes.items()}


def fetch_cells(
    source: Source, spec: Spec, columns: Sequence[str], wanted: Sequence[str], choice: Choice
) -> tuple[Words, Mapping[str, Column]]:
    """The chosen rows of a source: their names, and hashes of all `columns` with the values of those that are `wanted`.

    `spec` says what is a row's hash and key; `columns` are all that it needs. One scan of those columns. No rows at all if far
    too many have to be taken, which happens where keys are not unique.
    """
    schema = pa.schema([source.schema().field(name) for name in columns])
    hasher = hasher_for(replace(spec, columns=None, ignore=(), where=None), schema)

    def fold(cells: Cells, batch: pa.RecordBatch) -> None:
        if cells.rows > CROWDED * MOST_ROWS:
            return
        hashed = hasher.hash(batch)
        rows, names = choice.of(hashed)
        if not len(rows):
            return
        cells.rows += len(rows)
        cells.names.append(names)
        for name, column in zip(columns, hashed.columns, strict=True):
            at = rows if column.codes is None else column.codes[rows]
            cells.hashes.setdefault(name, []).append(np.stack([column.h1[at], column.h2[at]], axis=1))
        places = pa.array(rows)
        for name in wanted:
            cells.values.setdefault(name, []).append(plain_values(batch.column(name).take(places)))

    states = fold_streams(source.streams(cores(), list(columns)), Cells, fold)
    whole = Cells()
    if any(state.rows > CROWDED * MOST_ROWS for state in states):
        return whole.settled()
    for state in states:
        whole.names += state.names
        for mine, theirs in ((whole.hashes, state.hashes), (whole.values, state.values)):
            for name, parts in theirs.items():
                mine.setdefault(name, []).extend(parts)
    return whole.settled()
