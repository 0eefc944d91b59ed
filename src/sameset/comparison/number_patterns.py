"""Patterns of numbers, told from cells before and after: rounded, scaled, offset, or both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.comparison.patterns import FEWEST, Counted, Pattern, PatternKind, explains

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.longdouble]
    Bits = NDArray[np.bool_]

__all__ = ["number_pattern", "rounding_words", "scaling_words"]

FEW = 512  # cells that constants are sought in; all are tested with what is found
#: Relative error of a result, in units of 1: four roundings of the coarsest type.
ERRORS = {pa.float16(): 2.0**-9, pa.float32(): 2.0**-22}
DOUBLE_ERROR, INTEGER_ERROR = 2.0**-50, 2.0**-62
DECIMALS = range(-6, 13)
DIGITS = range(1, 16)
PLACES = range(7)  # decimals that prices, shares and coordinates are written with
ROOM = 1 + 1e-9  # for halves that lie on a boundary


class _Line(NamedTuple):
    """new = factor * old + offset."""

    factor: np.longdouble
    offset: np.longdouble


ZERO, ONE = np.longdouble(0), np.longdouble(1)


@dataclass(frozen=True)
class _Cells:
    """Cells before and after, longdouble (n,), NaN for null; `error` is relative, `step` the place that `new` is rounded to."""

    old: Reals
    new: Reals
    error: float
    step: float

    def take(self, rows: NDArray[np.intp]) -> _Cells:
        return _Cells(self.old[rows], self.new[rows], self.error, self.step)

    def fit(self, line: _Line, slack: float) -> Bits:
        """Which new values are factor * old + offset, up to rounding in their type."""
        scaled = line.factor * self.old
        size = np.maximum(np.maximum(abs(self.new), abs(scaled)), abs(line.offset))
        fits: Bits = abs(self.new - scaled - line.offset) <= self.error * size + slack
        return fits


def number_pattern(column: str, old: pa.Array, new: pa.Array) -> Pattern | None:
    """The simplest pattern that explains cells of numbers, all of them changed; None if there is none.

    `old` and `new` are Arrow arrays of number types, row by row. At least twenty different values must fit.
    """
    before, after = _reals(old), _reals(new)
    with np.errstate(all="ignore"):  # what is infinite or no number fits nothing
        cells = _Cells(before, after, max(_error(old.type), _error(new.type)), _step(new.type, after))
        return (
            _rounded(column, PatternKind.ROUNDED, cells.old, cells.new)
            or _rounded(column, PatternKind.UNROUNDED, cells.new, cells.old)
            or _mapped(column, cells)
        )


def _reals(array: pa.Array) -> Reals:
    if pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    reals: Reals = array.fill_null(0).to_numpy(zero_copy_only=False).astype(np.longdouble)
    return np.where(valid, reals, np.longdouble(np.nan))


def _error(kind: pa.DataType) -> float:
    return ERRORS.get(kind, INTEGER_ERROR if pa.types.is_integer(kind) else DOUBLE_ERROR)


def _step(kind: pa.DataType, values: Reals) -> float:
    """The last place of a type; of floats the coarsest that nearly all values are rounded to, if it is one of PLACES."""
    if pa.types.is_decimal(kind):
        return float(10.0**-kind.scale)
    if pa.types.is_integer(kind):
        return 1.0
    known = values[np.isfinite(values)]
    for decimals in PLACES:
        places = known / np.longdouble(f"1e-{decimals}")
        if explains(int((abs(places - np.rint(places)) <= abs(places) * _error(kind)).sum()), len(known)):
            return float(10.0**-decimals)
    return 0.0


def _rounded(column: str, kind: PatternKind, fine: Reals, coarse: Reals) -> Pattern | None:
    """`coarse` is `fine` rounded: to decimals, to significant digits, or to single precision; halves go either way."""
    tried = [
        (_are_rounded(fine, coarse, np.longdouble(f"1e{-n}")), rounding_words(kind, decimals=n), n) for n in DECIMALS
    ]
    exponents = np.floor(np.log10(abs(fine)))
    for n in DIGITS:
        unit = np.longdouble(10) ** (exponents - (n - 1))
        tried.append((_are_rounded(fine, coarse, unit), rounding_words(kind, digits=n), n))
    single: Bits = coarse == fine.astype(np.float32)
    fits, told, amount = max([*tried, (single, rounding_words(kind), None)], key=lambda one: one[0].sum())
    return _pattern(kind, column, fits, told, amount) if _enough(fits, fine) and _differ(fits, fine, coarse) else None


def _differ(fits: Bits, fine: Reals, coarse: Reals) -> bool:
    """Whether there is more than one result: what was overwritten with 0, or any constant, fits a coarse enough rounding."""
    results, places, counts = np.unique(coarse[fits], return_inverse=True, return_counts=True)
    others = places != counts.argmax()
    return len(results) > 1 and len(np.unique(fine[fits][others])) >= FEWEST


def _are_rounded(fine: Reals, coarse: Reals, unit: Reals | np.longdouble) -> Bits:
    places = coarse / unit
    whole = abs(places - np.rint(places)) <= abs(places) * DOUBLE_ERROR
    rounded: Bits = whole & (abs(coarse - fine) <= unit / 2 * ROOM + abs(fine) * DOUBLE_ERROR)
    return rounded


def rounding_words(kind: PatternKind, *, decimals: int | None = None, digits: int | None = None) -> str:
    """What was rounded to what; single precision if to neither decimals nor digits."""
    if decimals is not None:
        to = f"{decimals} decimal{'s' * (decimals != 1)}" if decimals > 0 else f"multiples of {10**-decimals:,}"
        to = "whole numbers" if decimals == 0 else to
    elif digits is not None:
        to = f"{digits} significant digit{'s' * (digits != 1)}"
    else:
        to = "single precision"
    if kind is PatternKind.ROUNDED:
        return f"was rounded to {to}"
    return f"has more digits: rounded to {to} it is what it was"


def _mapped(column: str, cells: _Cells) -> Pattern | None:
    """Scaled, offset or both: exactly, or rounded to the last place of the new type."""
    known = np.flatnonzero(np.isfinite(cells.old) & np.isfinite(cells.new))
    few = cells.take(known[np.linspace(0, len(known) - 1, min(len(known), FEW)).astype(np.intp)])
    if len(known) < FEWEST or len(np.unique(cells.new[known])) < FEWEST:
        return None
    for slack in (0.0, cells.step / 2 * ROOM) if cells.step else (0.0,):
        for kind, lines in (
            (PatternKind.SCALED, _factors(few)),
            (PatternKind.OFFSET, _offsets(few)),
            (PatternKind.LINEAR, _lines(few, slack)),
        ):
            best = max(lines, key=lambda line: few.fit(line, slack).sum())
            fits = cells.fit(best, slack)
            if slack and 0 < abs(best.offset) < cells.step:
                continue  # what was cut off at its last place looks lowered by half of it
            if _enough(fits, cells.old) and not (best.factor == 1 and best.offset == 0):
                amount = best.offset if kind is PatternKind.OFFSET else best.factor
                return _pattern(kind, column, fits, _mapping_words(kind, best), float(amount))
    return None


def _factors(cells: _Cells) -> list[_Line]:
    """Factors, those of the fewest digits first; large values tell them best."""
    large = (abs(cells.old) >= np.median(abs(cells.old))) & (cells.old != 0)
    ratio = np.median(cells.new[large] / cells.old[large]) if large.any() else ONE
    return [_Line(factor, ZERO) for factor in _short(ratio, inverse=True)]


def _offsets(cells: _Cells) -> list[_Line]:
    return [_Line(ONE, offset) for offset in _short(np.median(cells.new - cells.old))]


def _lines(cells: _Cells, slack: float) -> list[_Line]:
    """Lines through pairs of far cells: the median of slopes (Theil 1950), then that of what is left."""
    order = np.argsort(cells.old)
    half = len(order) // 2
    low, high = order[:half], order[-half:]
    apart = cells.old[high] != cells.old[low]
    if not apart.any():
        return [_Line(ONE, ZERO)]
    slope = np.median(((cells.new[high] - cells.new[low]) / (cells.old[high] - cells.old[low]))[apart])
    factor = max(_short(slope, inverse=True), key=lambda factor: _spread(cells, factor, slack))
    offset = np.median(cells.new - factor * cells.old)
    offsets = [*_short(offset), *(first * factor for first in _short(offset / factor))] if factor else [offset]
    return [_Line(factor, offset) for offset in offsets]


def _spread(cells: _Cells, factor: np.longdouble, slack: float) -> int:
    """How many cells have one offset with this factor."""
    offset = np.median(cells.new - factor * cells.old)
    return int(cells.fit(_Line(factor, offset), slack).sum())


def _short(value: np.longdouble, *, inverse: bool = False) -> Iterator[np.longdouble]:
    """Numbers near to a value, of one significant digit, two, ... and itself; also those whose inverses are so short."""
    if not np.isfinite(value) or value == 0:
        yield np.longdouble(value)
        return
    for digits in DIGITS:
        yield np.longdouble(f"{value:.{digits - 1}e}")
        if inverse:
            yield 1 / np.longdouble(f"{1 / value:.{digits - 1}e}")
    yield value


def _mapping_words(kind: PatternKind, line: _Line) -> str:
    if kind is PatternKind.SCALED:
        return scaling_words(float(line.factor))
    if kind is PatternKind.OFFSET:
        return f"was {_moving_words(line.offset)}"
    first, scaled = line.offset / line.factor, scaling_words(float(line.factor))
    if len(_moving_words(first)) < len(_moving_words(line.offset)):
        return f"was {_moving_words(first)}, then {scaled.removeprefix('was ')}"
    return f"{scaled}, then {_moving_words(line.offset)}"


def _moving_words(offset: np.longdouble) -> str:
    return f"{'raised' if offset > 0 else 'lowered'} by {abs(float(offset)):,.15g}"


def scaling_words(factor: float) -> str:
    """What scaling by a factor is called: the shorter of a factor and a divisor."""
    if factor == -1:
        return "changed its sign"
    times, by = f"{factor:,.15g}", f"{1 / factor:,.15g}"
    return f"was divided by {by}" if len(by) <= len(times) and abs(factor) < 1 else f"was scaled by {times}"


def _enough(fits: Bits, values: Reals) -> bool:
    return explains(int(fits.sum()), len(fits)) and len(np.unique(values[fits])) >= FEWEST


def _pattern(kind: PatternKind, column: str, fits: Bits, told: str, amount: float | None) -> Pattern:
    return Pattern(kind, column, int(fits.sum()), len(fits), Counted.CELLS, told, amount)
