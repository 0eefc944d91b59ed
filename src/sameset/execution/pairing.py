"""Differing rows of one key, paired: what went and what came of a key is a changed row, as often as both did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Times = NDArray[np.int64]

__all__ = ["paired"]

TIMES, KEY = 2, 3
CHANGED, ADDED, REMOVED = range(3)
BEFORE, AFTER = range(2)


def paired(rows: Iterator[Words], *, with_key: bool) -> Iterator[tuple[Words, Words, Words]]:
    """Lines of changed, added and removed rows, uint64 (lines, 5 + w): hash, times, change, side, packed key; a changed row is
    two, as it was and as it is.

    The `rows`, uint64 (rows, 3 + w), are hash, times (int64) and packed key, in the order of keys; of one key those that went
    come first, each in the order of hashes. All rows of one key are in memory at a time.
    """
    if not with_key:
        for words in rows:
            times = _times(words)
            came, went = words[times > 0], words[times < 0]
            nothing = _lines(words[:0], _times(words[:0]), CHANGED, AFTER)
            yield nothing, _lines(came, _times(came), ADDED, AFTER), _lines(went, -_times(went), REMOVED, BEFORE)
        return
    for words in _whole_keys(rows):
        yield _pair(words)


def _times(words: Words) -> Times:
    return np.ascontiguousarray(words[:, TIMES]).view(np.int64)


def _whole_keys(rows: Iterator[Words]) -> Iterator[Words]:
    """The rows in arrays that end where a key does."""
    held = np.zeros((0, KEY), np.uint64)
    for some in rows:
        words = np.concatenate([held, some]) if len(held) else some
        cut = int(np.flatnonzero(_begins(words))[-1]) if len(words) else 0
        if cut:
            yield words[:cut]
        held = words[cut:]
    if len(held):
        yield held


def _begins(words: Words) -> NDArray[np.bool_]:
    begins = np.ones(len(words), bool)
    begins[1:] = (words[1:, KEY:] != words[:-1, KEY:]).any(axis=1)
    return begins


def _pair(words: Words) -> tuple[Words, Words, Words]:
    """The lines of whole keys.

    Copies of rows stand side by side on a line of numbers, key by key, as many on either side as both have; where a row of
    either side ends, a pair ends.
    """
    begins, times = _begins(words), _times(words)
    key = np.cumsum(begins) - 1
    came, went = np.maximum(times, 0), np.maximum(-times, 0)
    both = np.minimum(*(np.add.reduceat(side, np.flatnonzero(begins)) for side in (came, went)))
    base = np.cumsum(both) - both
    ends = [_ends(side, begins, both, base, key) for side in (went, came)]
    used = [end - start for start, end in ends]
    cuts = np.unique(np.concatenate([ends[side][1][used[side] > 0] for side in (0, 1)]))
    lengths = np.diff(cuts, prepend=0)
    changed = np.empty((2 * len(cuts), words.shape[1] + 2), np.uint64)
    for side in (BEFORE, AFTER):
        rows = np.flatnonzero(used[side])
        at = rows[np.searchsorted(ends[side][1][rows], cuts)]
        changed[side::2] = _lines(words[at], lengths, CHANGED, side)
    rest = went - used[BEFORE], came - used[AFTER]
    removed, added = (np.flatnonzero(left) for left in rest)
    return (
        changed,
        _lines(words[added], rest[AFTER][added], ADDED, AFTER),
        _lines(words[removed], rest[BEFORE][removed], REMOVED, BEFORE),
    )


def _ends(
    times: Times, begins: NDArray[np.bool_], both: Times, base: Times, key: NDArray[np.intp]
) -> tuple[Times, Times]:
    """Where the copies of each row that have a partner begin and end."""
    total = np.cumsum(times)
    before = (total - times)[begins]
    end = np.minimum(total - before[key], both[key])
    start = np.minimum(total - times - before[key], both[key])
    return start + base[key], end + base[key]


def _lines(words: Words, times: Times, change: int, side: int) -> Words:
    lines = np.empty((len(words), words.shape[1] + 2), np.uint64)
    lines[:, :TIMES] = words[:, :TIMES]
    lines[:, TIMES] = times.astype(np.uint64)
    lines[:, TIMES + 1], lines[:, TIMES + 2] = change, side
    lines[:, TIMES + 3 :] = words[:, KEY:]
    return lines
