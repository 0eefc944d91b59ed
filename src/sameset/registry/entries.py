"""What goes into the registry and what comes out of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

from sameset.errors import SpecError
from sameset.registry.names import check_name

__all__ = ["MAX_REPORT", "MAX_VALIDATION", "DatasetSummary", "NewSnapshot", "Snapshot", "sketch_key"]

# A report holds bounded samples; one above a mebibyte means that somebody put whole lists of rows into it.
MAX_REPORT = 1 << 20
MAX_VALIDATION = 16 << 20


def sketch_key(content: bytes) -> str:
    """The key under which a registry keeps the bytes of a sketch: their SHA-256 in hexadecimal digits."""
    return sha256(content).hexdigest()


def _program_version() -> str:
    from importlib.metadata import version

    return version("sameset")


@dataclass(frozen=True, kw_only=True)
class NewSnapshot:
    """A snapshot to record. The registry reads nothing of the sketch: rows and digest are told to it.

    `report` (the comparison) and `validation` are JSON texts, at most MAX_REPORT and MAX_VALIDATION bytes;
    `taken_at` has a time zone.
    `run_id` names the run that recorded it: recording one run twice is one record.
    Raises SpecError for a name that no dataset can bear and for a value that breaks these rules.
    """

    dataset: str
    sketch: bytes = field(repr=False)
    rows: int
    digest: str
    source: str
    status: str
    verdict: str | None = None
    report: str | None = field(default=None, repr=False)
    validation: str | None = field(default=None, repr=False)
    run_id: str = field(default_factory=lambda: uuid4().hex)
    taken_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    program_version: str = field(default_factory=_program_version)
    #: Which files it was made of, to be remembered until another snapshot brings its own; bytes that only the caller reads.
    files: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_name(self.dataset)
        for fault, broken in {
            "its sketch has no bytes": not self.sketch,
            f"it has {self.rows} rows": not 0 <= self.rows < 1 << 63,
            "its digest is empty": not self.digest,
            "its status is empty": not self.status,
            "its run_id is empty": not self.run_id,
            "its time has no time zone": self.taken_at.tzinfo is None,
        }.items():
            if broken:
                raise SpecError(f"this snapshot of {self.dataset!r} cannot be recorded: {fault}")
        _check_json(self.dataset, "report", self.report, MAX_REPORT)
        _check_json(self.dataset, "validation", self.validation, MAX_VALIDATION)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The facts of a recorded snapshot; the registry gives its sketch, report and validation when asked for them."""

    id: int
    dataset: str
    number: int
    taken_at: datetime
    rows: int
    digest: str
    sketch_key: str
    source: str
    status: str
    verdict: str | None
    previous: int | None
    run_id: str
    program_version: str

    @property
    def reference(self) -> str:
        """The snapshot's address in the registry, NAME@NUMBER."""
        return f"{self.dataset}@{self.number}"


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    """One line about a dataset: how many snapshots it has, and the facts of the latest."""

    name: str
    snapshots: int
    number: int
    taken_at: datetime
    rows: int
    digest: str
    status: str
    verdict: str | None


def _check_json(dataset: str, part: str, text: str | None, limit: int) -> None:
    if text is None:
        return
    try:
        size = len(text.encode())
        json.loads(text if size <= limit else "null")
    except ValueError as error:
        raise SpecError(f"the {part} of {dataset!r} is not JSON: {error}") from None
    if size > limit:
        raise SpecError(f"the {part} of {dataset!r} has {size} bytes, more than {limit}; shorten its lists")
