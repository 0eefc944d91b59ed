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
    Places = NDArray[np.intp]
    Bits = NDArray[np.bool_]

__all__ = ["DistinctValues", "pattern_of_values"]

FEW = 50  # values that are tried first
PROMISING = 0.7  # of them that must fit, counts aside
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


def pattern_of_values(
    column: str, found: DistinctValues, other: Sample, direction: Direction, form: Form
) -> Pattern | None:
    """The transform that makes the values that one side alone has into those that the other side alone has, as often each.

    Dense columns (running numbers, full grids) hit much by chance: so a value fits only if it went, and as often; COVERED of
    what went must be hit; and nothing is told where two shifts, or two factors, fit most values.
    """
    attempt = _Attempt.of(column, found, other, form)
    least = COVERED * found.share * attempt.gone.sum()
    patterns = []
    rivals: set[float | None] = set()
    for transform in transforms(found.values.type, direction) if attempt.fresh.any() and attempt.gone.any() else ():
        if transform.is_lossy and found.share < 1:
            continue  # the counts of what became one value would not be whole
        fits, tested = attempt.test(transform) if attempt.is_promising(transform) else (0, 0)
        if not transform.is_lossy and fits > PROMISING * tested:
            rivals.add(transform.amount)
        if explains(fits, tested) and fits >= least:
            pattern = Pattern(transform.kind, column, fits, tested, Counted.VALUES, transform.told, transform.amount)
            patterns.append((transform.is_lossy, pattern))
    told = [pattern for is_lossy, pattern in patterns if is_lossy or len(rivals) == 1]
    return max(told, key=lambda pattern: pattern.fits / pattern.tested, default=None)


@dataclass(frozen=True)
class _Attempt:
    """Values of one side, bool (n,) which of them are `fresh`, and the hashes of the other side, ascending, below a threshold.

    `gone` says which of the latter the side of the values has no more.
    """

    column: str
    form: Form
    values: pa.Array
    counts: Words
    fresh: Bits
    hashes: Words
    times: Words
    gone: Bits
    threshold: int

    @classmethod
    def of(cls, column: str, found: DistinctValues, other: Sample, form: Form) -> _Attempt:
        """The values against the other side's sample, as far as both sides are known."""
        threshold = min(int(found.share * 2.0**64), other.threshold)
        kept = other.hashes < threshold
        hashes = other.hashes[kept]
        fresh, gone = ~np.isin(found.hashes, other.hashes), ~np.isin(hashes, found.hashes)
        return cls(column, form, found.values, found.counts, fresh, hashes, other.counts[kept], gone, threshold)

    def is_promising(self, transform: Transform) -> bool:
        """Whether of a few fresh values most become values of the other side: a tenth of the work where they do not."""
        places = np.flatnonzero(self.fresh)
        few = places[: int(FEW * 2.0**64 / self.threshold) + 1]
        hashes, _ = self._make(transform, few)
        seen = hashes[hashes < np.uint64(self.threshold)]
        return bool(np.isin(seen, self.hashes).sum() >= PROMISING * len(seen))

    def test(self, transform: Transform) -> tuple[int, int]:
        """How many of the values made are the other side's, as often, and how many could have been seen there.

        One to one, fresh values become such that are gone. Several may also become one that both sides have.
        """
        places = np.arange(len(self.fresh)) if transform.is_lossy else np.flatnonzero(self.fresh)
        hashes, sure = self._make(transform, places)
        seen = sure[hashes[sure] < np.uint64(self.threshold)]
        distinct, inverse = np.unique(hashes[seen], return_inverse=True)
        times, news = np.zeros(len(distinct), np.uint64), np.zeros(len(distinct), bool)
        np.add.at(times, inverse, self.counts[places[seen]])
        np.logical_or.at(news, inverse, self.fresh[places[seen]])
        at = np.minimum(np.searchsorted(self.hashes, distinct), len(self.hashes) - 1)
        fits = (self.hashes[at] == distinct) & (self.times[at] == times) & (self.gone[at] | transform.is_lossy)
        return int((fits & news).sum()), int(news.sum())

    def _make(self, transform: Transform, places: Places) -> tuple[Words, Places]:
        """The hashes of what some values become, and which of these are sure."""
        import pyarrow as pa

        made, sure = transform.make(self.values.take(pa.array(places)))
        hashes = hash_column(made, self.column, self.form).h1
        return hashes, np.arange(len(places)) if sure is None else np.flatnonzero(sure)
