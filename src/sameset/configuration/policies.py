"""The table `policy` -> Policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sameset.configuration.policy import DIFFERENT, REACTIONS, STATUSES, Bound, Outcome, Policy, Recording
from sameset.configuration.tables import nearest

if TYPE_CHECKING:
    from sameset.configuration.tables import Table

__all__ = ["read_policy"]

#: Words of `compare`, and what a check says instead.
OF_COMPARE = {"identical": "unchanged", "unrelated": "replaced"}
_PERCENT = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*%")
_HOW = 'write a number of rows, or a share of the rows before like "5%"'


def read_policy(table: Table) -> Policy:
    """The policy that a table describes; what it does not say is as in `Policy()`."""
    default = Policy()
    fail_on = _statuses(table, "fail_on")
    warn_on = _statuses(table, "warn_on") or default.warn_on
    policy = Policy(
        fail_on=default.fail_on - warn_on if fail_on is None else fail_on,
        warn_on=warn_on,
        max_added=_bound(table, "max_added"),
        max_removed=_bound(table, "max_removed"),
        max_changed=_bound(table, "max_changed"),
        min_similarity=table.share("min_similarity"),
        min_rows=table.whole("min_rows", 0),
        max_rows=table.whole("max_rows", 0),
        resembles=REACTIONS.get(table.word("resembles", REACTIONS) or "", Outcome.PASSED),
        may_resemble=table.names("may_resemble") or (),
        record=Recording(table.word("record", list(Recording)) or default.record),
    )
    table.end()
    _expect_sense(policy, table)
    return policy


def _expect_sense(policy: Policy, table: Table) -> None:
    both = policy.fail_on & policy.warn_on
    if both:
        table.refuse("warn_on", f"{', '.join(sorted(both))} cannot both warn and fail; leave it in one list")
    if policy.min_rows is not None and policy.max_rows is not None and policy.min_rows > policy.max_rows:
        table.refuse("min_rows", f"{policy.min_rows:,} is more than max_rows = {policy.max_rows:,}")


def _statuses(table: Table, key: str) -> frozenset[str] | None:
    names = table.names(key)
    if names is None:
        return None
    for name in names:
        if name in OF_COMPARE:
            table.refuse(key, f"{name!r} is a word of `sameset compare`; a check says {OF_COMPARE[name]!r}")
        if name not in (*STATUSES, "different"):
            table.refuse(key, f"{name!r} is nothing that a check finds{nearest(name, (*STATUSES, 'different'))}")
    return frozenset(names) - {"different"} | (DIFFERENT if "different" in names else frozenset())


def _bound(table: Table, key: str) -> Bound | None:
    found = table.get(key)
    if found is None:
        return None
    if isinstance(found, str) and (match := _PERCENT.fullmatch(found.strip())):
        return Bound(percent=float(match[1]))
    if type(found) is not int or found < 0:
        table.refuse(key, f"{found!r} is no bound; {_HOW}")
    return Bound(rows=found)
