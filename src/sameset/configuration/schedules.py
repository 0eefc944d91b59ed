"""The key `schedule` -> Schedule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from sameset.configuration.project import Schedule

if TYPE_CHECKING:
    from sameset.configuration.tables import Table

__all__ = ["read_schedule"]

SHORTEST = 10.0  # seconds: a check that starts a process takes about as long


def read_schedule(table: Table) -> Schedule | None:
    """The schedule of a table: `schedule = { cron = ..., timezone = ... }` or `{ every = ... }`; None if absent or false."""
    if table.get("schedule") in (None, False):
        return None
    schedule = table.table("schedule")
    cron, timezone, every = schedule.text("cron"), schedule.text("timezone"), schedule.seconds("every")
    schedule.end()
    if (cron is None) == (every is None):
        table.refuse("schedule", 'it has either cron (like "0 3 * * *") or every (like "1h")')
    if cron is not None and (fault := cron_fault(cron)):
        schedule.refuse("cron", f"{cron!r} {fault}")
    if every is not None and every < SHORTEST:
        schedule.refuse("every", f"{every:g} s is too often; at least {SHORTEST:g} s")
    if timezone is not None and every is not None:
        schedule.refuse("timezone", "it goes with cron; an interval has none")
    if timezone is not None and not _is_zone(timezone):
        schedule.refuse("timezone", f"{timezone!r} is no time zone; write one like Europe/Berlin or UTC")
    return Schedule(cron, timezone or "UTC", every)


#: The fields of a cron expression, with their least and greatest numbers.
FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
WORDS = {
    "month": {name: i for i, name in enumerate(MONTHS, 1)},
    "day of week": {name: i for i, name in enumerate(DAYS)},
}
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of the months
_PART = re.compile(r"(?:(?P<all>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[1-9]\d*))?", re.ASCII)


def cron_fault(cron: str) -> str | None:
    """What is wrong with a cron expression, or None.

    >>> cron_fault("0 3 * * mon-fri"), cron_fault("0 25 * * *")
    (None, 'has hour 25, which is not from 0 to 23')
    >>> cron_fault("0 0 30,31 feb *")
    'never comes: no month of feb has a day 30'
    """
    fields = cron.split()
    if len(fields) != len(FIELDS):
        return f"has not five fields: {', '.join(name for name, *_ in FIELDS)}"
    faults = (_field_fault(field, *limits) for field, limits in zip(fields, FIELDS, strict=True))
    return next((fault for fault in faults if fault), None) or _never(*fields[2:4])


def _never(days: str, months: str) -> str | None:
    """What is said of days that no month has, as 31 February: Prefect's scheduler finds none, whatever the day of the week."""
    first = min(_numbers(days, *FIELDS[2]))
    if any(first <= LONGEST[month - 1] for month in _numbers(months, *FIELDS[3])):
        return None
    return f"never comes: no month of {months} has a day {first}"


def _numbers(field: str, name: str, least: int, most: int) -> set[int]:
    """The numbers that a field without fault stands for."""
    found: set[int] = set()
    for match in filter(None, map(_PART.fullmatch, field.split(","))):
        words = WORDS.get(name, {})
        first, last = (words.get(end.lower(), end) for end in (match["first"] or str(least), match["last"] or ""))
        only = not match["all"] and not match["last"] and not match["step"]
        found.update(range(int(first), int(first if only else last or most) + 1, int(match["step"] or 1)))
    return found


def _field_fault(field: str, name: str, least: int, most: int) -> str | None:
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return f"has {name} {part!r}, which is none; write *, 5, 1-5, */15 or a list of these"
        ends = [end for end in (match["first"], match["last"]) if end is not None]
        numbers = [WORDS.get(name, {}).get(end.lower(), int(end) if end.isdigit() else -1) for end in ends]
        for end, number in zip(ends, numbers, strict=True):
            if not least <= number <= most:
                return f"has {name} {end}, which is not from {least} to {most}"
        if numbers != sorted(numbers):
            return f"has {name} {part!r}, which goes backwards"
    return None


def _is_zone(name: str) -> bool:
    """Whether Prefect knows the zone, too: the system has more files (`right/...`, `posixrules`) than there are zones."""
    return name in available_timezones()
