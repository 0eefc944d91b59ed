"""Patterns of columns of which the values of one side, at least, are at hand: one scan of the columns in question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sameset.canonical.columns import decode, hash_column
from sameset.comparison.cell_patterns import have_patterns
from sameset.comparison.columns import ColumnState
from sameset.comparison.patterns import FEWEST, PatternKind
from sameset.comparison.transforms import Direction
from sameset.comparison.value_patterns import DistinctValues, pattern_of_values
from sameset.execution.scanning import cores, fold_streams
from sameset.sources.arrow_types import parse_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sameset.canonical.forms import Form
    from sameset.comparison.columns import ColumnChange
    from sameset.comparison.patterns import Pattern
    from sameset.sketches.sample import Sample
    from sameset.sketches.table import Column, TableSketch
    from sameset.sources.base import Source

    Words = NDArray[np.uint64]

__all__ = ["LONGEST_TEXT", "are_nearly_all_new", "may_have_pattern", "patterns_of_values", "plain_values"]

MOST_COMPLETE = 65_536  # distinct values of a column that are all taken
MOST_SAMPLED = 262_144  # of a column that has more
WANTED = 400  # values whose transforms could be seen in the other side's sample
LONGEST_TEXT = 1_024  # bytes; longer ones are not looked at
NEARLY_ALL = 0.05  # Jaccard index of value sets below which nearly all values are other ones


def may_have_pattern(column: ColumnChange, left: Column, right: Column) -> bool:
    """Whether enough values of a column came and went for a pattern, and are of a kind that has some."""
    if column.state not in (ColumnState.CHANGED, ColumnState.RETYPED) or column.agrees:
        return False
    if any(pattern.kind is not PatternKind.REGENERATED for pattern in column.patterns):
        return False
    if not have_patterns(left.family, right.family):
        return False
    return all(count is not None and count.high >= FEWEST for count in (column.came, column.went))


def are_nearly_all_new(column: ColumnChange) -> bool:
    """Whether nearly all values of a column were replaced by others."""
    return column.values is not None and column.values.estimate < NEARLY_ALL


def patterns_of_values(
    columns: Sequence[ColumnChange], near: TableSketch, source: Source, far: TableSketch, *, forward: bool
) -> dict[str, Pattern]:
    """Patterns by column, from distinct values of `source`, whose sketch is `near`, and the sketch of the other side alone.

    `forward` says that the source holds the old table. Where the other side's sample of a column is not all of its values,
    nearly all must be other ones: which of them came cannot be told one by one.
    """
    samples = {name: (mine, theirs) for name, mine, theirs in _samples(near, far)}
    wanted = {}
    for column in columns:
        own, other = samples[column.name]
        if other.is_exact or are_nearly_all_new(column):
            wanted[column.name] = _share(own, other)
    if not wanted:
        return {}
    types = {column.name: column.type for column in far.schema}
    found = {}
    for name, values in _distinct_values(source, wanted, near.spec.form).items():
        direction = Direction(forward, _plain(parse_type(types[name])))
        pattern = pattern_of_values(name, values, samples[name][1], direction, near.spec.form)
        if pattern is not None:
            found[name] = pattern
    return found


def _samples(near: TableSketch, far: TableSketch) -> list[tuple[str, Sample, Sample]]:
    theirs = dict(zip(far.names, far.columns, strict=True))
    pairs = zip(near.names, near.columns, strict=True)
    return [(name, column.values, theirs[name].values) for name, column in pairs if name in theirs]


def _share(own: Sample, other: Sample) -> float:
    """The share of a side's distinct values to take."""
    distinct = own.distinct()
    if distinct <= MOST_COMPLETE:
        return 1.0
    seen = min(own.threshold, other.threshold) / 2.0**64
    return min(1.0, min(max(WANTED / seen, MOST_COMPLETE), MOST_SAMPLED) / distinct)


def _plain(kind: pa.DataType) -> pa.DataType:
    while pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        kind = kind.value_type
    return kind


@dataclass
class _Taken:
    """Values of one column that were met, in parts: arrays, first halves of hashes, counts."""

    values: list[pa.Array]
    hashes: list[Words]
    counts: list[Words]

    def add(self, values: pa.Array, hashes: Words, counts: Words) -> None:
        self.values.append(values)
        self.hashes.append(hashes)
        self.counts.append(counts)
        if sum(map(len, self.hashes)) > 2 * MOST_SAMPLED:
            self.settle()

    def settle(self) -> None:
        """Makes one part of all, in which each value stands once."""
        if self.hashes:
            hashes, places, inverse = np.unique(np.concatenate(self.hashes), return_index=True, return_inverse=True)
            counts = np.zeros(len(hashes), np.uint64)
            np.add.at(counts, inverse, np.concatenate(self.counts))
            values = pa.concat_arrays(self.values).take(pa.array(places))
            self.values, self.hashes, self.counts = [values], [hashes], [counts]


def _distinct_values(source: Source, shares: Mapping[str, float], form: Form) -> dict[str, DistinctValues]:
    names = list(shares)
    limits = {name: np.uint64(min(int(share * 2.0**64), 2**64 - 1)) for name, share in shares.items()}

    def start() -> dict[str, _Taken]:
        return {name: _Taken([], [], []) for name in names}

    def fold(taken: dict[str, _Taken], batch: pa.RecordBatch) -> None:
        for name in names:
            _take(taken[name], batch.column(name), name, limits[name], form)

    states = fold_streams(source.streams(cores(), names), start, fold)
    found = {}
    for name in names:
        whole = _Taken([], [], [])
        for taken in (state[name] for state in states):
            whole.values += taken.values
            whole.hashes += taken.hashes
            whole.counts += taken.counts
        whole.settle()
        if whole.hashes:
            found[name] = DistinctValues(whole.values[0], whole.hashes[0], whole.counts[0], shares[name])
    return found


def _take(taken: _Taken, array: pa.Array, name: str, limit: np.uint64, form: Form) -> None:
    values = plain_values(array)
    hashes = hash_column(values, name, form).h1
    rows = np.flatnonzero(hashes < limit) if values.null_count == 0 else _valid_rows(values, hashes, limit)
    distinct, places, counts = np.unique(hashes[rows], return_index=True, return_counts=True)
    if len(distinct):
        taken.add(values.take(pa.array(rows[places])), distinct, counts.astype(np.uint64))


def _valid_rows(values: pa.Array, hashes: Words, limit: np.uint64) -> NDArray[np.intp]:
    return np.flatnonzero((hashes < limit) & values.is_valid().to_numpy(zero_copy_only=False))


def plain_values(array: pa.Array) -> pa.Array:
    """Values without dictionary, runs or extension; texts as large strings, null where they are too long to be looked at."""
    values = decode(array)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.large_string())
        short = pc.less_equal(pc.binary_length(values), LONGEST_TEXT)
        return pc.if_else(short, values, None)
    return values
