"""What becomes of a column of a database that SQLAlchemy reads: the words that its tables of types share."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

__all__ = [
    "BOOLEAN",
    "BYTES",
    "CLOCK",
    "DATE",
    "DOUBLE",
    "INSTANT",
    "INTEGER",
    "MEASURED",
    "NAIVE",
    "POSTGRES_SESSION",
    "TEXT",
    "Kind",
    "decimal",
    "refused",
]

MOST_DIGITS = 76
#: What begins a session of PostgreSQL, whatever driver it has: one state of the data, nothing written, and texts of values
#: as they are everywhere; with a database's own `extra_float_digits` of 0 a double would lose digits in a driver of texts.
POSTGRES_SESSION = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO'",
    "SET LOCAL extra_float_digits = 3",
)


class Kind(NamedTuple):
    """What becomes of a column."""

    #: The type in the end; None where the values tell it, an opaque one where it is refused.
    type: pa.DataType | None
    #: The type of the values as they arrive, if it is another one.
    arriving: pa.DataType | None = None
    #: The SQL that delivers a column {}.
    delivery: str = "{}"


MEASURED = Kind(None)
BOOLEAN, INTEGER, DOUBLE = Kind(pa.bool_()), Kind(pa.int64()), Kind(pa.float64())
TEXT, BYTES = Kind(pa.large_string()), Kind(pa.large_binary())
DATE, CLOCK = Kind(pa.date32()), Kind(pa.time64("us"))
NAIVE, INSTANT = Kind(pa.timestamp("us")), Kind(pa.timestamp("us", "UTC"))


def decimal(precision: int, scale: int) -> Kind | None:
    """The decimal of so many digits, if there is one."""
    if not 0 <= scale <= precision <= MOST_DIGITS or not precision:
        return None
    return Kind((pa.decimal128 if precision <= 38 else pa.decimal256)(precision, scale))


def refused(name: str) -> Kind:
    """No values, because the database's type of this name has no canonical form."""
    return Kind(pa.opaque(pa.binary(), str(name), "SQL"), None, "NULL")
