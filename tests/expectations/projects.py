"""Great Expectations projects on disk, as their users have them: a stored data source, suite, validation and checkpoint."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.checkpoint import UpdateDataDocsAction

import sameset_expectations as se

__all__ = ["ROWS_AND_COLUMNS", "checkpoint", "project", "stored_suite"]

ROWS_AND_COLUMNS = (gxe.ExpectTableRowCountToEqual(value=1_000), gxe.ExpectTableColumnCountToEqual(value=3))


def project(folder: Path, address: str, *expectations: Any, docs: bool = False, **action: Any) -> Any:
    """The project with the checkpoint `nightly` of one table `orders`; `action` are the fields of an action that records."""
    context = se.get_context(folder)
    data = context.data_sources.add_sameset("lake").add_table("orders", address, key=["id"]).add_batch_definition("all")
    checkpoint(context, data, *(expectations or ROWS_AND_COLUMNS), docs=docs, **action)
    return context


def checkpoint(context: Any, data: Any, *expectations: Any, docs: bool = False, **action: Any) -> Any:
    """The checkpoint `nightly` of a project, which validates a batch definition by the suite `quality`."""
    suite = context.suites.add(gx.ExpectationSuite("quality", expectations=[copy(one) for one in expectations]))
    definition = gx.ValidationDefinition(name="orders", data=data, suite=suite)
    actions = [UpdateDataDocsAction(name="docs")] if docs else []
    actions += [se.RecordInRegistryAction(name="record", **action)] if action else []
    validations = [context.validation_definitions.add(definition)]
    made = gx.Checkpoint(name="nightly", validation_definitions=validations, actions=actions)
    return context.checkpoints.add(made)


def stored_suite(folder: Path) -> Path:
    """The file of the suite `quality`."""
    return folder / "gx/expectations/quality.json"
