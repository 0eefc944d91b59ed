"""Rows found in any order, given back in the order of the lines that they become: in memory, or on disk if they are many."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, suppress
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pyarrow as pa

from sameset.execution.spills import told_of_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from sameset.execution.resources import Resources

    Numbers = NDArray[np.int64]

__all__ = ["RowSpool", "Stretch"]

SHARE_HELD = 32  # of the memory; three times as much while it is sorted
STRETCH_BYTES = 32 << 20
FEWEST_LINES, MOST_LINES = 64, 65_536  # in a stretch
BYTES_PER_ARRAY = 256  # that Arrow takes for an array, however few values it has
LINE = "line"


class Stretch(NamedTuple):
    """Lines from one number up to another: those that were found, ascending, and their rows."""

    start: int
    end: int
    numbers: Numbers
    rows: pa.Table


class _Block(NamedTuple):
    offset: int
    size: int


class RowSpool:
    """Takes rows, each with the number of its line below `lines`, from any threads; then gives them back once, in order.

    Its file has no name, so that nothing of it is left however the process ends.
    """

    def __init__(self, schema: pa.Schema, lines: int, resources: Resources) -> None:
        self._schema, self._lines, self._resources = schema.insert(0, pa.field(LINE, pa.int64())), lines, resources
        self._most = resources.memory // SHARE_HELD
        self._lock, self._stack = Lock(), ExitStack()
        self._held: list[pa.RecordBatch] = []
        self._held_bytes = 0
        self._length = 0  # of a stretch, once rows are on disk
        self._blocks: list[list[_Block]] = []
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # of a full disk, that was told when it was written to
            self._stack.close()
        self._held = []

    def add(self, numbers: Numbers, columns: Mapping[str, pa.Array]) -> None:
        """Takes rows, without columns that they have not; a line that comes twice is the same row."""
        fields = list(self._schema)[1:]
        arrays = [columns[f.name] if f.name in columns else pa.nulls(len(numbers), f.type) for f in fields]
        batch = pa.record_batch([pa.array(numbers, pa.int64()), *arrays], schema=self._schema)
        with self._lock:
            self._held.append(batch)
            self._held_bytes += batch.nbytes + BYTES_PER_ARRAY * batch.num_columns
            if self._held_bytes > self._most:
                self._flush()

    def stretches(self) -> Iterator[Stretch]:
        """All lines, a stretch at a time, the rows of one in memory."""
        if not self._blocks:
            rows = self._sorted(self._held)
            self._held, length = [], _length(rows)
            for start in range(0, self._lines, length):
                yield _stretch(start, min(start + length, self._lines), rows)
            return
        self._flush()
        for i, blocks in enumerate(self._blocks):
            rows = self._sorted([self._read(block) for block in blocks])
            yield _stretch(i * self._length, min((i + 1) * self._length, self._lines), rows)

    def _sorted(self, batches: list[pa.RecordBatch]) -> pa.Table:
        rows = pa.Table.from_batches(batches, self._schema).combine_chunks()
        order = np.argsort(rows.column(0).to_numpy(), kind="stable")
        return rows.take(pa.array(order))

    def _flush(self) -> None:
        if not self._held:
            return
        rows = self._sorted(self._held)
        self._held, self._held_bytes = [], 0
        with told_of_files(self._resources):
            if not self._blocks:
                self._file = self._stack.enter_context(tempfile.TemporaryFile(dir=self._resources.folder))  # noqa: SIM115 - the stack closes it
                self._length = _length(rows)
                self._blocks = [[] for _ in range(-(-self._lines // self._length))]
            stretches = rows.column(0).to_numpy() // self._length
            starts = np.flatnonzero(np.diff(stretches, prepend=-1)).tolist()
            for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
                self._write(int(stretches[start]), rows.slice(start, end - start))
            self._file.flush()

    def _write(self, stretch: int, rows: pa.Table) -> None:
        for batch in rows.to_batches():
            data = batch.serialize()
            self._file.write(data)
            self._blocks[stretch].append(_Block(self._end, data.size))
            self._end += data.size

    def _read(self, block: _Block) -> pa.RecordBatch:
        data = os.pread(self._file.fileno(), block.size, block.offset)
        return pa.ipc.read_record_batch(pa.py_buffer(data), self._schema)


def _length(rows: pa.Table) -> int:
    """How many lines of rows like these are a stretch."""
    return max(FEWEST_LINES, min(MOST_LINES, STRETCH_BYTES * len(rows) // max(rows.nbytes, 1) or MOST_LINES))


def _stretch(start: int, end: int, rows: pa.Table) -> Stretch:
    numbers = rows.column(0).to_numpy()
    first, last = np.searchsorted(numbers, [start, end]).tolist()
    chosen = numbers[first:last]
    _, once = np.unique(chosen, return_index=True)
    table = rows.slice(first, last - first).remove_column(0)
    return Stretch(start, end, chosen[once], table if len(once) == len(chosen) else table.take(pa.array(once)))
