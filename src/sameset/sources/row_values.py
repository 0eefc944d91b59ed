"""Columns of Python values, as the drivers of databases hand them out, as Arrow arrays of a type that is known before.

Nothing is rounded and nothing guessed: the first value that is none of its column's type is an error that names it.

integer    int                                       text       str
float      float; an int that a double holds         bytes      bytes, bytearray, memoryview
decimal    Decimal, int: no more digits              uuid       UUID, 16 bytes, the usual text of 36 or 32 signs
boolean    bool, 0 or 1, a single bit                date       date; text `2024-02-29`
time       time without a zone; text `10:30`, `10:30:00.5`; a timedelta of at least nothing and less than a day
timestamp  datetime; text `2024-02-29 10:30:00.5`, with `T` or a blank; with a zone if and only if the type has one
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import NoneType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sameset.errors import SourceError

__all__ = ["MisfitError", "ValueColumn", "array_of", "batches_of", "first_misfit", "misfit_error", "shown"]

Values = Sequence[Any]
FIRST_ROWS, MOST_ROWS = 256, 16_384
#: What one batch is to hold, so that few wide rows do not take all memory.
BATCH_BYTES = 1 << 24
BYTES_LIKE = {bytes, bytearray, memoryview}
BITS = {0: False, 1: True, b"\0": False, b"\1": True}
UUID_SIGNS = (32, 36)
#: What a conversion says of a value that is none of the type.
MISFITS = (pa.ArrowException, ValueError, TypeError, OverflowError)


@dataclass(frozen=True)
class ValueColumn:
    """One column: its name, what the database declares it as, the type of its batches, and that which its values have."""

    name: str
    declared: str
    type: pa.DataType
    #: A naive timestamp where the driver takes the zone (UTC) off; otherwise None, for the type itself.
    arriving: pa.DataType | None = None


def batches_of(fetch: Callable[[int], Sequence[Values]], columns: Sequence[ValueColumn]) -> Iterator[pa.RecordBatch]:
    """All rows that `fetch` hands out, at most as many at a time as it is asked for, as batches of about 16 MiB.

    Raises:
        MisfitError: a value is none of its column's type.
    """
    schema = pa.schema([pa.field(column.name, column.type) for column in columns])
    count, done = FIRST_ROWS, 0
    while rows := fetch(count):
        batch = _batch(rows, columns, schema, done)
        yield batch
        done += len(rows)
        count = max(1, min(MOST_ROWS, 8 * count, BATCH_BYTES * len(rows) // max(batch.nbytes, 1)))


class MisfitError(Exception):
    """A value that is none of its column's type: which column, which row from 0 on, which value."""

    def __init__(self, column: ValueColumn, row: int, value: Any) -> None:
        super().__init__(column, row, value)
        self.column, self.row, self.value = column, row, value


def misfit_error(address: str, misfit: MisfitError, where: str = "") -> SourceError:
    """The sentence that says which value of which row is none of its column's type, and what to do."""
    column = misfit.column
    return SourceError(
        f"{address} declares {column.name!r} as {column.declared}, but {where or f'row {misfit.row + 1}'} has "
        f"{shown(misfit.value)} there; correct it, or cast the column to text in a query"
    )


def shown(value: Any) -> str:
    """What kind of value it is, and the value, unless it is long: `the integer 5`, `the text 'n/a'`, `3 bytes`."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} byte{'s' * (len(value) != 1)}"
    text = repr(value) if isinstance(value, str) else str(value)
    kind = {int: "the integer", float: "the float", str: "the text"}.get(type(value), f"the {type(value).__name__}")
    return f"{kind} {text if len(text) <= 40 else text[:37] + '...'}"


def first_misfit(values: Values, type_: pa.DataType) -> int | None:
    """The place of the first value that is none of the type."""
    return next((i for i, value in enumerate(values) if not _fits(value, type_)), None)


def array_of(values: Values, type_: pa.DataType) -> pa.Array:
    """The values as an array; one of `MISFITS` if any of them is none of the type. Each value counts for itself."""
    classes = set(map(type, values))
    classes.discard(NoneType)
    if not classes:
        return pa.nulls(len(values), type_)
    maker = next((maker for is_kind, maker in MAKERS if is_kind(type_)), None)
    if maker is None:
        raise TypeError(f"no values of {type_}")
    return maker(values, classes, type_)


def _batch(rows: Sequence[Values], columns: Sequence[ValueColumn], schema: pa.Schema, done: int) -> pa.RecordBatch:
    if not columns:
        # A scan of no columns still has to know its rows.
        return pa.RecordBatch.from_struct_array(pa.array([{}] * len(rows), pa.struct([])))
    arrays = []
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        array = _array(values, column, done)
        arrays.append(array if array.type == column.type else array.cast(column.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Values, column: ValueColumn, done: int) -> pa.Array:
    type_ = column.arriving or column.type
    try:
        return array_of(values, type_)
    except MISFITS:
        at = first_misfit(values, type_)
    if at is None:  # dates among texts that are dates, say
        return pa.concat_arrays([array_of([value], type_) for value in values])
    raise MisfitError(column, done + at, values[at])


def _fits(value: Any, type_: pa.DataType) -> bool:
    try:
        array_of([value], type_)
    except MISFITS:
        return False
    return True


def _only(classes: set[type], *allowed: type) -> None:
    if not classes.issubset(allowed):
        raise TypeError(f"{classes} are not all of {allowed}")


def _integers(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    _only(classes, int)  # Arrow would take 5.0, too
    return pa.array(values, type_)


def _floats(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    _only(classes, float, int)  # of the integers Arrow refuses those that no double holds
    return pa.array(values, type_)


def _decimals(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    _only(classes, Decimal, int)
    return pa.array(values, type_)


def _booleans(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    _only(classes, bool, int, bytes)
    if classes == {bool}:
        return pa.array(values, type_)
    if any(value not in BITS for value in values if value is not None):
        raise ValueError("neither 0 nor 1")
    return pa.array([None if value is None else BITS[value] for value in values], type_)


def _texts(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    _only(classes, str)  # Arrow would take bytes, too
    return pa.array(values, type_)


def _bytes(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    _only(classes, *BYTES_LIKE)
    return pa.array(values, type_)


def _uuids(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    _only(classes, uuid.UUID, str, *BYTES_LIKE)
    return pa.array([None if value is None else _uuid_bytes(value) for value in values], type_)


def _uuid_bytes(value: Any) -> bytes:
    if isinstance(value, uuid.UUID):
        return value.bytes
    if not isinstance(value, str):
        return bytes(value)
    if len(value) not in UUID_SIGNS:
        raise ValueError("no UUID")
    return uuid.UUID(value).bytes


def _dates(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    if classes == {str}:
        return pa.array(values, pa.string()).cast(type_)
    _only(classes, dt.date)  # a datetime is none, although its class is one
    return pa.array(values, type_)


def _times(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    if classes == {str}:
        return _times_of_texts(pa.array(values, pa.string()), type_)
    if classes == {dt.timedelta}:
        microseconds = pa.array(values, pa.duration("us")).cast(pa.int64())
        if pc.min(microseconds).as_py() < 0 or pc.max(microseconds).as_py() >= 86_400_000_000:
            raise ValueError("no time of a day")
        return microseconds.cast(type_)
    _only(classes, dt.time)
    if any(value.tzinfo for value in values if value is not None):
        raise ValueError("a time with a zone")
    return pa.array(values, type_)


def _times_of_texts(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    """Arrow reads no times of a day, so they become timestamps of the first one; these may stand without minutes."""
    if not pc.all(pc.match_substring_regex(texts, r"^\d\d:\d\d")).as_py():
        raise ValueError("no time of a day")
    days = pc.binary_join_element_wise(pa.scalar("1970-01-01"), texts, " ")
    return days.cast(pa.timestamp(type_.unit)).cast(type_)


def _timestamps(values: Values, classes: set[type], type_: pa.DataType) -> pa.Array:
    if classes == {str}:
        return pa.array(values, pa.string()).cast(type_)
    _only(classes, dt.datetime)
    if any((value.tzinfo is None) != (type_.tz is None) for value in values if value is not None):
        raise ValueError("a timestamp with a zone for one without, or the other way round")
    return pa.array(values, type_)


MAKERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Values, set[type], pa.DataType], pa.Array]], ...] = (
    (pa.types.is_integer, _integers),
    (pa.types.is_floating, _floats),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_boolean, _booleans),
    (pa.types.is_large_string, _texts),
    (pa.types.is_large_binary, _bytes),
    (pa.types.is_fixed_size_binary, _uuids),
    (pa.types.is_date32, _dates),
    (pa.types.is_time64, _times),
    (pa.types.is_timestamp, _timestamps),
)
