"""numpy's types in Arrow: which column an array becomes, and its values there, none of them changed."""

from __future__ import annotations

import sys
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import packed_bits
from sameset.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["arrow_type_of", "arrow_values", "fields_of"]

WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
NUMBERS = {
    np.dtype(name): pa.type_for_alias(alias)
    for name, alias in {
        **{name: name for name in WHOLE},
        "float16": "halffloat",
        "float32": "float",
        "float64": "double",
    }.items()
}
ARROW_UNITS = ("s", "ms", "us", "ns")
DAYS, SECONDS = ("Y", "M", "W", "D"), ("W", "D", "h", "m")  # units that are whole days, or whole seconds as a length
A_WEEK = 604_800


def fields_of(dtype: np.dtype[Any], name: str) -> list[tuple[str, np.dtype[Any]]]:
    """Names and types of the columns of an array: one, or those of its fields."""
    if dtype.names is None:
        return [(name, dtype)]
    return [(field, dtype[field]) for field in dtype.names]


def arrow_type_of(dtype: np.dtype[Any], shape: tuple[int, ...], place: str) -> pa.DataType:
    """The type of a column whose items are arrays of this type and shape: the values themselves, or tensors.

    SourceError names the place of a type without canonical form, such as objects, complex numbers or fields within fields.
    """
    if dtype.subdtype is not None:
        base, inner = dtype.subdtype
        return arrow_type_of(base, (*shape, *inner), place)
    element = _element_type(dtype)
    if element is None:
        raise SourceError(f"{place} has numpy's type {dtype}, which has no canonical form; save it as another type")
    return pa.fixed_shape_tensor(element, list(shape)) if shape else element


def _element_type(dtype: np.dtype[Any]) -> pa.DataType | None:
    native = dtype.newbyteorder("=")
    if native in NUMBERS:
        return NUMBERS[native]
    if dtype.kind in "bSU":
        return {"b": pa.bool_(), "S": pa.binary(), "U": pa.string()}[dtype.kind]
    if dtype.kind not in "Mm":
        return None
    unit = np.datetime_data(dtype)[0]
    if unit in ARROW_UNITS:
        return pa.timestamp(unit) if dtype.kind == "M" else pa.duration(unit)
    if dtype.kind == "M":
        return pa.date32() if unit in DAYS else pa.timestamp("s") if unit in SECONDS else None
    return pa.duration("s") if unit in SECONDS else None


def arrow_values(items: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """The items of an array, along its first axis, as a column of the type that `arrow_type_of` gave."""
    if not isinstance(kind, pa.FixedShapeTensorType):
        return _flat_values(items, kind)
    elements = _flat_values(items.reshape(-1), kind.value_type)
    size = prod(kind.shape)
    lists = pa.FixedSizeListArray.from_buffers(kind.storage_type, len(items), [None], children=[elements])
    assert len(elements) == size * len(items)
    return pa.ExtensionArray.from_storage(kind, lists)


def _flat_values(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    if values.dtype.kind == "U" and values.itemsize and values.view(np.uint32).max(initial=0) > sys.maxunicode:
        raise ValueError("a text has a character that is none of Unicode; save it again")
    if values.dtype.kind in "SU":
        return pa.array(values.tolist(), kind)
    if values.dtype.kind == "b":
        return pa.Array.from_buffers(kind, len(values), [None, packed_bits(values)])
    if values.dtype.kind in "Mm":
        return _times(values, kind)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _times(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Dates, instants or lengths; NaT is null."""
    missing = np.isnat(values)
    unit = "D" if pa.types.is_date(kind) else kind.unit
    largest = np.abs(np.where(missing, 0, values.view(np.int64))).max(initial=0)
    step = np.datetime_data(values.dtype)
    words = values.astype(f"{values.dtype.kind}8[{unit}]").view(np.int64)
    if step != (unit, 1) and largest > np.iinfo(np.int64).max // (A_WEEK * step[1]):
        raise SourceError("a time is beyond what 64-bit seconds hold; save it in another unit")
    if pa.types.is_date(kind):
        outside = ~missing & ((words > np.iinfo(np.int32).max) | (words < np.iinfo(np.int32).min))
        if outside.any():
            raise SourceError("a date is more than 5,879,610 years from 1970; save it as a number")
        words = words.astype(np.int32)
    validity = packed_bits(~missing) if missing.any() else None
    return pa.Array.from_buffers(
        kind, len(values), [validity, pa.py_buffer(np.where(missing, words.dtype.type(0), words))]
    )
