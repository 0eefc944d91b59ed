"""A one-permutation MinHash signature of the set of rows (Li, Owen, Zhang 2012): small, of fixed size, for search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sameset.errors import SpecMismatchError
from sameset.kernels.samples import EMPTY, lower_bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["Signature"]


class Signature:
    """The least hash of each bin, uint64 (bins,); bins that no row fell into hold 2^64 - 1."""

    def __init__(self, bins: Words) -> None:
        self.bins = bins

    @classmethod
    def empty(cls, bins: int) -> Self:
        """The signature of no rows, of so many bins (a power of two)."""
        return cls(np.full(bins, EMPTY, np.uint64))

    def update(self, hashes: Words) -> None:
        """Adds rows by their hashes, uint64 (n,)."""
        lower_bins(hashes, self.bins)

    def merge(self, other: Self) -> Self:
        """The signature of the union."""
        if len(self.bins) != len(other.bins):
            raise SpecMismatchError("bins", len(self.bins), len(other.bins))
        return type(self)(np.minimum(self.bins, other.bins))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and np.array_equal(self.bins, other.bins)

    __hash__ = None  # type: ignore[assignment]  # it changes with update

    def jaccard(self, other: Self) -> float:
        """The share of bins that agree among those filled on either side; an unbiased estimate of the Jaccard index of the sets."""
        filled = (self.bins != EMPTY) | (other.bins != EMPTY)
        return float((self.bins == other.bins)[filled].mean()) if filled.any() else 1.0
