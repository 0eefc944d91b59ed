"""The columns of a file of differing rows: a type for each that holds the values of both sides and that the file can keep."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sameset.canonical.columns import decode
from sameset.comparison.result import json_value
from sameset.errors import SchemaError
from sameset.execution.rows import plain_value
from sameset.sources.arrow_types import parse_type

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from sameset.canonical.keys import KeyValue
    from sameset.sketches.table import TableSketch

__all__ = ["Unfit", "as_text", "conformed", "is_flat", "key_rows", "line_schema", "plain_schema", "typed", "types_of"]


class Unfit(Exception):  # noqa: N818 - no error: the column is written as text then
    """A value of one side has no place in the type that suits the columns of both."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def types_of(table: TableSketch, names: Container[str]) -> pa.Schema:
    """Some columns of a table that is not at hand, by the names of their types; text where these say nothing."""
    return pa.schema([(column.name, _parsed(column.type)) for column in table.schema if column.name in names])


def _parsed(name: str) -> pa.DataType:
    try:
        return parse_type(name)
    except SchemaError:
        return pa.string()


def line_schema(sides: Sequence[pa.Schema], texts: Container[str]) -> pa.Schema:
    """The columns of the sides in the order of the first, each in a type for all; `texts` as text, and what has no such type.

    Extension types stay where all sides have them.
    """
    names = dict.fromkeys(name for schema in sides for name in schema.names)
    return pa.schema(
        [
            (name, pa.string() if name in texts else _common([s.field(name).type for s in sides if name in s.names]))
            for name in names
        ]
    )


def _common(kinds: Sequence[pa.DataType]) -> pa.DataType:
    plain = list(dict.fromkeys(map(_plain, kinds)))
    kind = plain[0] if len(plain) == 1 else _unified(plain)
    if len(set(kinds)) == 1 and isinstance(kinds[0], pa.BaseExtensionType) and _has_place(kinds[0]):
        return kinds[0]
    return kind if _has_place(kind) else pa.string()


def _unified(kinds: Sequence[pa.DataType]) -> pa.DataType:
    zones = {kind.tz: None for kind in kinds if pa.types.is_timestamp(kind) and kind.tz}
    if zones:  # one instant in any zone
        kinds = [pa.timestamp(kind.unit, next(iter(zones))) if getattr(kind, "tz", None) else kind for kind in kinds]
    try:
        fields = [pa.schema([("x", kind)]) for kind in kinds]
        return pa.unify_schemas(fields, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return pa.string()


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values themselves: without dictionary, runs, view or extension."""
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(kind.storage_type)
    if pa.types.is_run_end_encoded(kind) or pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    return _PLAIN_VIEWS.get(kind, kind)


_PLAIN_VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


@cache
def _has_place(kind: pa.DataType) -> bool:
    """Whether Parquet has a place for it."""
    import pyarrow.parquet as pq

    try:
        pq.write_table(pa.schema([("x", kind)]).empty_table(), io.BytesIO())
    except (pa.ArrowException, NotImplementedError):
        return False
    return True


def conformed(array: pa.Array, field: pa.Field) -> pa.Array:
    """The values in the plain type of a field; Unfit if it has no place for one of them."""
    values, kind = decode(array), _plain(field.type)
    if values.type == kind:
        return values
    if pa.types.is_string(kind) and not _is_text(values.type):
        return as_text(array)
    try:
        return values.cast(kind)
    except (pa.ArrowException, NotImplementedError) as error:
        raise Unfit(field.name) from error


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The same columns with the types of the values themselves, as `conformed` gives them."""
    return pa.schema([(field.name, _plain(field.type)) for field in schema])


def typed(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Plain values in the type of the file."""
    if not isinstance(kind, pa.BaseExtensionType):
        return column
    return pa.chunked_array([pa.ExtensionArray.from_storage(kind, chunk) for chunk in column.chunks], kind)


def key_rows(keys: Sequence[Mapping[str, KeyValue]], schema: pa.Schema) -> pa.Table:
    """Rows of which the key alone is known; Unfit if it has no place in the type of its column."""
    names = {name for key in keys[:1] for name in key}
    return pa.table(
        [
            _of_keys([key[field.name] for key in keys], field)
            if field.name in names
            else pa.nulls(len(keys), field.type)
            for field in schema
        ],
        schema=schema,
    )


def _of_keys(values: list[KeyValue], field: pa.Field) -> pa.Array:
    if pa.types.is_string(field.type):
        return pa.array([_text(value) for value in values], pa.string())
    try:
        return pa.array(values, field.type)
    except (pa.ArrowException, ValueError, OverflowError, TypeError):
        return conformed(pa.array([_text(value) for value in values], pa.string()), field)


def is_flat(kind: pa.DataType) -> bool:
    """Whether CSV has words for it."""
    nested = pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType)
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return not (nested or binary)


def as_text(array: pa.Array) -> pa.Array:
    """The values as text: as JSON has them, what is no text there in its notation."""
    return pa.array([_text(plain_value(scalar)) for scalar in array], pa.string())


def _text(value: Any) -> str | None:
    plain = json_value(value)
    return plain if plain is None or isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
