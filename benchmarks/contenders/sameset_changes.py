"""Two versions of a table compared by sameset: both sketched, the delta decoded, its keys listed."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contenders import Done
from benchmarks.contenders.answers import Keys, answer
from benchmarks.contenders.sameset_sketch import version
from benchmarks.data import KEY
from sameset.comparison.delta import RowChange
from sameset.execution.comparing import compare_places

__all__ = ["prepare", "version", "work"]


def prepare(before: str, after: str, small: str) -> tuple[str, str]:
    """Both places."""
    compare_places(small, small, key=KEY)
    return before, after


def work(state: tuple[str, str]) -> Done:
    """The keys of the rows that came, went and changed."""
    found = compare_places(*state, key=KEY)
    delta = found.delta
    assert delta is not None
    answered = answer(_keys(delta.added), _keys(delta.removed), _keys(delta.changed))
    return Done(found.left.rows + found.right.rows, len(found.columns), answered)


def _keys(changes: Sequence[RowChange]) -> Keys:
    return [tuple(int(str(change.key[name])) for name in KEY) for change in changes if change.key]
