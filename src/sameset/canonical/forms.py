"""What a spec may ask of values before they are hashed: floats rounded to significant digits, text in Unicode NFC."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sameset.canonical.buffers import doubles_of, packed_bits, valid_of
from sameset.canonical.families import plain_type
from sameset.kernels.rounding import MOST_DIGITS, round_doubles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["AS_IS", "MOST_DIGITS", "Form", "round_exactly"]


@dataclass(frozen=True)
class Form:
    """The form to bring values into; `digits` are significant decimal ones, of floats alone."""

    digits: int | None = None
    nfc: bool = False

    def apply(self, array: pa.Array) -> pa.Array:
        """The array in this form; encoded arrays with their values in this form; nested arrays as they are."""
        if self == AS_IS:
            return array
        if pa.types.is_dictionary(array.type):
            values = self.apply(array.dictionary)
            return pa.DictionaryArray.from_arrays(array.indices, values, safe=False)
        if pa.types.is_run_end_encoded(array.type):
            runs = pa.RunEndEncodedArray.from_arrays(array.run_ends, self.apply(array.values))
            return runs.slice(array.offset, len(array))
        if self.digits is not None and pa.types.is_floating(array.type):
            return _as_array(round_to(doubles_of(array), self.digits), array)
        if self.nfc and _is_text(plain_type(array.type)):
            return _normalised(array.storage if isinstance(array, pa.ExtensionArray) else array)
        return array


AS_IS = Form()


def round_to(values: Doubles, digits: int) -> Doubles:
    """The doubles nearest to the decimals that name `values`, rounded half-even to so many significant digits."""
    rounded, unsure = np.empty_like(values), np.empty(len(values), bool)
    round_doubles(values, digits, rounded, unsure)
    if unsure.any():
        distinct, places = np.unique(values[unsure], return_inverse=True)
        rounded[unsure] = np.array([round_exactly(value, digits) for value in distinct.tolist()])[places]
    return rounded


def round_exactly(value: float, digits: int) -> float:
    """The definition: Decimal(repr(value)), rounded half-even, as the nearest double."""
    return float(Context(prec=digits, rounding=ROUND_HALF_EVEN).create_decimal(Decimal(repr(value))))


def _as_array(values: Doubles, like: pa.Array) -> pa.Array:
    validity = packed_bits(valid_of(like)) if like.null_count else None
    return pa.Array.from_buffers(pa.float64(), len(values), [validity, pa.py_buffer(values)])


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _normalised(array: pa.Array) -> pa.Array:
    text = array.cast(pa.large_string())
    is_ascii = pc.all(pc.string_is_ascii(text)).as_py()  # None if there is nothing but nulls
    return text if is_ascii is not False else pc.utf8_normalize(text, "NFC")
