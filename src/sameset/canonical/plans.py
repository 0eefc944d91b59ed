"""What the kernel that folds all columns of a batch at once is told about each: where its values are, or their hashes."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sameset.canonical.columns import OFFSET_BYTES, VIEWS, HashedColumn, KnownEntries, hash_entries, view_buffers
from sameset.canonical.forms import AS_IS, Form
from sameset.canonical.numbers import LARGEST_EXACT_POWER
from sameset.kernels import arrays
from sameset.kernels.arrays import PLAN_WORDS, plan_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sameset.canonical.families import Family

    Words = NDArray[np.uint64]
    Layout = tuple[int, int, int, int]

__all__ = ["Planner"]

WORD, VIEW, CODE, DECIMAL = 8, 16, 4, 16  # bytes
FEW_ENOUGH = 512  # entries, to be hashed anew for each batch: 3 us
#: Types whose values the kernel hashes itself whatever the form, by number: the kind, and the bytes of a value.
WORDS = {
    pa.lib.Type_INT8: (arrays.INT8, 1),
    pa.lib.Type_INT16: (arrays.INT16, 2),
    pa.lib.Type_INT32: (arrays.WORDS32, 4),
    pa.lib.Type_INT64: (arrays.WORDS64, 8),
    pa.lib.Type_UINT8: (arrays.UINT8, 1),
    pa.lib.Type_UINT16: (arrays.UINT16, 2),
    pa.lib.Type_UINT32: (arrays.UINT32, 4),
    pa.lib.Type_DATE32: (arrays.WORDS32, 4),
}
DOUBLES = {pa.lib.Type_FLOAT: (arrays.FLOATS, 4), pa.lib.Type_DOUBLE: (arrays.DOUBLES, 8)}
TICKS = {pa.lib.Type_TIME64, pa.lib.Type_TIMESTAMP, pa.lib.Type_DURATION}
UNITS = {"us": arrays.WORDS64, "ns": arrays.NANOSECONDS}
TEXTS = {4: arrays.BYTES32, 8: arrays.BYTES}  # by the bytes of an offset
_address_of = ctypes.pythonapi.PyCapsule_GetPointer
_address_of.restype, _address_of.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)


class Planner:
    """Plans batches of one schema, one after another: `rows` and `divisors` are what `fold_columns` takes. For one thread alone.

    The kernels find most columns by themselves; Python looks at those whose type, form or codes take more.
    """

    def __init__(self, names: Sequence[str], families: Sequence[Family], form: Form) -> None:
        self._names, self._families, self._form = names, families, form
        self.rows = np.zeros((len(names), PLAN_WORDS), np.uint64)
        self.divisors = np.ones(len(names))
        self._schema: pa.Schema | None = None
        self._kept: list[object] = []  # what `rows` has addresses of and nobody else holds

    def plan(self, batch: pa.RecordBatch) -> dict[int, HashedColumn]:
        """Plans the batch, which has to stay; gives the columns whose hashes were made for it, by number."""
        self._kept.clear()
        if not self._names:
            return {}
        if self._schema is None or not batch.schema.equals(self._schema):
            self._start(batch.schema)
        _, capsule = batch.__arrow_c_array__()
        place = np.uint64(_address_of(capsule, b"arrow_array"))
        if not plan_columns(place, self._layouts, self._places, self._entry_hashes, self.rows):
            return {}
        hashed = {}
        for i in np.flatnonzero(self.rows[:, 0] == arrays.LEFT).tolist():
            if (column := self._plan_column(i, batch.column(i))) is not None:
                hashed[i] = column
        return hashed

    def _start(self, schema: pa.Schema) -> None:
        """Readers give a column as codes here and as texts there, so the types may change from batch to batch."""
        layouts = [
            _layout_of(kind, family, self._form) for kind, family in zip(schema.types, self._families, strict=True)
        ]
        self._layouts = np.array(layouts, np.uint64).reshape(-1, 4)
        self.divisors[:] = [10.0**kind.scale if kind.id == pa.lib.Type_DECIMAL128 else 1.0 for kind in schema.types]
        self._known = [KnownEntries() for _ in layouts]
        self._places = np.zeros((len(layouts), 5), np.uint64)
        self._entry_hashes = np.empty((len(layouts), 2, FEW_ENOUGH), np.uint64)
        self._schema = schema

    def _plan_column(self, i: int, array: pa.Array) -> HashedColumn | None:
        """Plans a column that the kernel left: by its views, or else by its hashes, which are given."""
        if array.type.id in VIEWS and self._form is AS_IS and len(array) and array.null_count == 0:
            buffers = view_buffers(array)
            self._kept.append(buffers)
            views = array.buffers()[1].address + VIEW * array.offset
            self.rows[i] = arrays.VIEWS, views, _place(buffers), 0, self._families[i].seed, len(buffers), 0, 0
            return None
        hashed = hash_entries(array, self._families[i], self._names[i], self._form, self._known[i])
        self._places[i] = self._known[i].places
        h1, h2 = _place(hashed.h1), _place(hashed.h2)
        if hashed.codes is None:
            self.rows[i] = arrays.HASHED if hashed.nulls is None else arrays.BOUND, h1, h2, 0, 0, 0, 0, 0
            return hashed
        codes = np.ascontiguousarray(hashed.codes)
        self.rows[i] = arrays.ENTRIES, _place(codes), h1, h2, len(hashed.h1), 0, 0, 0
        return hashed._replace(codes=codes)


def _layout_of(kind: pa.DataType, family: Family, form: Form) -> Layout:
    """How the kernel finds the values of a column of a type, if it can."""
    seed = int(family.seed)
    if kind.id in WORDS:
        number, size = WORDS[kind.id]
        return number, size, seed, WORD
    if kind.id == pa.lib.Type_BOOL:
        return arrays.BITS, 0, seed, 1
    if kind.id in TICKS and kind.unit in UNITS:
        return UNITS[kind.unit], WORD, seed, WORD
    if kind.id == pa.lib.Type_DECIMAL128 and 0 < kind.scale <= LARGEST_EXACT_POWER:
        return arrays.DECIMALS, DECIMAL, seed, kind.scale
    if kind.id == pa.lib.Type_DICTIONARY and kind.index_type.id == pa.lib.Type_INT32:
        return arrays.ENTRIES if OFFSET_BYTES.get(kind.value_type.id) == CODE else arrays.LEFT, CODE, seed, 0
    return _layout_as_is(kind, seed) if form is AS_IS else (arrays.LEFT, 0, 0, 0)


def _layout_as_is(kind: pa.DataType, seed: int) -> Layout:
    """The same of the types whose values a form may change."""
    if kind.id in DOUBLES:
        number, size = DOUBLES[kind.id]
        return number, size, seed, WORD
    if kind.id in OFFSET_BYTES:
        offset = OFFSET_BYTES[kind.id]
        return TEXTS[offset], offset, seed, 0
    return arrays.LEFT, 0, 0, 0


def _place(words: NDArray[np.generic]) -> int:
    return int(words.__array_interface__["data"][0])
