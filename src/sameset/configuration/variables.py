"""`${NAME}` in an address: the value comes from the environment of whoever checks, and nothing that is shown tells it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from sameset.errors import ConfigurationError, SamesetError

__all__ = ["expanded", "has_variables", "unspoken", "without_variables"]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
#: Where a password may stand, with a variable for it.
_SPARED = re.compile(r":\$\{\w+\}(?=@)|(?<=[?&;\s])[\w-]+\s*=\s*\$\{\w+\}&?")
SHORTEST = 3  # of a value that is taken out of a sentence: shorter ones are no secrets, and within any word


def has_variables(address: str) -> bool:
    """Whether the address names a variable."""
    return bool(_VARIABLE.search(address))


def without_variables(address: str) -> str:
    """The address without passwords that are variables, to see whether another one is left."""
    return re.sub(r"[?&](?=::|$)", "", _SPARED.sub("", address))


def expanded(address: str) -> str:
    """The address with the values of its variables; ConfigurationError if the environment lacks one.

    >>> expanded("orders/*.parquet")
    'orders/*.parquet'
    """
    return _VARIABLE.sub(_value, address)


def _value(match: re.Match[str]) -> str:
    value = os.environ.get(match[1], "")
    if not value:
        raise ConfigurationError(
            f"the environment has no {match[1]}, which an address names as ${{{match[1]}}}; set it where the check runs"
        )
    return value


@contextmanager
def unspoken(*addresses: str | None) -> Iterator[None]:
    """Within, a SamesetError says the variables of these addresses by their names, never by their values."""
    try:
        yield
    except SamesetError as error:
        error.args = (_hidden(str(error), addresses), *error.args[1:])
        raise


def _hidden(sentence: str, addresses: tuple[str | None, ...]) -> str:
    names = {match[1] for address in addresses if address for match in _VARIABLE.finditer(address)}
    values = {text: name for name in names for value in [os.environ.get(name, "")] for text in (value, unquote(value))}
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= SHORTEST:
            sentence = sentence.replace(value, f"${{{values[value]}}}")
    return sentence
