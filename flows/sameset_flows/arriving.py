"""What the flow does, as plain functions: validate an arriving dataset, then judge and record it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sameset.execution.checking import Arrival, record_check, spec_for
from sameset.registry import Registry, check_name

if TYPE_CHECKING:
    from sameset.execution.checking import Check
    from sameset_expectations.validation import Validation

__all__ = ["docs_folder", "record_arrival", "validate_arrival"]


def validate_arrival(
    source: str, name: str, key: Sequence[str] | None, registry: str, docs: str | None = None
) -> Validation:
    """The validation of the dataset at an address, with its sketch: one scan, as a Great Expectations metric.

    Data Docs are updated in the folder `docs`, otherwise beside the registry.
    Raises SamesetError, with nothing recorded, if the source or the registry cannot be read.
    """
    # Imports Great Expectations: 3 to 7 s that a deployment, which only reads the flow's signature, need not wait.
    from sameset_expectations.validation import validate_table

    check_name(name)
    with Registry.open(registry) as opened:
        spec = spec_for(opened, name, key)
        folder = Path(docs).expanduser() if docs else docs_folder(opened.address)
    return validate_table(source, spec, name=name, context_folder=folder)


def record_arrival(validation: Validation, name: str, registry: str, run_id: str | None) -> Check:
    """The check of a validated dataset; snapshot, verdict and validation are recorded in one transaction.

    A run of the same `run_id` is recorded once. Raises SamesetError if the registry cannot be read or written.
    """
    arrival = Arrival(name, validation.sketch, validation.source.address, validation.source)
    with Registry.open(registry) as opened:
        return record_check(opened, arrival, run_id=run_id, validation=json.dumps(validation.result))


def docs_folder(registry: str) -> Path:
    """Where Data Docs are kept for the registry at this address: beside its file, for a server in the user's data folder."""
    if "://" in registry:
        from sameset.registry.addresses import data_folder
    return Path(registry).parent / "data_docs"
