"""What `sameset.toml` says, as values: datasets, how they are read, when they are checked, and what is allowed of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sameset.configuration.policy import Policy
from sameset.errors import ConfigurationError

if TYPE_CHECKING:
    from sameset.sketches.spec import Wanted

__all__ = ["CONCURRENCY", "NAME", "POOL", "Dataset", "Project", "Schedule", "in_words"]

NAME = "sameset"
POOL = "sameset-pool"
CONCURRENCY = 4


@dataclass(frozen=True)
class Schedule:
    """When a dataset is checked: by a cron expression in a time zone, or every so many seconds."""

    cron: str | None = None
    timezone: str = "UTC"
    every: float | None = None

    def __str__(self) -> str:
        return f"{self.cron} {self.timezone}" if self.cron else f"every {in_words(self.every or 0.0)}"


def in_words(seconds: float) -> str:
    """A length of time in its largest whole unit.

    >>> in_words(3600), in_words(90), in_words(0.5)
    ('1h', '90s', '0.5s')
    """
    units = {"d": 86400, "h": 3600, "m": 60}
    return next((f"{seconds / size:g}{unit}" for unit, size in units.items() if seconds % size == 0), f"{seconds:g}s")


@dataclass(frozen=True)
class Dataset:
    """One dataset: where it arrives, how it is read and sketched, when it is checked, and its policy."""

    name: str
    source: str
    key: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    where: str | None = None
    digits: int | None = None
    nfc: bool | None = None
    hide_keys: bool = False
    delta_capacity: int | None = None
    bucket_by: str | None = None
    schema_from: str | None = None
    union_by_name: bool = False
    raw: bool = False
    incremental: bool | None = None
    trust_metadata: bool = False
    manifest: bool | None = None
    timeout: float | None = None  #: seconds
    retries: int | None = None  #: after what passes by itself; None: as often as a flow usually tries
    tags: tuple[str, ...] = ()
    schedule: Schedule | None = None
    policy: Policy = field(default_factory=Policy)

    @property
    def wanted(self) -> Wanted:
        """What is asked of the sketch, as `check_table` takes it."""
        from sameset.sketches.delta import cells_for

        return {
            "key": self.key,
            "columns": self.columns,
            "ignore": self.ignore,
            "where": self.where,
            "digits": self.digits,
            "nfc": self.nfc,
            "keep_keys": False if self.hide_keys else None,
            "delta_cells": None if self.delta_capacity is None else cells_for(self.delta_capacity),
            "bucket_by": self.bucket_by,
        }

    def options(self) -> dict[str, Any]:
        """How it is read and sketched, without what is as it is by default: the rest of its table in `sameset.toml`."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in _NOT_OPTIONS}
        defaults = {each.name: each.default for each in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in told.items()
            if value != defaults[name]
        }


#: Fields with a place of their own, beside the options of reading and sketching.
_NOT_OPTIONS = frozenset({"name", "source", "key", "tags", "schedule", "policy"})


@dataclass(frozen=True)
class Project:
    """A `sameset.toml`: its datasets, by name, and what they have in common."""

    path: Path
    datasets: Mapping[str, Dataset]
    registry: str | None = None
    manifests: str | None = None
    docs: str | None = None
    name: str = NAME  #: what tells its deployments from those of other files
    pool: str = POOL
    concurrency: int = CONCURRENCY

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name; ConfigurationError if there is none."""
        if name in self.datasets:
            return self.datasets[name]
        from sameset.configuration.tables import nearest

        raise ConfigurationError(f"{self.path} has no dataset {name!r}{nearest(name, self.datasets)}")
