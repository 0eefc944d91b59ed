"""Cells of rows, column by column: hashes of the values, and the values where they are wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.execution.patterns import plain_values
from sameset.execution.scanning import cores, fold_streams
from sameset.sketches.table import hasher_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.sketches.spec import Spec
    from sameset.sources.base import Source

    Words = NDArray[np.uint64]

__all__ = ["MOST_ROWS", "Cells", "Column", "fetch_cells"]

MOST_ROWS = 16_384  # whose values are taken
CROWDED = 4  # times as many are names that say too little: nearly no row has one for itself


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
    """Cells of rows as they are met, each row under a name: uint64, whatever it stands for."""

    rows: int = 0
    names: list[Words] = field(default_factory=list)
    columns: dict[str, list[Column]] = field(default_factory=dict)

    def add(self, names: Words, columns: Mapping[str, Column]) -> None:
        """Takes some rows."""
        self.rows += len(names)
        self.names.append(names)
        for name, column in columns.items():
            self.columns.setdefault(name, []).append(column)

    @staticmethod
    def joined(parts: Sequence[Cells]) -> tuple[Words, Mapping[str, Column]]:
        """The names of all rows, and their cells by column; no columns if there are no rows."""
        names = [part for cells in parts for part in cells.names]
        columns = {name: [part for cells in parts for part in cells.columns.get(name, ())] for name in _names(parts)}
        return np.concatenate([np.zeros(0, np.uint64), *names]), {name: _whole(of) for name, of in columns.items()}


def _names(parts: Sequence[Cells]) -> list[str]:
    return list(dict.fromkeys(name for cells in parts for name in cells.columns))


def _whole(parts: Sequence[Column]) -> Column:
    values = [part.values for part in parts if part.values is not None]
    return Column(np.concatenate([part.hashes for part in parts]), pa.concat_arrays(values) if values else None)


def fetch_cells(
    source: Source, spec: Spec, columns: Sequence[str], wanted: Sequence[str], limit: int
) -> tuple[Words, Mapping[str, Column]]:
    """The rows of a source whose key's hash is below a limit: that hash, and hashes of all `columns` with the values of those
    that are `wanted`.

    `columns` are all that the key of the `spec` needs. One scan of those columns. No rows at all if far too many have to be
    taken, which happens where keys are not unique.
    """
    schema = pa.schema([source.schema().field(name) for name in columns])
    hasher = hasher_for(replace(spec, columns=None, ignore=(), where=None, bucket_by=None), schema)
    below = np.uint64(limit)

    def fold(cells: Cells, batch: pa.RecordBatch) -> None:
        if cells.rows > CROWDED * MOST_ROWS:
            return
        hashed = hasher.hash(batch)
        assert hashed.key is not None
        rows = np.flatnonzero(hashed.key[0] < below)
        if not len(rows):
            return
        found, places = {}, pa.array(rows)
        for name, column in zip(columns, hashed.columns, strict=True):
            values = plain_values(batch.column(name).take(places)) if name in wanted else None
            found[name] = Column(column.of_rows(rows), values)
        cells.add(hashed.key[0][rows], found)

    states = fold_streams(source.streams(cores(), list(columns)), Cells, fold)
    return Cells.joined([] if any(state.rows > CROWDED * MOST_ROWS for state in states) else states)
