"""The types of SQLite: by the name that a column is declared with, what its values have to be.

INTEGER, BIGINT, ...                     int64                    integers
REAL, FLOAT, DOUBLE PRECISION            double                   reals, and integers up to 2^53
DECIMAL(p, s), NUMERIC(p, s)             double                   the same: SQLite keeps no decimals, but these
BOOLEAN                                  boolean                  0 and 1
TEXT, VARCHAR, CLOB, JSON, STRING, ...   text                     text
BLOB, BINARY, BYTEA                      bytes                    blobs
UUID, GUID                               its 16 bytes             blobs of 16 bytes, text of 36 or 32 signs
DATE                                     date                     text `2024-02-29`
TIME                                     time                     text `10:30:00.5`
DATETIME, TIMESTAMP                      timestamp                text `2024-02-29 10:30:00.5` without a zone
TIMESTAMP WITH TIME ZONE, TIMESTAMPTZ    zoned timestamp          text with a zone: `2024-02-29 10:30:00+01:00`
NUMERIC, DECIMAL(p), ANY, any other name, none, a calculated column
                                         what all of its values are (`measured_types`)

Names are read without regard to case, and without their sizes.
"""

from __future__ import annotations

import re

import pyarrow as pa

__all__ = ["declared_type", "is_number"]

SIZE = re.compile(r"\(([^)]*)\)")
FRACTION = re.compile(r"\s*\d+\s*,\s*[1-9]\d*\s*")
NUMBER = re.compile(r"NUMERIC|DECIMAL|NUMBER")
NAMES = (
    (r"(?:UNSIGNED )?(?:TINY|SMALL|MEDIUM|BIG|BIG )?INT(?:EGER)?[1248]?(?: UNSIGNED)?", pa.int64()),
    (r"REAL|FLOAT[48]?|DOUBLE(?: PRECISION)?", pa.float64()),
    (r"BOOL(?:EAN)?", pa.bool_()),
    (r".*(?:CHAR|TEXT|CLOB).*|STRING|JSON|XML", pa.large_string()),
    (r".*BLOB.*|(?:VAR)?BINARY|BYTEA", pa.large_binary()),
    (r"UUID|GUID|UNIQUEIDENTIFIER", pa.binary(16)),
    (r"DATE", pa.date32()),
    (r"TIME(?: WITHOUT TIME ZONE)?", pa.time64("us")),
    (r"DATETIME|TIMESTAMP(?: WITHOUT TIME ZONE)?", pa.timestamp("us")),
    (r"TIMESTAMP WITH TIME ZONE|TIMESTAMP_?TZ|DATETIMEOFFSET", pa.timestamp("us", "UTC")),
)


def is_number(declared: str) -> bool:
    """Whether the values of a column so declared are numbers, although of no type that it tells: `DECIMAL`, `NUMERIC(10)`."""
    return NUMBER.fullmatch(_name(declared)) is not None


def declared_type(declared: str) -> pa.DataType | None:
    """The type of the values of a column so declared; None if only the values tell."""
    if is_number(declared):
        size = SIZE.search(declared)
        return pa.float64() if size and FRACTION.fullmatch(size[1]) else None
    return next((type_ for pattern, type_ in NAMES if re.fullmatch(pattern, _name(declared))), None)


def _name(declared: str) -> str:
    return " ".join(SIZE.sub(" ", declared).upper().split())
