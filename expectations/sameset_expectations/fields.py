"""The fields of our expectations: each takes a suite parameter in place of a value, and none a password."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, get_args, get_origin

from great_expectations.compatibility import pydantic

from sameset.registry import without_password

__all__ = [
    "DECIDE_BY",
    "Parameter",
    "check_bounds",
    "check_order",
    "checked_kind",
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
LONGEST_SHOWN = 60  # signs of a value in an error


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


def decide_by_field(default: str = "interval") -> Any:
    """The field that says what an estimate has to prove."""
    return pydantic.Field(
        default,
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
    if isinstance(value, list) and len(set(value)) < len(value):
        twice = next(name for name in value if value.count(name) > 1)
        raise ValueError(f"{twice!r} is named twice; name each once")
    return value


def checked_parameter(value: Any) -> Any:
    """The value, if it is no mapping or one that names a suite parameter; ValueError otherwise."""
    if isinstance(value, Mapping) and (set(value) != {"$PARAMETER"} or not _as_text(value["$PARAMETER"])):
        raise ValueError('a field takes a value or a suite parameter, which is written {"$PARAMETER": "name"}')
    return value


def checked_kind(value: Any, field: Any) -> Any:
    """The value as its field takes it; ValueError if it is of another kind, such as true for a number or 3 for a text."""
    if value is None or isinstance(value, Mapping):
        return value
    asked = [get_origin(kind) or kind for kind in get_args(field.outer_type_)]
    for kind, (words, taken) in KINDS.items():
        if kind in asked:
            found = taken(value)
            if found is None:
                raise ValueError(f"{field.name} takes {words} or a suite parameter, not {_shown(value)}")
            return found
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _as_text(value: Any) -> str | None:
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    return path if isinstance(path, str) and path else None


def _as_names(value: Any) -> list[str] | None:
    if not isinstance(value, list | tuple):
        return None
    return list(value) if all(isinstance(name, str) for name in value) else None


def _as_flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


#: What fields take: words for it, and the value as it is kept, None if it is something else.
KINDS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    float: ("a finite number", _as_number),
    str: ("a text that is not empty", _as_text),
    list: ("a list of names", _as_names),
    bool: ("true or false", _as_flag),
}


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
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def check_order(values: Mapping[str, Any], low: str, high: str) -> None:
    """ValueError if the least number of two fields is more than the largest; suite parameters are not known yet."""
    found = [values[name] for name in (low, high)]
    if all(isinstance(one, float) for one in found) and found[0] > found[1]:
        raise ValueError(f"{low} is {found[0]:g}, more than {high}, which is {found[1]:g}")


def check_bounds(cls: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The fields of a model, if `min_value` or `max_value` is given and the first is no larger; ValueError otherwise."""
    if values["min_value"] is None and values["max_value"] is None:
        raise ValueError("no bound is given; give min_value, max_value or both")
    check_order(values, "min_value", "max_value")
    return values
