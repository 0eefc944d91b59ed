"""Buckets as a condition in SQL, so that a second scan reads only where two tables differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sameset.canonical.buckets import BEYOND, LEAST_KEY, NAN_KEY, NULL_KEY, BucketKind
from sameset.canonical.families import Family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.buckets import BucketChange, BucketMap
    from sameset.sketches.table import TableSketch

__all__ = ["condition_of"]

MOST_RUNS = 50
LARGEST_EXACT = 2**53  # a larger number may not be a double, and a column of doubles is compared with doubles
YEARS = range(1, 10_000)  # those that a literal can be written of


def condition_of(found: BucketMap, changes: Sequence[BucketChange], table: TableSketch) -> str | None:
    """A condition that all rows of these buckets fulfil, on the source of the map's right table; None if there is none to write.

    No others fulfil it, unless the buckets are scattered: more than 50 stretches become one, from the first to the last.
    Hashes, NaN, the open ends of ranges, years beyond 1 to 9999 and names that SQL would mistake have no condition.
    """
    name, keys = found.bucketing.column, sorted(change.key for change in changes)
    if not keys or found.bucketing.kind is BucketKind.HASH or NAN_KEY in keys or _is_mistakable(name, table.names):
        return None
    column = table.schema[table.names.index(name)]
    quoted = '"' + name.replace('"', '""') + '"'
    compared = f"CAST({quoted} AS DOUBLE)" if "float" in column.type else quoted  # else numbers become as narrow as it
    parts = [f"{quoted} IS NULL"] if NULL_KEY in keys else []
    for first, last in _runs([key for key in keys if key > LEAST_KEY]):
        bounds = [_literal(found, column.family, key << found.level) for key in (first, last + 1)]
        if None in bounds:
            return None
        parts.append(f"({compared} >= {bounds[0]} AND {compared} < {bounds[1]})")
    return " OR ".join(parts)


def _is_mistakable(name: str, names: Sequence[str]) -> bool:
    return "\0" in name or sum(other.lower() == name.lower() for other in names) > 1


def _runs(keys: list[int]) -> list[tuple[int, int]]:
    """The first and last key of every stretch of keys side by side."""
    runs: list[tuple[int, int]] = []
    for key in keys:
        if runs and key == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], key
        else:
            runs.append((key, key))
    return runs if len(runs) <= MOST_RUNS else [(keys[0], keys[-1])]


def _literal(found: BucketMap, family: Family, key: int) -> str | None:
    """Where the buckets of a key begin."""
    kind = found.bucketing.kind
    if kind is BucketKind.RANGE:
        number = key * found.bucketing.size
        return str(number) if abs(key) < BEYOND and abs(number) <= LARGEST_EXACT else None
    unit, units = _UNITS[kind or BucketKind.YEAR]
    since = units * key - (3 if kind is BucketKind.WEEK else 0)  # weeks begin on Monday, and 1970-01-01 was a Thursday
    begin = np.array(since, f"datetime64[{unit}]")
    if int(begin.astype("datetime64[Y]").astype(np.int64)) + 1970 not in YEARS:
        return None
    day, hour = str(begin.astype("datetime64[h]")).split("T")
    if family is Family.DATE:
        return f"DATE '{day}'"
    zone = ("TIMESTAMPTZ", "+00") if family is Family.ZONED_TIMESTAMP else ("TIMESTAMP", "")
    return f"{zone[0]} '{day} {hour}:00:00{zone[1]}'"


_UNITS = {
    BucketKind.YEAR: ("Y", 1),
    BucketKind.QUARTER: ("M", 3),
    BucketKind.MONTH: ("M", 1),
    BucketKind.WEEK: ("D", 7),
    BucketKind.DAY: ("D", 1),
    BucketKind.HOUR: ("h", 1),
}
