"""idhash from the file: reading it and turning its decimals and dates into types that idhash knows are timed, too."""

from __future__ import annotations

from benchmarks.contenders import Done, idhash_hash
from benchmarks.contenders.idhash_hash import read_known, version

__all__ = ["prepare", "version", "work"]


def prepare(file: str, small: str) -> str:
    """The file."""
    work(small)
    return file


def work(state: str) -> Done:
    """Read, convert, hash."""
    return idhash_hash.work(read_known(state))
