"""A column -> the bytes of its elements as UNF version 6 defines them (Altman 2008; docs/schemes.md says what we decided)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sameset.canonical.buffers import doubles_of, values_of
from sameset.canonical.columns import days, decode, null_mask, raw_words
from sameset.canonical.families import Family, family_of
from sameset.canonical.numbers import EXACT, LARGEST_EXACT_POWER, low_words
from sameset.canonical.pieces import Pieces, booleans_of, table_pieces, text_pieces, utf8_pieces
from sameset.errors import SourceError, SpecError, UnsupportedTypeError
from sameset.kernels.pieces import join_elements
from sameset.kernels.unf import LEFT, WIDTH, write_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Octets = NDArray[np.uint8]

__all__ = ["UnfParameters", "check_unf_types", "number_text", "unf_elements"]

BITS = (128, 192, 256)
MOST_DIGITS = 17  # the most that any double has
MOST_CHARACTERS = 2**31 - 1
MISSING_BYTES, TERMINATOR_BYTES = 3, 2
A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
A_DAY = 86_400
YEAR_0, YEAR_10000 = -62_167_219_200, 253_402_300_800  # seconds since 1970-01-01
DATE, TIME, FRACTION = (
    10,
    11,
    19,
)  # of YYYY-MM-DDThh:mm:ss.fffffffff: the date's end, the time's start, the seconds' end
FRACTION_DIGITS = 9


@dataclass(frozen=True)
class UnfParameters:
    """N, X and H of UNF version 6: significant digits of numbers, characters of text, bits of the printed hash."""

    digits: int = 7
    characters: int = 128
    bits: int = 128

    def __post_init__(self) -> None:
        if not 1 <= self.digits <= MOST_DIGITS:
            raise SpecError(
                f"UNF can keep 1 to {MOST_DIGITS} digits of a number, not {self.digits}; choose one of those"
            )
        if not 1 <= self.characters <= MOST_CHARACTERS:
            raise SpecError(f"UNF can keep 1 to {MOST_CHARACTERS} characters of a text, not {self.characters}")
        if self.bits not in BITS:
            raise SpecError(f"a UNF here has 128, 192 or 256 bits, not {self.bits}; choose one of those")

    @property
    def header(self) -> str:
        """What stands before the hash: `UNF:6:`, and the parameters that are not the default, as in `UNF:6:N9,H256:`."""
        pairs = zip("NXH", (self.digits, self.characters, self.bits), (7, 128, 128), strict=True)
        changed = ",".join(f"{letter}{value}" for letter, value, default in pairs if value != default)
        return f"UNF:6:{changed}:" if changed else "UNF:6:"


def check_unf_types(schema: pa.Schema) -> None:
    """UnsupportedTypeError with the first column whose type UNF version 6 does not define."""
    for field in schema:
        if family_of(field.type, field.name) not in _PIECES:
            error = UnsupportedTypeError(field.name, str(field.type))
            error.args = (
                f"column {field.name!r} has type {field.type}, which UNF version 6 does not define; "
                "cast it to text or leave it out",
            )
            raise error


def unf_elements(array: pa.Array, column: str, parameters: UnfParameters) -> Octets:
    """The bytes of all elements of an array, in its order, uint8 (n,); SourceError if a date is outside the years 0 to 9999."""
    family, nulls = family_of(array.type, column), null_mask(array, column)
    if nulls is None:
        nulls = np.zeros(len(array), bool)
    pieces = _PIECES[family](decode(array), nulls, column, parameters)
    size = int(np.where(nulls, MISSING_BYTES, pieces.sizes + TERMINATOR_BYTES).sum())
    out = np.empty(size, np.uint8)
    join_elements(pieces.address, pieces.starts, pieces.sizes, nulls, out)
    return out


def number_text(value: float, digits: int) -> bytes:
    """A finite number other than 0 by the definition: Decimal(repr(value)) rounded half-even to so many digits."""
    rounded = Context(prec=digits, rounding=ROUND_HALF_EVEN).create_decimal(Decimal(repr(value)))
    sign, all_digits, _ = rounded.as_tuple()
    first, rest = str(all_digits[0]), "".join(map(str, all_digits[1:])).rstrip("0")
    power = rounded.adjusted()
    exponent = f"{'-' if power < 0 else '+'}{abs(power) or ''}"
    return f"{'-' if sign else '+'}{first}.{rest}e{exponent}".encode()


def _missing(array: pa.Array, nulls: NDArray[np.bool_], column: str, parameters: UnfParameters) -> Pieces:
    nothing = np.zeros(len(array), np.int64)
    return Pieces(np.uint64(0), nothing, nothing, None)


def _booleans(array: pa.Array, nulls: NDArray[np.bool_], column: str, parameters: UnfParameters) -> Pieces:
    return _number_pieces(booleans_of(array).astype(np.float64), nulls, parameters.digits)


def _numbers(array: pa.Array, nulls: NDArray[np.bool_], column: str, parameters: UnfParameters) -> Pieces:
    if pa.types.is_floating(array.type):
        doubles = doubles_of(array)
    elif pa.types.is_decimal(array.type):
        doubles = _decimal_doubles(array, nulls)
    else:
        doubles = values_of(array).astype(np.float64)
    return _number_pieces(doubles, nulls, parameters.digits)


def _number_pieces(doubles: Doubles, nulls: NDArray[np.bool_], digits: int) -> Pieces:
    doubles = np.where(nulls, 0.0, doubles)
    table, sizes = np.empty((len(doubles), WIDTH), np.uint8), np.empty(len(doubles), np.int64)
    write_numbers(doubles, digits, table, sizes)
    rows = np.flatnonzero(sizes == LEFT)
    distinct, places = np.unique(doubles[rows], return_inverse=True)
    texts = [number_text(value, digits) for value in distinct.tolist()]
    return table_pieces(table, sizes, rows.tolist(), [texts[place] for place in places.tolist()])


def _decimal_doubles(array: pa.Array, nulls: NDArray[np.bool_]) -> Doubles:
    """The doubles nearest to decimals; worked out one by one where a division of doubles might not give them."""
    unscaled, plain = low_words(array)
    scale = array.type.scale
    doubles: Doubles = unscaled / 10.0 ** min(max(scale, 0), LARGEST_EXACT_POWER)
    plain &= (unscaled > -EXACT) & (unscaled < EXACT) & (0 <= scale <= LARGEST_EXACT_POWER)
    rows = np.flatnonzero(~plain & ~nulls)
    if len(rows):
        doubles[rows] = [float(value) for value in array.take(pa.array(rows)).to_pylist()]
    return doubles


def _texts(array: pa.Array, nulls: NDArray[np.bool_], column: str, parameters: UnfParameters) -> Pieces:
    pieces = utf8_pieces(array, column)
    if len(array) and int(pieces.sizes.max()) > parameters.characters:
        return text_pieces(pc.utf8_slice_codeunits(array.cast(pa.large_string()), 0, parameters.characters))
    return pieces


def _dates(array: pa.Array, nulls: NDArray[np.bool_], column: str, parameters: UnfParameters) -> Pieces:
    distinct, places = np.unique(np.where(nulls, 0, days(array)).astype(np.int64), return_inverse=True)
    table = _instants(distinct, A_DAY, column)[places, :DATE]
    return table_pieces(table, np.full(len(array), DATE, np.int64))


def _times(array: pa.Array, nulls: NDArray[np.bool_], column: str, parameters: UnfParameters) -> Pieces:
    seconds, rest = _split(array, nulls)
    if ((seconds < 0) | (seconds >= A_DAY)).any():
        raise _unwritable(column, "a time outside the hours 0 to 23")
    table, sizes = _with_fraction(seconds, rest, column)
    return table_pieces(table[:, TIME:], sizes - TIME)


def _timestamps(array: pa.Array, nulls: NDArray[np.bool_], column: str, parameters: UnfParameters) -> Pieces:
    table, sizes = _with_fraction(*_split(array, nulls), column)
    if array.type.tz is not None:
        table[np.arange(len(table)), sizes] = ord("Z")
        sizes += 1
    return table_pieces(table, sizes)


def _split(array: pa.Array, nulls: NDArray[np.bool_]) -> tuple[Whole, Whole]:
    """Whole seconds, and the nanoseconds beyond them, of times of any unit; zeros for nulls."""
    dtype = np.int32 if pa.types.is_time32(array.type) else np.int64
    ticks = A_SECOND[array.type.unit]
    seconds, rest = np.divmod(np.where(nulls, 0, raw_words(array, dtype).astype(np.int64)), ticks)
    return seconds, rest * (A_SECOND["ns"] // ticks)


def _with_fraction(seconds: Whole, nanoseconds: Whole, column: str) -> tuple[Octets, Whole]:
    """Instants with as many digits of their fraction as are not zeros at its end, uint8 (rows, 30), and their sizes."""
    powers = 10 ** np.arange(FRACTION_DIGITS - 1, -1, -1, dtype=np.int64)
    digits = nanoseconds[:, None] // powers % 10
    table = np.zeros((len(seconds), FRACTION + 1 + FRACTION_DIGITS + 1), np.uint8)
    table[:, :FRACTION] = _instants(seconds, 1, column)
    table[:, FRACTION] = ord(".")
    table[:, FRACTION + 1 : -1] = digits + ord("0")
    kept = FRACTION_DIGITS - np.argmax(digits[:, ::-1] != 0, axis=1)
    return table, np.where(nanoseconds == 0, FRACTION, FRACTION + 1 + kept).astype(np.int64)


def _instants(words: Whole, unit: int, column: str) -> Octets:
    """YYYY-MM-DDThh:mm:ss, uint8 (rows, 19), of days or seconds since 1970-01-01."""
    if ((words < YEAR_0 // unit) | (words >= YEAR_10000 // unit)).any():
        raise _unwritable(column, "a date outside the years 0 to 9999")
    texts = np.datetime_as_string((words * unit).astype("datetime64[s]")).astype(f"S{FRACTION}")
    return texts.view(np.uint8).reshape(-1, FRACTION)


def _unwritable(column: str, what: str) -> SourceError:
    return SourceError(f"column {column!r} holds {what}, which UNF version 6 cannot write; cast it to text")


_PIECES: dict[Family, Callable[[pa.Array, NDArray[np.bool_], str, UnfParameters], Pieces]] = {
    Family.NULL: _missing,
    Family.BOOLEAN: _booleans,
    Family.NUMBER: _numbers,
    Family.TEXT: _texts,
    Family.DATE: _dates,
    Family.TIME: _times,
    Family.TIMESTAMP: _timestamps,
    Family.ZONED_TIMESTAMP: _timestamps,
}
