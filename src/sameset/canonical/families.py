"""Families of values: what can be equal to what. The number of a family seeds the hashes of its values."""

from __future__ import annotations

import sys
from enum import IntEnum
from functools import lru_cache

import numpy as np
import pyarrow as pa

from sameset.errors import SchemaError, UnsupportedTypeError

__all__ = ["Family", "TensorType", "family_of", "is_variable", "make_room", "plain_type"]


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
    LIST = 11
    STRUCT = 12
    MAP = 13
    TENSOR = 14
    INTERVAL = 15

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


class TensorType(pa.ExtensionType):  # type: ignore[misc]  # pyarrow ships no types
    """Tensors of any shapes and number types in one column: type name and shape of each, and its elements, row by row.

    The elements lie in row-major order, a boolean in a byte, in the byte order of this machine; `canonical.tensors` makes
    such columns. Nobody else's type of this name is taken for it.
    """

    def __init__(self) -> None:
        fields = [("kind", pa.string()), ("shape", pa.list_(pa.int32())), ("data", pa.large_binary())]
        super().__init__(pa.struct(fields), "sameset.tensor")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> TensorType:
        return cls()

    def __arrow_ext_scalar_class__(self) -> type[pa.ExtensionScalar]:
        return TensorScalar

    def __hash__(self) -> int:
        return hash(self.extension_name)

    def __str__(self) -> str:
        return "tensor"


class TensorScalar(pa.ExtensionScalar):  # type: ignore[misc]
    """One tensor; in Python it is what it is made of, such as `uint8 32x32x3`: its numbers would fill pages."""

    def as_py(self, **_: object) -> str | None:
        """Number type and shape; None for a null."""
        if not self.is_valid:
            return None
        shape = "x".join(map(str, self.value["shape"].as_py()))
        return f"{self.value['kind'].as_py()} {shape}".strip()


def plain_type(arrow_type: pa.DataType) -> pa.DataType:
    """The type of the values themselves: that of a dictionary's values, or of an extension's storage."""
    if pa.types.is_dictionary(arrow_type):
        return plain_type(arrow_type.value_type)
    if pa.types.is_run_end_encoded(arrow_type):
        return plain_type(arrow_type.value_type)
    if isinstance(arrow_type, pa.BaseExtensionType) and arrow_type.extension_name in TRANSPARENT:
        return arrow_type.storage_type
    return arrow_type


def make_room(schema: pa.Schema) -> None:
    """Lets Python call as deep as the types of a schema are nested, to 5,000 levels; its own limit ends at about 150.

    Calls from Python to Python take no stack of the machine, and few go by way of C: 5,000 levels fit the 8 MB of a thread.
    """
    kinds, levels = [field.type for field in schema], 0
    while kinds and levels < MOST_LEVELS:
        kinds, levels = [inner for kind in kinds for inner in _inner_types(kind)], levels + 1
    if levels > ROOMY_LEVELS:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), PYTHON_LIMIT + CALLS_A_LEVEL * levels))


ROOMY_LEVELS, MOST_LEVELS = 30, 5000
PYTHON_LIMIT, CALLS_A_LEVEL = 1000, 10


def _inner_types(kind: pa.DataType) -> list[pa.DataType]:
    if isinstance(kind, pa.BaseExtensionType):
        return [kind.storage_type]
    if pa.types.is_dictionary(kind):
        return [kind.value_type]
    return [kind.field(i).type for i in range(kind.num_fields)]


def family_of(arrow_type: pa.DataType, column: str) -> Family:
    """The family of a column's values; UnsupportedTypeError names the column, or the path to its part, and the type.

    What is nested in it is looked at, too, so that a table without rows is refused like one with rows.
    """
    is_foreign = isinstance(arrow_type, pa.ExtensionType)  # a class made in Python, whose types have no hash
    return (_find_family.__wrapped__ if is_foreign else _find_family)(arrow_type, column)


@lru_cache(maxsize=8192)  # it is asked for every column of every batch: 12 us each, a tenth of a scan
def _find_family(arrow_type: pa.DataType, column: str) -> Family:
    plain = plain_type(arrow_type)
    for path, inner in _parts(plain, column):
        family_of(inner, path)
    for family, tests in TESTS.items():
        if any(test(plain) for test in tests):
            return family
    if isinstance(plain, TensorType):
        return Family.TENSOR
    if isinstance(plain, pa.BaseExtensionType):
        if plain.extension_name in OWN_FAMILY:
            return OWN_FAMILY[plain.extension_name]
        raise UnsupportedTypeError(column, _name_of(arrow_type))
    if pa.types.is_timestamp(plain):
        return Family.TIMESTAMP if plain.tz is None else Family.ZONED_TIMESTAMP
    raise UnsupportedTypeError(column, str(arrow_type))


def _name_of(kind: pa.DataType) -> str:
    """What people call the type; what a source could not bring to Arrow (`arrow.opaque`) has the name that it has there."""
    handed_on = isinstance(kind, pa.OpaqueType) and kind.vendor_name in VENDORS
    return str(kind.type_name if handed_on else kind)


def _parts(kind: pa.DataType, column: str) -> list[tuple[str, pa.DataType]]:
    """The types within a nested one, each with the path to it."""
    if pa.types.is_struct(kind):
        names = [field.name for field in kind]
        if len(set(names)) < len(names):
            raise SchemaError(f"two fields of {column!r} have one name; rename one of them")
        return [(f"{column}.{field.name}", field.type) for field in kind]
    if pa.types.is_map(kind):
        return [(f"{column}.key", kind.key_type), (f"{column}.value", kind.item_type)]
    if any(test(kind) for test in TESTS[Family.LIST]) or isinstance(kind, pa.FixedShapeTensorType):
        return [(f"{column}[]", kind.value_type)]
    if is_variable(kind):
        return [(f"{column}[]", kind.storage_type.field("data").type.value_type)]
    return []


def is_variable(kind: pa.DataType) -> bool:
    """Whether it is Arrow's type of tensors of several shapes, for which pyarrow 26 has no class."""
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == VARIABLE


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
    Family.LIST: (
        pa.types.is_list,
        pa.types.is_large_list,
        pa.types.is_fixed_size_list,
        pa.types.is_list_view,
        pa.types.is_large_list_view,
    ),
    Family.STRUCT: (pa.types.is_struct,),
    Family.MAP: (pa.types.is_map,),
    Family.INTERVAL: (pa.types.is_interval,),
}
#: The vendors that sources name in `arrow.opaque`.
VENDORS = ("Arrow", "DuckDB", "Polars", "PostgreSQL", "Python", "SQL")
#: Extension types that are their storage, and those with a family of their own.
TRANSPARENT = ("arrow.uuid", "arrow.json")
VARIABLE = "arrow.variable_shape_tensor"
OWN_FAMILY = {"arrow.fixed_shape_tensor": Family.TENSOR, VARIABLE: Family.TENSOR, "arrow.bool8": Family.BOOLEAN}
