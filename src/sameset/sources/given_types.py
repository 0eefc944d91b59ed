"""Types that are given, not found out: which texts are values of them, and the first text that is none.

    integer    `5`, `+5`, `007`, `5.0`              boolean    `true`, `false`, `t`, `f`, `1`, `0`, in any case
    float      `-0.5e3`, `nan`, `inf`; not `1e400`  date       `2024-02-29`
    decimal    no more digits than the type has     time       `10:00:00`, no more digits of a second than the unit has
    text       everything                           timestamp  date, blank or `T`, time; a date alone is its midnight;
                                                               with a zone if and only if the type has one

Bytes, durations and nested types have no writing as text that everybody shares, and are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import duckdb
import pyarrow as pa

from sameset.errors import SourceError, UnsupportedTypeError
from sameset.sources.scan import quoted, sql_type_of
from sameset.sources.schemas import plain

__all__ = ["checked_types", "restored_halves"]

NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
WORDS = "'nan', 'inf', '-inf', '+inf', 'infinity', '-infinity', '+infinity'"
DAY, CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
ZONE = r" ?(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)"
INTEGERS = {8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}
MOST_DIGITS = 38
#: What becomes nothing as a half float, at most, and what becomes infinite, at least.
HALF_LEAST, HALF_BEYOND = f"{2.0**-25!r}", "65520"
FRACTION = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def checked_types(
    con: duckdb.DuckDBPyConnection,
    texts: str,
    identifiers: Mapping[str, str],
    schema: pa.Schema,
    place_of: Callable[[str, str], str],
    *,
    empty_is_missing: bool,
) -> dict[str, str]:
    """The SQL types of the columns that have a given one, once all texts of a relation are known to be values of it.

    `identifiers` are the SQL names of the columns, `place_of` says in which file and line a column has a text.

    Raises:
        SourceError: a text is no value of its type, or the schema has none of the columns.
        UnsupportedTypeError: a type has no values that are written as text.
    """
    types = _sql_types(con, list(identifiers), schema)
    wrong = _misfit(con, texts, {identifiers[name]: schema.field(name).type for name in types}, empty_is_missing)
    if wrong:
        name = next(name for name, identifier in identifiers.items() if identifier == wrong[0])
        raise SourceError(
            f"{place_of(name, wrong[1])} has {wrong[1][:80]!r} in column {name!r}, which is no "
            f"{schema.field(name).type}; correct it, or leave --schema-from out"
        )
    return types


def _sql_types(con: duckdb.DuckDBPyConnection, names: Sequence[str], schema: pa.Schema) -> dict[str, str]:
    """The SQL type of each column that the schema has; `VARCHAR` for text."""
    types = {}
    for name in (name for name in names if name in schema.names):
        type_ = plain(schema.field(name).type)
        if pa.types.is_null(type_):
            continue  # nothing is known of its values
        if pattern_of(type_) is None:
            raise UnsupportedTypeError(name, f"{type_} in the schema given, but texts in the file")
        types[name] = _sql_type(con, type_)
    if not types and names and schema.names:
        raise SourceError(
            f"none of the columns {', '.join(map(repr, names[:5]))} has a type in the schema given; is it that of another table?"
        )
    return types


def _sql_type(con: duckdb.DuckDBPyConnection, type_: pa.DataType) -> str:
    if pa.types.is_float16(type_):
        return "FLOAT"  # DuckDB has no half floats; these are narrowed on arrival (`restored_halves`)
    if pa.types.is_decimal(type_):
        return f"DECIMAL({type_.precision}, {type_.scale})"
    return sql_type_of(con, type_)


def _misfit(
    con: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, pa.DataType], empty_is_missing: bool
) -> tuple[str, str] | None:
    """The first column, by its SQL identifier, with a text that is no value of its type, and that text."""
    tests = {name: _misfits(quoted(name), plain(type_), empty_is_missing) for name, type_ in columns.items()}
    tests = {name: test for name, test in tests.items() if test}
    if not tests:
        return None
    counts = ", ".join(f"coalesce(bool_or({test}), false)" for test in tests.values())
    (found,) = con.sql(f"SELECT {counts} FROM {relation} AS source").fetchall()  # noqa: S608 - names are quoted
    for (name, test), any_ in zip(tests.items(), found, strict=True):
        if any_:
            query = f"SELECT {quoted(name)} FROM {relation} AS source WHERE {test} LIMIT 1"  # noqa: S608 - quoted
            return name, str(con.sql(query).fetchall()[0][0])
    return None


def restored_halves(names: Sequence[str], schema: pa.Schema | None) -> dict[int, pa.DataType]:
    """By position, the half floats among the columns."""
    halves = {field.name: field.type for field in schema or () if pa.types.is_float16(field.type)}
    return {i: halves[name] for i, name in enumerate(names) if name in halves}


def _misfits(name: str, type_: pa.DataType, empty_is_missing: bool) -> str | None:
    """The SQL that is true of a text which is no value of the type."""
    fits = pattern_of(type_)
    if not fits:
        return None
    given = f"{name} <> ''" if empty_is_missing else f"{name} IS NOT NULL"
    return f"{given} AND NOT ({fits.replace('{x}', name)})"


def pattern_of(type_: pa.DataType) -> str | None:
    """The SQL that is true of a text {x} which is a value of the type; empty if every text is, None if none can be."""
    if pa.types.is_string(type_):
        return ""
    if pa.types.is_boolean(type_):
        return "lower({x}) IN ('true', 'false', 't', 'f', '1', '0')"
    if pa.types.is_integer(type_):
        unsigned = "U" if pa.types.is_unsigned_integer(type_) else ""
        return _both(r"[+-]?[0-9]+(?:\.0*)?", unsigned + INTEGERS[type_.bit_width])
    if pa.types.is_floating(type_):
        written = f"regexp_full_match({{x}}, '{NUMBER}(?:[eE][+-]?[0-9]+)?') AND {_in_range(type_)}"
        return f"(({written}) OR lower({{x}}) IN ({WORDS}))"
    if _is_narrow_decimal(type_):
        pattern = rf"[+-]?(?:[0-9]+(?:\.[0-9]{{0,{type_.scale}}}0*)?|\.[0-9]{{1,{max(type_.scale, 1)}}}0*)"
        return _both(pattern, f"DECIMAL({type_.precision}, {type_.scale})")
    return _temporal(type_)


def _in_range(type_: pa.DataType) -> str:
    """The SQL that is true of a number {x} that does not become infinite, or nothing, as a float of the type."""
    value = f"abs(TRY_CAST({{x}} AS {'DOUBLE' if pa.types.is_float64(type_) else 'FLOAT'}))"
    least, beyond = (HALF_LEAST, HALF_BEYOND) if pa.types.is_float16(type_) else ("0", "'inf'::DOUBLE")
    return f"{value} < {beyond} AND ({value} > {least} OR NOT regexp_matches({{x}}, '^[^eE]*[1-9]'))"


def _is_narrow_decimal(type_: pa.DataType) -> bool:
    """Whether it is a decimal that DuckDB has, whatever Arrow keeps it in."""
    return bool(pa.types.is_decimal(type_) and 0 <= type_.scale <= type_.precision <= MOST_DIGITS)


def _temporal(type_: pa.DataType) -> str | None:
    if pa.types.is_date(type_):
        return _both(DAY, "DATE")
    if not pa.types.is_time(type_) and not pa.types.is_timestamp(type_):
        return None
    clock = rf"{CLOCK}(?:\.[0-9]{{0,{FRACTION[type_.unit]}}}0*)?"
    if pa.types.is_time(type_):
        return _both(clock, "TIME_NS" if type_.unit == "ns" else "TIME")
    fine = "_NS" if type_.unit == "ns" else ""
    if type_.tz is not None:
        return _both(f"{DAY}[ T]{clock}{ZONE}", f"TIMESTAMPTZ{fine}")
    return _both(f"{DAY}(?:[ T]{clock})?", f"TIMESTAMP{fine}")


def _both(pattern: str, sql_type: str) -> str:
    return f"(regexp_full_match({{x}}, '{pattern}') AND TRY_CAST({{x}} AS {sql_type}) IS NOT NULL)"
