"""Metrics of Great Expectations that our data source does not have: each says so in one sentence.

Without this Great Expectations says "No provider found for column_values.nonnull.unexpected_count using ..." to somebody who
asked for an expectation and never heard of metrics.
"""

from __future__ import annotations

from typing import Any, NoReturn

from great_expectations.core.metric_function_types import MetricPartialFunctionTypeSuffixes
from great_expectations.expectations import registry

from sameset.errors import SpecError
from sameset_expectations.engine import SamesetExecutionEngine
from sameset_expectations.failures import noting
from sameset_expectations.providers import known_keys, provide

__all__ = ["refuse_other_metrics"]

#: Last words of the names of metrics that are steps of others; if there are any, Great Expectations takes these steps.
PARTS = {suffix.value for suffix in MetricPartialFunctionTypeSuffixes}


def refuse_other_metrics() -> None:
    """Makes every metric known so far that has no provider for our engine one that says so."""
    ours = SamesetExecutionEngine.__name__
    for name, known in list(registry._registered_metrics.items()):
        if ours not in known["providers"] and name.rpartition(".")[2] not in PARTS:
            _refuse(name)


def _refuse(name: str) -> None:
    def value(cls: Any, **_: Any) -> NoReturn:
        with noting():
            raise SpecError(
                f"the sameset data source does not evaluate this expectation, it has no metric {name}; "
                "give it to a pandas, SQL or Spark data source (docs/core-expectations.md)"
            )

    provide(name, value, prefix="No", **known_keys(name))
