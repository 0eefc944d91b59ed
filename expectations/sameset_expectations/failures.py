"""What kept an expectation from knowing: Great Expectations keeps only the text of an error, here the error itself survives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sameset.errors import SamesetError

__all__ = ["gathering", "noting"]

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
