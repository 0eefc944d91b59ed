"""Tensors whose shapes and number types differ from row to row, such as images, and their hashes.

Arrow's own tensor type has one shape for a whole column. The hash of a tensor holds its shape (docs/encoding.md, "Nested
values"), so a column of these has the hashes that each row would have in a column of Arrow's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import hash_one, packed_bits, valid_of, values_of
from sameset.canonical.families import Family, TensorType, is_variable
from sameset.canonical.nested import (
    FIELD_SEED,
    HashInner,
    elements_of,
    hash_shaped,
    hash_tensor,
    hash_used,
    in_valid,
    logical_order,
)
from sameset.errors import SourceError
from sameset.kernels.tensors import absorb_hashes, finish_tensor, hash_coded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["TENSORS", "Elements", "VariableParts", "elements_in", "hash_any_tensor", "tensor_array", "variable_parts"]

TENSORS = TensorType()
AT_ONCE = 1 << 14  # elements whose hashes are in memory together: 256 kB
#: The Arrow types of elements by their names in a head; both are for ever.
KINDS = {
    str(kind): kind
    for kind in (
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.float16(), pa.float32(), pa.float64(), pa.bool_()),
    )
}
NAMES = {np.dtype(kind.to_pandas_dtype()): name for name, kind in KINDS.items()}
WIDTHS = {"uint8": 1, "uint16": 2}


class Elements(NamedTuple):
    """Where the elements of the tensors of a column are."""

    kinds: list[str | None]
    shapes: list[list[int] | None]
    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]  #: bytes from `offsets[i]` to `offsets[i + 1]` are tensor i

    def chunks(self, row: int, at_once: int = AT_ONCE) -> Iterator[pa.Array]:
        """The elements of one tensor in row-major order, so many at a time."""
        kind = KINDS[str(self.kinds[row])]
        dtype = np.dtype(kind.to_pandas_dtype())
        data = self.data[self.offsets[row] : self.offsets[row + 1]]
        for start in range(0, len(data), at_once * dtype.itemsize):
            part = data[start : start + at_once * dtype.itemsize].copy()  # aligned, whatever stands before it
            bits = packed_bits(part != 0) if kind == pa.bool_() else pa.py_buffer(part)
            yield pa.Array.from_buffers(kind, len(part) // dtype.itemsize, [None, bits])

    def head(self, row: int) -> bytes:
        """Number type and shape of a tensor, as its hash has them."""
        return " ".join(map(str, (self.kinds[row], *(self.shapes[row] or ())))).encode()


class VariableParts(NamedTuple):
    """What a column of Arrow's tensors of several shapes is made of."""

    kind: str
    elements: pa.Array
    offsets: NDArray[
        np.int64
    ]  #: the elements from `offsets[i]` to `offsets[i + 1]` are those of tensor i, as they are stored
    shapes: NDArray[np.int64]  #: (rows, axes), as they are stored
    axes: list[int]  #: logical axis i is stored axis `axes[i]`


def variable_parts(array: pa.ExtensionArray, path: str) -> VariableParts:
    """The parts of a column of Arrow's tensors of several shapes; SourceError if there are not as many elements as a shape says."""
    storage = array.storage
    data, shape = storage.field("data"), storage.field("shape")
    (elements, offsets), (sizes, _) = elements_of(data), elements_of(shape)
    kind, count = str(data.type.value_type), shape.type.list_size
    shapes = values_of(sizes).astype(np.int64).reshape(len(array), count)
    valid = valid_of(array)
    whole = valid_of(data) & valid_of(shape) & np.all(shapes >= 0, axis=1)
    fits = [prod(sizes) == size for sizes, size in zip(shapes.tolist(), np.diff(offsets).tolist(), strict=True)]
    if sizes.null_count or not np.all((whole & fits)[valid]):
        raise SourceError(
            f"column {path!r} holds a tensor of more or fewer elements than its shape says; write it anew"
        )
    start = f"extension<arrow.variable_shape_tensor[value_type={kind}, ndim={count}"
    stated = PERMUTATION.match(str(array.type).removeprefix(start))
    axes = [int(axis) for axis in stated[1].split(",")] if stated else list(range(count))
    return VariableParts(kind, elements, offsets, shapes, axes)


#: pyarrow 26 tells the order of axes only as part of the type's name, behind value type and number of axes.
PERMUTATION = re.compile(r", permutation=\[([\d,]+)\]")


def tensor_array(tensors: Sequence[NDArray[Any] | None]) -> pa.ExtensionArray:
    """A column of tensors, of any shapes and any of the twelve number types in the byte order of this machine; None is null."""
    arrays = [np.zeros(0, np.uint8) if tensor is None else np.asarray(tensor, order="C") for tensor in tensors]
    if odd := next((array.dtype for array in arrays if array.dtype not in NAMES), None):
        raise SourceError(f"a tensor of {odd} has no canonical form; convert it to another number type")
    pieces = [array.reshape(-1).view(np.uint8) for array in arrays]
    ends = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
    data = np.concatenate(pieces) if pieces else np.zeros(0, np.uint8)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    columns = [
        pa.array([NAMES[array.dtype] for array in arrays], pa.string()),
        pa.array([list(array.shape) for array in arrays], pa.list_(pa.int32())),
        pa.Array.from_buffers(pa.large_binary(), len(arrays), buffers),
    ]
    missing = pa.array([tensor is None for tensor in tensors], pa.bool_())
    storage = pa.StructArray.from_arrays(columns, fields=list(TENSORS.storage_type), mask=missing)
    return pa.ExtensionArray.from_storage(TENSORS, storage)


def elements_in(array: pa.ExtensionArray) -> Elements:
    """Where the elements of a column of tensors are; those of a null row are none."""
    kinds, shapes, data = array.storage.flatten()
    _, offsets, values = data.buffers()
    places = np.frombuffer(offsets, np.int64, len(data) + 1, data.offset * 8) if len(data) else np.zeros(1, np.int64)
    octets = np.zeros(0, np.uint8) if values is None else np.frombuffer(values, np.uint8)
    return Elements(kinds.to_pylist(), shapes.to_pylist(), octets, places)


def hash_any_tensor(array: pa.ExtensionArray, path: str, inner: HashInner, h1: Words, h2: Words) -> None:
    """The hashes of a column of tensors, Arrow's or ours."""
    if isinstance(array.type, TensorType):
        _hash_tensors(array, path, inner, h1, h2)
    elif is_variable(array.type):
        _hash_variable(array, path, inner, h1, h2)
    elif not _hash_coded_tensors(array, h1, h2):
        hash_tensor(array, path, inner, h1, h2)


def _hash_tensors(array: pa.ExtensionArray, path: str, inner: HashInner, h1: Words, h2: Words) -> None:
    """The hashes of a column of tensors of any shapes: bytes and words of 16 bits by a table, others some elements at a time."""
    elements = elements_in(array)
    valid = valid_of(array)
    for kind in {kind for kind, is_valid in zip(elements.kinds, valid, strict=True) if is_valid}:
        rows = np.array([i for i, is_valid in enumerate(valid) if is_valid and elements.kinds[i] == kind])
        if kind in WIDTHS:
            heads = np.array([_hashed_head(elements.head(row)) for row in rows], np.uint64)
            places = np.stack([elements.offsets[rows], elements.offsets[rows + 1]], axis=1)
            h1[rows], h2[rows] = _coded(elements.data, places, WIDTHS[str(kind)], heads)
        else:
            for row in rows:
                h1[row], h2[row] = _hash_one_tensor(elements, int(row), path, inner)


def _hash_variable(array: pa.ExtensionArray, path: str, inner: HashInner, h1: Words, h2: Words) -> None:
    """The hashes of a column of Arrow's tensors of several shapes: those of one shape together."""
    varied = variable_parts(array, path)
    e1, e2 = hash_used(inner, varied.elements, f"{path}[]", lambda: in_valid(array, varied.offsets))
    rows = np.flatnonzero(valid_of(array))
    shapes, which = np.unique(varied.shapes[rows], axis=0, return_inverse=True)
    for i, shape in enumerate(shapes.tolist()):
        group = rows[which.ravel() == i]
        places = varied.offsets[group][:, None] + logical_order(shape, varied.axes, 1)
        found = np.empty((2, len(group)), np.uint64)
        hash_shaped(varied.kind, [shape[axis] for axis in varied.axes], (e1[places], e2[places]), *found)
        h1[group], h2[group] = found


def _hash_coded_tensors(array: pa.ExtensionArray, h1: Words, h2: Words) -> bool:
    """Whether the tensors of one of Arrow's columns could be hashed by a table: bytes or words of 16 bits, as they are stored.

    It takes a third of the time, and no memory for the hashes of elements.
    """
    kind = array.type
    width = WIDTHS.get(str(kind.value_type))
    if width is None or kind.permutation is not None:
        return False
    elements, offsets = elements_of(array.storage)
    if elements.null_count:
        return False
    data = values_of(elements).view(np.uint8)
    head = _hashed_head(" ".join(map(str, (kind.value_type, *kind.shape))).encode())
    places = np.stack([offsets[:-1], offsets[1:]], axis=1) * width
    h1[:], h2[:] = _coded(data, places, width, np.tile(np.array(head, np.uint64), (len(array), 1)))
    return True


def _hash_one_tensor(elements: Elements, row: int, path: str, inner: HashInner) -> tuple[np.uint64, np.uint64]:
    state = np.full(2, Family.TENSOR.seed, np.uint64)
    head1, head2 = _hashed_head(elements.head(row))
    absorb_hashes(np.array([head1]), np.array([head2]), state)
    for part in elements.chunks(row):
        absorb_hashes(*inner(part, f"{path}[]"), state)
    first, second = finish_tensor(state, prod(elements.shapes[row] or ()))
    return np.uint64(first), np.uint64(second)


def _coded(data: NDArray[np.uint8], places: NDArray[np.int64], width: int, heads: Words) -> tuple[Words, Words]:
    h1, h2 = np.empty(len(places), np.uint64), np.empty(len(places), np.uint64)
    address = np.uint64(data.ctypes.data)
    hash_coded(address, places, width, heads, _blocks(width), Family.TENSOR.seed, h1, h2)
    return h1, h2


@lru_cache(maxsize=4096)
def _hashed_head(head: bytes) -> tuple[np.uint64, np.uint64]:
    return hash_one(head, FIELD_SEED)


@lru_cache(maxsize=2)
def _blocks(width: int) -> Words:
    """The hashes of all unsigned numbers of so many bytes, uint64 (256 or 65536, 2)."""
    from sameset.canonical.numbers import hash_numbers

    count = 256**width
    numbers = pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(np.arange(count))])
    h1, h2 = np.empty(count, np.uint64), np.empty(count, np.uint64)
    hash_numbers(numbers, h1, h2)
    return np.stack([h1, h2], axis=1)
