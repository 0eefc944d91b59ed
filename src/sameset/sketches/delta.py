"""Which rows differ: an invertible Bloom lookup table over sums (Goodrich and Mitzenmacher 2011), subtracted and peeled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from sameset.canonical.keys import unpack_key
from sameset.errors import SpecMismatchError
from sameset.kernels.cells import SUBTABLES, add_rows, peel
from sameset.kernels.keys import LANE_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.keys import KeyValue

    Words = NDArray[np.uint64]

__all__ = ["PRIME", "DeltaTable", "DifferingRow", "RowLanes", "capacity_of", "cells_for", "row_lanes"]

PRIME = (1 << 61) - 1
HASH_LANES = 2
# Fullest load at which 4 subtables still peel (0.772 for endless ones, Goodrich and Mitzenmacher 2011), less what 99 of 100 tables
# of a size need: measured with 400 draws each, 64 cells list 37 rows, 4,096 list 3,065, 65,536 list 50,073.
FULLEST, SPREAD = 0.77, 1.6
FEWEST_CELLS = 64  # smaller tables fail by chance: two rows may share all their cells


@dataclass(frozen=True)
class DifferingRow:
    """A row that one side has more often than the other."""

    packed_key: bytes  #: empty without a key
    row: tuple[int, int]  #: both lanes of the named row hash, modulo 2^61
    times: int  #: how often more, negative if less often

    def key(self, columns: int) -> tuple[KeyValue, ...] | None:
        """The key's values in the order of their columns' names; None if only its hash is known."""
        return unpack_key(self.packed_key, columns)


class RowLanes(NamedTuple):
    """Rows as they go in: packed keys, uint64 (rows, w), and both halves of their hashes, uint64 (rows,), any words."""

    keys: Words
    h1: Words
    h2: Words


def row_lanes(hashes: Words) -> Words:
    """One half of row hashes, uint64 (n,), as a delta table holds it: modulo 2^61, and 2^61 - 1 as 0."""
    lanes = hashes & np.uint64(PRIME)
    lanes[lanes == PRIME] = 0
    return lanes


def capacity_of(cells: int) -> int:
    """How many differing rows a table of so many cells lists, in 99 of 100 cases at least (docs/delta.md has the figures)."""
    return max(1, int(cells * FULLEST - SPREAD * cells**0.5) if cells >= FEWEST_CELLS else cells // 8)


def cells_for(rows: int) -> int:
    """The cells of the smallest table that lists so many differing rows."""
    cells = FEWEST_CELLS
    while capacity_of(cells) < rows:
        cells *= 2
    return cells


class DeltaTable:
    """The cells, uint64 (4 * 2^k, lanes + 2): count, lanes, check (docs/encoding.md, "Delta").

    A group: rows can be taken out again.
    """

    def __init__(self, cells: Words) -> None:
        self.cells = cells

    @classmethod
    def empty(cls, cells: int, key_lanes: int) -> Self:
        """The table of no rows, with so many cells and words of packed key."""
        return cls(np.zeros((cells, cls.cell_words(key_lanes)), np.uint64))

    @staticmethod
    def cell_words(key_lanes: int) -> int:
        """How many words a cell has when a row has so many of packed key: count, lanes, check."""
        return key_lanes + HASH_LANES + 2

    @property
    def key_lanes(self) -> int:
        """How many words of packed key a row has."""
        return int(self.cells.shape[1]) - HASH_LANES - 2

    def update(self, rows: RowLanes) -> None:
        """Adds rows."""
        add_rows(*rows, self.cells)

    def merge(self, other: Self) -> Self:
        """The table of the rows of both."""
        self._check_shape(other)
        return type(self)(_add(self.cells, other.cells))

    def subtract(self, other: Self) -> Self:
        """The table without the rows of the other."""
        self._check_shape(other)
        negative = (np.uint64(PRIME) - other.cells) % np.uint64(PRIME)
        negative[:, 0] = np.uint64(0) - other.cells[:, 0]
        return type(self)(_add(self.cells, negative))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeltaTable) and np.array_equal(self.cells, other.cells)

    __hash__ = None  # type: ignore[assignment]  # it changes with update

    def folded(self, cells: int) -> Self:
        """The table of the same rows with fewer cells, a power of two: low bits of a word choose a row's cell, so halves add up."""
        table = self.cells.reshape(SUBTABLES, -1, self.cells.shape[1])
        while SUBTABLES * table.shape[1] > max(cells, SUBTABLES):
            half = table.shape[1] // 2
            table = _add(table[:, :half], table[:, half:])
        return type(self)(table.reshape(-1, self.cells.shape[1]))

    def decode(self) -> list[DifferingRow] | None:
        """All rows of the table with their signed multiplicities; None if there are more than it can give back."""
        left = self.cells.copy()
        found = np.zeros((len(left), left.shape[1] - 2), np.uint64)
        counts = np.zeros(len(left), np.int64)
        rows = peel(left, found, counts)
        if left.any():
            return None
        return [self._read(lanes, times) for lanes, times in zip(found[:rows], counts[:rows].tolist(), strict=True)]

    def _read(self, lanes: Words, times: int) -> DifferingRow:
        words = [int(word) for word in lanes]
        packed = b"".join(word.to_bytes(8, "little")[:LANE_BYTES] for word in words[: self.key_lanes])
        return DifferingRow(packed, (words[-2], words[-1]), times)

    def _check_shape(self, other: Self) -> None:
        if self.cells.shape != other.cells.shape:
            raise SpecMismatchError("delta cells and key lanes", self.cells.shape, other.cells.shape)


def _add(left: Words, right: Words) -> Words:
    total = left + right
    total[..., 1:] %= np.uint64(PRIME)
    return total
