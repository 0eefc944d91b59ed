"""The key `schedule` -> Schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sameset.configuration.project import Schedule

if TYPE_CHECKING:
    from sameset.configuration.tables import Table

__all__ = ["read_schedule"]

FIELDS_OF_CRON = 5
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
    if cron is not None and len(cron.split()) != FIELDS_OF_CRON:
        schedule.refuse("cron", f"{cron!r} has not five fields: minute, hour, day of month, month, day of week")
    if every is not None and every < SHORTEST:
        schedule.refuse("every", f"{every:g} s is too often; at least {SHORTEST:g} s")
    if timezone is not None and every is not None:
        schedule.refuse("timezone", "it goes with cron; an interval has none")
    if timezone is not None and not _is_zone(timezone):
        schedule.refuse("timezone", f"{timezone!r} is no time zone; write one like Europe/Berlin or UTC")
    return Schedule(cron, timezone or "UTC", every)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
