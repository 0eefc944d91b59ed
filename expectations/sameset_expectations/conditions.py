"""Row conditions of Great Expectations -> SQL conditions of a source."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from great_expectations.expectations.row_conditions import (
    AndCondition,
    ComparisonCondition,
    Condition,
    NullityCondition,
    OrCondition,
    deserialize_row_condition,
)

from sameset.errors import SchemaError, SpecError
from sameset.sources.scan import text_literal

__all__ = ["condition_sql", "literal"]

COMPARISONS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
MEMBERSHIPS = {"IN": "IN", "NOT_IN": "NOT IN"}


def condition_sql(given: Condition | dict[str, Any] | str, identifiers: Mapping[str, str]) -> str:
    """The condition, an object or the JSON of one, in SQL; `identifiers` says how SQL calls each column.

    Raises SchemaError for a column that is not there, SpecError for a condition in the language of pandas or Spark.
    """
    condition = deserialize_row_condition(given)
    if isinstance(condition, ComparisonCondition):
        return _comparison(condition, identifiers)
    if isinstance(condition, NullityCondition):
        return f"{_column(condition, identifiers)} IS {'' if condition.is_null else 'NOT '}NULL"
    if isinstance(condition, AndCondition | OrCondition):
        word = " AND " if isinstance(condition, AndCondition) else " OR "
        return "(" + word.join(condition_sql(part, identifiers) for part in condition.conditions) + ")"
    raise SpecError(
        f"the row condition {condition!r} cannot be read; write it with Column of "
        "great_expectations.expectations.row_conditions, such as Column('price') > 0"
    )


def _comparison(condition: Any, identifiers: Mapping[str, str]) -> str:
    column, operator = _column(condition, identifiers), str(condition.operator)
    if operator in COMPARISONS:
        return f"{column} {COMPARISONS[operator]} {literal(condition.parameter)}"
    values = ", ".join(literal(value) for value in condition.parameter)
    if not values:  # SQL has no empty list
        return "true" if operator == "NOT_IN" else "false"
    return f"{column} {MEMBERSHIPS[operator]} ({values})"


def _column(condition: Any, identifiers: Mapping[str, str]) -> str:
    name = condition.column.name
    if name not in identifiers:
        raise SchemaError(f"the row condition {condition!r} asks for column {name!r}, which is not there")
    return identifiers[name]


def literal(value: Any) -> str:
    """A value as SQL writes it; SpecError for one that no column can be compared with."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f"'{value}'::DOUBLE"
    if isinstance(value, dt.datetime):
        return f"'{value.isoformat()}'::{'TIMESTAMP' if value.tzinfo is None else 'TIMESTAMPTZ'}"
    if isinstance(value, dt.date | dt.time):
        return f"'{value.isoformat()}'::{'DATE' if isinstance(value, dt.date) else 'TIME'}"
    if isinstance(value, str):
        return text_literal(value)
    raise SpecError(f"rows cannot be compared with a {type(value).__name__}; give a number, text, date or time")
