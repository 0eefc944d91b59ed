"""Tables as JSON that needs neither Arrow nor Python to be read: types by name, values as text where JSON would lose digits.

docs/encoding.md, "Golden files", says what stands for what. Writing and reading are here side by side; they share no table
of types, so that what is written wrong is not read right.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pyarrow as pa

__all__ = ["array_of", "plain_type", "plain_values"]

EXTENSIONS = {"arrow.uuid": "uuid", "arrow.json": "json", "arrow.bool8": "bool8"}
LISTS = {
    "list": pa.types.is_list,
    "large_list": pa.types.is_large_list,
    "list_view": pa.types.is_list_view,
    "fixed_size_list": pa.types.is_fixed_size_list,
}


def plain_type(kind: pa.DataType) -> Any:
    """An Arrow type as JSON: the name of a flat one, `{kind of nesting: [what it is made of]}` of a nested one."""
    if pa.types.is_dictionary(kind):
        return {"dictionary": [plain_type(kind.value_type)]}
    if pa.types.is_run_end_encoded(kind):
        return {"run_end_encoded": [plain_type(kind.value_type)]}
    if isinstance(kind, pa.FixedShapeTensorType):
        order = kind.permutation or list(range(len(kind.shape)))
        return {"tensor": [plain_type(kind.value_type), list(kind.shape), list(order)]}
    if isinstance(kind, pa.BaseExtensionType):
        return EXTENSIONS[kind.extension_name]
    if pa.types.is_struct(kind):
        return {"struct": [[field.name, plain_type(field.type)] for field in kind]}
    if pa.types.is_map(kind):
        return {"map": [plain_type(kind.key_type), plain_type(kind.item_type)]}
    for name, test in LISTS.items():
        if test(kind):
            size = [kind.list_size] if name == "fixed_size_list" else []
            return {name: [plain_type(kind.value_type), *size]}
    return str(kind)


def plain_values(array: pa.Array) -> list[Any]:
    """The values of an array as JSON."""
    return [_plain(scalar) for scalar in array]


def _plain(scalar: pa.Scalar) -> Any:
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind) or isinstance(kind, pa.BaseExtensionType):
        inner = scalar.value
        return _plain(inner) if isinstance(inner, pa.Scalar) else inner
    if pa.types.is_struct(kind):
        return [_plain(scalar[i]) for i in range(kind.num_fields)]
    if pa.types.is_map(kind):
        return [[_plain(entry[0]), _plain(entry[1])] for entry in scalar.values]
    if any(test(kind) for test in LISTS.values()):
        return [_plain(value) for value in scalar.values]
    return _plain_leaf(scalar)


def _plain_leaf(scalar: pa.Scalar) -> Any:
    kind, value = scalar.type, scalar.value if pa.types.is_temporal(scalar.type) else scalar.as_py()
    if pa.types.is_floating(kind):
        return repr(float(value))
    if pa.types.is_integer(kind) or (pa.types.is_temporal(kind) and not pa.types.is_interval(kind)):
        return str(value)
    if pa.types.is_decimal(kind):
        return f"{value:f}"
    if pa.types.is_interval(kind):
        return [str(part) for part in scalar.as_py()]
    return value.hex() if isinstance(value, bytes) else value


# Reading

FLAT = {
    "null": pa.null(),
    "bool": pa.bool_(),
    **{f"{sign}int{bits}": getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "halffloat": pa.float16(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "large_string": pa.large_string(),
    "string_view": pa.string_view(),
    "binary": pa.binary(),
    "large_binary": pa.large_binary(),
    "binary_view": pa.binary_view(),
    "date32[day]": pa.date32(),
    "date64[ms]": pa.date64(),
    **{f"time32[{unit}]": pa.time32(unit) for unit in ("s", "ms")},
    **{f"time64[{unit}]": pa.time64(unit) for unit in ("us", "ns")},
    **{f"duration[{unit}]": pa.duration(unit) for unit in ("s", "ms", "us", "ns")},
    "month_day_nano_interval": pa.month_day_nano_interval(),
    "uuid": pa.uuid(),
    "json": pa.json_(),
    "bool8": pa.bool8(),
}
NAMED = {
    r"decimal128\((\d+), (-?\d+)\)": lambda digits, scale: pa.decimal128(int(digits), int(scale)),
    r"decimal256\((\d+), (-?\d+)\)": lambda digits, scale: pa.decimal256(int(digits), int(scale)),
    r"fixed_size_binary\[(\d+)\]": lambda size: pa.binary(int(size)),
    r"timestamp\[(\w+)\]": pa.timestamp,
    r"timestamp\[(\w+), tz=(.+)\]": pa.timestamp,
}
NESTED = {
    "list": pa.list_,
    "large_list": pa.large_list,
    "list_view": pa.list_view,
    "fixed_size_list": pa.list_,
    "map": pa.map_,
}


def array_of(plain: Any, cells: list[Any]) -> pa.Array:
    """The Arrow array of values in JSON of a type in JSON."""
    if isinstance(plain, dict):
        ((nesting, parts),) = plain.items()
        if nesting == "dictionary":
            return pa.DictionaryArray.from_arrays(pa.array(range(len(cells)), pa.int32()), array_of(parts[0], cells))
        if nesting == "run_end_encoded":
            ends = pa.array(range(1, len(cells) + 1), pa.int32())
            return pa.RunEndEncodedArray.from_arrays(ends, array_of(parts[0], cells))
    kind = _type_of(plain)
    storage = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    values = pa.array([_value_of(storage, cell) for cell in cells], storage)
    return pa.ExtensionArray.from_storage(kind, values) if storage is not kind else values


def _type_of(plain: Any) -> pa.DataType:
    if isinstance(plain, str):
        return FLAT[plain] if plain in FLAT else _named_type(plain)
    ((nesting, parts),) = plain.items()
    if nesting == "struct":
        return pa.struct([(name, _type_of(part)) for name, part in parts])
    if nesting == "tensor":
        return pa.fixed_shape_tensor(_type_of(parts[0]), parts[1], permutation=parts[2])
    return NESTED[nesting](*(part if isinstance(part, int) else _type_of(part) for part in parts))


def _named_type(name: str) -> pa.DataType:
    for pattern, make in NAMED.items():
        if found := re.fullmatch(pattern, name):
            return make(*found.groups())
    raise ValueError(f"no type is called {name}")


def _value_of(kind: pa.DataType, cell: Any) -> Any:
    if cell is None or pa.types.is_boolean(kind):
        return cell
    if pa.types.is_struct(kind):
        return {field.name: _value_of(field.type, part) for field, part in zip(kind, cell, strict=True)}
    if pa.types.is_map(kind):
        return [(_value_of(kind.key_type, key), _value_of(kind.item_type, item)) for key, item in cell]
    if pa.types.is_interval(kind):
        return tuple(int(part) for part in cell)
    if isinstance(cell, list):
        return [_value_of(kind.value_type, part) for part in cell]
    return _leaf_of(kind, cell)


def _leaf_of(kind: pa.DataType, cell: str) -> Any:
    if pa.types.is_decimal(kind):
        return Decimal(cell)
    if pa.types.is_floating(kind):
        return float(cell)
    if pa.types.is_integer(kind) or pa.types.is_temporal(kind):
        return int(cell)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return cell if is_text else bytes.fromhex(cell)
