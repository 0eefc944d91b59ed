"""What may have been done to the values of a column, to be tried where cells cannot be laid side by side.

Each transform makes the values of the other side of those of one. It says which of them it could not make without doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sameset.canonical.forms import MOST_DIGITS
from sameset.comparison.number_patterns import DIGITS, rounding_words, scaling_words
from sameset.comparison.patterns import PatternKind
from sameset.comparison.text_patterns import CASES, REWRITES
from sameset.comparison.time_patterns import QUARTER, TICKS, ZONES, shift_words, zone_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Made = tuple[pa.Array, NDArray[np.bool_] | None]

__all__ = ["Direction", "Transform", "transforms"]

#: Powers of ten up to 10^9 and of 1024; of time; inch, foot, yard, mile, sea mile; ounce, pound, gallon, calorie, km/h.
FACTORS = (
    *(10.0**k for k in range(1, 10)),
    *(1024.0**k for k in (1, 2, 3)),
    *(60.0, 3600.0, 24.0, 1440.0, 86400.0, 7.0, 12.0),
    *(2.54, 30.48, 0.3048, 0.9144, 1.609344, 1.852, 28.349523125, 0.45359237, 3.785411784, 4.184, 3.6),
)
DECIMALS = range(-3, 10)
SINGLE_DIGITS = 7


class Direction(NamedTuple):
    """From which side the values are that are transformed, and of what type those of the other side are."""

    forward: bool  #: whether they are the old values, made into the new ones
    target: pa.DataType


class Transform(NamedTuple):
    """`make` gives the values of the other side, and bool (n,) which of them are in no doubt (None: all)."""

    kind: PatternKind
    told: str
    make: Callable[[pa.Array], Made]
    amount: float | None = None
    is_lossy: bool = False


def transforms(values: pa.DataType, direction: Direction) -> Iterator[Transform]:
    """What can have been done to values of an Arrow type, the simplest first."""
    if pa.types.is_timestamp(values):
        yield from _shifts(values, direction)
    elif pa.types.is_large_string(values):
        yield from _rewrites(direction)
    else:
        yield from _roundings(direction)
        yield from _scalings(values, direction)


def _roundings(direction: Direction) -> Iterator[Transform]:
    kind = PatternKind.ROUNDED if direction.forward else PatternKind.UNROUNDED
    for decimals in DECIMALS:
        told = rounding_words(kind, decimals=decimals)
        yield Transform(kind, told, partial(_rounded, partial(_to_decimals, decimals)), decimals, is_lossy=True)
    for digits in DIGITS:
        told = rounding_words(kind, digits=digits)
        yield Transform(kind, told, partial(_rounded, partial(_to_digits, digits)), digits, is_lossy=True)
    single = partial(_rounded, partial(_typed_doubles, kind=pa.float32()))
    yield Transform(kind, rounding_words(kind), single, is_lossy=True)


def _to_decimals(decimals: int, doubles: Doubles) -> Doubles:
    rounded: Doubles = np.round(doubles, decimals)
    return rounded


def _to_digits(digits: int, doubles: Doubles) -> Doubles:
    """Rounded to significant digits in doubles: now and then a unit off at a boundary, and 100 times as fast as `round_to`."""
    with np.errstate(all="ignore"):
        places = digits - 1 - np.floor(np.log10(np.abs(doubles)))
        up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
        rounded: Doubles = np.rint(doubles * up / down) / up * down
        return np.where(np.isfinite(rounded), rounded, doubles)


def _rounded(rounding: Callable[[Doubles], Doubles], values: pa.Array) -> Made:
    with np.errstate(over="ignore"):
        return pa.array(rounding(_doubles(values)) + 0.0), None


def _scalings(values: pa.DataType, direction: Direction) -> Iterator[Transform]:
    for factor in (-1.0, *FACTORS):
        for divides in (False, True) if factor != -1 else (False,):
            amount = factor if divides != direction.forward else 1 / factor
            make = partial(_scaled, factor, divides, values, direction)
            yield Transform(PatternKind.SCALED, scaling_words(amount), make, amount)


def _scaled(factor: float, divides: bool, kind: pa.DataType, direction: Direction, values: pa.Array) -> Made:
    doubles = _doubles(values)
    with np.errstate(all="ignore"):
        made = doubles / factor if divides else doubles * factor
        if not (pa.types.is_floating(kind) and pa.types.is_floating(direction.target)):
            return pa.array(_to_digits(MOST_DIGITS, made) + 0.0), None
        if direction.forward:
            other = doubles * (1 / factor) if divides else doubles / (1 / factor)
            return _typed(made, direction.target), _typed_doubles(made, direction.target) == _typed_doubles(
                other, direction.target
            )
        if kind != direction.target:  # a coarser type tells no last place of a finer one
            return pa.array(_typed_doubles(_to_digits(_digits(direction.target), made), direction.target) + 0.0), None
        return _origin(doubles, made, factor, divides, kind)


def _origin(doubles: Doubles, near: Doubles, factor: float, divides: bool, kind: pa.DataType) -> Made:
    """The floats that were scaled to become `doubles`, each sure where it is the only one near by that gives them.

    Scaling in floats is not one to one: about one double in five has two origins, a unit in the last place apart. And the
    one of few digits may be meant.
    """
    near = _typed_doubles(near, kind)
    step = np.spacing(near.astype(kind.to_pandas_dtype())).astype(np.float64)
    short = _typed_doubles(_to_digits(_digits(kind), near), kind)
    candidates = [near, near - step, near + step, short]
    gives = [_gives(x, doubles, factor, divides, kind) for x in candidates]
    gives[3] &= abs(short - near) > step * 1.5  # otherwise it is one of the three
    origin = np.select(gives, candidates, near)
    return pa.array(origin + 0.0), np.sum(gives, axis=0) <= 1


def _digits(kind: pa.DataType) -> int:
    """Significant digits that a number type keeps."""
    return SINGLE_DIGITS if kind == pa.float32() else MOST_DIGITS


def _gives(origin: Doubles, doubles: Doubles, factor: float, divides: bool, kind: pa.DataType) -> NDArray[np.bool_]:
    """Whether scaling back gives these doubles, by a product or by a quotient."""
    products = (origin * factor, origin / (1 / factor)) if divides else (origin / factor, origin * (1 / factor))
    found: NDArray[np.bool_] = np.zeros(len(doubles), bool)
    for product in products:
        found |= _typed_doubles(product, kind) == doubles
    return found


def _typed_doubles(doubles: Doubles, kind: pa.DataType) -> Doubles:
    """The doubles as a float type holds them."""
    return doubles.astype(kind.to_pandas_dtype()).astype(np.float64)


def _typed(doubles: Doubles, kind: pa.DataType) -> pa.Array:
    return pa.array(_typed_doubles(doubles, kind) + 0.0)


def _doubles(values: pa.Array) -> Doubles:
    kind = pa.float64()
    doubles: Doubles = values.cast(kind, safe=False).to_numpy(zero_copy_only=False)
    return doubles


def _rewrites(direction: Direction) -> Iterator[Transform]:
    trimmed = {True: "lost white space at its ends", False: "has white space at its ends that it had not"}
    for name, (kind, rewrite) in REWRITES.items():
        if kind is PatternKind.TRIMMED:
            told = trimmed[direction.forward]
            way = kind if direction.forward else PatternKind.UNTRIMMED
            yield Transform(way, told, partial(_rewritten, rewrite), is_lossy=True)
        else:
            told = f"had {name} put in order" if direction.forward else f"had {name} in order before"
            yield Transform(kind, told, partial(_rewritten, rewrite), is_lossy=True)
    for name, put in CASES.items():
        told = f"was put into {name}" if direction.forward else f"was in {name} before"
        yield Transform(PatternKind.RECASED, told, partial(_rewritten, put), is_lossy=True)
    for name, put in CASES.items():
        both = f"was trimmed and put into {name}" if direction.forward else f"was trimmed and in {name} before"
        yield Transform(PatternKind.REFORMATTED, both, partial(_rewritten, partial(_trimmed, put)), is_lossy=True)


def _trimmed(put: Callable[[pa.Array], pa.Array], texts: pa.Array) -> pa.Array:
    return put(pc.utf8_trim_whitespace(texts))


def _rewritten(rewrite: Callable[[pa.Array], pa.Array], values: pa.Array) -> Made:
    return rewrite(values), None


def _shifts(values: pa.DataType, direction: Direction) -> Iterator[Transform]:
    zoned = (values.tz is None) != (direction.target.tz is None)
    kind = PatternKind.ZONED if zoned else PatternKind.SHIFTED_TIME
    attached = (direction.target.tz is not None) == direction.forward
    for minutes in sorted(range(-ZONES, ZONES + 1, QUARTER), key=abs):
        if minutes or zoned:
            told = zone_words(minutes, attached=attached) if zoned else f"was shifted by {shift_words(minutes)}"
            signed = minutes if direction.forward else -minutes
            yield Transform(kind, told, partial(_shifted, signed, direction.target.tz), minutes)


def _shifted(minutes: int, zone: str | None, values: pa.Array) -> Made:
    words = values.cast(pa.int64()).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        moved = words + np.int64(minutes * 60 * TICKS[values.type.unit])
    return pa.array(moved).cast(pa.timestamp(values.type.unit, zone)), None
