"""Estimates with their intervals: how much of one multiset of hashes is in another, from two samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.sketches.sample import Sample

    Counts = NDArray[np.float64]

__all__ = [
    "UNKNOWN",
    "Estimate",
    "Overlap",
    "beyond",
    "distinct_of",
    "distinct_share",
    "exact",
    "occurring_share",
    "overlap_of",
    "share_of_rows",
]

Z95 = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; `detectable` is the smallest value above zero that would have been seen (95 %)."""

    estimate: float
    low: float
    high: float
    detectable: float = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether it is no estimate at all."""
        return self.low == self.high

    def scaled(self, factor: float) -> Estimate:
        """The estimate of a multiple."""
        return Estimate(*(factor * x for x in (self.estimate, self.low, self.high, self.detectable)))

    def __str__(self) -> str:
        if self.is_exact:
            return f"{self.estimate:.4g}"
        return f"{self.estimate:.4g} [{self.low:.4g}, {self.high:.4g}]"


def exact(value: float) -> Estimate:
    """A value known exactly."""
    return Estimate(value, value, value)


UNKNOWN = Estimate(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Overlap:
    """How two multisets overlap: the common part relative to the union, to the left and to the right."""

    jaccard: Estimate
    containment_left: Estimate
    containment_right: Estimate

    @property
    def largest(self) -> float:
        """The largest of the three estimates."""
        return max(self.jaccard.estimate, self.containment_left.estimate, self.containment_right.estimate)

    @classmethod
    def of_counts(cls, common: int, left: int, right: int) -> Overlap:
        """The overlap of multisets of known sizes; two empty ones are the same."""
        union = left + right - common
        return cls(*(exact(common / size if size else float(union == 0)) for size in (union, left, right)))


def overlap_of(left: Sample, right: Sample, *, bags: bool) -> Overlap:
    """The overlap of two multisets (`bags`), or of the sets of their distinct hashes, from their samples.

    Both are read below the smaller threshold, where they are complete: a simple random sample of the union (Beyer et al.
    2007, section 4). A hash that occurs often weighs as much in a bag; the interval is Wilson's (1927) with the effective
    sample size of Kish (1965), (sum w)^2 / sum w^2.
    """
    threshold = min(left.threshold, right.threshold)
    a, b = _aligned(left, right, threshold, bags)
    known = left.is_exact and right.is_exact
    empty = [sample.is_exact and not len(sample.hashes) for sample in (left, right)]
    if not known and any(empty):  # nothing is in common, however little is known of the other one
        return Overlap.of_counts(0, int(not empty[0]), int(not empty[1]))
    low, high = np.minimum(a, b), np.maximum(a, b)
    return Overlap(_share(low, high, known), _share(low, a, known), _share(low, b, known))


def distinct_of(sample: Sample, most: int) -> Estimate:
    """The number of distinct hashes, which is at most `most`.

    From k hashes below the threshold its relative error is 1 / sqrt(k - 2) (Beyer et al. 2007, theorem 1).
    """
    found = min(sample.distinct(), float(most))
    if sample.is_exact:
        return exact(found)
    kept = len(sample.hashes)
    margin = Z95 * found / math.sqrt(max(kept - 2, 1))
    return Estimate(found, max(found - margin, float(kept)), min(found + margin, float(most)))


def distinct_share(sample: Sample, rows: int) -> Estimate:
    """The number of distinct rows over that of all `rows`, of which `sample` is a sample; of none it is 1.

    `distinct_of`, and never more than what was seen for certain: a hash kept with a count of c stands for c - 1 copies.
    """
    if not rows:
        return exact(1.0)
    copies = float(sample.counts.sum()) - len(sample.counts)
    found, most = distinct_of(sample, rows), rows - copies
    low, high = min(found.low, most), min(found.high, most)
    return Estimate(min(found.estimate, most), low, high).scaled(1 / rows)


def occurring_share(sample: Sample, other: Sample) -> Estimate:
    """The share of the rows of `sample`, as often as they occur there, whose hash occurs in `other` at all.

    Both are read below the smaller threshold, as `overlap_of` reads them.
    """
    threshold = min(sample.threshold, other.threshold)
    kept = sample.hashes < threshold
    hits = np.isin(sample.hashes[kept], other.hashes)
    return _share_of(sample.counts[kept], hits, sample.is_exact and other.is_exact)


def share_of_rows(sample: Sample, hits: NDArray[np.bool_]) -> Estimate:
    """The share of the rows that hit, bool (hashes of the sample,), where every hash of the sample was looked up."""
    return _share_of(sample.counts, hits, sample.is_exact)


def beyond(sample: Sample, other: Sample, most: int) -> Estimate:
    """The number of distinct hashes of `sample` that `other` has not; `sample` stands for at most `most`.

    Both are read below the smaller threshold, where n such hashes are a binomial draw of all with the chance p, the share of
    the range below it. (Where a last hash kept set the threshold it is left out: Cohen and Kaplan 2007, rank conditioning.)
    The interval is Wilson's (1927), solved for the size of the population; the relative error is about sqrt((1 - p) / n).
    """
    threshold = min(sample.threshold, other.threshold)
    only = np.setdiff1d(sample.hashes[sample.hashes < threshold], other.hashes, assume_unique=True)
    if sample.is_exact and other.is_exact:
        return exact(float(len(only)))
    by_last = any(len(s.hashes) and int(s.hashes[-1]) + 1 == threshold for s in (sample, other))
    share = (threshold - by_last) / 2.0**64
    seen = int(np.searchsorted(only, np.uint64(threshold - by_last)))
    spread = Z95**2 * (1 - share)
    half = math.sqrt(spread**2 + 4 * seen * spread)
    low, high = (max((2 * seen + spread + sign * half) / (2 * share), 0.0) for sign in (-1, 1))
    top = max(float(most), float(len(only)))
    found = min(max(seen / share, float(len(only))), top)
    return Estimate(found, min(max(low, float(len(only))), found), max(min(high, top), found), min(3.0 / share, top))


def _aligned(left: Sample, right: Sample, threshold: int, bags: bool) -> tuple[Counts, Counts]:
    """Counts of every hash below the threshold that either side has."""
    sides = [(s.hashes[s.hashes < threshold], s.counts[s.hashes < threshold]) for s in (left, right)]
    hashes = np.union1d(sides[0][0], sides[1][0])
    aligned = []
    for own, counts in sides:
        full = np.zeros(len(hashes))
        full[np.searchsorted(hashes, own)] = counts if bags else 1.0
        aligned.append(full)
    return aligned[0], aligned[1]


def _share_of(counts: NDArray[np.uint64], hits: NDArray[np.bool_], known: bool) -> Estimate:
    if known and not len(counts):
        return exact(0.0)
    weights = counts.astype(np.float64)
    return _share(weights * hits, weights, known)


def _share(part: Counts, whole: Counts, known: bool) -> Estimate:
    total = float(whole.sum())
    if total == 0:
        return exact(1.0) if known else UNKNOWN
    share = float(part.sum()) / total
    return exact(share) if known else _wilson(share, total**2 / float((whole**2).sum()))


def _wilson(share: float, size: float) -> Estimate:
    centre = (share + Z95**2 / (2 * size)) / (1 + Z95**2 / size)
    half = Z95 * math.sqrt(share * (1 - share) / size + Z95**2 / (4 * size**2)) / (1 + Z95**2 / size)
    # Rounding errors must not leave a share of 0 or 1 outside of its own interval: a bound of 1 would count as broken.
    low, high = min(max(0.0, centre - half), share), max(min(1.0, centre + half), share)
    # With probability 0.95 a share of 3 / n or more shows at least one hash: (1 - 3 / n)^n = e^-3.
    return Estimate(share, low, high, min(1.0, 3.0 / size))
