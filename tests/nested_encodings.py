"""Nested values that are the same in several encodings and types, and arrays in which something lies hidden."""

from __future__ import annotations

import json
import struct
from typing import Any

import pyarrow as pa
from naive_nested import spans_of
from strategies import bitmap
from strategies_nested import integers

__all__ = ["HIDING", "LIST_TYPES", "SAME", "as_views", "hidden", "varied_tensors"]

#: What `hidden` can hide something in.
HIDING = ["struct", "struct of runs", "fixed size list", "list", "list view", "map", "dictionary"]
LIST_TYPES = [
    pa.list_(pa.int16()),
    pa.large_list(pa.string()),
    pa.list_(pa.list_(pa.float32(), 2)),
    pa.list_(pa.dictionary(pa.int8(), pa.string())),
    pa.list_(pa.struct({"x": pa.list_(pa.uuid())})),
]
WHOLE = [pa.int8(), pa.int64(), pa.uint16(), pa.float16(), pa.float64(), pa.decimal128(9, 2), pa.decimal32(5, 0)]
#: A value, and types that can hold it and give it one hash.
SAME: dict[str, tuple[Any, list[pa.DataType]]] = {
    "width in a list": ([1, None, 5], [pa.list_(kind) for kind in WHOLE]),
    "width in a struct": ({"x": 7}, [pa.struct({"x": kind}) for kind in WHOLE]),
    "width of a map's keys": ([(3, "a"), (4, None)], [pa.map_(kind, pa.string()) for kind in WHOLE]),
    "width deep down": ([[{"x": [(1, [2])]}]], [pa.list_(pa.list_(pa.struct({"x": pa.map_(k, pa.list_(k))}))) for k in WHOLE]),
    "text in a list": (["a", "", None], [pa.list_(kind) for kind in (pa.string(), pa.large_string(), pa.string_view())]),
    "fixed and not": ([b"abc", b"def"], [pa.list_(pa.binary()), pa.list_(pa.binary(3)), pa.list_(pa.binary_view(), 2)]),
    "nothing but nulls": ([None, None], [pa.list_(kind) for kind in (*WHOLE, pa.null(), pa.string(), pa.struct({}))]),
    "nothing at all": ([], [pa.list_(kind) for kind in (*WHOLE, pa.null(), pa.list_(pa.int8()))]),
    "order of fields": ({"a": 1, "b": 2}, [pa.struct([(n, pa.int8()) for n in names]) for names in ("ab", "ba")]),
}  # fmt: skip


def as_views(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Lists of the same elements as views."""
    spans, valid = spans_of(array), array.is_valid().to_pylist()
    wide = pa.types.is_large_list_view(kind)
    buffers = [integers([start for start, _ in spans], wide), integers([end - start for start, end in spans], wide)]
    return pa.Array.from_buffers(kind, len(array), [bitmap(valid), *buffers], children=[array.values])


def hidden(kind: str, valid: bool) -> pa.Array:
    """Three instants, of which the second is refused; it lies where nobody looks, unless `valid`."""
    seconds = struct.pack("<qqq", 0, 2**63 - 1, 5)  # the second is beyond 292,271 years
    times = pa.Array.from_buffers(pa.timestamp("s"), 3, [None, pa.py_buffer(seconds)])
    mask = bitmap([True, valid, True])
    if kind == "struct":
        return pa.Array.from_buffers(pa.struct({"t": times.type}), 3, [mask], children=[times])
    if kind == "struct of runs":
        runs = pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3], pa.int32()), times)
        return pa.Array.from_buffers(pa.struct({"t": runs.type}), 3, [mask], children=[runs])
    if kind == "fixed size list":
        return pa.Array.from_buffers(pa.list_(times.type, 1), 3, [mask], children=[times])
    if kind == "list":
        return pa.Array.from_buffers(pa.list_(times.type), 3, [mask, integers([0, 1, 2, 3], False)], children=[times])
    if kind == "list view":
        buffers = [integers([0, 1, 2], False), integers([1, 1, 1], False)]
        return pa.Array.from_buffers(pa.list_view(times.type), 3, [mask, *buffers], children=[times])
    if kind == "map":
        entry = pa.struct([pa.field("key", times.type, nullable=False), pa.field("value", times.type)])
        entries = pa.Array.from_buffers(entry, 3, [None], children=[times, times])
        kind_ = pa.map_(times.type, times.type)
        return pa.Array.from_buffers(kind_, 3, [mask, integers([0, 1, 2, 3], False)], children=[entries])
    return pa.DictionaryArray.from_arrays(pa.array([0, 1 if valid else 0, 2]), times)


def varied_tensors(values: list[Any], kind: pa.DataType, axes: int, permutation: list[int] | None = None) -> pa.Array:
    """A column of Arrow's tensors of several shapes, each `(shape, elements)` as stored; pyarrow makes them from files alone."""
    lists = [("data", pa.list_(kind)), ("shape", pa.list_(pa.int32(), axes))]
    storage = pa.array([value and {"data": value[1], "shape": value[0]} for value in values], pa.struct(lists))
    meaning = (
        "{}" if permutation is None else json.dumps({"permutation": permutation, "dim_names": list("]xyz"[:axes])})
    )
    marks = {"ARROW:extension:name": "arrow.variable_shape_tensor", "ARROW:extension:metadata": meaning}
    schema = pa.schema([pa.field("c", storage.type, metadata=marks)])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.record_batch([storage], schema=schema))
    return pa.ipc.open_stream(sink.getvalue()).read_next_batch().column(0)
