"""What only tables at hand can tell: a delta beyond the sketches' capacity, rows without a key, the proof of common columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sameset.comparison import Comparison, Verdict, compare
from sameset.comparison.rows import ChangedRow, Row, RowSample
from sameset.comparison.verdict import share_columns
from sameset.errors import SamesetError
from sameset.execution.joins import join_delta
from sameset.execution.projection import Projection, selected
from sameset.execution.rows import fetch_rows
from sameset.execution.samples import are_samples, compare_samples
from sameset.execution.scanning import silent
from sameset.execution.sketching import sketch_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.delta import RowChange
    from sameset.execution.scanning import Progress
    from sameset.sketches.table import TableSketch
    from sameset.sources.base import Source

__all__ = ["Sides", "fetch_delta_rows", "refine", "wants_left_table"]

OVERLAP = 0.5
TELLING_SHARE = (
    0.1  # of distinct rows; fewer are combinations of domains (countries, flags): unrelated tables share them
)


@dataclass(frozen=True)
class Sides:
    """Two sketches, and the sources they came from where those are still at hand."""

    left: TableSketch
    right: TableSketch
    left_source: Source | None = None
    right_source: Source | None = None

    def with_selections(self) -> Sides:
        """The same with sources that hold just the columns and rows that the specs ask for."""
        left = self.left_source and selected(self.left_source, self.left.spec)
        right = self.right_source and selected(self.right_source, self.right.spec)
        return replace(self, left_source=left, right_source=right)

    @property
    def sources(self) -> tuple[Source, Source] | None:
        """Both sources, or None."""
        if self.left_source is None or self.right_source is None:
            return None
        return self.left_source, self.right_source


def refine(comparison: Comparison, sides: Sides, limit: int, progress: Progress = silent) -> Comparison:
    """The comparison with what a second scan adds, where both tables are at hand and the sketches did not suffice.

    A table that cannot be read a second time (a stream, a file that is gone by now) takes nothing from what is known.
    """
    try:
        return _refined(comparison, sides, limit, progress)
    except SamesetError as error:
        return replace(comparison, notes=(*comparison.notes, f"the tables could not be read a second time: {error}"))


def _refined(comparison: Comparison, sides: Sides, limit: int, progress: Progress) -> Comparison:
    places = (sides.left_source, sides.right_source)
    sides = sides.with_selections()
    if sides.sources and set(sides.left.names) != set(sides.right.names):
        comparison, sides = _compare_common(comparison, sides, progress)
    elif sides.sources and comparison.delta is None and _is_worth_joining(comparison):
        comparison = _join(comparison, sides, progress)
    if are_samples((sides.left, sides.right), places):
        return compare_samples(comparison, (sides.left, sides.right), places, limit)
    return fetch_delta_rows(comparison, sides, limit)


def wants_left_table(comparison: Comparison) -> bool:
    """Whether `refine` could make use of the left table itself."""
    if comparison.verdict in (Verdict.IDENTICAL, Verdict.RENAMED, Verdict.INCOMPARABLE):
        return False
    if comparison.delta is None:
        return any(column.is_matched for column in comparison.columns)
    return any(change.key is None for change in comparison.delta.removed)


def _is_worth_joining(comparison: Comparison) -> bool:
    related = comparison.similarity.largest >= OVERLAP or comparison.basis == "keys"
    return comparison.verdict is Verdict.MODIFIED and related


def _join(comparison: Comparison, sides: Sides, progress: Progress) -> Comparison:
    assert sides.sources
    if set(sides.left.spec.key) != set(sides.right.spec.key):
        return comparison
    delta = join_delta(*sides.sources, sides.left.spec, progress)
    if delta is None:
        return comparison
    joined = compare(sides.left, sides.right, joined=delta)
    note = "more rows differ than a sketch can list; both tables were read again and joined"
    return replace(joined, notes=(note, *joined.notes))


def _compare_common(comparison: Comparison, sides: Sides, progress: Progress) -> tuple[Comparison, Sides]:
    """Compares the rows in the columns that both tables have, renamed ones under their new names."""
    pairs = {c.name: c.renamed_from or c.name for c in comparison.columns if c.is_matched}
    if comparison.verdict in (Verdict.RENAMED, Verdict.INCOMPARABLE) or not pairs or not sides.sources:
        return comparison, sides
    if comparison.verdict is not Verdict.MODIFIED and not share_columns(comparison.columns):
        return comparison, sides
    key = sides.left.spec.key if set(sides.left.spec.key) == set(sides.right.spec.key) else ()
    key = key if all(pairs.get(name) == name for name in key) else ()
    left = Projection(sides.sources[0], pairs)
    right = Projection(sides.sources[1], {name: name for name in pairs})
    spec = replace(sides.left.spec, key=key, columns=None, ignore=(), where=None)
    common = Sides(
        sketch_table(left, spec, progress=progress), sketch_table(right, spec, progress=progress), left, right
    )
    part = compare(common.left, common.right)
    if comparison.verdict is not Verdict.MODIFIED and not part.is_same and _are_domains(common):
        return comparison, sides
    if part.delta is None and _is_worth_joining(part):
        part = _join(part, common, progress)
    return _with_common(comparison, part, len(pairs)), common


def _are_domains(sides: Sides) -> bool:
    """Whether the rows are so few different ones that other tables have the same by nature."""
    return any(table.rows.distinct() < TELLING_SHARE * table.row_count for table in (sides.left, sides.right))


def _with_common(whole: Comparison, part: Comparison, columns: int) -> Comparison:
    """The comparison of whole tables with the evidence of their common columns."""
    if part.is_same and all(column.is_matched for column in whole.columns):
        note = "the columns were renamed and reordered; both tables were read again to prove it"
        return replace(
            whole,
            verdict=Verdict.RENAMED,
            basis="common columns",
            delta=part.delta,
            similarity=part.similarity,
            set_similarity=part.set_similarity,
            notes=(note,),
        )
    related = part.verdict in (Verdict.IDENTICAL, Verdict.APPENDED, Verdict.TRUNCATED, Verdict.MODIFIED)
    if not related and whole.verdict is not Verdict.MODIFIED:
        return whole
    same = "are the same" if part.is_same else "were compared"
    note = f"the rows {same} in the {columns} common columns; both tables were read again for that"
    notes = (note, *(n for n in whole.notes if "could not be compared" not in n))
    return replace(
        whole,
        verdict=Verdict.MODIFIED,
        basis="common columns",
        key=part.key,
        delta=part.delta,
        similarity=part.similarity,
        set_similarity=part.set_similarity,
        estimated_difference=part.estimated_difference,
        notes=notes,
    )


def fetch_delta_rows(comparison: Comparison, sides: Sides, limit: int) -> Comparison:
    """The comparison with the rows themselves, or their keys, where the delta has only hashes and a source is at hand."""
    if comparison.delta is None:
        return comparison
    added, removed, changed = (
        _fetched(getattr(comparison.delta, name), table, source, limit)
        for name, table, source in (
            ("added", sides.right, sides.right_source),
            ("removed", sides.left, sides.left_source),
            ("changed", sides.right, sides.right_source),
        )
    )
    return replace(comparison, rows=RowSample(added, removed, tuple(ChangedRow(None, None, row) for row in changed)))


def _fetched(changes: Sequence[RowChange], table: TableSketch, source: Source | None, limit: int) -> tuple[Row, ...]:
    return () if source is None else tuple(fetch_rows(source, table.spec, changes, limit))
