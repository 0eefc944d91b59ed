"""Patterns of timestamps: shifted by a time zone's distance, with daylight saving, or by any constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sameset.comparison.patterns import FEWEST, SHARE, Counted, Pattern, PatternKind, explains

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.int64]

__all__ = ["QUARTER", "TICKS", "ZONES", "shift_words", "time_pattern", "zone_words"]

TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}  # a second
QUARTER = 15  # minutes, of which the distances of all time zones are multiples
ZONES = 14 * 60  # minutes, the farthest
SAVING = (30, 60)  # minutes that clocks are put forward: an hour, on Lord Howe Island half of one
WINTER, SUMMER = (
    (12, 1, 2),
    (5, 6, 7, 8),
)  # months in which no clock is put forward or back, in the north and in the south


def time_pattern(column: str, old: pa.Array, new: pa.Array) -> Pattern | None:
    """The pattern that explains cells of timestamps (Arrow arrays, row by row), all of them changed; None if there is none.

    Clocks are compared as they stand: a time without zone is taken for UTC.
    """
    before, after = _ticks(old, _unit(old, new)), _ticks(new, _unit(old, new))
    known = (old.is_valid().to_numpy(zero_copy_only=False)) & (new.is_valid().to_numpy(zero_copy_only=False))
    minute = 60 * TICKS[_unit(old, new)]
    if known.sum() < FEWEST or len(np.unique(before[known])) < FEWEST:
        return None
    shifts, counts = np.unique((after - before)[known], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:2]
    most = [int(shift) for shift in shifts[order]]
    zoned = (old.type.tz is None) != (new.type.tz is None)
    if explains(int(counts[order[0]]), len(old)):
        told = _words(most[0], minute, zoned, new)
        kind = PatternKind.ZONED if zoned else PatternKind.SHIFTED_TIME
        return Pattern(kind, column, int(counts[order[0]]), len(old), Counted.CELLS, told, most[0] / minute)
    if (
        len(most) == 2
        and _is_saving(most[0], most[1], minute)
        and explains(int(counts[order].sum()), len(old))
        and _are_seasons(before[known], (after - before)[known], minute)
    ):
        told = f"was shifted by {shift_words(most[0] / minute)} or {shift_words(most[1] / minute)}, as daylight saving has it"
        return Pattern(PatternKind.SHIFTED_TIME, column, int(counts[order].sum()), len(old), Counted.CELLS, told)
    return None


def _unit(old: pa.Array, new: pa.Array) -> str:
    unit: str = max(old.type.unit, new.type.unit, key=TICKS.__getitem__)
    return unit


def _ticks(array: pa.Array, unit: str) -> Words:
    """Ticks of a unit that is as fine as the array's or finer; modulo 2^64, and anything where it is null."""
    words: Words = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        return words * np.int64(TICKS[unit] // TICKS[array.type.unit])


def _is_saving(first: int, second: int, minute: int) -> bool:
    whole = first % (QUARTER * minute) == 0 and max(abs(first), abs(second)) <= ZONES * minute
    return whole and abs(first - second) in [minutes * minute for minutes in SAVING]


def _are_seasons(before: Words, shifts: Words, minute: int) -> bool:
    """Whether the shift depends on the season: changes about twice a year, and is one in winter and the other in summer."""
    order = np.argsort(before, kind="stable")
    months = (before[order] // (minute * 1440)).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    shifts = shifts[order]
    changes = int((np.diff(shifts) != 0).sum())
    years = months[-1] // 12 - months[0] // 12 + 1
    if changes > 2 * years + len(shifts) * (1 - SHARE):
        return False
    seasons = [shifts[np.isin(months % 12 + 1, of)] for of in (WINTER, SUMMER)]
    common = [
        int(values[counts.argmax()]) for values, counts in (np.unique(s, return_counts=True) for s in seasons if len(s))
    ]
    return len(set(common)) == len(common)


def _words(shift: int, minute: int, zoned: bool, new: pa.Array) -> str:
    if not zoned:
        return f"was shifted by {shift_words(shift / minute)}"
    return zone_words(shift / minute, attached=new.type.tz is not None)


def zone_words(minutes: float, *, attached: bool) -> str:
    """What became of times that got a zone or lost it, against the same clock in UTC."""
    done = "got a time zone" if attached else "lost its time zone"
    return done + (f", shifted by {shift_words(minutes)} from UTC" if minutes else ", the clock in UTC is the same")


def shift_words(minutes: float) -> str:
    """A shift for people: "+1 h", "-5 h 30 min", "+2 days", "+0.5 s"."""
    sign, left = "-" if minutes < 0 else "+", abs(minutes)
    if left % 1440 == 0:
        return f"{sign}{left / 1440:,.0f} day{'s' * (left != 1440)}"
    if left % 1:
        return f"{sign}{left * 60:,.15g} s"
    hours, rest = divmod(int(left), 60)
    return sign + " ".join([f"{hours:,} h"] * (hours > 0) + [f"{rest} min"] * (rest > 0))
