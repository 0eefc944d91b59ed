"""The types of columns that a database declares none for, such as expressions of a query: found over all their values.

int                      int64, where that is too narrow uint64, then a decimal
float, float and int     double, if it holds all of the integers
Decimal, Decimal and int the decimal of as many digits as they have
str, bytes, bool, date, time, datetime, UUID      what they are
no values                null
any others together      an error that names a row of each
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import NoneType
from typing import Any

import pyarrow as pa

from sameset.errors import SourceError
from sameset.sources.row_values import shown

__all__ = ["Measured", "measured"]

ROWS = 1_024
MOST_DIGITS = 76
EXACT = 2**53
PLAIN: dict[type, pa.DataType] = {
    str: pa.large_string(),
    bytes: pa.large_binary(),
    bytearray: pa.large_binary(),
    memoryview: pa.large_binary(),
    bool: pa.bool_(),
    float: pa.float64(),
    dt.date: pa.date32(),
    dt.time: pa.time64("us"),
    uuid.UUID: pa.binary(16),
}


def measured(fetch: Callable[[int], Sequence[Sequence[Any]]], columns: int) -> list[Measured]:
    """What the values of so many columns are, over all rows that `fetch` hands out."""
    found = [Measured() for _ in range(columns)]
    while rows := fetch(ROWS):
        for each, values in zip(found, zip(*rows, strict=True), strict=True):
            each.add(values)
    return found


class Measured:
    """What is known of the values of a column so far; `add` them in any portions, then ask for their `type`."""

    def __init__(self) -> None:
        #: By kind of value the first row, from 0 on, that has it, and the value there.
        self.first: dict[Any, tuple[int, Any]] = {}
        self._least = self._most = 0
        self._whole = self._scale = 0
        self._rows = 0

    def add(self, values: Sequence[Any]) -> None:
        """Takes the next values into account."""
        kinds = set(map(type, values)) - {NoneType}
        if dt.datetime in kinds or not all(kind in self.first for kind in kinds):
            self._note(values)
        if int in kinds:
            numbers = [value for value in values if type(value) is int]
            self._least, self._most = min(self._least, min(numbers)), max(self._most, max(numbers))
        if Decimal in kinds:
            for value in values:
                if type(value) is Decimal:
                    self._widen(value)
        self._rows += len(values)

    def type(self, name: str, address: str) -> pa.DataType:
        """The type that holds all values; SourceError if none does, of a type without canonical form an opaque one."""
        kinds = set(self.first)
        if not kinds:
            return pa.null()
        if kinds <= {int, Decimal, float}:
            found = self._number(kinds)
        elif len(kinds) > 1:
            raise SourceError(f"{address} has {self._mixture()} in {name!r}; cast them to one type in a query")
        else:
            found = _plain(*kinds)
        if found is None:
            raise SourceError(
                f"{address} has numbers in {name!r} that neither a double nor a decimal of {MOST_DIGITS} digits holds together; "
                "cast the column to double precision or text in a query"
            )
        return found

    def first_besides(self, *kinds: Any) -> tuple[int, Any] | None:
        """The first row, from 0 on, whose value is of none of these classes, and the value."""
        return min((at for kind, at in self.first.items() if kind not in kinds), default=None, key=lambda at: at[0])

    def _note(self, values: Sequence[Any]) -> None:
        for row, value in enumerate(values, self._rows):
            if value is not None:
                self.first.setdefault(_kind(value), (row, value))

    def _widen(self, value: Decimal) -> None:
        _, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):  # NaN or infinite: no decimal holds it
            self._whole = MOST_DIGITS + 1
            return
        self._whole = max(self._whole, len(digits) + exponent)
        if -exponent > self._scale:
            # Zeros at the end need no digits; `normalize` would round to those of the context.
            zeros = next((i for i, digit in enumerate(reversed(digits)) if digit), -exponent)
            self._scale = max(self._scale, -exponent - zeros)

    def _number(self, kinds: set[Any]) -> pa.DataType | None:
        if float in kinds:
            exact = self._least >= -EXACT and self._most <= EXACT
            return pa.float64() if Decimal not in kinds and exact else None
        if kinds == {int} and self._most < 2**64:
            if self._least >= -(2**63) and self._most < 2**63:
                return pa.int64()
            if self._least >= 0:
                return pa.uint64()
        whole = max(self._whole, len(str(max(-self._least, self._most))) if int in kinds else 0)
        for precision, decimal in ((38, pa.decimal128), (MOST_DIGITS, pa.decimal256)):
            if whole + self._scale <= precision:
                return decimal(precision, self._scale)
        return None

    def _mixture(self) -> str:
        """Two of the kinds, by the first value of each."""
        firsts = sorted(self.first.values(), key=lambda each: each[0])[:2]
        return " and ".join(f"{shown(value)} (row {row + 1})" for row, value in firsts)


def _kind(value: Any) -> Any:
    """What tells the types of values apart: their class, and of a datetime whether it has a zone."""
    return (dt.datetime, value.tzinfo is not None) if type(value) is dt.datetime else type(value)


def _plain(kind: Any) -> pa.DataType:
    if isinstance(kind, tuple):
        return pa.timestamp("us", "UTC" if kind[1] else None)
    return PLAIN.get(kind) or pa.opaque(pa.binary(), kind.__name__, "Python")
