"""A dataset of a project, checked by its policy: what the command line does with a name instead of an address."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sameset.configuration.judging import Judgement, judge
from sameset.configuration.variables import expanded, has_variables
from sameset.execution.checking import is_incremental, record_check, sketch_arrival
from sameset.execution.delta_rows import SOME_ROWS, WantedRows
from sameset.execution.operands import column_types
from sameset.execution.scanning import silent
from sameset.sources import open_source
from sameset.sources.file_states import Trust

if TYPE_CHECKING:
    from sameset.configuration.project import Dataset
    from sameset.execution.checking import Arrival, Check
    from sameset.execution.manifest_store import Manifests
    from sameset.execution.scanning import Progress
    from sameset.registry import Registry
    from sameset.sources import Source

__all__ = ["arrival_of", "check_configured", "source_of"]


def check_configured(
    dataset: Dataset,
    arrival: Arrival,
    registry: Registry,
    *,
    run_id: str | None = None,
    validation: str | None = None,
    manifests: Manifests | None = None,
    progress: Progress = silent,
) -> tuple[Check, Judgement]:
    """The check of a dataset that arrived (`arrival_of`), judged by its policy; recorded, with its validation, if that says so.

    Raises SamesetError, with nothing recorded, if the registry cannot be read or written.
    """
    policy = dataset.policy
    check = record_check(
        registry,
        arrival,
        run_id=run_id,
        validation=validation,
        manifests=manifests,
        accept=lambda found: policy.accepts(judge(policy, found).outcome),
        progress=progress,
    )
    if dataset.incremental is False and check.snapshot is not None:
        registry.forget_files(dataset.name)
    judgement = judge(policy, check)
    return judgement.on(check), judgement


def arrival_of(
    dataset: Dataset,
    source: Source,
    registry: Registry,
    *,
    rows: WantedRows = SOME_ROWS,
    progress: Progress = silent,
    manifests: Manifests | None = None,
) -> Arrival:
    """A dataset as it arrived, with its sketch; SamesetError if it cannot be read."""
    by_file = is_incremental(registry, dataset.name, dataset.incremental)
    arrival = sketch_arrival(
        source,
        dataset.name,
        registry,
        rows=rows,
        progress=progress,
        incremental=Trust.METADATA if by_file and dataset.trust_metadata else dataset.incremental,
        manifests=manifests,
        **dataset.wanted,
    )
    # What is recorded and shown says the variables of the address, not their values.
    return replace(arrival, address=dataset.source) if has_variables(dataset.source) else arrival


def source_of(dataset: Dataset, registry: str) -> Source:
    """The source of a dataset, opened as its options say; the registry at an address is asked for what `schema_from` names."""
    schema = column_types(expanded(dataset.schema_from), registry) if dataset.schema_from else None
    return open_source(expanded(dataset.source), schema=schema, union_by_name=dataset.union_by_name, raw=dataset.raw)
