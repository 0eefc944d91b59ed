"""The rows of a delta themselves, as far as a table is at hand to read them from: a bounded sample for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ChangedRow", "Row", "RowSample"]

Row = dict[str, Any]  #: Python values by column


@dataclass(frozen=True)
class ChangedRow:
    """A row before and after; a side is None where its table is gone. `key` is None if only its hash is known."""

    key: Row | None
    before: Row | None
    after: Row | None
    columns: tuple[str, ...] | None = None  #: in which both sides differ; None unless both are known
    times: int = 1  #: how many rows changed so


@dataclass(frozen=True)
class RowSample:
    """Rows added, removed and changed, each once and in the order of the delta's; empty where nothing could be read."""

    added: tuple[Row, ...] = ()
    removed: tuple[Row, ...] = ()
    changed: tuple[ChangedRow, ...] = ()
    added_times: tuple[int, ...] = ()  #: how often each of `added` came
    removed_times: tuple[int, ...] = ()  #: how often each of `removed` went
