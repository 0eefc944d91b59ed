"""The naive twin of nested values: docs/encoding.md, "Nested values", in plain Python.

A list is a list of values, a struct a dictionary, a map a list of {"key", "value"}, a tensor a list in the order in which
it is stored. Every value is hashed alone, from the inside out.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from typing import Any

import pyarrow as pa
from naive_values import (
    AS_IS,
    BOOLEAN,
    BYTES,
    LIST,
    M64,
    MAP,
    NULL,
    STRUCT,
    TENSOR,
    TEXT,
    Form,
    Hash,
    Value,
    finish,
    fmix,
    leaf_bytes,
    leaf_family,
    leaf_values,
    murmur,
    u64,
)

EXTENSIONS = {
    "arrow.uuid": BYTES,
    "arrow.json": TEXT,
    "arrow.bool8": BOOLEAN,
    "arrow.fixed_shape_tensor": TENSOR,
}


def value_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values that a dictionary or runs stand for."""
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return value_type(kind.value_type)
    return kind


def is_list(kind: pa.DataType) -> bool:
    types = pa.types
    plain = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(plain or types.is_list_view(kind) or types.is_large_list_view(kind))


def family(kind: pa.DataType) -> int:
    """The number of the family of an Arrow type."""
    kind = value_type(kind)
    if isinstance(kind, pa.BaseExtensionType):
        return EXTENSIONS[kind.extension_name]
    if is_list(kind):
        return LIST
    if pa.types.is_map(kind):
        return MAP
    return STRUCT if pa.types.is_struct(kind) else leaf_family(kind)


def values(array: pa.Array, form: Form = AS_IS) -> list[Value]:
    """The values of an array in the form asked for; nulls are None wherever they are."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        entries = values(array.dictionary, form)
        return [None if index is None else entries[index] for index in array.indices.to_pylist()]
    if pa.types.is_run_end_encoded(kind):
        runs, ends = values(array.values, form), array.run_ends.to_pylist()
        return [runs[bisect_right(ends, array.offset + i)] for i in range(len(array))]
    if isinstance(kind, pa.BaseExtensionType):
        stored = values(array.storage, form)
        return [v if v is None else v != 0 for v in stored] if family(kind) == BOOLEAN else stored
    if family(kind) in (LIST, MAP):
        elements, there = values(array.values, form), array.is_valid().to_pylist()
        spans = zip(spans_of(array), there, strict=True)
        lists = [elements[start:end] if valid else None for (start, end), valid in spans]
        return [entries_of(rows) for rows in lists] if family(kind) == MAP else lists
    if family(kind) == STRUCT:
        names = [field.name for field in kind]
        fields = [values(array.field(i), form) for i in range(len(names))]
        return [
            {name: field[i] for name, field in zip(names, fields, strict=True)} if valid else None
            for i, valid in enumerate(array.is_valid().to_pylist())
        ]
    return leaf_values(array, form)


def spans_of(array: pa.Array) -> list[tuple[int, int]]:
    """Where the elements of each row lie among `array.values`; pyarrow's own scalars crash where lists hold runs."""
    if pa.types.is_fixed_size_list(array.type):
        size = array.type.list_size
        return [(i * size, (i + 1) * size) for i in range(array.offset, array.offset + len(array))]
    starts = array.offsets.to_pylist()
    if pa.types.is_list_view(array.type) or pa.types.is_large_list_view(array.type):
        return [(start, start + size) for start, size in zip(starts, array.sizes.to_pylist(), strict=True)]
    return list(itertools.pairwise(starts))


def entries_of(rows: list[dict[str, Value]] | None) -> list[dict[str, Value]] | None:
    """The entries of a map, whatever Arrow calls their two fields."""
    return None if rows is None else [dict(zip(("key", "value"), row.values(), strict=True)) for row in rows]


def canonical_bytes(value: Value, kind: pa.DataType) -> bytes:
    """The canonical bytes of a value, as `values` gives it, of the Arrow type `kind`."""
    kind = value_type(kind)
    if value is None:
        return b""
    if family(kind) == LIST:
        return elements_bytes(value, kind.value_type)
    if family(kind) == STRUCT:
        return struct_bytes(value, {field.name: field.type for field in kind})
    if family(kind) == MAP:
        entries = [murmur(struct_bytes(entry, entry_types(kind)), 256 * STRUCT) for entry in value]
        return u64(len(entries)) + u64(sum(h[0] for h in entries) & M64) + u64(sum(h[1] for h in entries) & M64)
    if family(kind) == TENSOR:
        shape = [kind.shape[axis] for axis in kind.permutation or range(len(kind.shape))]
        head = " ".join([str(kind.value_type), *map(str, shape)]).encode()
        return pair_bytes(murmur(head, 107)) + elements_bytes(row_major(value, kind), kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return bytes([value]) if family(kind) == BOOLEAN else leaf_bytes(value, kind.storage_type)
    return leaf_bytes(value, kind)


def pair_bytes(pair: Hash) -> bytes:
    return u64(pair[0]) + u64(pair[1])


def elements_bytes(elements: list[Value], kind: pa.DataType) -> bytes:
    return b"".join(pair_bytes(value_hash(element, kind)) for element in elements)


def entry_types(kind: pa.DataType) -> dict[str, pa.DataType]:
    return {"key": kind.key_type, "value": kind.item_type}


def struct_bytes(fields: dict[str, Value], kinds: dict[str, pa.DataType]) -> bytes:
    s1, s2 = murmur(b"", 106)
    for name, value in fields.items():
        (v1, v2), (k1, k2) = value_hash(value, kinds[name]), murmur(name.encode(), 107)
        s1 = s1 + fmix(v1 ^ k1) & M64
        s2 = s2 + fmix(v2 ^ k2) & M64
    return pair_bytes(finish(s1, s2, len(fields)))


def row_major(stored: list[Value], kind: Any) -> list[Value]:
    """The elements of a tensor in row-major order of its logical axes; axis i of these is the stored axis permutation[i]."""
    if kind.permutation is None:
        return stored
    axes = list(kind.permutation)
    elements = []
    for place in itertools.product(*(range(kind.shape[axis]) for axis in axes)):
        at = 0
        for axis, size in enumerate(kind.shape):
            at = at * size + place[axes.index(axis)]
        elements.append(stored[at])
    return elements


def value_hash(value: Value, kind: pa.DataType) -> Hash:
    return murmur(canonical_bytes(value, kind), 256 * (NULL if value is None else family(kind)))
