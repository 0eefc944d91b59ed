"""What is measured: one file per contender, each in a process of its own (`__main__`), all with the same three verbs.

`version()` names the libraries; `prepare(*places)` loads them and does the work once on a small table, so that nothing
is loaded or compiled later; `work(state)` is what the timer runs around. Python 3.10 runs these files, too.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Done"]


class Done(NamedTuple):
    """What a contender did: over so many rows and columns, with which result (the same in every round)."""

    rows: int
    columns: int
    result: str
    nanoseconds: dict[str, dict[str, float]] | None = None  #: by type: of one cell, of a row whose key it is ...
