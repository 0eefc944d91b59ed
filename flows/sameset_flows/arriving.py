"""What the flow does, as plain functions: validate an arriving dataset, then judge and record it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sameset.execution.checking import Arrival, record_check, spec_for
from sameset.execution.manifest_store import Manifests
from sameset.execution.mapping import mapped_by
from sameset.registry import Registry, check_name, default_address
from sameset_flows.mapping import resuming

if TYPE_CHECKING:
    from sameset.execution.checking import Check
    from sameset_expectations.validation import Validation

__all__ = ["docs_folder", "record_arrival", "validate_arrival"]


def validate_arrival(
    source: str,
    name: str,
    key: Sequence[str] | None = None,
    registry: str | None = None,
    docs: str | None = None,
    manifests: Manifests | None = None,
) -> Validation:
    """The validation of the dataset at an address, with its sketch: one scan, as a Great Expectations metric.

    The same scan writes the manifest where `manifests` asks for one. Data Docs are updated in the Great Expectations project
    in the folder `docs`, otherwise in `docs_folder`.
    Raises SamesetError if the source or the registry cannot be read; nothing is recorded either way.
    """
    # Great Expectations takes 3 to 7 s to import; deploying and serving, which only read the signature, do without.
    from sameset_expectations.validation import validate_table

    check_name(name)
    place, kept = registry or default_address(), manifests or Manifests.of()
    with Registry.open(place) as opened:
        spec = spec_for(opened, name, key=key)
        folder = Path(docs).expanduser() if docs else docs_folder(opened.address)
        previous, address = opened.latest(name), opened.address
    with kept.spill(address, previous.sketch_key if previous else None) as spill:
        tee = spill.add if spill else None
        with Registry.open(place) as opened, mapped_by(resuming(kept, opened, name)):
            found = validate_table(source, spec, name=name, context_folder=folder, registry=place, tee=tee)
        kept.write(address, found.sketch, spill)
    return found


def record_arrival(
    validation: Validation,
    name: str,
    registry: str | None = None,
    run_id: str | None = None,
    manifests: Manifests | None = None,
) -> Check:
    """The check of a validated dataset; snapshot, verdict and validation are recorded in one transaction.

    A run of the same `run_id` is recorded once. Raises SamesetError if the registry cannot be read or written.
    """
    arrival = Arrival(name, validation.sketch, validation.source.address, validation.source)
    with Registry.open(registry or default_address()) as opened:
        result = json.dumps(validation.result)
        return record_check(opened, arrival, run_id=run_id, validation=result, manifests=manifests)


def docs_folder(registry: str) -> Path:
    """Where Data Docs lie unless told otherwise: beside the registry's file, for a server in the user's data folder."""
    if "://" not in registry:
        return Path(registry).parent / "data_docs"
    chosen = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".local" / "share") / "sameset" / "data_docs"
