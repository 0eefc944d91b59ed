"""The fields of our expectations: each takes a suite parameter in place of a value, and none a password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from great_expectations.compatibility import pydantic

from sameset.registry import without_password

__all__ = [
    "DECIDE_BY",
    "Parameter",
    "check_order",
    "checked_parameter",
    "decide_by_field",
    "is_share",
    "max_field",
    "min_field",
    "one_of",
    "reference_field",
    "registry_field",
    "said",
    "some_names",
    "without_secret",
]

Parameter = dict[str, Any]  #: {"$PARAMETER": name}, which a run replaces by its value
DECIDE_BY = ("interval", "estimate")


def reference_field() -> Any:
    """The field of what the table is compared with."""
    return pydantic.Field(description="A source, a sketch file, or NAME or NAME@SNAPSHOT of the registry.")


def registry_field() -> Any:
    """The field of the registry's address."""
    return pydantic.Field(
        None,
        description="The address of the registry, without a password; "
        "left out, it is that of the data source or else SAMESET_REGISTRY.",
    )


def min_field(what: str) -> Any:
    """The field of a lower bound."""
    return pydantic.Field(None, description=f"The least {what} that is accepted; any if left out.")


def max_field(what: str) -> Any:
    """The field of an upper bound."""
    return pydantic.Field(None, description=f"The largest {what} that is accepted; any if left out.")


def decide_by_field() -> Any:
    """The field that says what an estimate has to prove."""
    return pydantic.Field(
        "interval",
        description="interval: the whole 95 % interval must lie within the bounds, what may be beyond fails; "
        "estimate: the estimate alone decides.",
    )


def is_share(value: Any) -> Any:
    """The value, if it is a share, a suite parameter or nothing; ValueError otherwise."""
    if value is not None and not isinstance(value, dict) and not 0 <= value <= 1:
        raise ValueError(f"a share must be in 0 .. 1, not {value}")
    return value


def one_of(*words: str) -> Any:
    """What checks that a field is one of some words."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return value

    return check


def some_names(value: Any) -> Any:
    """The value, unless it is an empty list: that would ask for nothing."""
    if isinstance(value, list) and not value:
        raise ValueError("no name is given; name at least one, or leave the field out")
    return value


def checked_parameter(value: Any) -> Any:
    """The value, if it is no mapping or one that names a suite parameter; ValueError otherwise."""
    if isinstance(value, Mapping) and set(value) != {"$PARAMETER"}:
        raise ValueError('a field takes a value or a suite parameter, which is written {"$PARAMETER": "name"}')
    return value


def without_secret(value: Any) -> Any:
    """The field itself; ValueError if it holds a password, because suites and results store every field."""
    if isinstance(value, str) and without_password(value) != value:
        raise ValueError(
            "the address holds a password, which suites and results would store; "
            "give the registry to the data source as ${VARIABLE}, or set SAMESET_REGISTRY"
        )
    return value


def said(value: object) -> str:
    """A field as a sentence has it; one that a suite parameter will fill is called by that parameter."""
    if isinstance(value, dict):
        return f"(parameter {value.get('$PARAMETER', '?')})"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(value)


def check_order(cls: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The fields of a model, if `min_value` or `max_value` is given and the first is no larger; ValueError otherwise."""
    low, high = values["min_value"], values["max_value"]
    if low is None and high is None:
        raise ValueError("no bound is given; give min_value, max_value or both")
    numbers = [one for one in (low, high) if one is not None and not isinstance(one, dict)]
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        raise ValueError(f"min_value is {low:g}, more than max_value, which is {high:g}")
    return values
