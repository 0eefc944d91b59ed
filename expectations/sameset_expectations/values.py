"""Core expectations about single values on our data source: DuckDB counts the values that break them, in flat memory.

Of these values the smallest are shown, at most MOST_SHOWN, whatever result format is asked for; there is no list of the rows.
A null breaks none but the one that forbids nulls; NaN is a value, as in SQL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sameset.errors import SpecError
from sameset_expectations.conditions import literal
from sameset_expectations.engine import SamesetExecutionEngine
from sameset_expectations.failures import noting
from sameset_expectations.providers import known_keys, provide

__all__ = ["register_value_metrics"]

MOST_SHOWN = 200
SHOWN = 20
PLAIN = (bool, int, float, str, Decimal, dt.date, dt.time, type(None))

Fields = Mapping[str, Any]


def _text(value: Any) -> str:
    """A literal of SQL, within a template of `str.format`."""
    return literal(value).replace("{", "{{").replace("}", "}}")


def _within(left: str, fields: Fields) -> str:
    """The condition that a number keeps its bounds."""
    low, high = fields.get("min_value"), fields.get("max_value")
    parts = [] if low is None else [f"{left} >{'' if fields.get('strict_min') else '='} {_text(low)}"]
    parts += [] if high is None else [f"{left} <{'' if fields.get('strict_max') else '='} {_text(high)}"]
    return _all(parts)


def _in(values: Iterable[Any]) -> str:
    listed = ", ".join(_text(value) for value in values if value is not None)
    return f"{{0}} IN ({listed})" if listed else "false"


def _all(parts: Iterable[str]) -> str:
    return " AND ".join(f"({part})" for part in parts) or "true"


def _any(parts: Iterable[str]) -> str:
    return " OR ".join(f"({part})" for part in parts) or "false"


def _regex(pattern: str) -> str:
    return f"regexp_matches({{0}}, {_text(pattern)})"


def _like(pattern: str) -> str:
    return f"{{0}} LIKE {_text(pattern)}"


def _listed(single: Callable[[str], str], name: str, fields: Fields) -> str:
    """The condition that a value matches any of several patterns, or all."""
    return (_all if fields.get("match_on") == "all" else _any)(map(single, fields[name]))


#: For each metric the condition in SQL that a value has to meet; {0} is the column.
CONDITIONS: dict[str, Callable[[Fields], str]] = {
    "column_values.between": lambda fields: _within("{0}", fields),
    "column_values.in_set": lambda fields: _in(fields["value_set"]),
    "column_values.not_in_set": lambda fields: f"NOT ({_in(fields['value_set'])})",
    "column_values.value_length.between": lambda fields: _within("length({0})", fields),
    "column_values.value_length.equals": lambda fields: f"length({{0}}) = {_text(fields['value'])}",
    "column_values.match_regex": lambda fields: _regex(fields["regex"]),
    "column_values.not_match_regex": lambda fields: f"NOT {_regex(fields['regex'])}",
    "column_values.match_regex_list": lambda fields: _listed(_regex, "regex_list", fields),
    "column_values.not_match_regex_list": lambda fields: f"NOT ({_any(map(_regex, fields['regex_list']))})",
    "column_values.match_like_pattern": lambda fields: _like(fields["like_pattern"]),
    "column_values.not_match_like_pattern": lambda fields: f"NOT ({_like(fields['like_pattern'])})",
    "column_values.match_like_pattern_list": lambda fields: _listed(_like, "like_pattern_list", fields),
    "column_values.not_match_like_pattern_list": lambda fields: (
        f"NOT ({_any(map(_like, fields['like_pattern_list']))})"
    ),
}


def _unexpected(metric: str, fields: Fields) -> str:
    """The condition in SQL of values that break an expectation."""
    if metric == "column_values.nonnull":
        return "{0} IS NULL"
    if metric == "column_values.null":
        return "{0} IS NOT NULL"
    if any(isinstance(value, dict) and set(value) == {"$PARAMETER"} for value in fields.values()):
        raise SpecError("a suite parameter of this expectation has no value; give one to the run")
    return f"{{0}} IS NOT NULL AND NOT ({CONDITIONS[metric](fields)})"


def _count(metric: str, engine: SamesetExecutionEngine, domain: Fields, fields: Fields) -> int:
    return int(engine.aggregate(f"count(*) FILTER (WHERE {_unexpected(metric, fields)})", domain))


def _values(metric: str, engine: SamesetExecutionEngine, domain: Fields, fields: Fields) -> list[Any]:
    if metric == "column_values.nonnull":
        return []
    asked = (fields.get("result_format") or {}).get("partial_unexpected_count", SHOWN)
    if not asked:
        return []
    found = engine.aggregate(
        f"min({{0}}, {min(int(asked), MOST_SHOWN)}) FILTER (WHERE {_unexpected(metric, fields)})", domain
    )
    return [value if isinstance(value, PLAIN) else str(value) for value in found or []]


def _nothing(metric: str, engine: SamesetExecutionEngine, domain: Fields, fields: Fields) -> None:
    """Rows have no index here."""


PARTS = {
    "unexpected_count": _count,
    "unexpected_values": _values,
    "unexpected_index_list": _nothing,
    "unexpected_index_query": _nothing,
}


def register_value_metrics() -> None:
    """Makes the metrics known that the expectations about single values ask for."""
    for metric in ("column_values.nonnull", "column_values.null", *CONDITIONS):
        for part, compute in PARTS.items():
            _register(metric, f"{metric}.{part}", compute)


def _register(metric: str, name: str, compute: Callable[..., Any]) -> None:
    def value(
        cls: Any,
        execution_engine: SamesetExecutionEngine,
        metric_domain_kwargs: Fields,
        metric_value_kwargs: Fields,
        **_: Any,
    ) -> Any:
        with noting():
            return compute(metric, execution_engine, metric_domain_kwargs, metric_value_kwargs)

    provide(name, value, **known_keys(name))
