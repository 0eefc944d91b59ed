"""What only tables at hand can tell: a delta beyond the sketches' capacity, rows without a key, the proof of common columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sameset.comparison import Comparison, Verdict, compare
from sameset.comparison.sentences import count_of
from sameset.comparison.verdict import share_columns
from sameset.errors import ManifestError, SamesetError
from sameset.execution.column_evidence import explain_columns, rows_needed
from sameset.execution.delta_rows import SOME_ROWS, noted, read_rows, with_rows
from sameset.execution.joins import can_join, join_delta, notes_of_join
from sameset.execution.projection import Projection
from sameset.execution.resources import Resources
from sameset.execution.row_lines import LineStore
from sameset.execution.rows_file import write_rows
from sameset.execution.samples import are_samples, compare_samples
from sameset.execution.scanning import silent
from sameset.execution.sides import Sides
from sameset.execution.sketching import sketch_table

if TYPE_CHECKING:
    from sameset.execution.delta_rows import WantedRows
    from sameset.execution.scanning import Progress

__all__ = ["join", "refine", "wants_left_table"]

OVERLAP = 0.5
MOST_SAMPLES = 10_000  # that are listed
TELLING_SHARE = (
    0.1  # of distinct rows; fewer are combinations of domains (countries, flags): unrelated tables share them
)


def refine(
    comparison: Comparison, sides: Sides, wanted: WantedRows = SOME_ROWS, progress: Progress = silent
) -> Comparison:
    """The comparison with what a second scan adds: what the sketches did not suffice for, and rows of the delta themselves.

    A table that cannot be read a second time (a stream, a file that is gone by now) takes nothing from what is known.
    Raises ManifestError for a manifest that is not its table's, and where a join finds too little memory or disk; SamesetError
    if a file of rows is wanted and it is not known which rows differ, or if it cannot be written.
    """
    if wanted.file is None:
        return _refine(comparison, sides, wanted, progress)[0]
    with LineStore(sides.resources or Resources.of()) as store:
        comparison, sides = _refine(comparison, replace(sides, lines=store), wanted, progress)
        return write_rows(comparison, sides.with_selections(), wanted.file, progress)


def _refine(comparison: Comparison, sides: Sides, wanted: WantedRows, progress: Progress) -> tuple[Comparison, Sides]:
    """`refine` without the file, and the sides whose rows the delta speaks of."""
    places = (sides.left_source or sides.left_place, sides.right_source)
    tables, rows = (sides.left, sides.right), None
    try:
        sides = sides.with_selections()
        comparison, sides = _refined(comparison, sides, progress)
        if are_samples(tables, places):
            comparison = compare_samples(comparison, tables, places if wanted.any else (None, None), MOST_SAMPLES)
        else:
            comparison, rows = read_rows(comparison, sides, wanted, rows_needed(comparison, sides))
            comparison = explain_columns(comparison, sides if wanted.any else sides.sketches, rows)
    except ManifestError:
        raise
    except SamesetError as error:
        comparison = _unread(comparison, error)
    return with_rows(comparison, rows), sides


def join(comparison: Comparison, sides: Sides, progress: Progress = silent) -> Comparison:
    """The part of `refine` that finds the exact delta, where the sketches have none, by manifests or the tables themselves."""
    try:
        return _join(comparison, sides.with_selections(), progress)
    except ManifestError:
        raise
    except SamesetError as error:
        return _unread(comparison, error)


def _unread(comparison: Comparison, error: SamesetError) -> Comparison:
    note = f"the tables could not be read a second time: {error}"
    return comparison if note in comparison.notes else noted(comparison, note)


def _refined(comparison: Comparison, sides: Sides, progress: Progress) -> tuple[Comparison, Sides]:
    if sides.sources and set(sides.left.names) != set(sides.right.names):
        comparison, sides = _compare_common(comparison, sides, progress)
    else:
        comparison = _join(comparison, sides, progress)
    return comparison, sides


def wants_left_table(comparison: Comparison) -> bool:
    """Whether `refine` could make use of the left table itself, beyond its rows in the delta."""
    if comparison.verdict in (Verdict.IDENTICAL, Verdict.RENAMED, Verdict.INCOMPARABLE):
        return False
    return comparison.delta is None and any(column.is_matched for column in comparison.columns)


def _is_worth_joining(comparison: Comparison) -> bool:
    related = comparison.similarity.largest >= OVERLAP or comparison.basis == "keys"
    return comparison.verdict is Verdict.MODIFIED and related


def _join(comparison: Comparison, sides: Sides, progress: Progress) -> Comparison:
    one, two = sides.to_join
    wanted = sides.lines is not None or _is_worth_joining(comparison)
    if comparison.delta is not None or not wanted or not can_join(one, two):
        return comparison
    delta = join_delta(one, two, sides.resources or Resources.of(), progress, sides.lines)
    joined = compare(sides.left, sides.right, joined=delta)
    return replace(joined, notes=(*notes_of_join(one, two, delta), *joined.notes))


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
    bucketing = sides.right.spec.bucketing
    bucket_by = sides.right.spec.bucket_by if bucketing and bucketing.column in pairs else None
    spec = replace(sides.left.spec, key=key, columns=None, ignore=(), where=None, bucket_by=bucket_by)
    tables = sketch_table(left, spec, progress=progress), sketch_table(right, spec, progress=progress)
    common = Sides(*tables, left, right, resources=sides.resources, lines=sides.lines)
    part = compare(common.left, common.right)
    if comparison.verdict is not Verdict.MODIFIED and not part.is_same and _are_domains(common):
        return comparison, sides
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
    note = f"the rows {same} in the {count_of(columns, 'common column')}; both tables were read again for that"
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
        buckets=part.buckets or whole.buckets,
    )
