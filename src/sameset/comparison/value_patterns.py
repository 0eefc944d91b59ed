"""The pattern of a column of which one side's distinct values are at hand, and of the other only its sketch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sameset.canonical.columns import hash_column
from sameset.comparison.patterns import Counted, Pattern, explains
from sameset.comparison.transforms import transforms

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from sameset.canonical.forms import Form
    from sameset.comparison.transforms import Direction, Transform
    from sameset.sketches.sample import Sample

    Words = NDArray[np.uint64]

__all__ = ["DistinctValues", "pattern_of_values"]

COVERED = 0.5  # of the other side's values that are gone, at least: a pattern that leaves most of them out is chance


@dataclass(frozen=True)
class DistinctValues:
    """Distinct values that are not null, uint64 (n,) first halves of their hashes, and how often each occurs.

    `share` is the share of all that they are: those whose hashes are below that share of the range.
    """

    values: pa.Array
    hashes: Words
    counts: Words
    share: float


@dataclass(frozen=True)
class _Target:
    """Values that only the other side has, of those below a threshold: hashes, ascending, with their counts."""

    hashes: Words
    counts: Words
    threshold: int


def pattern_of_values(
    column: str, found: DistinctValues, own: Sample, other: Sample, direction: Direction, form: Form
) -> Pattern | None:
    """The transform that makes the values that one side alone has into those that the other side alone has, as often each.

    `own` is the sample of the side that the values are of. Dense columns (running numbers, full grids) hit much by chance: so a
    value fits only if it went, and as often, and COVERED of what went must be hit.
    """
    target = _target(own, other)
    fresh = ~np.isin(found.hashes, other.hashes)
    if len(target.hashes) * found.share < 1 or not fresh.any():
        return None
    values, counts = found.values.filter(_mask(fresh)), found.counts[fresh]
    least = COVERED * found.share * len(target.hashes)
    best: Pattern | None = None
    for transform in transforms(values.type, direction):
        if transform.is_lossy and found.share < 1:
            continue  # the counts of what became one value would not be whole
        fits, tested = _try(transform, column, values, counts, target, form)
        better = best is None or fits * best.tested > best.fits * tested
        if explains(fits, tested) and fits >= least and better:
            best = Pattern(transform.kind, column, fits, tested, Counted.VALUES, transform.told, transform.amount)
    return best


def _target(own: Sample, other: Sample) -> _Target:
    threshold = min(own.threshold, other.threshold)
    only = (other.hashes < threshold) & ~np.isin(other.hashes, own.hashes)
    return _Target(other.hashes[only], other.counts[only], threshold)


def _try(
    transform: Transform, column: str, values: pa.Array, counts: Words, target: _Target, form: Form
) -> tuple[int, int]:
    """How many of the values made are the target's, as often, and how many could have been seen there."""
    made, sure = transform.make(values)
    hashes = hash_column(made, column, form).h1
    if sure is not None:
        hashes, counts = hashes[sure], counts[sure]
    seen = hashes < np.uint64(target.threshold)
    distinct, places = np.unique(hashes[seen], return_inverse=True)
    times = np.zeros(len(distinct), np.uint64)
    np.add.at(times, places, counts[seen])
    at = np.minimum(np.searchsorted(target.hashes, distinct), len(target.hashes) - 1)
    fits = (target.hashes[at] == distinct) & (target.counts[at] == times)
    return int(fits.sum()), len(distinct)


def _mask(rows: NDArray[np.bool_]) -> pa.Array:
    import pyarrow as pa

    return pa.array(rows)
