"""The delta of two tables: rows added, removed and, with a key, changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sameset.errors import SpecMismatchError
from sameset.sketches.delta import PRIME, DifferingRow

if TYPE_CHECKING:
    from sameset.canonical.keys import KeyValue
    from sameset.sketches.table import TableSketch

__all__ = ["Delta", "RowChange", "decode_delta", "delta_of_rows"]

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
    """All rows in which two tables differ, each list in the order of keys."""

    added: tuple[RowChange, ...]
    removed: tuple[RowChange, ...]
    changed: tuple[RowChange, ...]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Rows added, removed, changed, with their multiplicities."""
        added, removed, changed = (sum(row.times for row in rows) for rows in (self.added, self.removed, self.changed))
        return added, removed, changed

    @property
    def size(self) -> int:
        """Rows that one side has and the other has not; a changed row counts twice."""
        added, removed, changed = self.counts
        return added + removed + 2 * changed


def decode_delta(left: TableSketch, right: TableSketch) -> Delta | None:
    """The delta of two sketched tables; None over capacity, or if their delta tables are of unequal shape.

    What was decoded is checked against the digests: a list that does not account for their difference is none.
    """
    try:
        rows = right.delta.subtract(left.delta).decode()
    except SpecMismatchError:
        return None
    if rows is None or not _explains(rows, left, right):
        return None
    return delta_of_rows(rows, sorted(left.spec.key, key=str.encode))


def _explains(rows: Sequence[DifferingRow], left: TableSketch, right: TableSketch) -> bool:
    difference = right.digest.subtract(left.digest)
    if sum(row.times for row in rows) != difference.rows:
        return False
    for lane in (0, 1):
        total = sum(row.times * row.row[lane] for row in rows)
        if PRIME - 1 in (row.row[lane] for row in rows) or 0 in (row.row[lane] for row in rows):
            continue  # 2^61 - 1 is kept as 0, so this lane cannot be checked
        if (total - difference.named[lane]) & LANE_MASK:
            return False
    return True


def delta_of_rows(rows: Iterable[DifferingRow], key: Sequence[str]) -> Delta:
    """The delta from differing rows (positive: on the right); rows of one key that went and came are changed rows."""
    came: dict[bytes, list[DifferingRow]] = defaultdict(list)
    went: dict[bytes, list[DifferingRow]] = defaultdict(list)
    for row in rows:
        side = came if row.times > 0 else went
        side[row.packed_key].append(row)
    added, removed, changed = [], [], []
    for packed in [*came, *(packed for packed in went if packed not in came)]:
        new, old = _singles(came.get(packed, ())), _singles(went.get(packed, ()))
        pairs = min(len(new), len(old)) if key else 0
        changed += [_change(n, key, old_row=o.row) for n, o in zip(new[:pairs], old[:pairs], strict=True)]
        added += _grouped(new[pairs:], key)
        removed += _grouped(old[pairs:], key)
    return Delta(*(tuple(sorted(rows, key=_order)) for rows in (added, removed, changed)))


MOST_SINGLES = 100_000


def _singles(rows: Iterable[DifferingRow]) -> list[DifferingRow]:
    """Every row as often as it differs, up to a bound that no honest key reaches; in the order of row hashes."""
    singles: list[DifferingRow] = []
    for row in sorted(rows, key=lambda row: row.row):
        singles += [row] * min(abs(row.times), MOST_SINGLES)
    return singles


def _grouped(rows: Sequence[DifferingRow], key: Sequence[str]) -> list[RowChange]:
    times: dict[DifferingRow, int] = defaultdict(int)
    for row in rows:
        times[row] += 1
    return [_change(row, key, times=count) for row, count in times.items()]


def _change(
    row: DifferingRow, key: Sequence[str], *, times: int = 1, old_row: tuple[int, int] | None = None
) -> RowChange:
    values = row.key(len(key)) if key else None
    return RowChange(
        dict(zip(key, values, strict=True)) if values is not None else None,
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
        *((value is None, type(value).__name__, value if value is not None else 0) for value in row.key.values()),
    )
