"""Canonical bytes of lists, structs, maps and tensors, made of those of what is in them (docs/schemes.md, "Content")."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sameset.canonical.batches import pack_word
from sameset.canonical.buffers import valid_of
from sameset.canonical.families import Family, TensorType, is_variable
from sameset.canonical.nested import elements_of, in_valid, logical_order, mask_of, of_used, viewed_elements
from sameset.canonical.pieces import Cells, Joined, Pieces, field_head, join
from sameset.canonical.tensors import Elements, VariableParts, elements_in, variable_parts
from sameset.kernels.pieces import sort_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Offsets = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["CellsOf", "any_tensor_pieces", "list_pieces", "map_pieces", "struct_pieces", "used_cells"]

#: The cells of the values of an inner array, given the path to it: what `cells_of` does.
CellsOf = Callable[[pa.Array, str], Cells]
NO_HEAD = np.zeros(0, np.uint8)


def list_pieces(array: pa.Array, path: str, inner: CellsOf) -> Pieces:
    """Lists of any kind: their elements, in order."""
    if pa.types.is_list_view(array.type) or pa.types.is_large_list_view(array.type):
        elements, offsets, order = viewed_elements(array)
        cells = used_cells(inner, elements, f"{path}[]", lambda: mask_of(order, len(elements))).take(order)
    else:
        elements, offsets = elements_of(array)
        cells = used_cells(inner, elements, f"{path}[]", lambda: in_valid(array, offsets))
    return _grouped(join([NO_HEAD], [cells], len(cells.families)), offsets)


def struct_pieces(array: pa.StructArray, path: str, inner: CellsOf) -> Pieces:
    """Structs: names and values of their fields, in the order of the names' UTF-8 bytes."""
    names = [field.name for field in array.type]
    order = sorted(range(len(names)), key=lambda i: names[i].encode())
    cells = [used_cells(inner, array.field(i), f"{path}.{names[i]}", lambda: valid_of(array)) for i in order]
    return _each(join([field_head(names[i]) for i in order], cells, len(array)))


def map_pieces(array: pa.MapArray, path: str, inner: CellsOf) -> Pieces:
    """Maps: their entries, each a key and a value, in the order of the entries' bytes."""
    entries, offsets = elements_of(array)
    parts = [
        used_cells(inner, entries.field(i), f"{path}.{name}", lambda: in_valid(array, offsets))
        for i, name in enumerate(["key", "value"])
    ]
    data, ends = join([NO_HEAD, NO_HEAD], parts, len(entries))
    ordered = np.empty_like(data)
    sort_groups(data, ends, offsets, ordered)
    return _grouped(Joined(ordered, ends), offsets)


def tensor_pieces(array: pa.ExtensionArray, path: str, inner: CellsOf) -> Pieces:
    """Tensors of fixed shape: a text of number type and shape, and the list of elements in row-major order of the logical axes."""
    kind = array.type
    elements, offsets = elements_of(array.storage)
    shape, axes = kind.shape, kind.permutation or range(len(kind.shape))
    places = np.arange(len(elements)).reshape(len(array), *shape).transpose(0, *(axis + 1 for axis in axes)).ravel()
    cells = used_cells(inner, elements, f"{path}[]", lambda: in_valid(array, offsets)).take(places)
    head = np.frombuffer(" ".join(map(str, (kind.value_type, *(shape[axis] for axis in axes)))).encode(), np.uint8)
    heads = Pieces(np.uint64(head.ctypes.data), np.zeros(len(array), np.int64), np.full(len(array), len(head)), head)
    lists = _grouped(join([NO_HEAD], [cells], len(places)), offsets)
    parts = [_of_family(heads, Family.TEXT), _of_family(lists, Family.LIST)]
    return _each(join([NO_HEAD, NO_HEAD], parts, len(array)))


def any_tensor_pieces(array: pa.ExtensionArray, path: str, inner: CellsOf) -> Pieces:
    """Tensors of fixed shape, or of any shapes: these one by one, as each has a head of its own."""
    valid = valid_of(array).tolist()
    if is_variable(array.type):
        varied = variable_parts(array, path)
        contents = [_variable_content(varied, i, path, inner) if valid[i] else b"" for i in range(len(array))]
    elif isinstance(array.type, TensorType):
        elements = elements_in(array)
        contents = [_tensor_content(elements, i, path, inner) if valid[i] else b"" for i in range(len(array))]
    else:
        return tensor_pieces(array, path, inner)
    sizes = np.array([len(content) for content in contents], np.int64)
    data = np.frombuffer(b"".join(contents) or b"\0", np.uint8)
    return Pieces(np.uint64(data.ctypes.data), np.cumsum(sizes) - sizes, sizes, data)


def _variable_content(varied: VariableParts, row: int, path: str, inner: CellsOf) -> bytes:
    start, end = varied.offsets[row : row + 2].tolist()
    shape = varied.shapes[row].tolist()
    head = " ".join(map(str, (varied.kind, *(shape[axis] for axis in varied.axes)))).encode()
    cells = inner(varied.elements.slice(start, end - start), f"{path}[]")
    return _content(head, [cells.take(logical_order(shape, varied.axes, 1))])


def _tensor_content(elements: Elements, row: int, path: str, inner: CellsOf) -> bytes:
    return _content(elements.head(row), [inner(part, f"{path}[]") for part in elements.chunks(row)])


def _content(head: bytes, parts: list[Cells]) -> bytes:
    joined = [join([NO_HEAD], [cells], len(cells.families)).data.tobytes() for cells in parts]
    values = [(Family.TEXT, head), (Family.LIST, b"".join(joined))]
    return b"".join(bytes([family]) + pack_word(len(value)) + value for family, value in values)


def used_cells(inner: CellsOf, array: pa.Array, path: str, used: Callable[[], Mask]) -> Cells:
    """The cells of an inner array; a time beyond the range is no error where nothing uses it, and empty there."""
    cells, mask = of_used(inner, array, path, used)
    return cells if mask is None else _scattered(cells, mask)


def _scattered(cells: Cells, mask: Mask) -> Cells:
    starts, sizes = np.zeros(len(mask), np.int64), np.zeros(len(mask), np.int64)
    families = np.full(len(mask), Family.NULL, np.uint8)
    starts[mask], sizes[mask], families[mask] = cells.pieces.starts, cells.pieces.sizes, cells.families
    return Cells(cells.pieces._replace(starts=starts, sizes=sizes), families)


def _each(joined: Joined) -> Pieces:
    """One piece for every byte string."""
    data, offsets = joined
    return Pieces(np.uint64(data.ctypes.data), offsets[:-1], np.diff(offsets), data)


def _grouped(joined: Joined, groups: Offsets) -> Pieces:
    """One piece for every group: the byte strings from `groups[i]` to before `groups[i + 1]`."""
    return _each(Joined(joined.data, joined.offsets[groups]))


def _of_family(pieces: Pieces, family: Family) -> Cells:
    return Cells(pieces, np.full(len(pieces.sizes), family, np.uint8))
