"""The full TableSketch of a Parquet file, without a key or with the columns named after it."""

from __future__ import annotations

from importlib.metadata import version as installed

from benchmarks.contenders import Done
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import Spec
from sameset.sources import open_source

__all__ = ["prepare", "version", "work"]


def version() -> str:
    """The library and the engine below it."""
    return f"sameset {installed('sameset')}, numba {installed('numba')}, duckdb {installed('duckdb')}"


def prepare(file: str, small: str, *key: str) -> tuple[str, Spec]:
    """The file and the spec; the kernels come from their cache."""
    spec = Spec(key=key)
    work((small, spec))
    return file, spec


def work(state: tuple[str, Spec]) -> Done:
    """Footer, scan, hashes, every sketch."""
    file, spec = state
    sketch = sketch_table(open_source(file), spec)
    return Done(sketch.row_count, len(sketch.names), sketch.text_digest)
