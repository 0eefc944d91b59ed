"""What a report is about: a comparison and a check alike, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sameset.comparison.result import Comparison, Side
from sameset.comparison.sentences import SYMBOLS, describe

if TYPE_CHECKING:
    from datetime import datetime

    from sameset.execution.checking import Check, Resemblance
    from sameset.execution.file_changes import FileChanges
    from sameset.registry import Snapshot
    from sameset.sketches.table import Column

__all__ = ["Finding", "Provenance", "describe_verdict", "finding_of"]


@dataclass(frozen=True)
class Provenance:
    """How a finding came about; given by who ran it, so that a report of the same finding is the same to the byte."""

    program: str = "sameset"  #: with its version
    command: str | None = None  #: as a shell takes it, without any password
    made_at: datetime | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Finding:
    """What there is to tell of a comparison or a check; without `comparison` the table is new."""

    status: str  #: a verdict, or the status of a check
    subject: str  #: the address or the dataset that the sentence is about
    sentence: str
    now: Side
    comparison: Comparison | None
    schema: tuple[Column, ...] = ()  #: of a table that is new
    previous: Snapshot | None = None
    snapshot: Snapshot | None = None
    registry: str | None = None
    resembles: tuple[Resemblance, ...] = ()
    is_check: bool = False
    files: FileChanges | None = None  #: what was read of a set of files
    notes: tuple[str, ...] = ()  #: of the check, beside those of its comparison

    @property
    def symbol(self) -> str:
        """The sign of the status, so that colour never speaks alone."""
        return SYMBOLS.get(self.status, "")


def finding_of(found: Comparison | Check) -> Finding:
    """What there is to tell of either."""
    if isinstance(found, Comparison):
        subject = found.right.address or "the right table"
        return Finding(str(found.verdict), subject, f"{subject} {describe(found)}", found.right, found)
    arrival = found.arrival
    now = Side(arrival.sketch.row_count, arrival.sketch.text_digest, arrival.address, arrival.sketch.spec)
    return Finding(
        found.status,
        arrival.dataset,
        found.sentence,
        now,
        found.comparison,
        arrival.sketch.schema,
        found.previous,
        found.snapshot,
        found.registry,
        found.resembles,
        is_check=True,
        files=found.files,
        notes=found.notes,
    )


def describe_verdict(verdict: str) -> str:
    """A verdict or status with its sign."""
    return f"{SYMBOLS.get(verdict, '')} {verdict}".strip()
