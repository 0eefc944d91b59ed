"""What the kernel that folds all columns of a batch at once is told about each: where its values are, or their hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.canonical.columns import HashedColumn, KnownEntries, byte_strings, hash_entries, view_buffers
from sameset.canonical.families import Family
from sameset.canonical.forms import AS_IS, Form
from sameset.canonical.numbers import has_few_digits
from sameset.kernels.fold import BYTES, DECIMALS, DOUBLES, ENTRIES, HASHED, VIEWS, WORDS32, WORDS64

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Plan", "plan_column"]

WORD = 8
VIEW = 16
SEEDS = {family: int(family.seed) for family in Family}
#: Types whose values the kernel hashes itself, by number: the kind, and the bytes of a value.
PLAIN = {
    pa.lib.Type_INT32: (WORDS32, 4),
    pa.lib.Type_DATE32: (WORDS32, 4),
    pa.lib.Type_INT64: (WORDS64, 8),
    pa.lib.Type_TIMESTAMP: (WORDS64, 8),
    pa.lib.Type_DOUBLE: (DOUBLES, 8),
    pa.lib.Type_DECIMAL128: (DECIMALS, 16),
}
TEXTS = {
    pa.lib.Type_STRING: BYTES,
    pa.lib.Type_LARGE_STRING: BYTES,
    pa.lib.Type_STRING_VIEW: VIEWS,
    pa.lib.Type_BINARY: BYTES,
    pa.lib.Type_LARGE_BINARY: BYTES,
    pa.lib.Type_BINARY_VIEW: VIEWS,
}


class Plan(NamedTuple):
    """One column: a row of the kernel's plan, the divisor of decimals, and the hashes where they are made beforehand."""

    row: tuple[int, int, int, int, int, int]
    divisor: float
    hashed: HashedColumn | None
    kept: NDArray[np.generic] | None = None  #: what `row` has addresses of and nobody else holds

    @property
    def is_counted(self) -> bool:
        """Whether the kernel also sums the hashes and counts them; it knows nulls among entries alone."""
        return self.hashed is None or self.hashed.codes is not None or self.hashed.nulls is None

    @property
    def is_bytes(self) -> bool:
        """Whether the values are texts or bytes that the kernel hashes itself; it then says whether there is a byte above 127."""
        return self.row[0] in (VIEWS, BYTES)


def plan_column(array: pa.Array, family: Family, column: str, form: Form, known: KnownEntries) -> Plan:
    """How an array of a family is folded: by its values where they are plain and none is null, else by their hashes."""
    number = array.type.id
    if array.null_count == 0 and len(array):
        plain = PLAIN.get(number)
        if plain is not None and _is_plain(array, plain[0], form):
            kind, size = plain
            place = array.buffers()[1].address + size * array.offset
            divisor = 10.0**array.type.scale if kind == DECIMALS else 1.0
            return Plan((kind, place, 0, 0, SEEDS[family], WORD), divisor, None)
        if number in TEXTS and form is AS_IS:
            return _plan_texts(array, TEXTS[number], SEEDS[family])
    hashed = hash_entries(array, family, column, form, known)
    h1, h2 = _address(hashed.h1), _address(hashed.h2)
    if hashed.codes is None:
        return Plan((HASHED, h1, h2, 0, 0, 0), 1.0, hashed)
    codes = np.ascontiguousarray(hashed.codes)
    return Plan((ENTRIES, _address(codes), h1, h2, len(hashed.h1), 0), 1.0, hashed._replace(codes=codes))


def _plan_texts(array: pa.Array, kind: int, seed: int) -> Plan:
    """How texts or bytes without nulls are folded: where they lie, in the layout of their type."""
    if kind == VIEWS:
        buffers = view_buffers(array)
        views = array.buffers()[1].address + VIEW * array.offset
        return Plan((VIEWS, views, _address(buffers), 0, seed, len(buffers)), 1.0, None, buffers)
    first, offsets, _ = byte_strings(array)
    return Plan((BYTES, int(first), _address(offsets), 0, seed, 0), 1.0, None, offsets)


def _is_plain(array: pa.Array, plain: int, form: Form) -> bool:
    if plain == DECIMALS:
        return has_few_digits(array)
    if plain == DOUBLES:
        return form is AS_IS
    kind = array.type
    return bool(kind.id != pa.lib.Type_TIMESTAMP or kind.unit == "us")


def _address(words: NDArray[np.generic]) -> int:
    return int(words.__array_interface__["data"][0])
