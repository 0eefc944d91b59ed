"""The bare stream of Arrow batches from a Parquet file: the floor under the sketch."""

from __future__ import annotations

from benchmarks.contenders import Done
from benchmarks.contenders.sameset_sketch import version
from sameset.sources import open_source

__all__ = ["prepare", "version", "work"]


def prepare(file: str, small: str) -> str:
    """The file."""
    work(small)
    return file


def work(state: str) -> Done:
    """Every batch is fetched and dropped."""
    source = open_source(state)
    rows = sum(batch.num_rows for batch in source.batches())
    return Done(rows, len(source.schema()), str(rows))
