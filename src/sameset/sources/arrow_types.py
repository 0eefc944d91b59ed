"""Arrow types from their names, as sketches store them: `decimal128(12, 2)` -> `pyarrow.decimal128(12, 2)`."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa

from sameset.errors import SchemaError

__all__ = ["parse_type"]

SIMPLE: dict[str, pa.DataType] = {
    str(type_): type_
    for type_ in (
        *(pa.null(), pa.bool_(), pa.float16(), pa.float32(), pa.float64()),
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()),
        *(pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
        *(maker(unit) for maker in (pa.timestamp, pa.duration) for unit in ("s", "ms", "us", "ns")),
        *(pa.month_day_nano_interval(), pa.uuid(), pa.json_(), pa.bool8()),
    )
}
DECIMALS = {
    "decimal32": pa.decimal32,
    "decimal64": pa.decimal64,
    "decimal128": pa.decimal128,
    "decimal256": pa.decimal256,
}
LISTS: dict[str, Callable[[pa.Field], pa.DataType]] = {
    "list": pa.list_,
    "large_list": pa.large_list,
    "list_view": pa.list_view,
    "large_list_view": pa.large_list_view,
}
LONGEST = 200  # what is quoted of a name
SIZED = re.compile(r"fixed_size_binary\[(\d+)\]")
DECIMAL = re.compile(r"(decimal\d+)\((\d+), (-?\d+)\)")
ZONED = re.compile(r"timestamp\[(s|ms|us|ns), tz=([^\]]+)\]")
NESTED = re.compile(r"(\w+)<(.*)>(?:\[(\d+)\])?", re.DOTALL)


def parse_type(text: str) -> pa.DataType:
    """The type whose `str()` is the text; SchemaError if it is none that is known."""
    try:
        type_ = _parsed(text)
    except (
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
        pa.ArrowException,
    ):  # the name may come from a hostile file
        type_ = None
    if type_ is None:
        raise SchemaError(f"{text[:LONGEST]!r} is no Arrow type that can be read from its name")
    return type_


def _parsed(text: str) -> pa.DataType | None:
    if text in SIMPLE:
        return SIMPLE[text]
    if match := SIZED.fullmatch(text):
        return pa.binary(int(match[1]))
    if (match := DECIMAL.fullmatch(text)) and match[1] in DECIMALS:
        return DECIMALS[match[1]](int(match[2]), int(match[3]))
    if match := ZONED.fullmatch(text):
        return pa.timestamp(match[1], match[2])
    match = NESTED.fullmatch(text)
    return _nested(match[1], _split(match[2]), match[3]) if match else None


def _nested(kind: str, parts: list[str], size: str | None) -> pa.DataType | None:
    if kind == "dictionary" and len(parts) == 3:
        values, indices, ordered = (part.partition("=")[2] for part in parts)
        return pa.dictionary(parse_type(indices), parse_type(values), ordered == "1")
    if kind == "run_end_encoded" and len(parts) == 2:
        ends, values = (part.partition(": ")[2] for part in parts)
        return pa.run_end_encoded(parse_type(ends), parse_type(values))
    if kind == "struct":
        return pa.struct([_field(part) for part in parts])
    if kind == "map" and len(parts) >= 2:
        return pa.map_(parse_type(parts[0]), parse_type(parts[1].split(" (", 1)[0]))
    if kind == "fixed_size_list" and size:
        return pa.list_(_field(parts[0]), int(size))
    return LISTS[kind](_field(parts[0])) if kind in LISTS and len(parts) == 1 else None


def _field(text: str) -> pa.Field:
    """A field from `name: type`; the name may hold the same signs, so the first split that leaves a type is meant."""
    nullable = not text.endswith(" not null")
    text = text.removesuffix(" not null")
    for match in re.finditer(": ", text):
        if (type_ := _parsed(text[match.end() :])) is not None:
            return pa.field(text[: match.start()], type_, nullable)
    raise SchemaError(f"{text[:LONGEST]!r} is no Arrow field that can be read from its name")


def _split(text: str) -> list[str]:
    """The parts of a list of types: cut at commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for i, sign in enumerate(text):
        depth += (sign in "<([") - (sign in ">)]")
        if sign == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 2
    return [*parts, text[start:]] if text else parts
