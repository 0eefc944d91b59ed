"""Hashes of lists, structs, maps and tensors, from the hashes of what is in them (docs/encoding.md, "Nested values")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import hash_one, kept_values, packed_bits, valid_of
from sameset.canonical.families import Family
from sameset.errors import SourceError
from sameset.kernels.nested import bind_field, interleave, sum_entries
from sameset.kernels.rows import finish_rows
from sameset.kernels.texts import hash_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Offsets = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = [
    "HashInner",
    "elements_of",
    "hash_list",
    "hash_map",
    "hash_shaped",
    "hash_struct",
    "hash_tensor",
    "hash_used",
    "in_valid",
    "logical_order",
    "mask_of",
    "of_used",
    "viewed_elements",
]

STRUCT_SEED, FIELD_SEED = 106, 107
HASH_BYTES = 16

#: Hashes the values of an inner array, given the path to it: what `hash_column` does.
HashInner = Callable[[pa.Array, str], tuple["Words", "Words"]]
Found = TypeVar("Found")


def hash_list(array: pa.Array, path: str, inner: HashInner, h1: Words, h2: Words) -> None:
    """Lists of any kind: the hashes of their elements, in order."""
    if pa.types.is_list_view(array.type) or pa.types.is_large_list_view(array.type):
        elements, offsets, order = viewed_elements(array)
        hashes = hash_used(inner, elements, f"{path}[]", lambda: mask_of(order, len(elements)))
        words = _interleaved(*hashes)[order]
    else:
        elements, offsets = elements_of(array)
        words = _interleaved(*hash_used(inner, elements, f"{path}[]", lambda: in_valid(array, offsets)))
    _hash_words(words, offsets * HASH_BYTES, Family.LIST, h1, h2)


def hash_struct(array: pa.StructArray, path: str, inner: HashInner, h1: Words, h2: Words) -> None:
    """Structs: the finished sum of their fields' values, each bound to its name."""
    names = [field.name for field in array.type]
    fields = [
        hash_used(inner, array.field(i), f"{path}.{name}", lambda: valid_of(array)) for i, name in enumerate(names)
    ]
    _hash_structs(names, fields, h1, h2)


def hash_map(array: pa.MapArray, path: str, inner: HashInner, h1: Words, h2: Words) -> None:
    """Maps: how many entries, and the sum of their hashes, each that of a struct of key and value."""
    entries, offsets = elements_of(array)
    names = ["key", "value"]
    parts = [
        hash_used(inner, entries.field(i), f"{path}.{name}", lambda: in_valid(array, offsets))
        for i, name in enumerate(names)
    ]
    e1, e2 = np.empty(len(entries), np.uint64), np.empty(len(entries), np.uint64)
    _hash_structs(names, parts, e1, e2)
    words = np.empty((len(array), 3), np.uint64)
    sum_entries(e1, e2, offsets, words)
    _hash_words(words, np.arange(len(array) + 1, dtype=np.int64) * words.itemsize * 3, Family.MAP, h1, h2)


def hash_tensor(array: pa.ExtensionArray, path: str, inner: HashInner, h1: Words, h2: Words) -> None:
    """Tensors of fixed shape: number type, shape, and elements in row-major order of the logical axes."""
    kind = array.type
    elements, offsets = elements_of(array.storage)
    if kind.permutation is not None:
        elements = elements.take(pa.array(logical_order(kind.shape, kind.permutation, len(array)), pa.int64()))
    shape = [kind.shape[axis] for axis in kind.permutation] if kind.permutation is not None else kind.shape
    per_tensor = int(np.prod(kind.shape, dtype=np.int64))
    e1, e2 = hash_used(inner, elements, f"{path}[]", lambda: in_valid(array, offsets))
    parts = tuple(part.reshape(len(array), per_tensor) for part in (e1, e2))
    hash_shaped(str(kind.value_type), shape, parts, h1, h2)


def hash_shaped(kind: str, shape: Sequence[int], parts: tuple[Words, ...], h1: Words, h2: Words) -> None:
    """Tensors of one number type and shape; `parts` are the hashes of their elements, in two (tensors, elements)."""
    tensors, per_tensor = parts[0].shape
    # The head is hashed like an element, so that all have 16 bytes.
    head = hash_one(" ".join(map(str, (kind, *shape))).encode(), FIELD_SEED)
    words = np.empty((tensors, per_tensor + 1, 2), np.uint64)
    words[:, 0] = head
    words[:, 1:, 0], words[:, 1:, 1] = parts
    _hash_words(words, np.arange(tensors + 1, dtype=np.int64) * (per_tensor + 1) * HASH_BYTES, Family.TENSOR, h1, h2)


def elements_of(array: pa.Array) -> tuple[pa.Array, Offsets]:
    """The elements of a list array that its own rows refer to, and where each row's lie among them."""
    kind = array.type
    if pa.types.is_fixed_size_list(kind):
        size = kind.list_size
        elements = array.values.slice(array.offset * size, len(array) * size)
        return elements, np.arange(len(array) + 1, dtype=np.int64) * size
    offsets = _integers(array, 1, len(array) + 1)
    start = int(offsets[0])
    return array.values.slice(start, int(offsets[-1]) - start), offsets - start


def viewed_elements(array: pa.Array) -> tuple[pa.Array, Offsets, Offsets]:
    """The elements that a list view array may refer to, where each row's lie once they are in order, and that order.

    Arrow's own cast of views to lists is not used: of views of nested values it crashes (pyarrow 26).
    """
    starts, sizes = (_integers(array, buffer, len(array)) for buffer in (1, 2))
    sizes = np.where(valid_of(array), sizes, 0)
    first, last = (starts[sizes > 0].min(), (starts + sizes)[sizes > 0].max()) if sizes.any() else (0, 0)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    order = np.arange(offsets[-1]) + np.repeat(starts - first - offsets[:-1], sizes)
    return array.values.slice(first, last - first), offsets, order


def hash_used(inner: HashInner, array: pa.Array, path: str, used: Callable[[], Mask]) -> tuple[Words, Words]:
    """The hashes of an inner array; a time beyond the range is no error where nothing uses it."""
    found, mask = of_used(inner, array, path, used)
    if mask is None:
        return found
    h1, h2 = np.zeros(len(array), np.uint64), np.zeros(len(array), np.uint64)
    h1[mask], h2[mask] = found
    return h1, h2


def of_used(
    inner: Callable[[pa.Array, str], Found], array: pa.Array, path: str, used: Callable[[], Mask]
) -> tuple[Found, Mask | None]:
    """What is made of an inner array; or, if that is refused for what nothing uses, of the rest, and which elements are in it."""
    try:
        return inner(array, path), None
    except SourceError as error:
        mask = used()
        try:
            kept = kept_values(array, pa.Array.from_buffers(pa.bool_(), len(mask), [None, packed_bits(mask)]))
        except (pa.ArrowException, NotImplementedError):
            raise error from None
        if len(kept) == len(array):
            raise
        return inner(kept, path), mask


def in_valid(array: pa.Array, offsets: Offsets) -> Mask:
    """Which elements belong to rows that are not null."""
    return np.repeat(valid_of(array), np.diff(offsets))


def mask_of(places: Offsets, size: int) -> Mask:
    """Which of so many elements are at these places."""
    mask = np.zeros(size, bool)
    mask[places] = True
    return mask


def _integers(array: pa.Array, buffer: int, count: int) -> Offsets:
    """The first `count` integers of a buffer of a list or map array: its offsets or sizes."""
    data = array.buffers()[buffer]
    if data is None or len(array) == 0:
        return np.zeros(count, np.int64)
    wide = pa.types.is_large_list(array.type) or pa.types.is_large_list_view(array.type)
    dtype = np.dtype(np.int64 if wide else np.int32)
    return np.frombuffer(data, dtype, count=count, offset=array.offset * dtype.itemsize).astype(np.int64)


def _hash_structs(names: list[str], fields: list[tuple[Words, Words]], h1: Words, h2: Words) -> None:
    start = hash_one(b"", STRUCT_SEED)
    s1, s2 = np.full(len(h1), start[0]), np.full(len(h1), start[1])
    for name, (f1, f2) in zip(names, fields, strict=True):
        bind_field(f1, f2, *hash_one(name.encode(), FIELD_SEED), s1, s2)
    finish_rows(s1.copy(), s2.copy(), np.uint64(len(names)), np.zeros(2, np.uint64), s1, s2)
    words = _interleaved(s1, s2)
    _hash_words(words, np.arange(len(h1) + 1, dtype=np.int64) * HASH_BYTES, Family.STRUCT, h1, h2)


def _interleaved(h1: Words, h2: Words) -> Words:
    words = np.empty((len(h1), 2), np.uint64)
    interleave(h1, h2, words)
    return words


def _hash_words(words: Words, offsets: Offsets, family: Family, h1: Words, h2: Words) -> None:
    """Hashes of the bytes of `words` between byte offsets."""
    hash_bytes(np.uint64(words.ctypes.data), offsets, family.seed, h1, h2)


def logical_order(shape: Sequence[int], permutation: Sequence[int], tensors: int) -> NDArray[np.int64]:
    """Where the elements of tensors that are stored in another order of axes lie, in the order of the logical axes."""
    size = int(np.prod(shape, dtype=np.int64))
    if size == 0:  # the other axes may be longer than numpy takes
        return np.zeros(0, np.int64)
    one = np.arange(size, dtype=np.int64).reshape(shape).transpose(permutation).ravel()
    return (np.arange(tensors, dtype=np.int64)[:, None] * size + one).ravel()
