"""Row hashes of a scan, sorted on disk: distributed to buckets by their leading bits, each of which fits in memory.

Row hashes are uniform, so buckets are of equal size without looking at the rows, and a bucket that grew too large is
distributed once more by its next bits: a radix sort (Knuth, TAOCP 3, 5.2.5) whose digits are files. Copies of one row, which no
bits part, are counted as soon as they meet.

Rows are words, uint64 (rows, 3 + w): both lanes of the row hash modulo 2^61 - 1, the count, w words of packed key.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock
from typing import IO, TYPE_CHECKING, Self

import numpy as np

from sameset.errors import ManifestError
from sameset.execution.scanning import cores
from sameset.sketches.delta import row_lanes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.batches import HashedBatch
    from sameset.execution.resources import Resources

    Words = NDArray[np.uint64]

__all__ = ["COUNT", "LANE_BITS", "RowSpill", "count_copies", "told_of_files", "words_of"]

LANE_BITS = 61
COUNT = 2  #: column of the count
DIGIT_BITS = 7  # 128 files: 60 million rows of three words of key are buckets of 23 MB
LARGEST_BUCKET = 32 << 20  # bytes; a thread that sorts one holds it twice, and as Arrow
ROWS_AT_ONCE = 1 << 18  # read of a bucket that is distributed again


def words_of(hashed: HashedBatch) -> Words:
    """The rows of a hashed batch as a manifest holds them, each counted once, in the batch's order."""
    words = np.empty((hashed.rows, COUNT + 1 + hashed.lanes.shape[1]), np.uint64)
    for i, half in enumerate(hashed.named):
        words[:, i] = row_lanes(half)
    words[:, COUNT] = 1
    words[:, COUNT + 1 :] = hashed.lanes
    return words


def count_copies(words: Words) -> Words:
    """The rows in the order of their hashes, copies of a row as one with the sum of their counts."""
    order = np.argsort(words[:, 0])
    first = words[order, 0]
    twice = np.flatnonzero(first[1:] == first[:-1])
    if not len(twice):
        return words[order]
    words = words[np.lexsort((words[:, 1], words[:, 0]))]
    begins = np.ones(len(words), bool)
    begins[1:] = (words[1:, :COUNT] != words[:-1, :COUNT]).any(axis=1)
    starts = np.flatnonzero(begins)
    counted = words[starts]
    counted[:, COUNT] = np.add.reduceat(words[:, COUNT], starts)
    return counted


class RowSpill:
    """Rows on their way to a manifest: `add` them from any threads, then read them back once, sorted.

    Its files have no names, so that nothing of them is left however the process ends.
    """

    def __init__(self, resources: Resources, bits: int = LANE_BITS) -> None:
        self._resources = resources
        self._shift = bits - DIGIT_BITS  # bits of the first lane below the digit
        self._lock = Lock()
        self._stack = ExitStack()
        self._held: list[Words] = []  # as long as they are no more than a bucket
        self._held_bytes = 0
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # of a full disk, that was told when it was written to
            self._stack.close()
        self._held = []

    def add(self, hashed: HashedBatch) -> None:
        """Takes the rows of a batch."""
        self.add_words(words_of(hashed))

    def add_words(self, words: Words) -> None:
        """Takes rows that have their counts."""
        words = count_copies(words)
        with self._lock:
            if self._files:
                self._distribute(words)
                return
            self._held.append(words)
            self._held_bytes += words.nbytes
            if self._held_bytes > LARGEST_BUCKET:
                self._open()
                self._distribute(count_copies(np.concatenate(self._held)))
                self._held = []

    def _open(self) -> None:
        with told_of_files(self._resources):
            self._files = [
                self._stack.enter_context(tempfile.TemporaryFile(dir=self._resources.folder))  # noqa: SIM115 - the stack closes it
                for _ in range(1 << DIGIT_BITS)
            ]

    def _distribute(self, words: Words) -> None:
        """Appends sorted rows to their buckets."""
        digits = (words[:, 0] >> np.uint64(self._shift)) & np.uint64((1 << DIGIT_BITS) - 1)
        ends = np.searchsorted(digits, np.arange(1 << DIGIT_BITS), side="right").tolist()
        with told_of_files(self._resources):
            start = 0
            for file, end in zip(self._files, ends, strict=True):
                if end > start:
                    file.write(words[start:end].data)
                start = end

    def sorted_rows(self, key_lanes: int) -> Iterator[Words]:
        """All rows in the order of their hashes, each row once with its count; a bucket for each core is in memory."""
        if self._held:
            yield count_copies(np.concatenate(self._held))
        width = COUNT + 1 + key_lanes
        with ThreadPoolExecutor(cores(), "sameset-sort") as pool:
            waiting: deque[Future[Words] | Iterator[Words]] = deque()
            for file in self._files:
                fits = _size(file) <= LARGEST_BUCKET or self._shift < DIGIT_BITS
                waiting.append(pool.submit(self._sorted, file, width) if fits else self._split(file, width))
                if len(waiting) > cores():
                    yield from _rows_of(waiting.popleft())
            for part in waiting:
                yield from _rows_of(part)

    def _sorted(self, file: IO[bytes], width: int) -> Words:
        """The rows of one bucket; where no bits are left to part them they are copies, and few once they are counted."""
        rows = np.empty((0, width), np.uint64)
        for words in self._read(file, width, LARGEST_BUCKET // (8 * width)):
            rows = count_copies(np.concatenate([rows, words]) if len(rows) else words)
        return rows

    def _split(self, file: IO[bytes], width: int) -> Iterator[Words]:
        with RowSpill(self._resources, self._shift) as inner:
            for words in self._read(file, width, ROWS_AT_ONCE):
                inner.add_words(words)
            yield from inner.sorted_rows(width - COUNT - 1)

    def _read(self, file: IO[bytes], width: int, rows: int) -> Iterator[Words]:
        """The rows of a bucket, so many at a time; its room on the disk is given back."""
        with told_of_files(self._resources):
            file.seek(0)
            while data := file.read(8 * width * rows):
                yield np.frombuffer(data, np.uint64).reshape(-1, width)
            file.truncate(0)


def _size(file: IO[bytes]) -> int:
    return file.seek(0, os.SEEK_END)


def _rows_of(part: Future[Words] | Iterator[Words]) -> Iterator[Words]:
    yield from (part.result(),) if isinstance(part, Future) else part


@contextmanager
def told_of_files(resources: Resources) -> Iterator[None]:
    """Within it, what the file system says against temporary files becomes a ManifestError of one sentence."""
    try:
        yield
    except OSError as error:
        raise ManifestError(
            f"temporary files in {resources.folder} cannot be written: {error.strerror or error}; "
            "free some space, or choose another folder with --temp"
        ) from error
