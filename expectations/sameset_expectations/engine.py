"""The execution engine: a batch only says where its rows are, and every metric reads them there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from great_expectations.core.batch import BatchData, BatchMarkers
from great_expectations.core.id_dict import BatchSpec
from great_expectations.execution_engine import ExecutionEngine

from sameset.errors import SamesetError, SchemaError, SourceError, SpecError
from sameset.execution.scanning import Progress, silent
from sameset.execution.sketching import sketch_table
from sameset.registry import default_address, without_password
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch
from sameset.sources import Source, open_source
from sameset.sources.scan import quoted, unique_names
from sameset_expectations.conditions import condition_sql

if TYPE_CHECKING:
    from sameset.execution.sketching import Tee

__all__ = ["SamesetExecutionEngine", "TableBatchData", "TableBatchSpec"]


class TableBatchSpec(BatchSpec):
    """What Great Expectations prints of a batch: the name of its asset, its address without a password, and its key."""

    def __init__(self, asset: str, place: str, spec: Spec) -> None:
        printed = {"data_asset_name": asset, "address": without_password(place), "key": ", ".join(spec.key)}
        super().__init__({name: _harmless(text) for name, text in printed.items()})
        self.place = place
        self.spec = spec


def _harmless(text: str) -> str:
    """The text without signs of markup: the index page of Data Docs puts a batch spec into a tooltip as it is."""
    return text.translate(str.maketrans("<>&", "()+"))


class TableBatchData(BatchData):
    """One batch: a place, its sketch once somebody asked for it, and how often its rows were scanned for that.

    Great Expectations tries a metric that fails three times, and computes others again whose round failed with it; the
    sketch and every aggregate, or the error that prevented it, is kept here and found only once.
    """

    def __init__(self, engine: SamesetExecutionEngine, place: str, spec: Spec) -> None:
        super().__init__(execution_engine=engine)
        self.place = place
        self.spec = spec
        self.scans = 0
        self.outcome: TableSketch | SamesetError | None = None
        self._aggregates: dict[tuple[str, str | None], Any] = {}

    @cached_property
    def source(self) -> Source:
        """The source at the place; SourceError if there is none."""
        return open_source(self.place)

    @cached_property
    def identifiers(self) -> dict[str, str]:
        """How SQL calls each column."""
        names = self.source.schema().names
        return dict(zip(names, map(quoted, unique_names(names)), strict=True))

    @property
    def address(self) -> str:
        """Where the rows are, as it may be shown."""
        return without_password(self.place)

    @property
    def sketch(self) -> TableSketch:
        """The sketch of all rows, from one scan; SamesetError if the rows cannot be read."""
        if self.outcome is None:
            self.scans += 1
            try:
                engine = self.execution_engine
                self.outcome = sketch_table(self.source, self.spec, progress=engine.progress, tee=engine.tee)
            except SamesetError as error:
                self.outcome = error
        if isinstance(self.outcome, SamesetError):
            raise self.outcome
        return self.outcome

    def row_count(self) -> int:
        """The number of rows, by the cheapest way at hand."""
        if isinstance(self.outcome, TableSketch):
            return self.outcome.row_count
        known = self.source.row_count()
        return int(self.aggregate("count(*)")) if known is None else known

    def first(self, rows: int) -> pa.Table:
        """The first rows, in the order in which the source keeps them, if it keeps one."""
        try:
            kept = _first(self.source.ordered_batches(rows=max(rows, 1)), rows)
        except SourceError:
            kept = _first(self.source.batches(rows=max(rows, 1)), rows)
        return pa.Table.from_batches(kept, kept[0].schema if kept else self.source.schema())

    def aggregate(self, expression: str, where: str | None = None) -> Any:
        """The value of a SQL aggregate over the rows; SamesetError if they cannot be read."""
        asked = expression, where
        if asked not in self._aggregates:
            try:
                self._aggregates[asked] = self.source.aggregate(expression, where)[0]
            except SamesetError as error:
                self._aggregates[asked] = error
        found = self._aggregates[asked]
        if isinstance(found, SamesetError):
            raise found
        return found


def _first(batches: Iterator[pa.RecordBatch], rows: int) -> list[pa.RecordBatch]:
    """The first rows of batches, of which no more are read; what they are read with is closed."""
    kept: list[pa.RecordBatch] = []
    with closing(batches):  # type: ignore[type-var]  # they are generators
        while (left := rows - sum(map(len, kept))) > 0 and (batch := next(batches, None)) is not None:
            kept.append(batch.slice(0, left))
    return kept


class SamesetExecutionEngine(ExecutionEngine):
    """Reads batches where they are: files, folders and DuckDB tables of any size, in flat memory, without pandas.

    `registry` is what expectations use that name no registry themselves; None is `sameset.registry.default_address()`.
    `progress` is told how many rows were read for sketches, `tee` is that of `sketch_table`.
    """

    def __init__(self, registry: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._registry = registry
        self.progress: Progress = silent
        self.tee: Tee | None = None
        self._ready: tuple[Source, TableSketch] | None = None

    def use(self, registry: str | None, progress: Progress, tee: Tee | None = None) -> None:
        """Sets registry, progress and tee of this run; a registry given here may hold a password, which is stored nowhere."""
        self._registry = registry or self._registry
        self.progress, self.tee = progress, tee

    def take(self, source: Source, sketch: TableSketch) -> None:
        """Sets the source and the sketch of every batch from now on: a table that was sketched already is not read again."""
        self._ready = (source, sketch)

    @property
    def registry(self) -> str:
        """The address of the registry."""
        return self._registry or default_address()

    def get_batch_data_and_markers(self, batch_spec: TableBatchSpec) -> tuple[TableBatchData, BatchMarkers]:
        """The batch that a spec describes; nothing is read yet."""
        now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        batch = TableBatchData(self, batch_spec.place, batch_spec.spec)
        if self._ready is not None:
            batch.source, batch.outcome = self._ready
        return batch, BatchMarkers({"ge_load_time": now})

    def resolve_metric_bundle(self, metric_fn_bundle: Any) -> dict[Any, Any]:
        """Nothing: no metric waits for others here. Great Expectations asks always, and 1.9 for ever if it is not told so."""
        return {}

    def batch_data(self, domain: Mapping[str, Any]) -> TableBatchData:
        """The batch that the domain of a metric speaks of, the active one if it names none."""
        if domain.get("table"):
            raise SpecError(f"the batch is one table, so there is no other table {domain['table']!r} to count or read")
        batch_id = domain.get("batch_id") or self.batch_manager.active_batch_data_id
        found = self.batch_manager.batch_data_cache.get(str(batch_id))
        if not isinstance(found, TableBatchData):
            raise SpecError(f"there is no batch {batch_id!r} in this engine; get it from its data asset first")
        return found

    def aggregate(self, template: str, domain: Mapping[str, Any]) -> Any:
        """The value of a SQL aggregate over the rows of a domain; `{}` in it stands for the domain's column."""
        batch = self.batch_data(domain)
        name = domain.get("column")
        if name is not None and name not in batch.identifiers:
            raise SchemaError(f"{batch.address} has no column {name!r}")
        condition = domain.get("row_condition")
        where = condition_sql(condition, batch.identifiers) if condition else None
        return batch.aggregate(template.format(batch.identifiers.get(str(name))), where)

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> Source:
        """The source of a domain."""
        if domain_kwargs.get("row_condition"):
            raise SpecError("rows that meet a condition can be counted and aggregated here, but not handed out")
        return self.batch_data(domain_kwargs).source

    def get_compute_domain(
        self, domain_kwargs: dict[str, Any], domain_type: Any, accessor_keys: Any = None
    ) -> tuple[Source, dict[str, Any], dict[str, Any]]:
        """The source of a domain, and the domain itself."""
        return self.get_domain_records(domain_kwargs), dict(domain_kwargs), {}

    def condition_to_filter_clause(self, condition: Any) -> str:
        """The condition in SQL, for the active batch."""
        return condition_sql(condition, self.batch_data({}).identifiers)

    _comparison_condition_to_filter_clause = condition_to_filter_clause
    _nullity_condition_to_filter_clause = condition_to_filter_clause
    _and_condition_to_filter_clause = condition_to_filter_clause
    _or_condition_to_filter_clause = condition_to_filter_clause
