"""Arrow buffers as numpy sees them.

pyarrow's own ways into numpy (`to_numpy`, `np.asarray`, `pa.array`) import pandas where it is installed: 0.2 s of a first verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sameset.kernels.texts import hash_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["bits_of", "doubles_of", "hash_one", "kept_values", "packed_bits", "spans", "valid_of", "values_of"]

# By the number of the type: `to_pandas_dtype` takes some microseconds, for every column of every batch.
_DTYPES: dict[int, np.dtype[np.generic]] = {
    pa.lib.Type_INT64: np.dtype(np.int64),
    pa.lib.Type_INT32: np.dtype(np.int32),
    pa.lib.Type_INT16: np.dtype(np.int16),
    pa.lib.Type_INT8: np.dtype(np.int8),
    pa.lib.Type_UINT32: np.dtype(np.uint32),
    pa.lib.Type_DOUBLE: np.dtype(np.float64),
    pa.lib.Type_FLOAT: np.dtype(np.float32),
}


def values_of(array: pa.Array) -> NDArray[np.generic]:
    """The values of a fixed-width primitive array, without a copy, whatever its nulls."""
    dtype = _DTYPES.get(array.type.id) or np.dtype(array.type.to_pandas_dtype())
    data = array.buffers()[1]
    if data is None:
        return np.zeros(len(array), dtype)
    return np.frombuffer(data, dtype, count=len(array), offset=array.offset * dtype.itemsize)


def bits_of(array: pa.BooleanArray) -> NDArray[np.bool_]:
    """The values of a boolean array, whatever its nulls, as one byte each."""
    data = array.buffers()[1]
    return np.zeros(len(array), bool) if data is None else _unpacked(data, array.offset, len(array))


def valid_of(array: pa.Array) -> NDArray[np.bool_]:
    """Where the array's own bitmap says that there is a value; what a dictionary or runs hold is not looked at.

    Arrow's own `is_null` looks, and crashes on a dictionary of a dictionary of nulls (pyarrow 26).
    """
    if array.null_count == 0:
        return np.ones(len(array), bool)
    data = array.buffers()[0]
    return np.zeros(len(array), bool) if data is None else _unpacked(data, array.offset, len(array))


def packed_bits(mask: NDArray[np.bool_]) -> pa.Buffer:
    """A mask as a bitmap, for a boolean array or as what says where an array is valid."""
    return pa.py_buffer(np.packbits(mask, bitorder="little"))


def _unpacked(data: pa.Buffer, start: int, size: int) -> NDArray[np.bool_]:
    packed = np.frombuffer(data, np.uint8)[start // 8 : -(-(start + size) // 8)]
    return np.unpackbits(packed, bitorder="little")[start % 8 :][:size].view(bool)


def doubles_of(array: pa.Array) -> NDArray[np.float64]:
    """The values of a float array of any width as doubles; a signalling NaN is a NaN and no reason to warn."""
    values = values_of(array)
    if values.dtype == np.float64:
        return values.view(np.float64)
    with np.errstate(invalid="ignore"):
        return values.astype(np.float64)


def kept_values(array: pa.Array, keep: pa.BooleanArray) -> pa.Array:
    """The values where `keep` is true; Arrow filters neither views nor runs, but joins slices of them."""
    try:
        return array.filter(keep)
    except (pa.ArrowNotImplementedError, NotImplementedError):
        storage = array.storage if isinstance(array, pa.ExtensionArray) else array
        pieces = [storage.slice(start, length) for start, length in spans(keep)] or [storage.slice(0, 0)]
        joined = pa.concat_arrays(pieces)
        return pa.ExtensionArray.from_storage(array.type, joined) if storage is not array else joined


def spans(keep: pa.BooleanArray) -> Iterator[tuple[int, int]]:
    """Start and length of each run of true values."""
    ends = np.flatnonzero(np.diff(bits_of(keep).astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    yield from ((int(start), int(end - start)) for start, end in ends)


def hash_one(data: bytes, seed: int) -> tuple[np.uint64, np.uint64]:
    """Both halves of the hash of one byte string."""
    buffer = np.frombuffer(data or b"\0", np.uint8)
    h1, h2 = np.empty(1, np.uint64), np.empty(1, np.uint64)
    hash_bytes(np.uint64(buffer.ctypes.data), np.array([0, len(data)], np.int64), np.uint64(seed), h1, h2)
    return h1[0], h2[0]
