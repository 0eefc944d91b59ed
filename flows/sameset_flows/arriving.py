"""What the flow does, as plain functions: read and validate an arriving dataset, judge and record it, tell people."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sameset.configuration import Dataset, Judgement, expanded, read_dataset, unspoken
from sameset.configuration.checking import arrival_of, check_configured, source_of
from sameset.execution.checking import Arrival, is_incremental
from sameset.execution.manifest_store import Manifests
from sameset.registry import Registry, default_address
from sameset_flows import mapping  # noqa: F401  (SAMESET_MAPPER=prefect is known from then on)
from sameset_flows.artifacts import publish
from sameset_flows.events import announce
from sameset_flows.progress import showing_progress

if TYPE_CHECKING:
    from sameset.execution.checking import Check
    from sameset_expectations.validation import Validation

__all__ = ["Arrived", "dataset_of", "docs_folder", "record_arrival", "report_arrival", "validate_arrival"]

# Of the picture of a dataset's history.
SNAPSHOTS = 50


@dataclass(frozen=True)
class Arrived:
    """A dataset that was read: its sketch and what its expectations found."""

    arrival: Arrival
    validation: Validation


def dataset_of(
    name: str,
    source: str,
    key: Sequence[str] | None = None,
    options: dict[str, Any] | None = None,
    policy: dict[str, Any] | None = None,
) -> Dataset:
    """The dataset that the parameters of a flow describe, read as strictly as `sameset.toml`; ConfigurationError otherwise."""
    told = {"source": source, "key": None if key is None else list(key), "policy": policy or None}
    table = (options or {}) | {field: value for field, value in told.items() if value is not None}
    return read_dataset(name, table, f"parameters of {name!r}")


def validate_arrival(
    dataset: Dataset, registry: str | None = None, docs: str | None = None, manifests: Manifests | None = None
) -> Arrived:
    """The dataset with its sketch and its validation: one scan of the rows that are to be read, its progress shown.

    The same scan writes the manifest where `manifests` asks for one. Data Docs are updated in the Great Expectations project
    in the folder `docs`, otherwise in `docs_folder`.
    Raises SamesetError if the source or the registry cannot be read; nothing is recorded either way but sketches of files.
    """
    # Great Expectations takes 3 to 7 s to import; deploying and serving, which only read the signature, do without.
    from sameset_expectations.validation import validate_sketch

    told = registry or default_address()
    with unspoken(told, dataset.source, dataset.schema_from):
        place = expanded(told)
        source = source_of(dataset, place)
        with Registry.open(place) as opened:
            by_file = is_incremental(opened, dataset.name, dataset.incremental)
            with showing_progress(dataset.name, None if by_file else source.row_count()) as progress:
                arrival = arrival_of(dataset, source, opened, progress=progress, manifests=manifests)
            folder = Path(docs).expanduser() if docs else docs_folder(opened.address)
        validation = validate_sketch(
            source,
            arrival.sketch,
            name=dataset.name,
            address=arrival.address,
            context_folder=folder,
            registry=place,
        )
    return Arrived(arrival, validation)


def record_arrival(
    arrived: Arrived,
    dataset: Dataset,
    registry: str | None = None,
    run_id: str | None = None,
    manifests: Manifests | None = None,
) -> tuple[Check, Judgement]:
    """The check of a validated dataset, judged by its policy; recorded with the validation, unless the policy forbids it.

    A run of the same `run_id` is recorded once. Raises SamesetError if the registry cannot be read or written.
    """
    told, validation = registry or default_address(), json.dumps(arrived.validation.result)
    with unspoken(told), Registry.open(expanded(told)) as opened:
        return check_configured(
            dataset, arrived.arrival, opened, run_id=run_id, validation=validation, manifests=manifests
        )


def report_arrival(check: Check, arrived: Arrived, registry: str | None = None) -> None:
    """Leaves what people look at, the artifacts with the dataset's history, and the event."""
    told = registry or default_address()
    with unspoken(told), Registry.open(expanded(told)) as opened:
        known = opened.latest(check.arrival.dataset) is not None
        history = opened.history(check.arrival.dataset, SNAPSHOTS) if known else ()
    publish(check, arrived.validation, history)
    announce(check)


def docs_folder(registry: str) -> Path:
    """Where Data Docs lie unless told otherwise: beside the registry's file, for a server in the user's data folder."""
    if "://" not in registry:
        return Path(registry).parent / "data_docs"
    chosen = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".local" / "share") / "sameset" / "data_docs"
