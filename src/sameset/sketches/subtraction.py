"""Rows taken out of the sketch of a table: what is a group stays exact, and samples keep what is still known.

Digests and delta are sums. A sample has all hashes below its threshold with their counts, and still has when some of them
go, but then they may be fewer than its size asks for: it becomes the sample of a smaller size, exactly. The bins of the
signature are minima; where the least hash of a bin goes, the sample of rows, which has the lowest hashes, tells the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sameset.errors import SpecError, SpecMismatchError
from sameset.kernels.samples import EMPTY
from sameset.sketches.buckets import BucketTable
from sameset.sketches.column import ColumnSketch
from sameset.sketches.sample import Sample
from sameset.sketches.signature import Signature
from sameset.sketches.spec import SampleSize, check_equal
from sameset.sketches.table import TableSketch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["Remainder", "subtract"]

LEAST_SHARE = 0.5  # of a sample's size that must be left: its estimates are then 1.4 times as wide


@dataclass(frozen=True)
class Remainder:
    """What is left of a table when rows are taken out: its sketch, and how many of them it was seen to have had."""

    sketch: TableSketch
    seen: int
    removed: int


def subtract(whole: TableSketch, part: TableSketch) -> Remainder:
    """The sketch of a table without some of its rows: exactly what sketching the rest gives, by the spec that it has.

    That spec is the whole's, with smaller samples (or fewer bins) where less is known than before. That the rows were in the
    table is known of those that its sample can look up: of all of them if it is exact.
    Raises SpecMismatchError unless specs and columns are equal, and SpecError if some of the rows were not in the table, or if
    too little is known of the rest.
    """
    check_equal(whole.spec, part.spec)
    if whole.schema != part.schema:
        raise SpecMismatchError("columns", whole.names, part.names)
    digest = whole.digest.subtract(part.digest)
    if digest.rows < 0:
        raise _foreign()
    pairs = list(zip(whole.columns, part.columns, strict=True))
    nulls = [_fewer_nulls(mine, theirs, digest.rows) for mine, theirs in pairs]
    values = [
        _rest(mine.values, theirs.values, digest.rows - null) for (mine, theirs), null in zip(pairs, nulls, strict=True)
    ]
    rows = _rest(whole.rows, part.rows, digest.rows)
    keys = _rest(whole.keys, part.keys, digest.rows if whole.spec.key else 0)
    signature = _signature(whole.signature, part.signature, rows)
    spec = replace(whole.spec, rows=_common([rows, keys]), values=_common(values), bins=len(signature.bins))
    columns = [
        ColumnSketch(mine.family, mine.sums - theirs.sums, null, left.resized(spec.values))
        for (mine, theirs), null, left in zip(pairs, nulls, values, strict=True)
    ]
    sketch = TableSketch(
        spec,
        whole.schema,
        digest,
        columns,
        rows.resized(spec.rows),
        signature,
        whole.delta.subtract(part.delta),
        keys.resized(spec.rows),
    )
    sketch.buckets = _buckets(whole, part, digest.rows)
    return Remainder(sketch, _seen(whole.rows, part.rows), part.row_count)


def _buckets(whole: TableSketch, part: TableSketch, rows: int) -> BucketTable | None:
    """Exact, but as coarse as before where there were too many."""
    if whole.buckets is None or part.buckets is None:
        return None
    rest = whole.buckets.subtract(part.buckets)
    if (rest.sums[:, 0] > np.uint64(rows)).any():
        raise _foreign()
    return rest


def _foreign() -> SpecError:
    return SpecError("rows are to be taken out that the table does not have; check which table they are of")


def _fewer_nulls(whole: ColumnSketch, part: ColumnSketch, rows: int) -> int:
    nulls = whole.nulls - part.nulls
    if not 0 <= nulls <= rows:
        raise _foreign()
    return nulls


def _rest(whole: Sample, part: Sample, left: int) -> Sample:
    """The sample of the `left` items that remain, of the largest size for which it is known, up to its own."""
    if part.threshold < whole.threshold:  # the lowest hashes of a part cannot be lower than those of the whole
        raise _foreign()
    gone = slice(int(np.searchsorted(part.hashes, np.uint64(whole.threshold)))) if not whole.is_exact else slice(None)
    places = np.searchsorted(whole.hashes, part.hashes[gone])
    counts = whole.counts.copy()
    has = bool((places < len(counts)).all()) and np.array_equal(whole.hashes[places], part.hashes[gone])
    if not has or (counts[places] < part.counts[gone]).any():
        raise _foreign()
    counts[places] -= part.counts[gone]
    kept = counts > 0
    hashes, counts = whole.hashes[kept], counts[kept]
    seen = sum(counts.tolist())
    if seen > left or (seen < left and whole.is_exact):
        raise _foreign()
    if seen == left:
        return Sample(whole.size, hashes, counts, int(EMPTY)).resized(whole.size)
    size = _known_size(whole.size, len(hashes), whole.threshold)
    return Sample(size, hashes, counts, whole.threshold).resized(size)


def _known_size(size: SampleSize, hashes: int, threshold: int) -> SampleSize:
    """The largest size of a sample that is known from so many hashes, all below a threshold, beyond which there are others.

    Below the limit of a scaled sample all hashes up to its cap belong to it. Where the threshold is lower than that limit it is
    not known how many there are, only that they are at least those at hand: with a cap of one less the last is left out.
    """
    cap = size.cap if threshold >= size.limit or hashes >= size.cap else hashes - 1
    known = min(size.size, hashes, cap)
    if known < max(1.0, LEAST_SHARE * size.size):
        raise SpecError("too little would be known of the rows that are left; sketch the table that they are now")
    return SampleSize(known, size.scaled, cap)


def _common(samples: Sequence[Sample]) -> SampleSize:
    """The size that all samples can have."""
    sizes = [sample.size for sample in samples]
    return SampleSize(min(s.size for s in sizes), sizes[0].scaled, min(s.cap for s in sizes))


def _seen(whole: Sample, part: Sample) -> int:
    """How many of the rows of a part the whole's sample can look up."""
    below = part.hashes < np.uint64(whole.threshold) if not whole.is_exact else slice(None)
    return sum(part.counts[below].tolist())


def _signature(whole: Signature, part: Signature, rest: Sample) -> Signature:
    """The signature of the rows that remain; with fewer bins where the sample does not tell the minimum of some."""
    if (part.bins < whole.bins).any():
        raise _foreign()
    known = Signature.empty(len(whole.bins))
    known.update(rest.hashes)
    went = (part.bins == whole.bins) & (part.bins != EMPTY)
    bins = np.where(went, known.bins, whole.bins)
    open_ = went & (known.bins == EMPTY) & (not rest.is_exact)
    while open_.any() and len(bins) > 1:
        bins, open_ = _folded(bins, open_, rest.threshold)
    if open_.any():
        raise SpecError("too little would be known of the rows that are left; sketch the table that they are now")
    return Signature(bins)


def _folded(bins: Words, open_: NDArray[np.bool_], threshold: int) -> tuple[Words, NDArray[np.bool_]]:
    """Half as many bins, and those of them whose minimum is unknown: an unknown hash is at least the threshold."""
    half, bits = len(bins) // 2, np.uint64(len(bins).bit_length() - 1)
    hashes = (bins << bits) | np.arange(len(bins), dtype=np.uint64)
    filled = bins != EMPTY
    least = np.minimum(*np.split(np.where(filled, hashes, EMPTY), 2))
    empty = ~(filled[:half] | filled[half:])
    still = (open_[:half] | open_[half:]) & (empty | (least >= np.uint64(threshold)))
    return np.where(empty, EMPTY, least >> (bits - np.uint64(1))), still
