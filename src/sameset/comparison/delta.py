"""The delta of two tables: rows added, removed and, with a key, changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sameset.errors import SpecMismatchError
from sameset.sketches.delta import DifferingRow

if TYPE_CHECKING:
    from sameset.canonical.keys import KeyValue
    from sameset.sketches.digest import RowDigest
    from sameset.sketches.table import TableSketch

__all__ = ["Delta", "RowChange", "decode_delta", "delta_of_rows", "explains", "in_order"]

LANE_MASK = (1 << 61) - 1


@dataclass(frozen=True)
class RowChange:
    """One row that came, went or changed: `row` is the row hash on its new side (old, if it went), modulo 2^61."""

    key: dict[str, KeyValue] | None  #: None without a key, or if only its hash is known
    key_hash: str | None
    row: tuple[int, int]
    times: int = 1
    old_row: tuple[int, int] | None = None  #: for a changed row, the hash of what it was


@dataclass(frozen=True)
class Delta:
    """The rows in which two tables differ, each list in the order of keys: all of them, or where `totals` are given some."""

    added: tuple[RowChange, ...]
    removed: tuple[RowChange, ...]
    changed: tuple[RowChange, ...]
    totals: tuple[int, int, int] | None = None  #: rows added, removed, changed, if the lists hold only some of them

    @property
    def counts(self) -> tuple[int, int, int]:
        """Rows added, removed, changed, with their multiplicities."""
        if self.totals is not None:
            return self.totals
        added, removed, changed = (sum(row.times for row in rows) for rows in self.lists)
        return added, removed, changed

    @property
    def lists(self) -> tuple[tuple[RowChange, ...], tuple[RowChange, ...], tuple[RowChange, ...]]:
        """The rows added, removed, changed."""
        return self.added, self.removed, self.changed

    def first(self, limit: int) -> Delta:
        """The same with at most `limit` rows in each list."""
        return Delta(self.added[:limit], self.removed[:limit], self.changed[:limit], self.counts)

    @property
    def size(self) -> int:
        """Rows that one side has and the other has not; a changed row counts twice."""
        added, removed, changed = self.counts
        return added + removed + 2 * changed


def decode_delta(left: TableSketch, right: TableSketch) -> Delta | None:
    """The delta of two sketched tables; None over capacity, or if their keys take unequal room.

    Of tables of unequal capacity the larger is folded to the smaller. What was decoded is checked against the digests: a list
    that does not account for their difference is none.
    """
    try:
        cells = min(len(left.delta.cells), len(right.delta.cells))
        rows = right.delta.folded(cells).subtract(left.delta.folded(cells)).decode()
    except SpecMismatchError:
        return None
    if rows is None or not _explains(rows, left, right):
        return None
    return delta_of_rows(rows, left.spec.key)


def _explains(rows: Sequence[DifferingRow], left: TableSketch, right: TableSketch) -> bool:
    sums = [sum(row.times * row.row[lane] for row in rows) for lane in (0, 1)]
    zeros = [sum(abs(row.times) for row in rows if row.row[lane] == 0) for lane in (0, 1)]
    return explains(sum(row.times for row in rows), sums, zeros, left.digest, right.digest)


def explains(times: int, sums: Sequence[int], zeros: Sequence[int], left: RowDigest, right: RowDigest) -> bool:
    """Whether differing rows account for the difference of two digests: `times` in all, `sums` of times x lane, by lane.

    A lane of 2^61 - 1 is kept as 0, so each of `zeros` rows whose lane is 0 may be short of 2^61 - 1, which is -1 modulo 2^61.
    """
    difference = right.subtract(left)
    if times != difference.rows:
        return False
    for total, found, most in zip(sums, difference.named, zeros, strict=True):
        rest = (total - found) & LANE_MASK
        if most < rest < LANE_MASK + 1 - most:
            return False
    return True


def delta_of_rows(rows: Iterable[DifferingRow], key: Sequence[str]) -> Delta:
    """The delta from differing rows (positive: on the right); rows of one key that went and came are changed rows.

    `key` names the columns in the order in which the delta is to tell them.
    """
    came: dict[bytes, list[DifferingRow]] = defaultdict(list)
    went: dict[bytes, list[DifferingRow]] = defaultdict(list)
    for row in rows:
        side = came if row.times > 0 else went
        side[row.packed_key].append(row)
    added, removed, changed = [], [], []
    for packed in [*came, *(packed for packed in went if packed not in came)]:
        new, old = came.get(packed, []), went.get(packed, [])
        if key and new and old:
            changed += _pair_off(new, old, key)
        added += [_change(row, key, times=row.times) for row in new]
        removed += [_change(row, key, times=-row.times) for row in old]
    return in_order(Delta(tuple(added), tuple(removed), tuple(changed)))


def in_order(delta: Delta) -> Delta:
    """The delta with each list in the order of its keys, those of which there are only hashes last."""
    added, removed, changed = (tuple(sorted(changes, key=_order)) for changes in delta.lists)
    return replace(delta, added=added, removed=removed, changed=changed)


def _pair_off(new: list[DifferingRow], old: list[DifferingRow], key: Sequence[str]) -> list[RowChange]:
    """Rows of one key, paired in the order of their hashes; `new` and `old` keep what is left over."""
    new.sort(key=lambda row: row.row, reverse=True)
    old.sort(key=lambda row: row.row, reverse=True)
    pairs = []
    while new and old:
        n, o = new.pop(), old.pop()
        times = min(n.times, -o.times)
        pairs.append(_change(n, key, times=times, old_row=o.row))
        if n.times > times:
            new.append(replace(n, times=n.times - times))
        if -o.times > times:
            old.append(replace(o, times=o.times + times))
    return pairs


def _change(
    row: DifferingRow, key: Sequence[str], *, times: int = 1, old_row: tuple[int, int] | None = None
) -> RowChange:
    values = row.key(len(key)) if key else None
    known = None if values is None else dict(zip(sorted(key, key=str.encode), values, strict=True))
    return RowChange(
        None if known is None else {name: known[name] for name in key},
        row.packed_key[1:9][::-1].hex() if key and values is None else None,
        row.row,
        times,
        old_row,
    )


def _order(row: RowChange) -> tuple[object, ...]:
    """Keys in their natural order, of whatever types; hashed ones last."""
    if row.key is None:
        return (1, row.key_hash or "", row.row)
    return (
        0,
        *(_value_order(value) for value in row.key.values()),
        row.row,
    )


def _value_order(value: object) -> tuple[int, str, object]:
    """Numbers by their value whatever their type, NaN behind them; nulls last."""
    if value is None:
        return 2, "", 0
    if isinstance(value, float) and value != value:
        return 1, "", 0
    if isinstance(value, (list, tuple)):  # of rows that were read, as those of the next line
        return 0, "list", tuple(map(_value_order, value))
    if isinstance(value, dict):
        return 0, "dict", tuple((name, _value_order(field)) for name, field in value.items())
    zoned = " with a zone" if getattr(value, "tzinfo", None) else ""  # which a hostile sketch mixes with those without
    return 0, "number" if isinstance(value, (int, float)) else f"{type(value).__name__}{zoned}", value
