"""Sources made for tests: batches as they are told, of any number, or that fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sameset.sources import Source

__all__ = ["FailingSource", "GeneratedSource", "ListedSource"]


class ListedSource(Source):
    """Hands out these batches; knows whether its scans were closed, and which threads read."""

    def __init__(self, batches: Sequence[pa.RecordBatch]) -> None:
        self.address = "listed"
        self._batches = list(batches)
        self.open_scans = 0
        self.threads: set[str] = set()

    def schema(self) -> pa.Schema:
        return self._batches[0].schema

    def batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = 65_536
    ) -> Iterator[pa.RecordBatch]:
        self.open_scans += 1
        try:
            for batch in self._batches:
                self.threads.add(threading.current_thread().name)
                yield self.hand_out(batch)
        finally:
            self.open_scans -= 1

    def hand_out(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch

    def aggregate(self, expressions: str, where: str | None = None) -> tuple[Any, ...]:
        raise NotImplementedError


class FailingSource(ListedSource):
    """Raises an error in place of its batch number `at`."""

    def __init__(self, batches: Sequence[pa.RecordBatch], at: int, error: BaseException) -> None:
        super().__init__(batches)
        self.left, self.error = at, error

    def hand_out(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        self.left -= 1
        if self.left < 0:
            raise self.error
        return batch


class GeneratedSource(ListedSource):
    """So many rows that are made while they are read."""

    def __init__(self, rows: int) -> None:
        super().__init__([self.rows(0)])
        self.address = "generated"
        self.count = rows // 65_536

    @staticmethod
    def rows(seed: int) -> pa.RecordBatch:
        numbers = np.random.default_rng(seed).integers(0, 2**62, 65_536)
        return pa.record_batch({"id": pa.array(np.arange(65_536) + seed * 65_536), "n": pa.array(numbers)})

    def batches(
        self, columns: Sequence[str] | None = None, where: str | None = None, rows: int = 65_536
    ) -> Iterator[pa.RecordBatch]:
        yield from map(self.rows, range(self.count))
