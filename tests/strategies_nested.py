"""Hypothesis strategies of nested Arrow arrays to depth 4, with everything inside them that may lie hidden or out of order.

Lists start anywhere in their elements and keep some under nulls, views overlap, null structs have fields that are not null,
dictionaries hold nulls and values that nothing uses, runs are cut by slices, inner arrays have odd offsets of their own.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st
from strategies import FIXED_TYPES, PLAIN_TYPES, array_of, bitmap, fixed_array, text_array

__all__ = [
    "LISTS",
    "NESTED",
    "NESTED_TYPES",
    "NESTED_VALUES",
    "NUMBER_LIST",
    "OTHER_LEAVES",
    "POINT",
    "integers",
    "meaning",
    "nested_arrays",
    "nested_arrays_of",
    "nested_batches",
    "nested_types",
]

Strategy = st.SearchStrategy[Any]
Draw = Callable[[Strategy], Any]

OTHER_LEAVES = [
    pa.month_day_nano_interval(),
    pa.bool8(),
    pa.json_(pa.string()),
    pa.json_(pa.large_string()),
    pa.json_(pa.string_view()),
]
LEAVES = [*PLAIN_TYPES, *OTHER_LEAVES]
TENSOR_VALUES = [pa.int8(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(), pa.float64()]
TENSORS = [
    pa.fixed_shape_tensor(pa.float64(), [2, 3]),
    pa.fixed_shape_tensor(pa.float64(), [3, 2], permutation=[1, 0]),
    pa.fixed_shape_tensor(pa.int32(), [2, 1, 3], permutation=[2, 0, 1]),
    pa.fixed_shape_tensor(pa.uint8(), [2, 0, 3]),
    pa.fixed_shape_tensor(pa.float32(), []),
    pa.fixed_shape_tensor(pa.float16(), [4], dim_names=["x"]),
]
NUMBERS = pa.struct({"i": pa.int32(), "d": pa.decimal128(38, 2), "f": pa.float32()})
# One of each kind, and those that once were or might be trouble together.
NESTED_TYPES = [
    *OTHER_LEAVES,
    pa.list_(pa.int64()),
    pa.large_list(pa.string()),
    pa.list_view(pa.timestamp("s", "UTC")),
    pa.large_list_view(pa.binary_view()),
    pa.list_(pa.float16(), 3),
    pa.list_(pa.string(), 0),
    pa.struct({}),
    NUMBERS,
    pa.map_(pa.string(), pa.float64()),
    *TENSORS,
    pa.list_(pa.null()),
    pa.list_(pa.list_(pa.list_(pa.list_(pa.bool_())))),
    pa.list_view(pa.list_view(pa.large_list_view(pa.int8()))),
    pa.list_(pa.list_(pa.list_(pa.date64(), 2), 1), 3),
    pa.struct({"a": pa.struct({"a": pa.struct({"a": pa.struct({"a": pa.string()})})}), "b": NUMBERS}),
    pa.map_(pa.int32(), pa.map_(pa.string(), pa.map_(pa.int8(), pa.list_(pa.uuid())))),
    pa.list_(pa.dictionary(pa.int8(), pa.string_view())),
    pa.struct({"r": pa.run_end_encoded(pa.int16(), pa.string()), "d": pa.dictionary(pa.uint8(), pa.uuid())}),
    pa.list_(TENSORS[1]),
    pa.struct({"t": pa.list_(TENSORS[2], 2), "j": pa.json_(), "b": pa.bool8()}),
    pa.list_(pa.month_day_nano_interval()),
    pa.dictionary(pa.int8(), pa.list_(pa.string())),
    pa.dictionary(pa.int16(), NUMBERS),
    pa.dictionary(pa.uint8(), pa.map_(pa.string(), pa.int8())),
    pa.dictionary(pa.int32(), pa.list_view(pa.int8())),
    pa.dictionary(pa.int32(), pa.run_end_encoded(pa.int32(), pa.int8())),
    pa.dictionary(pa.int32(), TENSORS[0]),
    pa.dictionary(pa.int32(), pa.bool8()),
    pa.dictionary(pa.int32(), pa.json_()),
    pa.run_end_encoded(pa.int16(), pa.string()),
    pa.run_end_encoded(pa.int32(), pa.list_(pa.string())),
    pa.run_end_encoded(pa.int64(), pa.struct({"x": pa.list_(pa.int8())})),
    pa.run_end_encoded(pa.int32(), pa.dictionary(pa.int8(), pa.string())),
    pa.run_end_encoded(pa.int32(), pa.string_view()),
    pa.run_end_encoded(pa.int32(), pa.uuid()),
    pa.run_end_encoded(pa.int32(), pa.json_()),
    pa.run_end_encoded(pa.int32(), TENSORS[1]),
]
FIELD_NAMES = st.sampled_from(["a", "b", "", "ä", "key", "a.b", "\0"]) | st.text(max_size=3)


def containers(inner: Strategy) -> Strategy:
    """Types with a type of `inner` in them."""
    ends = st.sampled_from([pa.int16(), pa.int32(), pa.int64()])
    plain = inner.filter(lambda kind: not pa.types.is_run_end_encoded(kind))
    # Arrow makes no runs of a date64 that is no whole day, and of a time beyond 24 hours, which the plain strategies like.
    return st.one_of(
        inner.map(pa.list_),
        inner.map(pa.large_list),
        inner.map(pa.list_view),
        inner.map(pa.large_list_view),
        st.builds(pa.list_, inner, st.integers(0, 3)),
        st.dictionaries(FIELD_NAMES, inner, max_size=3).map(pa.struct),
        st.builds(pa.map_, st.sampled_from([pa.string(), pa.int16()]), inner),
        plain.map(lambda kind: pa.dictionary(pa.int8(), kind)),
        st.builds(
            pa.run_end_encoded,
            ends,
            plain.filter(lambda kind: not re.search("date64|time32|time64", str(kind))),
        ),
    )


@st.composite
def tensor_types(draw: Draw) -> pa.DataType:
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    permutation = draw(st.none() | st.permutations(range(len(shape)))) if shape else None
    return pa.fixed_shape_tensor(draw(st.sampled_from(TENSOR_VALUES)), shape, permutation=permutation)


def nested_types(depth: int = 4) -> Strategy:
    """Any types to a depth, more often shallow ones."""
    leaves = st.sampled_from(LEAVES) | tensor_types()
    types = leaves
    for _ in range(depth):
        types = leaves | containers(types)
    return types


def any_array_of(kind: pa.DataType, size: int, draw: Draw) -> pa.Array:
    """An array of the type and length, nulls in it or not."""
    if isinstance(kind, pa.BaseExtensionType) and kind not in FIXED_TYPES:
        return pa.ExtensionArray.from_storage(kind, any_array_of(kind.storage_type, size, draw))
    if pa.types.is_run_end_encoded(kind):
        return runs_of(kind, size, draw)
    if kind in PLAIN_TYPES:
        return array_of(kind, size, draw)
    valid = draw(st.none() | st.lists(st.booleans(), min_size=size, max_size=size))
    if pa.types.is_dictionary(kind):
        return dictionary_of(kind, valid, size, draw)
    if pa.types.is_interval(kind):
        words = draw(st.lists(st.integers(0, 2**128 - 1) | st.integers(0, 3), min_size=size, max_size=size))
        return fixed_array(kind, words, valid)
    buffers, children = PARTS[kind.id](kind, size, draw)
    # A struct without fields has no child to keep its length, so Arrow takes it from here.
    return pa.Array.from_buffers(kind, size, [None if valid is None else bitmap(valid), *buffers], children=children)


Parts = tuple[list[pa.Buffer], list[pa.Array]]


def part(kind: pa.DataType, size: int, draw: Draw) -> pa.Array:
    """An inner array, often at an odd offset of something longer."""
    before, behind = draw(st.sampled_from([(0, 0), (0, 0), (1, 0), (3, 2)]))
    return any_array_of(kind, before + size + behind, draw).slice(before, size)


def integers(numbers: Sequence[int], wide: bool) -> pa.Buffer:
    return pa.py_buffer(struct.pack(f"<{len(numbers)}{'q' if wide else 'i'}", *numbers))


def lengths_of(size: int, draw: Draw) -> list[int]:
    return list(draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))


def list_parts(kind: pa.DataType, size: int, draw: Draw) -> Parts:
    ends = list(accumulate([draw(st.integers(0, 2)), *lengths_of(size, draw)]))
    elements = part(kind.value_type, ends[-1] + draw(st.integers(0, 1)), draw)
    return [integers(ends, pa.types.is_large_list(kind))], [elements]


def view_parts(kind: pa.DataType, size: int, draw: Draw) -> Parts:
    elements = part(kind.value_type, draw(st.integers(0, 5)), draw)
    spans = [sorted(draw(st.tuples(*[st.integers(0, len(elements))] * 2))) for _ in range(size)]
    wide = pa.types.is_large_list_view(kind)
    starts, sizes = [start for start, _ in spans], [end - start for start, end in spans]
    return [integers(starts, wide), integers(sizes, wide)], [elements]


def fixed_parts(kind: pa.DataType, size: int, draw: Draw) -> Parts:
    return [], [part(kind.value_type, size * kind.list_size, draw)]


def struct_parts(kind: pa.DataType, size: int, draw: Draw) -> Parts:
    return [], [part(field.type, size, draw) for field in kind]


def map_parts(kind: pa.DataType, size: int, draw: Draw) -> Parts:
    ends = list(accumulate([draw(st.integers(0, 2)), *lengths_of(size, draw)]))
    keys = draw(st.lists(st.integers(0, 3), min_size=ends[-1], max_size=ends[-1]))
    if kind.key_type == pa.string():
        names = text_array(pa.string(), [b"key %d" % key for key in keys])
    else:
        names = fixed_array(kind.key_type, keys)
    before = draw(st.integers(0, min(ends[0], 1)))
    entry = pa.struct([kind.key_field, kind.item_field])
    entries = pa.Array.from_buffers(
        entry, len(keys), [None], children=[names, part(kind.item_type, len(keys), draw)]
    ).slice(before)
    return [integers([end - before for end in ends], False)], [entries]


def dictionary_of(kind: pa.DataType, valid: Sequence[bool] | None, size: int, draw: Draw) -> pa.Array:
    entries = draw(st.integers(0 if size == 0 or (valid is not None and not any(valid)) else 1, 4))
    there, any_code = st.integers(0, max(entries - 1, 0)), st.integers(0, 2**kind.index_type.bit_width - 1)
    codes = [draw(there if valid is None or valid[i] else any_code) for i in range(size)]
    indices = fixed_array(kind.index_type, codes, valid)
    return pa.DictionaryArray.from_arrays(indices, part(kind.value_type, entries, draw), safe=False)


def runs_of(kind: pa.DataType, size: int, draw: Draw) -> pa.Array:
    cuts = draw(st.sets(st.integers(1, size), max_size=size)) | {size} if size else set()
    ends = fixed_array(kind.run_end_type, sorted(cuts))
    return pa.RunEndEncodedArray.from_arrays(ends, part(kind.value_type, len(ends), draw))


PARTS = {
    pa.list_(pa.null()).id: list_parts,
    pa.large_list(pa.null()).id: list_parts,
    pa.list_view(pa.null()).id: view_parts,
    pa.large_list_view(pa.null()).id: view_parts,
    pa.list_(pa.null(), 1).id: fixed_parts,
    pa.struct({}).id: struct_parts,
    pa.map_(pa.int8(), pa.int8()).id: map_parts,
}


@st.composite
def nested_arrays_of(draw: Draw, kind: pa.DataType, size: int | None = None) -> pa.Array:
    """Arrays of one type, often a slice at an odd offset of something longer."""
    size = draw(st.integers(0, 6)) if size is None else size
    before, behind = draw(st.sampled_from([(0, 0), (1, 0), (3, 2), (9, 1)]))
    return any_array_of(kind, before + size + behind, draw).slice(before, size)


def nested_arrays() -> Strategy:
    """Arrays of any type, nested or not."""
    return (st.sampled_from(NESTED_TYPES) | nested_types()).flatmap(nested_arrays_of)


@st.composite
def nested_batches(draw: Draw, most_columns: int = 3) -> pa.RecordBatch:
    """Record batches of columns of any types."""
    names = draw(st.lists(FIELD_NAMES, max_size=most_columns, unique=True))
    size = draw(st.integers(0, 6))
    types = st.sampled_from(NESTED_TYPES) | nested_types(2)
    columns = [draw(nested_arrays_of(draw(types), size)) for _ in names]
    schema = pa.schema([(name, column.type) for name, column in zip(names, columns, strict=True)])
    return pa.RecordBatch.from_arrays(columns, schema=schema)


# Values of one type, of few digits, so that two are often the same.
POINT = pa.struct({"x": pa.int8(), "y": pa.int8()})
NUMBER_LIST, LISTS = pa.list_(pa.int8()), pa.list_(pa.list_(pa.int8()))
NESTED = pa.struct({"a": LISTS, "b": pa.map_(pa.string(), NUMBER_LIST), "c": pa.list_(POINT), "d": pa.decimal128(9, 2)})
DIGITS = st.integers(-1, 1) | st.none()
LISTS_OF_DIGITS = st.lists(DIGITS, max_size=3)
POINTS = st.fixed_dictionaries({"x": DIGITS, "y": DIGITS}) | st.none()
NESTED_VALUES = st.none() | st.fixed_dictionaries(
    {
        "a": st.none() | st.lists(LISTS_OF_DIGITS | st.none(), max_size=3),
        "b": st.none() | st.lists(st.tuples(st.sampled_from("ab"), LISTS_OF_DIGITS | st.none()), max_size=2),
        "c": st.none() | st.lists(POINTS, max_size=2),
        "d": st.sampled_from([None, Decimal("0.5")]),
    }
)


def meaning(value: Any) -> Any:
    """A value that equals another one's exactly if both are to have one hash or content: map entries in any order."""
    if value is None or value["b"] is None:
        return value
    return value | {"b": Counter((key, repr(item)) for key, item in value["b"])}
