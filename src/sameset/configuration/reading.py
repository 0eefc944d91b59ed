"""`sameset.toml` -> Project: strictly, so that a slip of the pen is an error and never a policy that is not there."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sameset.configuration.addresses import resolved, resolved_place, without_secret
from sameset.configuration.policies import read_policy
from sameset.configuration.project import CONCURRENCY, NAME, POOL, Dataset, Project
from sameset.configuration.schedules import read_schedule
from sameset.configuration.tables import Table
from sameset.errors import ConfigurationError, SamesetError

__all__ = ["FILE", "pool_fault", "read_dataset", "read_project"]

FILE = "sameset.toml"
MOST_CAPACITY = 1_612_489  # of a delta table, as of --delta-capacity
MOST_CONCURRENCY = 1000
MOST_RETRIES = 10
POOL_FORBIDS = re.compile(r"[/%&<>]|[\x00-\x1f]")


def read_project(path: str | os.PathLike[str] | None = None) -> Project:
    """The project in a file; without one that of SAMESET_CONFIG, otherwise `sameset.toml` in this folder.

    Relative paths in it start from the file's folder. ConfigurationError if it cannot be read, or says what makes no sense.
    """
    shown = os.fspath(path or os.environ.get("SAMESET_CONFIG", "").strip() or FILE)
    place = Path(shown).expanduser().absolute()
    table = Table(shown, _content(place, shown))
    shared = {name: table.get(name) for name in ("policy", "schedule")}
    read_policy(table.table("policy"))
    read_schedule(table)
    project = Project(
        path=place,
        registry=resolved(without_secret(table, "registry"), place.parent),
        manifests=resolved(table.text("manifests"), place.parent),
        docs=resolved(table.text("docs"), place.parent),
        name=table.text("project") or NAME,
        pool=_pool(table) or POOL,
        concurrency=table.whole("concurrency", 1, MOST_CONCURRENCY) or CONCURRENCY,
        datasets=_datasets(table.table("datasets"), shared, place.parent),
    )
    table.end()
    return project


def _pool(table: Table) -> str | None:
    pool = table.text("pool")
    if pool is not None and (fault := pool_fault(pool)):
        table.refuse("pool", fault)
    return pool


def pool_fault(name: str) -> str | None:
    """What is wrong with the name of a work pool of Prefect, or None.

    >>> pool_fault("a/b"), pool_fault("sameset-pool")
    ("'a/b' holds '/', which no work pool of Prefect may; choose another name", None)
    """
    if not name.strip("' \""):
        return f"{name!r} names no work pool; choose another name"
    found = POOL_FORBIDS.search(name)
    return f"{name!r} holds {found[0]!r}, which no work pool of Prefect may; choose another name" if found else None


def _datasets(table: Table, shared: Mapping[str, Any], folder: Path) -> dict[str, Dataset]:
    """The datasets, each with what it does not say itself from the tables that all share."""
    if not table.content:
        raise ConfigurationError(
            f"{table.place}: there is no dataset; write [datasets.NAME] and below it source = with an address"
        )
    return {name: _dataset(name, table.table(name).heir(shared), folder) for name in table.content}


def read_dataset(name: str, content: Mapping[str, Any], place: str) -> Dataset:
    """The dataset that a table describes which is in no file, as the parameters of a flow; `place` names it in errors."""
    return _dataset(name, Table(place, content), None)


def _dataset(name: str, table: Table, folder: Path | None) -> Dataset:
    from sameset.registry import check_name

    try:
        check_name(name)
    except SamesetError as error:
        raise ConfigurationError(f"{table.place}: {error}") from None
    source = resolved(without_secret(table, "source"), folder)
    dataset = Dataset(
        name=name,
        source=source or "",
        key=table.names("key"),
        columns=table.names("columns"),
        ignore=table.names("ignore"),
        where=table.text("where"),
        digits=table.whole("digits", 1, 15),
        nfc=table.flag("nfc"),
        hide_keys=table.flag("hide_keys") or False,
        delta_capacity=table.whole("delta_capacity", 1, MOST_CAPACITY),
        bucket_by=table.text("bucket_by"),
        schema_from=resolved_place(without_secret(table, "schema_from"), folder),
        union_by_name=table.flag("union_by_name") or False,
        raw=table.flag("raw") or False,
        incremental=table.flag("incremental"),
        trust_metadata=table.flag("trust_metadata") or False,
        manifest=table.flag("manifest"),
        timeout=table.seconds("timeout"),
        retries=table.whole("retries", 0, MOST_RETRIES),
        tags=table.names("tags") or (),
        schedule=read_schedule(table),
        policy=read_policy(table.table("policy")),
    )
    table.end()  # before what is missing, which a slip in its name may be
    if source is None:
        table.refuse("source", "it is missing; write the address of the data, as `sameset check` takes it")
    _expect_sense(dataset, table)
    return dataset


def _expect_sense(dataset: Dataset, table: Table) -> None:
    """ConfigurationError for options that cannot go together, or that no sketch can be made with."""
    from sameset.sketches.spec import Spec

    if dataset.manifest and dataset.incremental:
        table.refuse("manifest", "a manifest holds all rows, so it cannot go with incremental; leave one of them out")
    if dataset.trust_metadata and dataset.incremental is False:
        table.refuse("trust_metadata", "it says how files are known, which goes with incremental = true")
    try:
        Spec().altered(**dataset.wanted)
    except SamesetError as error:
        raise ConfigurationError(f"{table.place}: {error}") from None


def _content(path: Path, shown: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(f"{shown} does not exist; write it (docs/production.md), or name another") from None
    except OSError as error:
        raise ConfigurationError(f"{shown} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{shown} is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{shown} is not valid TOML: {error}") from None
