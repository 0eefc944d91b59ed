"""The types of PostgreSQL: the SQL that delivers a column, and what becomes of its values when they arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sameset.errors import SourceError
from sameset.sources.scan import quoted, refuse_repeated

__all__ = ["Column", "columns_of", "restored"]

#: What the stream has no type for, or one that is wrong: delivered as another type.
CASTS = {"oid": "bigint", "xml": "text", "name": "text", "char": "text", "citext": "text"}
#: Arrow types that the stream gives to values which they cannot hold, or that depend on the server's settings.
REFUSED = {"money"}
#: 4713 BC, the first day that PostgreSQL has; what it calls infinite arrives as a number below.
FIRST_DAY = -2_440_588
FIRST_MICROSECOND = FIRST_DAY * 86_400_000_000
MOST_DIGITS = 76
FINITE = "{x}::text NOT IN ('NaN', 'Infinity', '-Infinity')"
MEASURES = (
    f"max(CASE WHEN {FINITE} THEN 0 ELSE 1 END) FILTER (WHERE {{x}} IS NOT NULL)",
    f"max(length(trunc(abs({{x}}))::text)) FILTER (WHERE {FINITE})",
    f"max(scale(trim_scale({{x}}))) FILTER (WHERE {FINITE})",
    f"max(length(trim(both '0' from replace(abs({{x}})::text, '.', '')))) FILTER (WHERE {FINITE})",
)


@dataclass(frozen=True)
class Column:
    """One column: its name, the SQL that delivers it, the Arrow type that it has in the end."""

    name: str
    delivery: str
    type: pa.DataType
    #: Of a numeric, the decimal that it is declared as.
    declared: pa.DataType | None = None


def columns_of(cursor: Any, relation: str, address: str) -> tuple[Column, ...]:
    """The columns of a table expression; one scan measures numerics and arrays, if there are any."""
    fields = list(cursor.adbc_execute_schema(f"SELECT * FROM {relation}"))  # noqa: S608 - a name that is quoted, or a query
    refuse_repeated([field.name for field in fields], address)
    named = _names_of_types(cursor, [field for field in fields if _is_opaque(field.type)])
    columns = [
        Column(field.name, *_delivery(field, named.get(_type_name(field))), _declared(field)) for field in fields
    ]
    return tuple(_measured(cursor, relation, address, columns))


def restored(batch: pa.RecordBatch, columns: Sequence[Column], address: str) -> pa.RecordBatch:
    """The batch with the types and names of the columns; an infinite time is an error."""
    if not columns:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * batch.num_rows, pa.struct([])))
    arrays = []
    for array, column in zip(batch.columns, columns, strict=True):
        _refuse_infinite(array, column.name, address)
        arrays.append(_cast(array, column.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([pa.field(c.name, c.type) for c in columns]))


def _delivery(field: pa.Field, named: tuple[str, str] | None) -> tuple[str, pa.DataType]:
    """The SQL that delivers a column and the type that arrives; of numerics the stream's own."""
    name, kind = quoted(field.name), (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    is_list = pa.types.is_list(field.type) or bool(named and named[0].endswith("[]"))
    value = field.type.value_type if pa.types.is_list(field.type) else field.type
    if _is_numeric(value):
        return name, field.type
    cast = "text" if named and named[1] == "enum" else CASTS.get(kind.removeprefix("_"))
    if cast:
        arriving = pa.int64() if cast == "bigint" else pa.string()
        return f"CAST({name} AS {cast}{'[]' if is_list else ''})", pa.list_(arriving) if is_list else arriving
    if _is_opaque(value) or kind.removeprefix("_") in REFUSED:
        return "NULL", pa.opaque(pa.binary(), named[0] if named else kind, "PostgreSQL")
    return name, _plain(field.type)


def _declared(field: pa.Field) -> pa.DataType | None:
    """The decimal that a numeric is declared as, if it fits one."""
    modifier = int((field.metadata or {}).get(b"POSTGRESQL:typmod", b"-1")) - 4
    precision, scale = modifier >> 16, modifier & 0xFFFF
    if not _is_numeric(field.type) or modifier < 0 or not 0 <= scale <= precision <= MOST_DIGITS:
        return None
    return (pa.decimal128 if precision <= 38 else pa.decimal256)(precision, scale)


def _plain(type_: pa.DataType) -> pa.DataType:
    """The type without what only says how PostgreSQL calls it: json is text, uuid is bytes."""
    if pa.types.is_list(type_):
        return pa.list_(_plain(type_.value_type))
    return type_.storage_type if isinstance(type_, pa.BaseExtensionType) else type_


def _names_of_types(cursor: Any, fields: list[pa.Field]) -> dict[str, tuple[str, str]]:
    """By the stream's own name of a type that it does not know, the name that people know, and whether it is an enum."""
    found = {}
    for field in fields:
        oid = _type_name(field).removeprefix("unnamed<oid:").removesuffix(">")
        if oid.isdecimal():
            cursor.execute(
                f"SELECT format_type(t.oid, NULL), CASE WHEN coalesce(e.typtype, t.typtype) = 'e' THEN 'enum' ELSE '' END "  # noqa: S608
                f"FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' WHERE t.oid = {oid}"
            )
            found[_type_name(field)] = tuple(cursor.fetchone())
    return found


def _measured(cursor: Any, relation: str, address: str, columns: list[Column]) -> Iterator[Column]:
    """The columns once numerics have a type that holds all of their values, and no array has several dimensions."""
    questions: list[str] = []
    for column in columns:
        if pa.types.is_list(column.type) and column.delivery != "NULL":
            questions.append(f"coalesce(bool_or(array_ndims({quoted(column.name)}) > 1), false)")
        questions += _questions(column)
    answers: Iterator[Any] = iter(())
    if questions:
        cursor.execute(f"SELECT {', '.join(questions)} FROM {relation}")  # noqa: S608 - names are quoted
        answers = iter(cursor.fetchone())
    for column in columns:
        if pa.types.is_list(column.type) and column.delivery != "NULL" and next(answers):
            raise SourceError(
                f"{address} has arrays of several dimensions in {column.name!r}; unnest them in a query, or cast them to text"
            )
        if not _questions(column):
            yield column
            continue
        special, whole, scale, digits = (next(answers) for _ in range(4))
        number = _number_type(bool(special), int(whole or 0), int(scale or 0), int(digits or 0))
        number = column.declared if column.declared is not None and not special else number
        if number is None:
            raise SourceError(
                f"{address} has numbers of too many digits in {column.name!r}: more than {MOST_DIGITS}, or more than 15 beside "
                "NaN or infinity; cast the column to double precision or text in a query"
            )
        yield Column(column.name, column.delivery, pa.list_(number) if pa.types.is_list(column.type) else number)


def _questions(column: Column) -> list[str]:
    """Of a column of numerics: whether some are NaN or infinite, and the most digits before and behind the point, and in all."""
    is_list = pa.types.is_list(column.type)
    if not _is_numeric(column.type.value_type if is_list else column.type):
        return []
    name = quoted(column.name)
    if is_list:
        return [
            f"max((SELECT {asked.replace('{x}', 'item')} FROM unnest({name}) AS items(item)))"  # noqa: S608 - quoted
            for asked in MEASURES
        ]
    return [asked.replace("{x}", name) for asked in MEASURES]


def _number_type(special: bool, whole: int, scale: int, digits: int) -> pa.DataType | None:
    if special:
        # No decimal is NaN, and a double keeps 15 digits.
        return pa.float64() if digits <= 15 and whole <= 300 and scale <= 300 else None
    for precision, type_ in ((38, pa.decimal128), (MOST_DIGITS, pa.decimal256)):
        if whole + scale <= precision:
            return type_(precision, scale)
    return None


def _cast(array: pa.Array, type_: pa.DataType) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_list(type_) and isinstance(array.type.value_type, pa.BaseExtensionType):
        storage = pa.list_(array.type.value_type.storage_type)
        array = pa.Array.from_buffers(
            storage, len(array), array.buffers()[:2], array.null_count, array.offset, [array.values.storage]
        )
    return array if array.type == type_ else array.cast(type_)


def _refuse_infinite(array: pa.Array, column: str, address: str) -> None:
    values = array.values if pa.types.is_list(array.type) else array
    if pa.types.is_date32(values.type):
        first, numbers = FIRST_DAY, values.view(pa.int32())
    elif pa.types.is_timestamp(values.type):
        first, numbers = FIRST_MICROSECOND, values.view(pa.int64())
    else:
        return
    least = pc.min(numbers).as_py()
    if least is not None and least < first:
        raise SourceError(
            f"{address} has an infinite date or time in {column!r}, or one beyond the year 294246; "
            "no other format has these, so replace them by null in a query"
        )


def _is_numeric(type_: pa.DataType) -> bool:
    return _is_opaque(type_) and type_.type_name == "numeric"


def _is_opaque(type_: pa.DataType) -> bool:
    return isinstance(type_, pa.OpaqueType)


def _type_name(field: pa.Field) -> str:
    return str(field.type.type_name) if _is_opaque(field.type) else ""
