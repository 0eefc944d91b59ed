"""One Arrow array for each type whose cells are measured."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from benchmarks.arrays import dates, decimals, doubles, integers, texts, timestamps, with_nulls

__all__ = ["CellType", "cell_types"]

SEED = 20_240_501
DAY = 86_400 * 10**6
Draw = np.random.Generator


class CellType(NamedTuple):
    """Values of the type, and how many elements each of them holds (0: none, it is no list, map or tensor)."""

    array: pa.Array
    elements: int = 0


def cell_types(rows: int) -> dict[str, CellType]:
    """All types by their names in the table."""
    draw = np.random.default_rng(SEED)
    plain = _numbers(draw, rows) | _others(draw, rows)
    return {name: CellType(array) for name, array in plain.items()} | _nested(draw, rows)


def _numbers(draw: Draw, rows: int) -> dict[str, pa.Array]:
    return {
        "int64": integers(draw, rows),
        "int64, half of them null": with_nulls(draw, integers(draw, rows), 0.5),
        "int8": integers(draw, rows).cast(pa.int8(), safe=False),
        "double": doubles(draw, rows),
        "float": doubles(draw, rows).cast(pa.float32()),
        "half float": pa.array(draw.normal(size=rows).astype(np.float16)),
        "decimal(15, 2)": decimals(draw, rows, 15, 2),
        "decimal(38, 10), all digits used": decimals(draw, rows, 38, 10),
        "decimal(76, 10), 12 digits used": decimals(draw, rows, 15, 10).cast(pa.decimal256(76, 10)),
        "bool": pa.array(draw.integers(0, 2, rows).astype(bool)),
    }


def _others(draw: Draw, rows: int) -> dict[str, pa.Array]:
    words = texts(draw, 1_000, 10, 10)
    ten, thirty = (texts(draw, rows, size, size) for size in (10, 30))
    microseconds = timestamps(draw, rows)
    return {
        "text of 10 bytes": ten,
        "text of 10 bytes, large": ten.cast(pa.large_string()),
        "text of 10 bytes, view": ten.cast(pa.string_view()),
        "text of 30 bytes": thirty,
        "text of 30 bytes, view": thirty.cast(pa.string_view()),
        "text of 300 bytes": texts(draw, rows, 300, 300),
        "dictionary of 1,000 texts": pa.DictionaryArray.from_arrays(
            pa.array(draw.integers(0, 1000, rows, dtype=np.int32)), words
        ),
        "run-end encoded texts, runs of 100": _runs(words, rows),
        "uuid": pa.ExtensionArray.from_storage(pa.uuid(), _fixed(draw, rows, 16)),
        "bytes of 10": ten.cast(pa.binary()),
        "date": dates(draw, rows),
        "time in us": pa.array(draw.integers(0, DAY, rows), pa.time64("us")),
        "timestamp in us": microseconds,
        "timestamp in ns": pa.array(draw.integers(0, 10**18, rows), pa.timestamp("ns")),
        "timestamp with zone": microseconds.cast(pa.timestamp("us", "UTC")),
        "duration in us": pa.array(draw.integers(0, 10**12, rows), pa.duration("us")),
        "interval": _intervals(draw, rows),
    }


def _nested(draw: Draw, rows: int) -> dict[str, CellType]:
    floats = doubles(draw, 16 * rows).cast(pa.float32())
    many = integers(draw, 16 * rows)
    return {
        "list of 1 int64": CellType(_list(integers(draw, rows), 1), 1),
        "list of 16 int64": CellType(_list(many, 16), 16),
        "list of 256 int64": CellType(_list(many, 256), 256),
        "list of 4 lists of 4 int64": CellType(_list(_list(many, 4), 4), 4),
        "list of 4 texts of 10 bytes": CellType(_list(texts(draw, 4 * rows, 10, 10), 4), 4),
        "fixed-size list of 16 floats": CellType(pa.FixedSizeListArray.from_arrays(floats, 16), 16),
        "tensor of 4 x 4 floats": CellType(_tensors(floats, rows), 16),
        "struct of int64, text of 10 bytes, double": CellType(_structs(draw, rows)),
        "list of 4 such structs": CellType(_list(_structs(draw, 4 * rows), 4), 4),
        "map of 4 texts to int64": CellType(_maps(draw, rows, 4), 4),
    }


def _structs(draw: Draw, rows: int) -> pa.Array:
    fields = {"id": integers(draw, rows), "name": texts(draw, rows, 10, 10), "score": doubles(draw, rows)}
    return pa.StructArray.from_arrays(list(fields.values()), names=list(fields))


def _tensors(values: pa.Array, rows: int) -> pa.Array:
    return pa.FixedShapeTensorArray.from_numpy_ndarray(values.to_numpy().reshape(rows, 4, 4))


def _list(values: pa.Array, size: int) -> pa.Array:
    """Lists of so many of the values each."""
    offsets = np.arange(0, len(values) + 1, size, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _maps(draw: Draw, rows: int, size: int) -> pa.Array:
    """Maps of so many keys of ten bytes each, which are different within a map."""
    keys = pa.array([f"key {i:06}" for i in range(size * 100)])
    chosen = np.arange(rows * size) % len(keys)
    offsets = pa.array(np.arange(0, rows * size + 1, size, dtype=np.int32))
    return pa.MapArray.from_arrays(offsets, keys.take(pa.array(chosen)), integers(draw, rows * size))


def _runs(words: pa.Array, rows: int, size: int = 100) -> pa.Array:
    ends = np.minimum(np.arange(size, rows + size, size, dtype=np.int32), rows)
    return pa.RunEndEncodedArray.from_arrays(pa.array(ends), words.take(pa.array(np.arange(len(ends)) % len(words))))


def _fixed(draw: Draw, rows: int, size: int) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(size), rows, [None, pa.py_buffer(draw.bytes(rows * size))])


def _intervals(draw: Draw, rows: int) -> pa.Array:
    """Months, days and nanoseconds, as Arrow lays them out in 16 bytes."""
    parts = np.empty(rows, np.dtype([("months", "<i4"), ("days", "<i4"), ("nanoseconds", "<i8")]))
    for name, most in (("months", 100), ("days", 365), ("nanoseconds", 10**13)):
        parts[name] = draw.integers(0, most, rows)
    return pa.Array.from_buffers(pa.month_day_nano_interval(), rows, [None, pa.py_buffer(parts.tobytes())])
