"""A dataset of a project, checked by its policy: what the command line does with a name instead of an address."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sameset.configuration.judging import Judgement, judge
from sameset.configuration.variables import expanded, has_variables
from sameset.execution.checking import is_incremental, record_check, sketch_arrival
from sameset.execution.delta_rows import SOME_ROWS, WantedRows
from sameset.execution.manifest_store import Manifests
from sameset.execution.operands import column_types
from sameset.execution.scanning import silent
from sameset.sources import open_source
from sameset.sources.file_states import Trust

if TYPE_CHECKING:
    from sameset.configuration.project import Dataset
    from sameset.execution.checking import Arrival, Check
    from sameset.execution.scanning import Progress
    from sameset.registry import Registry
    from sameset.sources import Source

__all__ = ["arrival_of", "check_configured", "source_of"]


def check_configured(
    dataset: Dataset,
    source: Source,
    registry: Registry,
    *,
    rows: WantedRows = SOME_ROWS,
    progress: Progress = silent,
    manifests: Manifests | None = None,
    run_id: str | None = None,
) -> tuple[Check, Judgement]:
    """The check of a dataset that arrived at its source (`source_of`), judged by its policy; recorded if that says so.

    Raises SamesetError, with nothing recorded, if the source or the registry cannot be read.
    """
    policy = dataset.policy
    kept = manifests or Manifests.of(dataset.manifest)
    arrival = arrival_of(dataset, source, registry, rows=rows, progress=progress, manifests=kept)
    check = record_check(
        registry,
        arrival,
        run_id=run_id,
        manifests=kept,
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
