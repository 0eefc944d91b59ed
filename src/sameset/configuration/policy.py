"""What a dataset's owner allows: which statuses fail or warn, and how many rows may come, go and change."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

__all__ = ["DIFFERENT", "STATUSES", "Bound", "Outcome", "Policy", "Recording"]

#: What a check can find, in the order of docs and README.
STATUSES = (
    "new",
    "unchanged",
    "renamed",
    "appended",
    "truncated",
    "modified",
    "near_duplicate",
    "replaced",
    "incomparable",
)
#: What `different` stands for in a list of statuses: whatever a check without a policy ends with exit code 1 for.
DIFFERENT = frozenset(STATUSES) - {"new", "unchanged"}


class Outcome(StrEnum):
    """How a check stands to its policy."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"


class Recording(StrEnum):
    """Which arrivals become snapshots: those that their policy lets pass, or every one."""

    PASSED = "passed"
    ALWAYS = "always"


@dataclass(frozen=True)
class Bound:
    """The most rows of a kind: a number of rows, or a share of the rows before."""

    rows: int | None = None
    percent: float | None = None

    def allowed(self, before: int) -> int:
        """The bound in rows, given how many there were before."""
        return self.rows if self.rows is not None else int((self.percent or 0.0) / 100 * before)

    def as_value(self) -> int | str:
        """The bound as `sameset.toml` writes it."""
        return self.rows if self.rows is not None else f"{self.percent:g}%"

    def __str__(self) -> str:
        return f"{self.as_value():,}" if self.rows is not None else str(self.as_value())


@dataclass(frozen=True)
class Policy:
    """What is allowed of an arriving dataset; without anything said, whatever can be compared."""

    fail_on: frozenset[str] = frozenset({"incomparable"})
    warn_on: frozenset[str] = frozenset()
    max_added: Bound | None = None
    max_removed: Bound | None = None
    max_changed: Bound | None = None
    min_similarity: float | None = None  #: of the rows before and now (Jaccard), from 0 to 1
    min_rows: int | None = None
    max_rows: int | None = None
    resembles: Outcome = Outcome.PASSED  #: what it means that the dataset is related to another one of the registry
    may_resemble: tuple[str, ...] = ()  #: datasets that it may be related to all the same
    record: Recording = Recording.PASSED

    @property
    def bounds(self) -> dict[str, Bound]:
        """The bounds on rows that were set, by what happens to the rows."""
        found = {"added": self.max_added, "removed": self.max_removed, "changed": self.max_changed}
        return {kind: bound for kind, bound in found.items() if bound is not None}

    def accepts(self, outcome: Outcome) -> bool:
        """Whether an arrival of that outcome becomes the snapshot that the next one is compared with."""
        return self.record is Recording.ALWAYS or outcome is not Outcome.FAILED

    def as_table(self) -> dict[str, Any]:
        """What differs from the defaults, as `sameset.toml` and JSON hold it."""
        default = Policy()
        changed = [field.name for field in fields(self) if getattr(self, field.name) != getattr(default, field.name)]
        return {name: _as_value(getattr(self, name)) for name in changed}


#: What `resembles` may say, and what it means.
REACTIONS = {"allow": Outcome.PASSED, "warn": Outcome.WARNED, "fail": Outcome.FAILED}


def _as_value(value: Any) -> Any:
    if isinstance(value, Bound):
        return value.as_value()
    if isinstance(value, Outcome):
        return next(word for word, outcome in REACTIONS.items() if outcome is value)
    if isinstance(value, frozenset):
        return [status for status in STATUSES if status in value]
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Recording) else value
