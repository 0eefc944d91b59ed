"""The types of databases that SQLAlchemy reads: what a column holds that is declared so, and the SQL that delivers it.

boolean                       boolean                          date                        date
integers                      int64, uint64                    time                        time
decimal, numeric              decimal of its digits            timestamp, datetime         timestamp
  of no stated precision      of the digits that are there     the same with a time zone   its instant
float, double                 double                           uuid                        its 16 bytes
  PostgreSQL's real           float                            text, char, enum, json      text
                                                               binary, blob, bytea         bytes

All others (intervals, bit strings, geometry, arrays, money, nanoseconds, ...) are refused; a query may cast them.
Of a query the driver tells little, so the types of its columns are those of their values (`measured_types`); MySQL tells
more (`mysql_types`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, types
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from sameset.sources.mysql_types import mysql_kind
from sameset.sources.sql_kinds import (
    BOOLEAN,
    BYTES,
    CLOCK,
    DATE,
    DOUBLE,
    INSTANT,
    INTEGER,
    MEASURED,
    NAIVE,
    TEXT,
    Kind,
    decimal,
    refused,
)

__all__ = ["MYSQL", "declared_kind", "measured_kinds"]

MYSQL = ("mysql", "mariadb")
MICROSECONDS = 6
SINGLE = Kind(pa.float32())
#: The driver would give the objects of Python.
JSON = Kind(pa.large_string(), None, "CAST({} AS TEXT)")
#: By the number that PostgreSQL has for a type: real, and the types whose values tell what they are (booleans, bytea, texts,
#: integers, numerics, times, json, uuid). Of most others the driver gives text. From 16384 on they are people's own, of which
#: enums and texts are what the driver gives; arrays of these, composites and ranges are not.
REAL, OWN = 700, 16_384
TELLING = (16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 142, 701, 705, 1042, 1043, 1082, 1083, 1114, 1184, 1700, 2950, 3802)
UUID = Kind(pa.binary(16))


def declared_kind(type_: TypeEngine[Any], dialect: str, name: str) -> Kind:
    """What becomes of a column of a table or view that is declared so; `name` is how the database calls the type."""
    if isinstance(type_, postgresql.DOMAIN):  # its values are those of the type below it
        return declared_kind(type_.data_type, dialect, name)
    found = mysql_kind(type_) if dialect in MYSQL else _of_postgresql(type_, name) if dialect == "postgresql" else None
    return found or _of_any(type_) or refused(name)


def measured_kinds(con: Connection, codes: Sequence[Any]) -> list[Kind]:
    """What becomes of the columns of a query, by the codes that the driver gives."""
    if con.dialect.name != "postgresql":
        return [MEASURED] * len(codes)
    own = [code for code in codes if code >= OWN]
    names = _own_types(con, own) if own else {}
    return [_of_code(code, names) for code in codes]


def _of_code(code: int, own: Mapping[int, str]) -> Kind:
    if code in TELLING or (code >= OWN and code not in own):
        return MEASURED
    return SINGLE if code == REAL else refused(own.get(code, f"number {code} of PostgreSQL"))


def _own_types(con: Connection, codes: Sequence[int]) -> dict[int, str]:
    """The names of those types of people's own whose values the driver would give as the text that the server writes."""
    listed = ", ".join(map(str, codes))
    query = f"SELECT oid, format_type(oid, NULL) FROM pg_type WHERE typtype <> 'e' AND typcategory <> 'S' AND oid IN ({listed})"  # noqa: S608
    return {int(oid): str(name) for oid, name in con.exec_driver_sql(query).fetchall()}


def _of_postgresql(type_: TypeEngine[Any], name: str) -> Kind | None:
    if isinstance(type_, types.REAL):
        return SINGLE
    if isinstance(type_, postgresql.OID):
        return INTEGER
    if name == "xml":
        return TEXT
    return JSON if isinstance(type_, types.JSON) else None


def _of_any(type_: TypeEngine[Any]) -> Kind | None:
    if isinstance(type_, types.DateTime | types.Time):
        return _of_time(type_)
    if isinstance(type_, types.Integer):
        return Kind(pa.uint64()) if getattr(type_, "unsigned", False) else INTEGER
    if isinstance(type_, types.Numeric) and not isinstance(type_, types.Float):
        return MEASURED if type_.precision is None else decimal(type_.precision, type_.scale or 0)
    return next((kind for class_, kind in CLASSES if isinstance(type_, class_)), BYTES if _is_bytes(type_) else None)


def _is_bytes(type_: TypeEngine[Any]) -> bool:
    try:
        return type_.python_type is bytes
    except NotImplementedError:
        return False


def _of_time(type_: types.DateTime | types.Time) -> Kind | None:
    digits = getattr(type_, "fsp", None) or getattr(type_, "precision", None) or 0
    if digits > MICROSECONDS:  # drivers cut them off
        return None
    if isinstance(type_, types.Time):
        return None if type_.timezone else CLOCK
    return INSTANT if type_.timezone else NAIVE


CLASSES: tuple[tuple[Any, Kind], ...] = (
    (types.Boolean, BOOLEAN),
    (types.Float, DOUBLE),
    (types.Date, DATE),
    (types.Uuid, UUID),
    ((types.String, types.JSON), TEXT),  # an Enum is a String
)
