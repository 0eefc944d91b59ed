"""How a metric of ours becomes known: Great Expectations registers a provider when its class is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from great_expectations.execution_engine import ExecutionEngine
from great_expectations.expectations import registry
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from sameset_expectations.engine import SamesetExecutionEngine

__all__ = ["known_keys", "provide"]


def provide(
    name: str,
    value: Callable[..., Any],
    engine: type[ExecutionEngine] = SamesetExecutionEngine,
    prefix: str = "",
    **members: Any,
) -> None:
    """Makes a metric known to an engine, computed by `value`; its class is called as the metric is, behind the prefix."""
    made: Callable[..., Any] = metric_value(engine=engine)(value)
    title = prefix + name.title().replace(".", "").replace("_", "")
    members |= {"metric_name": name, "__module__": value.__module__, "_value": made}
    type(TableMetricProvider)(title, (TableMetricProvider,), members)


def known_keys(name: str) -> dict[str, Any]:
    """What the providers of a metric for other engines take: Great Expectations has one set of keys for a metric."""
    known = registry._registered_metrics[name]
    return {
        "domain_keys": known["metric_domain_keys"],
        "value_keys": known["metric_value_keys"],
        "default_kwarg_values": known["default_kwarg_values"],
    }
