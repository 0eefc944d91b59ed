"""Contexts and runs that fail closed: nothing is dropped in silence, and what could not be known is raised."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import great_expectations as gx

from sameset.errors import SamesetError, SpecError
from sameset_expectations.failures import first_line, gathering, reason_of
from sameset_expectations.runtime import load_runtime_datasources

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.data_context import AbstractDataContext

__all__ = ["evaluate", "expect_whole", "get_context", "get_suite", "stored_expectations"]


def get_context(folder: str | Path | None = None) -> AbstractDataContext:
    """The Great Expectations project in a folder, created if there is none, or one in memory; without progress bars.

    `folder` holds the project's `gx` folder, or is that folder itself. To come here our expectations, metrics and data
    source were imported: in a process without them Great Expectations drops them from suites in silence.
    Raises SamesetError if the project cannot be opened.
    """
    try:
        context = gx.get_context(mode="ephemeral") if folder is None else _file_context(Path(folder))
    except Exception as error:  # whatever its readers of YAML and of plug-ins raise
        place = "in memory" if folder is None else f"in {folder}"
        raise SamesetError(f"the Great Expectations project {place} cannot be opened: {first_line(error)}") from error
    context.variables.progress_bars = {"globally": False}
    load_runtime_datasources(context)
    return context


def _file_context(folder: Path) -> AbstractDataContext:
    if (folder / "great_expectations.yml").exists():
        return gx.get_context(mode="file", context_root_dir=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    return gx.get_context(mode="file", project_root_dir=str(folder))


def get_suite(context: AbstractDataContext, name: str) -> ExpectationSuite:
    """The stored suite with all of its expectations.

    Raises SamesetError if there is none, and if one of its expectations is unknown in this process: Great Expectations
    would leave it out, and saving the suite would erase it.
    """
    if stored_expectations(context, name) is None:
        raise SamesetError(f"there is no expectation suite {name!r} in this Great Expectations project")
    suite = context.suites.get(name)
    expect_whole(context, suite)
    return suite


def stored_expectations(context: AbstractDataContext, suite: str) -> list[str] | None:
    """The types of the expectations that a suite has in the store, whether they are known here or not; None if it is not stored."""
    store = context.expectations_store
    key = store.get_key(name=suite, id=None)
    return [one["type"] for one in store.get(key)["expectations"]] if store.has_key(key) else None


def expect_whole(context: AbstractDataContext, suite: ExpectationSuite) -> None:
    """Nothing, if a suite holds all expectations that the store has of it; otherwise a SamesetError."""
    stored = stored_expectations(context, suite.name) or []
    loaded = [one.expectation_type for one in suite.expectations]
    lost = list((Counter(stored) - Counter(loaded)).elements())
    if lost:
        raise SamesetError(
            f"suite {suite.name!r} stores {len(stored)} expectations, but only {len(loaded)} could be loaded: "
            f"{', '.join(sorted(set(lost)))} is unknown here; import the package that defines it first"
        )


def evaluate(
    batch_definition: BatchDefinition,
    suite: ExpectationSuite,
    *,
    batch_parameters: dict[str, Any] | None = None,
    expectation_parameters: dict[str, Any] | None = None,
) -> ExpectationSuiteValidationResult:
    """The result of all expectations of a suite; ones that fail are a result.

    Raises SamesetError, the original one where it is ours, if any expectation could not be evaluated or was left out.
    """
    from great_expectations.validator.v1_validator import Validator

    expected = len(suite.expectations)
    if not expected:
        raise SpecError(f"suite {suite.name!r} holds no expectations, so there is nothing to evaluate")
    with gathering() as errors:
        try:
            validator = Validator(batch_definition, batch_parameters=batch_parameters)
            result = validator.validate_expectation_suite(suite, expectation_parameters)
        except SamesetError:
            raise
        except Exception as error:  # such as a suite parameter without a value
            raise SamesetError(f"suite {suite.name!r} could not be evaluated: {first_line(error)}") from error
    if errors:
        raise errors[0]
    for one in result.results:
        _raise_failure(one)
    if len(result.results) != expected:
        raise SamesetError(
            f"suite {suite.name!r} has {expected} expectations, but {len(result.results)} were evaluated"
        )
    return result


def _raise_failure(result: Any) -> None:
    """Nothing, if the expectation was evaluated."""
    reason = reason_of(result.exception_info)
    if reason is not None:
        raise SamesetError(f"{result.expectation_config.type} could not be evaluated: {reason}")
