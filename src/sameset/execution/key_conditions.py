"""A condition in SQL that the rows of some keys fulfil, so that a source need not hand out all others."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from sameset.sources.scan import quoted, text_literal

if TYPE_CHECKING:
    from sameset.canonical.keys import KeyValue

__all__ = ["MOST_KEYS", "condition_of"]

MOST_KEYS = (
    10_000  # their list takes 2 s of lineitem SF1 (6 million rows), a scan of all rows with their hashes takes longer
)


def condition_of(keys: Sequence[Mapping[str, KeyValue]], schema: pa.Schema) -> str | None:
    """A condition that holds for all rows of these keys, and perhaps for others; None if there is none that is safe to write.

    Each column is tested by itself, which is what lets a reader skip parts of a file by their minimum and maximum.
    """
    if not keys or len({name.lower() for name in schema.names}) < len(schema):
        return None
    parts = [_among(name, [key[name] for key in keys], schema.field(name).type) for name in keys[0]]
    return None if None in parts else " and ".join(part for part in parts if part)


def _among(name: str, values: Sequence[KeyValue], kind: pa.DataType) -> str | None:
    literal = _literal_of(kind)
    if literal is None:
        return None
    texts = [literal(value) for value in values if value is not None]
    if None in texts:
        return None
    told = sorted({text for text in texts if text})
    among = [f"{quoted(name)} in ({', '.join(told)})"] if told else []
    return "(" + " or ".join(among + ([f"{quoted(name)} is null"] if None in values else [])) + ")"


def _literal_of(kind: pa.DataType) -> Callable[[KeyValue], str | None] | None:
    """What writes the values of a type in SQL, or gives None for one that has no literal; None for types of which none has."""
    for test, write in _LITERALS:
        if test(kind):
            return write
    return None


def _number(value: KeyValue) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return f"{value!r}::double" if isinstance(value, float) and math.isfinite(value) else None


def _text(value: KeyValue) -> str | None:
    return text_literal(value) if isinstance(value, str) and "\0" not in value and "\ufffd" not in value else None


def _date(value: KeyValue) -> str | None:
    return f"date '{value.isoformat()}'" if type(value) is dt.date else None


def _timestamp(value: KeyValue) -> str | None:
    if not isinstance(value, dt.datetime):
        return None
    kind = "timestamp" if value.tzinfo is None else "timestamptz"
    return f"{kind} '{value.isoformat(' ')}'"


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view())


_LITERALS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[KeyValue], str | None]], ...] = (
    (lambda kind: pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind), _number),
    (_is_text, _text),
    (pa.types.is_date, _date),
    (pa.types.is_timestamp, _timestamp),
)
