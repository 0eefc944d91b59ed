"""What is recorded of a validation: the sketch that it computed, its verdict and its result, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sameset.errors import SpecError
from sameset.execution.checking import Arrival, record_check
from sameset.registry import Registry, check_name
from sameset.registry.entries import MAX_VALIDATION
from sameset_expectations.contexts import expect_whole
from sameset_expectations.engine import SamesetExecutionEngine
from sameset_expectations.failures import reason_of
from sameset_expectations.kept import has_batch, sketch_of
from sameset_expectations.metrics import SKETCH
from sameset_expectations.rendering import shorten

if TYPE_CHECKING:
    from great_expectations.checkpoint.checkpoint import CheckpointResult
    from great_expectations.core import ValidationDefinition
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.data_context import AbstractDataContext

    from sameset.execution.checking import Check

__all__ = ["Validated", "context_of", "objection_to", "record", "recorded_as", "validated_batches"]

MOST_UNMET = 500  # at up to 6 kB each

_run: ContextVar[str | None] = ContextVar("sameset_run", default=None)


@contextmanager
def recorded_as(run_id: str | None) -> Iterator[None]:
    """Recording within the block is that of the run of this name; recording a run twice is one record."""
    token = _run.set(run_id)
    try:
        yield
    finally:
        _run.reset(token)


def context_of(definition: ValidationDefinition) -> Any:
    """The project that a validation definition belongs to; actions know it by themselves only since Great Expectations 1.24."""
    return definition.data_source.data_context


@dataclass(frozen=True)
class Validated:
    """A batch that a checkpoint validated, by one suite or several."""

    dataset: str
    definition: ValidationDefinition
    results: tuple[ExpectationSuiteValidationResult, ...]

    @property
    def engine(self) -> Any:
        """The engine that has the batch."""
        engine = self.definition.data_source.get_execution_engine()
        return engine if has_batch(engine, self.batch_id) else self._loaded_again()

    def _loaded_again(self) -> Any:
        """An engine that has it: earlier versions of Great Expectations (1.9) make a new one for SQL whenever they are asked."""
        told = self.results[0].meta.get("active_batch_definition", {})
        batch = self.definition.data.get_batch(batch_parameters=dict(told.get("batch_identifiers", {})) or None)
        engine = batch.data.execution_engine
        engine.batch_manager.load_batch_list([batch])
        return engine

    @property
    def context(self) -> Any:
        """The project that it belongs to."""
        return context_of(self.definition)

    @property
    def batch_id(self) -> str | None:
        """Under which name the engine has it."""
        found: str | None = self.results[0].batch_id
        return found

    def arrival(self) -> Arrival:
        """What is recorded of it, without reading its rows again where an expectation asked for their sketch."""
        engine = self.engine
        sketch = sketch_of(engine, self.batch_id, SKETCH)
        if not isinstance(engine, SamesetExecutionEngine):
            place = f"{self.definition.data_source.name}/{self.definition.asset.name}"
            return Arrival(self.dataset, sketch, f"great_expectations://{place}")
        batch = engine.batch_data({"batch_id": self.batch_id})
        return Arrival(self.dataset, sketch, batch.source.address, batch.source)

    def result(self, origin: Mapping[str, Any]) -> str:
        """The validation as JSON that the registry takes: of several suites their results together; `origin` is in its `meta`.

        Of very many results those that are not met stay, and at last their counts alone.
        """
        first, *more = [shorten(one.to_json_dict()) for one in self.results]
        for other in more:
            first["results"] += other["results"]
            first["success"] = first["success"] and other["success"]
            first["suite_name"] += f", {other['suite_name']}"
        first["statistics"] = _statistics(first["results"])
        first["meta"] |= origin
        unmet = [one for one in first["results"] if not one["success"]]
        for kept in (first["results"], unmet, unmet[:MOST_UNMET], []):
            text = json.dumps(first | {"results": kept})
            if len(text) <= MAX_VALIDATION:
                break
        return text


def _statistics(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of results, under the names that Great Expectations has for them."""
    met, total = sum(bool(one["success"]) for one in results), len(results)
    return {
        "evaluated_expectations": total,
        "successful_expectations": met,
        "unsuccessful_expectations": total - met,
        "success_percent": 100 * met / total if total else None,
    }


def validated_batches(
    checkpoint_result: CheckpointResult, context: AbstractDataContext, names: dict[str, str]
) -> list[Validated]:
    """The batches that a checkpoint validated, each once; `names` says what dataset an asset is, if not that of its name.

    Raises SamesetError if an expectation was dropped from a suite, and SpecError if two batches would be one dataset.
    """
    definitions = {one.id: one for one in checkpoint_result.checkpoint_config.validation_definitions}
    found: dict[str, Validated] = {}
    for result in checkpoint_result.run_results.values():
        definition = definitions[result.meta["validation_id"]]
        expect_whole(context, definition.suite)
        asset = definition.asset.name
        name = check_name(names.get(asset, asset))
        known = found.get(name)
        if known and known.batch_id != result.batch_id:
            raise SpecError(
                f"two batches of one checkpoint cannot both be dataset {name!r}; give `datasets` a name for each"
            )
        found[name] = Validated(name, definition, ((known.results if known else ()) + (result,)))
    return list(found.values())


def objection_to(results: Sequence[ExpectationSuiteValidationResult], forgiven: Sequence[str]) -> str | None:
    """Why a delivery of these results must not become what the next one is compared with; None if it may.

    `forgiven` are the severities of expectations that may fail; one that could not be evaluated is never forgiven.
    """
    for result in results:
        if not result.results:
            return f"suite {result.suite_name!r} evaluated nothing"
        for one in result.results:
            kind, severity = one.expectation_config.type, one.expectation_config.severity
            reason = reason_of(one.exception_info)
            if reason is not None:
                return f"{kind} could not be evaluated: {reason}"
            if not one.success and str(getattr(severity, "value", severity)) not in forgiven:
                return f"{kind} ({getattr(severity, 'value', severity)}) failed"
    return None


def record(validated: Validated, registry: str, run: str, origin: Mapping[str, Any]) -> Check:
    """The check of a validated batch, recorded; a run of the same name is recorded once for each dataset."""
    with Registry.open(registry) as opened:
        run_id = f"{_run.get() or run}/{validated.dataset}"
        return record_check(opened, validated.arrival(), run_id=run_id, validation=validated.result(origin))
