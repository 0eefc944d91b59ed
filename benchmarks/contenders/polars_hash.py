"""Polars: `read_parquet` and `hash_rows`, one 64-bit hash a row, which may differ in every release of Polars."""

from __future__ import annotations

from importlib.metadata import version as installed

import polars

from benchmarks.contenders import Done

__all__ = ["prepare", "version", "work"]


def version() -> str:
    """The library."""
    return f"polars {installed('polars')}"


def prepare(file: str, small: str) -> str:
    """The file."""
    work(small)
    return file


def work(state: str) -> Done:
    """Read, hash, and the sum of the hashes, so that there is a result."""
    frame = polars.read_parquet(state)
    return Done(frame.height, frame.width, str(frame.hash_rows().sum()))
