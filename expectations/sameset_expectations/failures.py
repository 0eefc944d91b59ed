"""What kept an expectation from knowing: Great Expectations keeps only the text of an error, here the error itself survives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from great_expectations.compatibility.pydantic import ValidationError

from sameset.errors import SamesetError

__all__ = ["first_line", "gathering", "noting", "reason_of"]

#: What Great Expectations means where an expectation of its own has no code for an execution engine.
NOT_EVALUATED = "Great Expectations does not evaluate this expectation on this kind of data source"

_gathered: ContextVar[list[SamesetError] | None] = ContextVar("sameset_failures", default=None)


@contextmanager
def noting() -> Iterator[None]:
    """Notes a SamesetError that leaves the block, for whoever is `gathering`, and lets it go on.

    In one line, for of several Great Expectations shows the first: a query in it has as many as its author liked.
    """
    try:
        yield
    except SamesetError as error:
        error.args = (" ".join(str(error).split()),)
        errors = _gathered.get()
        if errors is not None:
            errors.append(error)
        raise


@contextmanager
def gathering() -> Iterator[list[SamesetError]]:
    """The errors that were noted while the block ran, in their order."""
    errors: list[SamesetError] = []
    token = _gathered.set(errors)
    try:
        yield errors
    finally:
        _gathered.reset(token)


def reason_of(exception_info: dict[str, Any] | None) -> str | None:
    """Why an expectation could not be evaluated, in one line; None if it was.

    Great Expectations keeps one error for the expectation, or one for each metric that failed.
    """
    info = exception_info or {}
    for one in [info] if "raised_exception" in info else info.values():
        if one["raised_exception"]:
            told = _line(str(one["exception_message"])) or "no reason given"
            return NOT_EVALUATED if told == "Unable to build EVR" else told
    return None


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or what kind it is if it has none; of fields that are refused, the sentences."""
    if isinstance(error, ValidationError):
        return f"{error.model.__name__}: {'; '.join(map(_told, error.errors()))}"
    variable = getattr(error, "missing_config_variable", None)  # whose name Great Expectations does not tell
    if isinstance(variable, str):
        return f"the variable {variable} has no value; set it in the environment or in uncommitted/config_variables.yml"
    return _line(str(error)) or type(error).__name__


def _told(refused: dict[str, Any]) -> str:
    """Why a field is refused, and which one it is, where the reason does not name it."""
    name, line = str(refused["loc"][-1]), _line(str(refused["msg"]))
    return line if name == "__root__" or name in line else f"{name}: {line}"


def _line(text: str) -> str:
    """The first line of a text, and the next one where it ends in a colon: what it announces stands there."""
    first, *more = [line.strip() for line in text.strip().splitlines() if line.strip()] or [""]
    return f"{first} {more[0]}" if first.endswith(":") and more else first
