"""The types of MySQL and MariaDB, where they differ from those of other databases, and those of the columns of a query.

TINYINT(1), BOOL, BIT(1)    boolean; another number than 0 and 1 is an error
FLOAT                       double of the same value: MySQL would send its first six digits
DATETIME                    timestamp
TIMESTAMP                   zoned timestamp, as its instant
TIME                        time of a day; a longer or negative one is an error
YEAR                        integer
ENUM, SET, JSON             text
UUID                        its 16 bytes; of a query text
BIT(n), GEOMETRY, ...       refused
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from sqlalchemy import Connection
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from sameset.sources.sql_kinds import (
    BOOLEAN,
    BYTES,
    CLOCK,
    DATE,
    DOUBLE,
    INTEGER,
    MEASURED,
    NAIVE,
    TEXT,
    Kind,
    decimal,
    refused,
)

__all__ = ["mysql_kind", "mysql_kinds"]

#: The session is in UTC, and the driver gives a time without a zone.
UTC = Kind(pa.timestamp("us", "UTC"), pa.timestamp("us"))
UNSIGNED = Kind(pa.uint64())
WIDENED = Kind(pa.float64(), None, "({} + 0e0)")
#: By the number of a type in MySQL's protocol, which its drivers hand out.
TINY, WIDE, BIT, DECIMALS = 1, 8, 16, (0, 246)
#: What is asked of a column {} of such a type; as a maximum it has an answer also where there are no rows.
QUESTIONS = {
    **dict.fromkeys((15, 249, 250, 251, 252, 253, 254), "charset(max({}))"),
    WIDE: "coalesce(max({}), 18446744073709551615)",
}
CODES = {
    **dict.fromkeys((TINY, 2, 3, 9, 13), INTEGER),
    **dict.fromkeys((245, 247, 248), TEXT),
    4: WIDENED,
    5: DOUBLE,
    6: Kind(pa.null()),
    7: UTC,
    10: DATE,
    11: CLOCK,
    12: NAIVE,
    14: DATE,
    255: refused("GEOMETRY"),
}


def mysql_kind(type_: TypeEngine[Any]) -> Kind | None:
    """What becomes of a column that is declared so; None if it is as with other databases."""
    if isinstance(type_, mysql.TINYINT) and type_.display_width == 1 and not type_.unsigned:
        return BOOLEAN
    if isinstance(type_, mysql.BIT) and (type_.length or 1) == 1:
        return BOOLEAN
    if isinstance(type_, mysql.YEAR):
        return INTEGER
    if isinstance(type_, mysql.TIMESTAMP):
        return UTC
    return WIDENED if isinstance(type_, mysql.FLOAT) else None


def mysql_kinds(con: Connection, query: str, description: Any) -> list[Kind]:
    """What becomes of the columns of a query, whose result the driver describes like this."""
    answers = _answers(con, query, [QUESTIONS.get(each[1]) for each in description])
    return [
        answer or _kind_of_code(each[1], each[3], each[5]) for answer, each in zip(answers, description, strict=True)
    ]


def _kind_of_code(code: int, length: int, scale: int) -> Kind:
    if code in (TINY, BIT) and length == 1:
        return BOOLEAN
    if code in DECIMALS:
        # The length counts a sign, and the point if there is one.
        return decimal(length - (scale > 0), scale) or MEASURED
    return refused("BIT") if code == BIT else CODES.get(code, MEASURED)


def _answers(con: Connection, query: str, questions: list[str | None]) -> list[Kind | None]:
    """What drivers do not tell: of strings whether they are text or bytes, of wide integers whether they have signs."""
    if not any(questions):
        return [None] * len(questions)
    places = ", ".join(f"c{i}" for i in range(len(questions)))
    asked = ", ".join(question.format(f"c{i}") for i, question in enumerate(questions) if question)
    found = con.exec_driver_sql(
        f"WITH source_rows({places}) AS ({query}\n) SELECT {asked} FROM source_rows WHERE false",  # noqa: S608 - one SELECT
        execution_options={"no_parameters": True},
    )
    codes = [each[1] for each in found.cursor.description] if found.cursor else []
    kinds = iter([_answer(value, code) for value, code in zip(found.one(), codes, strict=True)])
    return [next(kinds) if question else None for question in questions]


def _answer(value: Any, code: Any) -> Kind:
    if isinstance(value, str):
        return BYTES if value == "binary" else TEXT
    # With an unsigned integer beside it a signed one becomes a decimal.
    return UNSIGNED if code == WIDE else INTEGER
