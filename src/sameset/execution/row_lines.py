"""The lines of a file of differing rows, in their order: which row, on which side, how often; on disk if they are many."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Self

import numpy as np

from sameset.execution.pairing import paired
from sameset.execution.spills import told_of_files
from sameset.kernels.keys import LANE_BYTES
from sameset.sketches.delta import DifferingRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.keys import KeyValue
    from sameset.comparison.delta import Delta, RowChange
    from sameset.execution.resources import Resources

    Words = NDArray[np.uint64]

__all__ = ["ADDED", "AFTER", "BEFORE", "CHANGED", "REMOVED", "LineStore", "Lines", "lines_of_delta"]

CHANGED, ADDED, REMOVED = range(3)  # in the order of the file
BEFORE, AFTER = range(2)
ROW, TIMES, CHANGE, SIDE, KEY = slice(0, 2), 2, 3, 4, 5
ROWS_AT_ONCE = 1 << 18


class _WordsOnDisk:
    """Rows of words in a file, read when they are sliced: what is mapped counts as memory of the process."""

    def __init__(self, file: IO[bytes], width: int) -> None:
        self._file, self._width = file, width
        self._rows = os.fstat(file.fileno()).st_size // (8 * width)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, chosen: slice) -> Words:
        start, end, _ = chosen.indices(self._rows)
        size = 8 * self._width
        data = os.pread(self._file.fileno(), max(end - start, 0) * size, start * size)
        return np.frombuffer(data, np.uint64).reshape(-1, self._width)


@dataclass(frozen=True)
class Lines:
    """Lines in the order of the file, uint64 (lines, 5 + w): both halves of the row's hash, how often, change, side, w words of
    packed key; of a delta that lists its rows the keys are given as `known`.

    """

    parts: Sequence[Words | _WordsOnDisk]
    key: tuple[str, ...]
    known: Sequence[dict[str, KeyValue] | None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def between(self, start: int, end: int) -> Words:
        """The lines from one number up to another."""
        pieces, first = [np.zeros((0, KEY), np.uint64)], 0
        for part in self.parts:
            piece = part[max(start - first, 0) : max(end - first, 0)]
            pieces += [piece[:, :KEY]] if len(piece) else []
            first += len(part)
        return np.concatenate(pieces)

    def of_side(self, side: int, low: int, high: int) -> tuple[NDArray[np.int64], Words]:
        """Numbers and row hashes of the lines of one side whose hash's first half is in a range."""
        numbers, rows = [np.zeros(0, np.int64)], [np.zeros((0, 2), np.uint64)]
        for first, piece in self._pieces():
            chosen = (piece[:, SIDE] == side) & (piece[:, 0] >= low) & (piece[:, 0] < high)
            numbers.append(np.flatnonzero(chosen) + first)
            rows.append(piece[chosen, ROW])
        return np.concatenate(numbers), np.concatenate(rows)

    def count(self, side: int) -> int:
        """How many lines a side has."""
        return sum(int(np.count_nonzero(piece[:, SIDE] == side)) for _, piece in self._pieces())

    def _pieces(self) -> Iterator[tuple[int, Words]]:
        """The lines, some at a time, and the number of the first of them."""
        first = 0
        for part in self.parts:
            for start in range(0, len(part), ROWS_AT_ONCE):
                yield first + start, part[start : start + ROWS_AT_ONCE]
            first += len(part)

    def keys(self, numbers: Iterable[int]) -> list[dict[str, KeyValue] | None]:
        """The keys of some lines; None where there is none, or only its hash is known."""
        return [self.known[number] if self.known is not None else self._unpacked(number) for number in numbers]

    def _unpacked(self, number: int) -> dict[str, KeyValue] | None:
        for part in self.parts:
            if number < len(part):
                words = part[number : number + 1][0, KEY:].tolist()
                packed = b"".join(word.to_bytes(8, "little")[:LANE_BYTES] for word in words)
                values = DifferingRow(packed, (0, 0), 1).key(len(self.key)) if self.key else None
                return None if values is None else dict(zip(sorted(self.key, key=str.encode), values, strict=True))
            number -= len(part)
        return None


def lines_of_delta(delta: Delta, key: Sequence[str]) -> Lines:
    """The lines of a delta that lists all of its rows."""
    lines: list[tuple[int, int, int, int, int]] = []
    known: list[dict[str, KeyValue] | None] = []

    def add(change: int, side: int, row: RowChange, hashed: tuple[int, int]) -> None:
        lines.append((*hashed, row.times, change, side))
        known.append(row.key)

    for row in delta.changed:
        if row.old_row is not None:
            add(CHANGED, BEFORE, row, row.old_row)
        add(CHANGED, AFTER, row, row.row)
    for row in delta.added:
        add(ADDED, AFTER, row, row.row)
    for row in delta.removed:
        add(REMOVED, BEFORE, row, row.row)
    return Lines([np.array(lines, np.uint64).reshape(-1, KEY)], tuple(key), known)


@dataclass
class LineStore:
    """Where a join lays the lines of more rows than a delta lists: in files without a name, there while the block lasts."""

    resources: Resources
    lines: Lines | None = None  #: once a join has filled it
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lines = None
        with suppress(OSError):  # of a full disk, that was told when it was written to
            self._stack.close()

    def fill(self, rows: Iterator[Words], key: Sequence[str], lanes: int) -> None:
        """Takes all differing rows, uint64 (rows, 3 + w), in the order of their keys, of a key those that went before those
        that came, each in the order of their hashes; times as the words of an int64.
        """
        with told_of_files(self.resources):
            files = [self._stack.enter_context(tempfile.TemporaryFile(dir=self.resources.folder)) for _ in range(3)]  # noqa: SIM115 - the stack closes them
            for parts in paired(rows, with_key=bool(key)):
                for file, words in zip(files, parts, strict=True):
                    file.write(np.ascontiguousarray(words).data)
            for file in files:
                file.flush()
            self.lines = Lines([_WordsOnDisk(file, KEY + lanes) for file in files], tuple(key))
