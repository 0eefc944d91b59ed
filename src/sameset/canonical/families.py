"""Families of values: what can be equal to what. The number of a family seeds the hashes of its values."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import pyarrow as pa

from sameset.errors import UnsupportedTypeError

__all__ = ["Family", "family_of", "plain_type"]


class Family(IntEnum):
    """Families of encoding version 1; numbers are for ever."""

    NULL = 1
    BOOLEAN = 2
    NUMBER = 3
    TEXT = 4
    BYTES = 5
    DATE = 6
    TIME = 7
    TIMESTAMP = 8
    ZONED_TIMESTAMP = 9
    DURATION = 10

    @property
    def seed(self) -> np.uint64:
        """The seed of the hashes of its values.

        Murmur mixes seed and length with one exclusive or, so with small seeds zero bytes of different lengths would have
        one hash in different families: null and 1970-01-01T00:00:00Z, for one. Lengths that have no block stay below 16.
        """
        return np.uint64(256 * self)

    @property
    def label(self) -> str:
        """The family's name for people."""
        return self.name.lower().replace("_", " ")


def plain_type(arrow_type: pa.DataType) -> pa.DataType:
    """The type of the values themselves: that of a dictionary's values, or of an extension's storage."""
    if pa.types.is_dictionary(arrow_type):
        return plain_type(arrow_type.value_type)
    if isinstance(arrow_type, pa.BaseExtensionType) and arrow_type.extension_name == "arrow.uuid":
        return arrow_type.storage_type
    return arrow_type


def family_of(arrow_type: pa.DataType, column: str) -> Family:
    """The family of a column's values; UnsupportedTypeError names the column and its type."""
    plain = plain_type(arrow_type)
    for family, tests in TESTS.items():
        if any(test(plain) for test in tests):
            return family
    if pa.types.is_timestamp(plain):
        return Family.TIMESTAMP if plain.tz is None else Family.ZONED_TIMESTAMP
    raise UnsupportedTypeError(column, str(arrow_type))


def _is_decimal(kind: pa.DataType) -> bool:
    """Whether it is a decimal type whose scale is at most the digits of its width, beyond which Arrow reads no value."""
    return bool(pa.types.is_decimal(kind) and abs(kind.scale) <= DIGITS[kind.byte_width])


DIGITS = {4: 9, 8: 18, 16: 38, 32: 76}


TESTS = {
    Family.NULL: (pa.types.is_null,),
    Family.BOOLEAN: (pa.types.is_boolean,),
    Family.NUMBER: (pa.types.is_integer, pa.types.is_floating, _is_decimal),
    Family.TEXT: (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    Family.BYTES: (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_binary_view,
        pa.types.is_fixed_size_binary,
    ),
    Family.DATE: (pa.types.is_date,),
    Family.TIME: (pa.types.is_time,),
    Family.DURATION: (pa.types.is_duration,),
}
