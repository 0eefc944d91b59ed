"""The validation of an arriving dataset, in one call: what the flow runs, and what Data Docs show of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from great_expectations.core import ExpectationSuite, RunIdentifier
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.expectations.core import ExpectTableRowCountToBeBetween

from sameset.errors import SamesetError
from sameset.execution.scanning import Progress, silent
from sameset.registry import check_name
from sameset_expectations.contexts import evaluate, get_context
from sameset_expectations.datasource import SamesetDatasource
from sameset_expectations.docs import finish_pages
from sameset_expectations.labels import label as label_of
from sameset_expectations.rendering import shorten
from sameset_expectations.tables.previous import ExpectTableToDifferFromPrevious

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.data_context import AbstractDataContext
    from great_expectations.expectations.expectation import Expectation

    from sameset.execution.sketching import Tee
    from sameset.sketches.spec import Spec
    from sameset.sketches.table import TableSketch
    from sameset.sources import Source
    from sameset_expectations.engine import TableBatchData

__all__ = ["Validation", "usual_expectations", "validate_sketch", "validate_table"]

DATASOURCE = "sameset-arriving"
RUN = "check"


@dataclass(frozen=True)
class Validation:
    """What a validation found, with the very sketch that its expectations judged."""

    sketch: TableSketch
    source: Source
    success: bool
    severity: str | None  #: the gravest of the expectations that failed: critical, warning or info
    evaluated: int
    result: dict[str, Any]  #: as Great Expectations writes it in JSON, long texts cut
    docs: str | None  #: where the index page of Data Docs is, if they were updated


def usual_expectations(name: str) -> list[Expectation]:
    """What is worth a line for any dataset that arrives: it is not the last delivery again, and it is not empty.

    Both are warnings. The first shows in Data Docs what changed since the previous snapshot.
    """
    return [
        ExpectTableToDifferFromPrevious(name=name, severity="warning"),
        ExpectTableRowCountToBeBetween(min_value=1, severity="warning"),
    ]


def validate_table(
    address: str,
    spec: Spec,
    expectations: Sequence[Expectation] = (),
    *,
    name: str,
    context_folder: str | Path | None = None,
    registry: str | None = None,
    progress: Progress = silent,
    tee: Tee | None = None,
) -> Validation:
    """The validation of the table at an address by the expectations, or by the usual ones; its rows are scanned once.

    With `context_folder` the suite, the result and the pages of Data Docs are written into the project there, but no data
    source: jobs that do not know ours can still open it. `registry` is asked by expectations that name none;
    `tee` is that of `sketch_table`.
    Raises SamesetError if the table, the registry or the project cannot be read, or any expectation not be evaluated.
    """
    batch_definition = _batch_definition(get_context(context_folder), address, spec, label_of(check_name(name)))
    engine = batch_definition.data_asset.datasource.get_execution_engine()
    engine.use(registry, progress, tee)
    return _validated(batch_definition, expectations, name, docs=context_folder is not None)


def validate_sketch(
    source: Source,
    sketch: TableSketch,
    expectations: Sequence[Expectation] = (),
    *,
    name: str,
    address: str | None = None,
    context_folder: str | Path | None = None,
    registry: str | None = None,
) -> Validation:
    """The same of a table that was sketched already: no row is read, but for expectations that a sketch cannot answer.

    `address` is shown instead of the source's own.
    """
    place = address or source.address
    batch_definition = _batch_definition(get_context(context_folder), place, sketch.spec, label_of(check_name(name)))
    engine = batch_definition.data_asset.datasource.get_execution_engine()
    engine.use(registry, silent)
    engine.take(source, sketch)
    return _validated(batch_definition, expectations, name, docs=context_folder is not None)


def _validated(
    batch_definition: BatchDefinition, expectations: Sequence[Expectation], name: str, *, docs: bool
) -> Validation:
    """What the expectations find of the batch, with Data Docs if they are wanted."""
    datasource = batch_definition.data_asset.datasource
    suite = ExpectationSuite(
        name=f"sameset-{label_of(name)}",  # a suite of the user's own bears the dataset's name, maybe
        expectations=[one.copy(update={"id": None}) for one in expectations or usual_expectations(name)],
        meta={"dataset": name},
    )
    result = evaluate(batch_definition, suite)
    batch: TableBatchData = datasource.get_execution_engine().batch_data({"batch_id": result.batch_id})
    sketch = batch.sketch
    pages = _publish(datasource.data_context, suite, result) if docs else None
    gravest = result.get_max_severity_failure()
    return Validation(
        sketch=sketch,
        source=batch.source,
        success=bool(result.success),
        severity=None if gravest is None else str(gravest.value),
        evaluated=len(result.results),
        result=shorten(result.to_json_dict()),
        docs=pages,
    )


def _batch_definition(context: AbstractDataContext, address: str, spec: Spec, label: str) -> BatchDefinition:
    """The batch of a data source that only this context object knows: what is added without a context is not saved."""
    source = SamesetDatasource(name=DATASOURCE)
    # A dollar of a file's name is no variable of the configuration.
    asset = source.add_table(label, address=address.replace("$", r"\$"), spec=spec.to_json())
    batch_definition = asset.add_batch_definition("arriving")
    source._data_context = context
    context.data_sources.all()[DATASOURCE] = source
    return batch_definition


def _publish(
    context: AbstractDataContext, suite: ExpectationSuite, result: ExpectationSuiteValidationResult
) -> str | None:
    """The index page of Data Docs, after suite, result and their pages were written; None if the project has no pages."""
    run = RunIdentifier(run_name=RUN, run_time=dt.datetime.now(dt.UTC))
    result.meta.update(run_id=run, validation_time=run.run_time)
    suite_key = ExpectationSuiteIdentifier(name=suite.name)
    result_key = ValidationResultIdentifier(suite_key, run, result.batch_id)
    try:
        context.suites.add_or_update(suite)
        context.validation_results_store.store_validation_results(result, result_key, suite_key)
        pages = context.build_data_docs(resource_identifiers=[result_key, suite_key])
        for page in pages.values():
            finish_pages(page, since=run.run_time.timestamp())
    except OSError as error:
        raise SamesetError(f"Data Docs cannot be written: {error.strerror}: {error.filename}") from error
    return next(iter(pages.values()), None)
