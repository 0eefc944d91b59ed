"""Several files, one table: the schema that they share, or where they differ."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from sameset.errors import SchemaError

__all__ = ["conformed", "decoded", "marked", "one_schema", "plain", "unified", "unknown_extension"]

MOST_FILES, MOST_COLUMNS = 3, 5
UNITS = ("s", "ms", "us", "ns")
#: The digits that an integer of so many bits may have.
DIGITS = {8: 3, 16: 5, 32: 10, 64: 20}
EXTENSION_NAME = b"ARROW:extension:name"


def one_schema(address: str, files: Sequence[str], schemas: Sequence[pa.Schema], union_by_name: bool) -> pa.Schema:
    """The schema of the files together; they may order their columns differently.

    With `union_by_name` a column may be missing in some files, and its types may differ if one type holds all their
    values (`unified`). SchemaError lists for each file what it lacks, has besides, or has of another type.
    """
    for file, schema in zip(files, schemas, strict=True):
        if repeated := sorted({name for name in schema.names if schema.names.count(name) > 1}):
            raise SchemaError(f"{file} has two columns named {repeated[0]!r}; rename one of them")
    whole = _union(schemas) if union_by_name else schemas[0]
    compared = [_differences(whole, schema, union_by_name) for schema in schemas]
    unequal = [(file, found) for file, found in zip(files, compared, strict=True) if found]
    if not unequal:
        return whole
    listed = "; ".join(f"{file} {', '.join(found)}" for file, found in unequal[:MOST_FILES])
    more = f"; and {len(unequal) - MOST_FILES} more files" if len(unequal) > MOST_FILES else ""
    if union_by_name:
        raise SchemaError(
            f"{address} has columns whose types have no type in common: {listed}{more}; read the files separately"
        )
    raise SchemaError(
        f"{address} has files of different columns: against {files[0]}, {listed}{more}; "
        "read them separately, or with --union-by-name (union_by_name=True)"
    )


def conformed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with the columns of the schema: by name, cast without loss, null where it has none."""
    if batch.schema.equals(schema, check_metadata=True):
        return batch
    has = set(batch.schema.names)
    arrays = [
        _cast(batch.column(field.name), field.type) if field.name in has else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    if not arrays:
        return batch.select([])
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def decoded(schema: pa.Schema) -> pa.Schema:
    """The schema; UnicodeDecodeError if a name or time zone in it is not UTF-8, which pyarrow would not tell before it is used."""
    for field in schema:
        _decode(field)
    return schema


def _decode(field: pa.Field) -> None:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    _ = field.name, kind.tz if pa.types.is_timestamp(kind) else ""
    for i in range(kind.num_fields):
        _decode(kind.field(i))


def marked(schema: pa.Schema) -> pa.Schema:
    """The schema with the columns of unknown extension types as `arrow.opaque`, which is refused where it is read.

    Arrow hands such values out as their storage. Whether a column is refused must not depend on who registered its type.
    """
    fields = []
    for field in schema:
        name = unknown_extension(field)
        fields.append(field if name is None else field.with_type(pa.opaque(field.type, f"extension<{name}>", "Arrow")))
    return pa.schema(fields, schema.metadata)


def unknown_extension(field: pa.Field) -> str | None:
    """The name of an extension type in a field, or nested in it, that Arrow does not know; None if there is none."""
    if name := (field.metadata or {}).get(EXTENSION_NAME):
        return "".join(sign if sign.isprintable() else "?" for sign in bytes(name).decode("utf-8", "replace"))
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    inner = (unknown_extension(kind.field(i)) for i in range(kind.num_fields))
    return next((name for name in inner if name is not None), None)


def unified(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    """The narrowest type that holds every value of both, or None.

    Within a family only: integers, floats and decimals widen (an integer beyond 32 bits has no double that keeps it,
    so it and a float have none; half and single floats hold integers of 8 and 16 bits), texts and bytes take any
    storage, times the finer unit. A column without any type (all null) takes the other's. Nested types have to agree.
    """
    left, right = plain(left), plain(right)
    if left == right or pa.types.is_null(right):
        return left
    if pa.types.is_null(left):
        return right
    if _is_number(left) and _is_number(right):
        return _number(left, right)
    for same in (pa.types.is_timestamp, pa.types.is_duration, pa.types.is_time):
        if same(left) and same(right):
            return _finer(left, right)
    return pa.date32() if pa.types.is_date(left) and pa.types.is_date(right) else None


def plain(type_: pa.DataType) -> pa.DataType:
    """The type without what only says how it is stored."""
    if pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        return plain(type_.value_type)
    if pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return pa.string()
    return pa.binary() if pa.types.is_large_binary(type_) or pa.types.is_binary_view(type_) else type_


def _union(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """All columns, in the order in which they first appear; of types that do not agree the first."""
    types: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            known = types.get(field.name)
            types[field.name] = field.type if known is None else (unified(known, field.type) or known)
    return pa.schema(list(types.items()))


def _differences(whole: pa.Schema, schema: pa.Schema, union_by_name: bool) -> list[str]:
    lefts, rights = ({field.name: plain(field.type) for field in each} for each in (whole, schema))
    shared = [name for name in lefts if name in rights]
    agree = unified if union_by_name else _same
    found = [
        f"has {name!r} as {rights[name]}, not {lefts[name]}"
        for name in shared
        if agree(lefts[name], rights[name]) is None
    ]
    if not union_by_name:
        found += [f"lacks {name!r}" for name in lefts if name not in rights]
        found += [f"has {name!r} besides" for name in rights if name not in lefts]
    return found[:MOST_COLUMNS] + ([f"and {len(found) - MOST_COLUMNS} more"] if len(found) > MOST_COLUMNS else [])


def _same(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    return left if left == right else None


def _cast(array: pa.Array, type_: pa.DataType) -> pa.Array:
    return array if array.type == type_ else array.cast(type_)


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _number(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pa.types.is_floating(left) or pa.types.is_floating(right):
        kept = {16: 11, 32: 24, 64: 53}
        for float_ in (pa.float16(), pa.float32(), pa.float64()):
            if all(_fits_float(type_, float_, kept[float_.bit_width]) for type_ in (left, right)):
                return float_
        return None
    if pa.types.is_integer(left) and pa.types.is_integer(right):
        for integer in (
            pa.int8(),
            pa.int16(),
            pa.int32(),
            pa.int64(),
            pa.uint8(),
            pa.uint16(),
            pa.uint32(),
            pa.uint64(),
        ):
            if all(_fits_integer(type_, integer) for type_ in (left, right)):
                return integer
    return _decimal(left, right)


def _fits_float(type_: pa.DataType, float_: pa.DataType, bits: int) -> bool:
    if pa.types.is_floating(type_):
        return bool(type_.bit_width <= float_.bit_width)
    return bool(pa.types.is_integer(type_) and type_.bit_width <= bits)


def _fits_integer(type_: pa.DataType, integer: pa.DataType) -> bool:
    signed, wide = pa.types.is_signed_integer(type_), pa.types.is_signed_integer(integer)
    if signed == wide:
        return bool(type_.bit_width <= integer.bit_width)
    return bool(wide and type_.bit_width < integer.bit_width)


def _decimal(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    scales = [type_.scale if pa.types.is_decimal(type_) else 0 for type_ in (left, right)]
    wholes = [
        type_.precision - type_.scale if pa.types.is_decimal(type_) else DIGITS[type_.bit_width]
        for type_ in (left, right)
    ]
    precision = max(wholes) + max(scales)
    if precision > 76:
        return None
    return pa.decimal128(precision, max(scales)) if precision <= 38 else pa.decimal256(precision, max(scales))


def _finer(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pa.types.is_timestamp(left):
        # An instant is one whatever its zone, but a naive one is none.
        return None if (left.tz is None) != (right.tz is None) else pa.timestamp(_unit(left, right), left.tz)
    if pa.types.is_duration(left):
        return pa.duration(_unit(left, right))
    unit = _unit(left, right)
    return pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)


def _unit(left: pa.DataType, right: pa.DataType) -> str:
    return UNITS[max(UNITS.index(left.unit), UNITS.index(right.unit))]
