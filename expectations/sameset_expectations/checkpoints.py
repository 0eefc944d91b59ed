"""Runs of stored checkpoints that fail closed: what was dropped, or could not be evaluated, is never a success.

    run = se.run_checkpoint(se.get_context("quality"), "nightly")
    print(run.outcome, run.sentence)

What keeps a run from beginning (an unknown expectation, a suite parameter without a value, no expectations at all) is raised.
An expectation that could not be evaluated does not hide the others: the run goes on, Data Docs show which one and why, the
actions of the checkpoint learn of a failure, and the outcome is `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from great_expectations.checkpoint import UpdateDataDocsAction
from great_expectations.core import RunIdentifier

from sameset.comparison.sentences import count_of
from sameset.errors import SamesetError, SpecError
from sameset_expectations.contexts import expect_whole, stored_expectations
from sameset_expectations.docs import finish_pages
from sameset_expectations.failures import first_line, reason_of
from sameset_expectations.recording import recorded_as
from sameset_expectations.rendering import shorten

if TYPE_CHECKING:
    from great_expectations import Checkpoint
    from great_expectations.checkpoint.checkpoint import CheckpointResult
    from great_expectations.core import ExpectationSuite
    from great_expectations.data_context import AbstractDataContext

__all__ = ["SCHEMA_VERSION", "CheckpointRun", "Unmet", "run_checkpoint"]

#: Of the JSON of a run.
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Unmet:
    """An expectation that failed, or of which nobody can say whether it is met."""

    suite: str
    expectation: str  #: its type, such as expect_table_to_match
    severity: str  #: critical, warning or info
    reason: str | None  #: why it could not be evaluated; None if it was, and failed

    @property
    def sentence(self) -> str:
        """Which one it is, and why."""
        told = "failed" if self.reason is None else f"could not be evaluated: {self.reason}"
        return f"{self.expectation} of suite {self.suite!r} ({self.severity}) {told}"


@dataclass(frozen=True)
class CheckpointRun:
    """What a checkpoint found; `success` only if every expectation that is stored was evaluated and met."""

    name: str
    run_name: str | None
    run_time: datetime
    evaluated: int
    unmet: tuple[Unmet, ...]
    result: CheckpointResult  #: as Great Expectations has it
    docs: str | None  #: where the index page of Data Docs is, if the checkpoint updates them

    @property
    def failed(self) -> tuple[Unmet, ...]:
        """The expectations that were evaluated and failed."""
        return tuple(one for one in self.unmet if one.reason is None)

    @property
    def unknown(self) -> tuple[Unmet, ...]:
        """The expectations that could not be evaluated."""
        return tuple(one for one in self.unmet if one.reason is not None)

    @property
    def success(self) -> bool:
        """Whether all expectations were evaluated and met."""
        return not self.unmet

    @property
    def outcome(self) -> str:
        """`success`, `failure`, or `unknown` if any expectation could not be evaluated."""
        return "unknown" if self.unknown else "failure" if self.failed else "success"

    @property
    def sentence(self) -> str:
        """The outcome in one sentence, with the first expectation that is not met."""
        told = f"checkpoint {self.name!r}: {self.evaluated - len(self.unmet)} of {self.evaluated} expectations met"
        grave = [*self.unknown, *self.failed]
        if not grave:
            return told
        more = f" (and {count_of(len(grave) - 1, 'other')})" if grave[1:] else ""
        return f"{told}; {grave[0].sentence}{more}"

    def to_json(self) -> dict[str, Any]:
        """The run as JSON: its outcome, and every validation as Great Expectations writes it, long texts cut."""
        results = [shorten(result.to_json_dict()) for result in self.result.run_results.values()]
        return {
            "schema_version": SCHEMA_VERSION,
            "checkpoint": self.name,
            "outcome": self.outcome,
            "sentence": self.sentence,
            "run_name": self.run_name,
            "run_time": self.run_time.isoformat(),
            "docs": self.docs,
            "validations": results,
        }


def run_checkpoint(
    context: AbstractDataContext,
    checkpoint: Checkpoint | str,
    *,
    batch_parameters: Mapping[str, Any] | None = None,
    expectation_parameters: Mapping[str, Any] | None = None,
    run_id: str | None = None,
) -> CheckpointRun:
    """The run of a checkpoint, stored or given, with its actions; every expectation that its suites store is accounted for.

    `run_id` names the run of whoever calls: `RecordInRegistryAction` records one run once, also if it is tried again.
    Raises SamesetError if the run cannot begin or end: no such checkpoint, nothing to evaluate, an expectation that is
    unknown in this process, a parameter that is missing, a batch that cannot be found, an action that fails.
    """
    chosen = _stored(context, checkpoint) if isinstance(checkpoint, str) else checkpoint
    parameters = dict(expectation_parameters or {})
    _expect_ready(context, chosen, parameters)
    now = datetime.now(UTC)
    try:
        with recorded_as(run_id):
            result = chosen.run(
                batch_parameters=dict(batch_parameters or {}),
                expectation_parameters=parameters,
                run_id=RunIdentifier(run_name=run_id, run_time=now),
            )
    except SamesetError:
        raise
    except Exception as error:  # whatever data sources, stores and actions raise
        raise SamesetError(f"checkpoint {chosen.name!r} could not be run: {first_line(error)}") from error
    _expect_evaluated(context, chosen, result)
    evaluated = sum(len(one.results) for one in result.run_results.values())
    return CheckpointRun(
        chosen.name, run_id, now, evaluated, tuple(_unmet(result)), result, _docs(context, chosen, result)
    )


def _stored(context: AbstractDataContext, name: str) -> Checkpoint:
    known = [key.to_tuple()[-1] for key in context.checkpoint_store.list_keys()]
    if name not in known:
        told = f"it has {', '.join(sorted(known))}" if known else "it has none"
        raise SamesetError(f"there is no checkpoint {name!r} in this Great Expectations project; {told}")
    try:
        return context.checkpoints.get(name)
    except Exception as error:  # whatever its stores raise for what it is made of
        raise SamesetError(f"checkpoint {name!r} cannot be loaded: {first_line(error)}") from error


def _expect_ready(context: AbstractDataContext, checkpoint: Checkpoint, parameters: Mapping[str, Any]) -> None:
    """Nothing, if the checkpoint has something to evaluate, and has all that is needed for it."""
    if not checkpoint.validation_definitions:
        raise SpecError(
            f"checkpoint {checkpoint.name!r} has no validation definitions, so there is nothing to evaluate"
        )
    for definition in checkpoint.validation_definitions:
        suite = definition.suite
        expect_whole(context, suite)
        if not suite.expectations:
            raise SpecError(
                f"suite {suite.name!r} of checkpoint {checkpoint.name!r} holds no expectations; it proves nothing"
            )
        missing = sorted(set(_parameters_of(suite)) - set(parameters))
        if missing:
            raise SpecError(f"suite {suite.name!r} needs the parameter {missing[0]!r}, which was not given")


def _parameters_of(suite: ExpectationSuite) -> Iterator[str]:
    """The names of suite parameters that somebody has to give; expressions such as `now()` speak for themselves."""
    for one in suite.expectation_configurations:
        for value in one.kwargs.values():
            name = value.get("$PARAMETER") if isinstance(value, dict) else None
            if isinstance(name, str) and re.fullmatch(r"[A-Za-z_]\w*", name) and name not in suite.suite_parameters:
                yield name


def _unmet(result: CheckpointResult) -> Iterator[Unmet]:
    for validation in result.run_results.values():
        for one in validation.results:
            reason = reason_of(one.exception_info)
            if reason is not None or not one.success:
                config = one.expectation_config
                yield Unmet(validation.suite_name, config.type, _severity(config), reason)


def _severity(config: Any) -> str:
    found = getattr(config, "severity", None) or "critical"
    return str(getattr(found, "value", found))


def _expect_evaluated(context: AbstractDataContext, checkpoint: Checkpoint, result: CheckpointResult) -> None:
    """Nothing, if as many expectations were evaluated as the suites store by now; somebody may have changed one meanwhile."""
    if len(result.run_results) != len(checkpoint.validation_definitions):
        raise SamesetError(
            f"checkpoint {checkpoint.name!r} has {len(checkpoint.validation_definitions)} validation definitions, but "
            f"{len(result.run_results)} were run; two of them may be the same"
        )
    for validation in result.run_results.values():
        stored = stored_expectations(context, validation.suite_name)
        evaluated = [one.expectation_config.type for one in validation.results]
        if stored is not None and sorted(stored) != sorted(evaluated):
            raise SamesetError(
                f"suite {validation.suite_name!r} was changed while it was evaluated: it stores {len(stored)} expectations by "
                f"now, {len(evaluated)} were evaluated; run the checkpoint again"
            )


def _docs(context: AbstractDataContext, checkpoint: Checkpoint, result: CheckpointResult) -> str | None:
    """The index page of Data Docs, after the new pages were finished; None if the checkpoint makes none."""
    if not any(isinstance(action, UpdateDataDocsAction) for action in checkpoint.actions):
        return None
    sites = [site["site_url"] for site in context.get_docs_sites_urls() if site["site_url"]]
    for site in sites:
        finish_pages(site, result.run_id.run_time.timestamp())
    return str(sites[0]) if sites else None
