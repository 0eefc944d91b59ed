"""How many rows of a small table occur in a large one: its sample is looked up in a scan of the other.

Two samples meet only below the smaller of their thresholds: 10,000 rows and 10 million rows share ten of their hashes there, so
that a twentieth of the small table may lie in the large one unseen. A scan of the large table sees every hash of the small
one's sample, 4,096 of them or all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sameset.comparison.estimates import Estimate, share_of_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.batches import HashedBatch
    from sameset.sketches.sample import Sample
    from sameset.sketches.table import TableSketch

__all__ = ["TableProbe"]


class TableProbe:
    """Looks up the sampled rows and keys of a table; `add` is a tee of the scan of the other one."""

    def __init__(self, table: TableSketch) -> None:
        self._rows, self._keys = _Probe(table.rows), _Probe(table.keys)

    def add(self, hashed: HashedBatch) -> None:
        """Takes note of the hashes of a batch; from any threads, for each only ever turns marks on."""
        self._rows.add(hashed.named[0])
        if hashed.key is not None:
            self._keys.add(hashed.key[0])

    @property
    def rows(self) -> Estimate:
        """The share of the table's rows that occur in what was scanned."""
        return self._rows.share

    @property
    def keys(self) -> Estimate:
        """The share of the table's rows whose key occurs in what was scanned."""
        return self._keys.share


class _Probe:
    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._hashes = sample.hashes
        self._hits = np.zeros(len(sample.hashes), bool)

    def add(self, hashes: NDArray[np.uint64]) -> None:
        if not len(self._hashes):
            return
        # Of a batch only hashes below the sample's last can be among it: few, unless the sample holds all of a small table.
        near = hashes[hashes <= self._hashes[-1]]
        places = np.searchsorted(self._hashes, near)
        self._hits[places[self._hashes[places] == near]] = True

    @property
    def share(self) -> Estimate:
        return share_of_rows(self._sample, self._hits)
