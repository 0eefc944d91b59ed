"""The metrics: the whole sketch as one, and those that core expectations ask for (docs/core-expectations.md)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from great_expectations.execution_engine import (
    ExecutionEngine,
    PandasExecutionEngine,
    SparkDFExecutionEngine,
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from sameset.execution.sketching import sketch_table
from sameset.sketches.table import TableSketch
from sameset_expectations.batches import source_of
from sameset_expectations.engine import SamesetExecutionEngine
from sameset_expectations.failures import noting
from sameset_expectations.kept import keep_sketch
from sameset_expectations.providers import provide
from sameset_expectations.unsupported import refuse_other_metrics
from sameset_expectations.values import register_value_metrics

__all__ = ["SKETCH"]

#: The name of the metric that is the TableSketch of a batch: one scan of it, however many expectations use it.
SKETCH = "sameset.table.sketch"

COLUMN_AGGREGATES = {
    "column.distinct_values.count": "count(DISTINCT {})",
    "column.max": "max({})",
    "column.mean": "avg({})",
    "column.median": "median({})",
    "column.min": "min({})",
    "column.non_null_count": "count({})",
    "column.non_null_proportion": "count({}) / count(*)",
    "column.standard_deviation": "stddev_samp({})",
    "column.sum": "sum({})",
    "column.unique_proportion": "coalesce(count(DISTINCT {0}) / nullif(count({0}), 0), 0)",
}

Domain = dict[str, Any]
Compute = Callable[[Any, Domain], Any]


def _sketch(engine: SamesetExecutionEngine, domain: Domain) -> TableSketch:
    source_of(engine, domain)  # refuses what is not a whole batch
    return engine.batch_data(domain).sketch


def _sketch_of_rows(engine: ExecutionEngine, domain: Domain) -> TableSketch:
    return sketch_table(source_of(engine, domain))


def _row_count(engine: SamesetExecutionEngine, domain: Domain) -> int:
    if domain.get("row_condition"):
        return int(engine.aggregate("count(*)", domain))
    return engine.batch_data(domain).row_count()


def _columns(engine: SamesetExecutionEngine, domain: Domain) -> list[str]:
    return list(engine.batch_data(domain).source.schema().names)


def _column_count(engine: SamesetExecutionEngine, domain: Domain) -> int:
    return len(_columns(engine, domain))


def _column_types(engine: SamesetExecutionEngine, domain: Domain) -> list[dict[str, str]]:
    schema = engine.batch_data(domain).source.schema()
    return [{"name": field.name, "type": str(field.type)} for field in schema]


def _aggregate(template: str, engine: SamesetExecutionEngine, domain: Domain) -> Any:
    return engine.aggregate(template, domain)


def _register(name: str, compute: Compute, engine: type[ExecutionEngine] = SamesetExecutionEngine, **more: Any) -> None:
    def value(cls: Any, execution_engine: Any, metric_domain_kwargs: Domain, **_: Any) -> Any:
        with noting():
            found = compute(execution_engine, metric_domain_kwargs)
        if name == SKETCH:
            keep_sketch(execution_engine, metric_domain_kwargs.get("batch_id"), found)
        return found

    provide(name, value, engine, **more)


_register(SKETCH, _sketch)
for _engine in (PandasExecutionEngine, SparkDFExecutionEngine, SqlAlchemyExecutionEngine):
    _register(SKETCH, _sketch_of_rows, _engine)
_register("table.row_count", _row_count)
_register("table.columns", _columns)
_register("table.column_count", _column_count)
# The keys are those of its provider for other engines: Great Expectations has one set of keys for a metric.
_register(
    "table.column_types", _column_types, value_keys=("include_nested",), default_kwarg_values={"include_nested": True}
)
for _name, _template in COLUMN_AGGREGATES.items():
    _register(_name, partial(_aggregate, _template), domain_keys=(*TableMetricProvider.domain_keys, "column"))
register_value_metrics()
refuse_other_metrics()
