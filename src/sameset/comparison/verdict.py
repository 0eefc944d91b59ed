"""Two sketches -> verdict and evidence (DESIGN: content, sketch, verdict)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sameset.comparison.buckets import compare_buckets
from sameset.comparison.column_evidence import account_for_rows
from sameset.comparison.columns import compare_columns
from sameset.comparison.delta import Delta, decode_delta
from sameset.comparison.estimates import UNKNOWN, Overlap, exact, overlap_of
from sameset.comparison.patterns import with_regenerated_keys
from sameset.comparison.result import Comparison, Side, Verdict
from sameset.comparison.samples import decoding_notes
from sameset.comparison.type_names import type_text
from sameset.sketches.delta import capacity_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.columns import ColumnChange
    from sameset.comparison.estimates import Estimate
    from sameset.sketches.table import TableSketch

__all__ = ["compare", "judge_values", "share_columns"]

OVERLAP = 0.5  # rows, keys or columns shared by modified tables
AGREEMENT = 0.8  # Jaccard index of the value sets of near-duplicate columns
TELLING_DISTINCT = 20  # fewer distinct values are a domain (countries, flags), which unrelated tables share
TELLING_SHARE = 0.1  # the same, as a share of the rows
TELLING_COLUMNS = 2  # one alone may be a running number


@dataclass(frozen=True)
class Evidence:
    """What speaks for a verdict."""

    similarity: Overlap
    columns: Sequence[ColumnChange] = ()
    delta: Delta | None = None
    difference: Estimate | None = None
    notes: tuple[str, ...] = ()
    set_similarity: Overlap | None = None


SAME_ROWS = Overlap(exact(1.0), exact(1.0), exact(1.0))
UNKNOWN_ROWS = Overlap(UNKNOWN, UNKNOWN, UNKNOWN)
NO_DELTA = Delta((), (), ())


def compare(left: TableSketch, right: TableSketch, *, joined: Delta | None = None) -> Comparison:
    """The comparison of two tables by their sketches; "different" is a result, never an error.

    `joined` is their exact delta if it is known from the tables themselves.
    """
    obstacle = _obstacle(left, right)
    if obstacle:
        return _result(left, right, (Verdict.INCOMPARABLE, "specs"), Evidence(UNKNOWN_ROWS, notes=(obstacle,)))
    if _is_identical(left, right):
        evidence = Evidence(SAME_ROWS, compare_columns(left, right), NO_DELTA, set_similarity=SAME_ROWS)
        return _result(left, right, (Verdict.IDENTICAL, "digest"), evidence)
    if _is_renamed(left, right):
        evidence = Evidence(
            SAME_ROWS, compare_columns(left, right, by_position=True), NO_DELTA, set_similarity=SAME_ROWS
        )
        return _result(left, right, (Verdict.RENAMED, "positional digest"), evidence)
    evidence = _gather(left, right, joined)
    return _result(left, right, _judge(left, right, evidence), evidence)


def _obstacle(left: TableSketch, right: TableSketch) -> str | None:
    for name in ("encoding", "seed", "digits", "nfc", "where"):
        mine, theirs = getattr(left.spec, name), getattr(right.spec, name)
        if mine != theirs:
            return f"the sketches differ in {name}: {mine!r} and {theirs!r}; sketch both tables alike"
    return None


def _is_identical(left: TableSketch, right: TableSketch) -> bool:
    same_rows = left.row_count == right.row_count and left.digest.named == right.digest.named
    return same_rows and set(left.names) == set(right.names)


def _is_renamed(left: TableSketch, right: TableSketch) -> bool:
    same_rows = left.row_count == right.row_count > 0 and left.digest.positional == right.digest.positional
    return same_rows and len(left.names) == len(right.names)


def _gather(left: TableSketch, right: TableSketch, joined: Delta | None) -> Evidence:
    same_columns = set(left.names) == set(right.names)
    comparable = same_columns and _have_same_key(left, right) and joined is None
    delta = decode_delta(left, right) if comparable else joined
    similarity = _similarity(left, right, delta)
    difference = _difference(left, right, similarity) if same_columns and delta is None else None
    notes = _notes(left, right, same_columns, delta)
    sets = overlap_of(left.rows, right.rows, bags=False)
    return Evidence(similarity, compare_columns(left, right), delta, difference, notes, sets)


def _have_same_key(left: TableSketch, right: TableSketch) -> bool:
    """Whether a row has the same packed key in both delta tables; the order in which a key names its columns is no part of it."""
    a, b = left.spec, right.spec
    return set(a.key) == set(b.key) and (not a.key or a.keep_keys == b.keep_keys)


def _similarity(left: TableSketch, right: TableSketch, delta: Delta | None) -> Overlap:
    if delta is None:
        return overlap_of(left.rows, right.rows, bags=True)
    common = (left.row_count + right.row_count - delta.size) // 2
    return Overlap.of_counts(common, left.row_count, right.row_count)


def _difference(left: TableSketch, right: TableSketch, similarity: Overlap) -> Estimate:
    """How many rows one side has and the other has not: (1 - J) of the union, which has (n + m) / (1 + J) rows."""
    total = left.row_count + right.row_count

    def rows(jaccard: float) -> float:
        return total * (1 - jaccard) / (1 + jaccard)

    jaccard = similarity.jaccard
    low = max(rows(jaccard.high), float(abs(left.row_count - right.row_count)))
    return type(jaccard)(max(rows(jaccard.estimate), low), low, max(rows(jaccard.low), low))


def _judge(left: TableSketch, right: TableSketch, evidence: Evidence) -> tuple[Verdict, str]:
    grown = _judge_growth(left, right, evidence.delta)
    if grown:
        return grown
    if evidence.similarity.largest >= OVERLAP and left.row_count and right.row_count:
        return Verdict.MODIFIED, "rows"
    if _share_keys(left, right, evidence.columns):
        return Verdict.MODIFIED, "keys"
    if _common_columns_agree(evidence.columns):
        return Verdict.MODIFIED, "columns"
    if judge_values(evidence.columns, max(left.row_count, right.row_count)):
        return Verdict.NEAR_DUPLICATE, "values"
    return Verdict.UNRELATED, "no common rows"


def share_columns(columns: Sequence[ColumnChange]) -> bool:
    """Whether at least half of the narrower table's columns are on both sides; one of several may be a running number."""
    matched = sum(column.is_matched for column in columns)
    added = sum(column.state == "added" for column in columns)
    removed = sum(column.state == "removed" for column in columns)
    narrower = matched + min(added, removed)
    return matched >= min(TELLING_COLUMNS, narrower) and matched >= max(1, OVERLAP * narrower)


def _judge_growth(left: TableSketch, right: TableSketch, delta: Delta | None) -> tuple[Verdict, str] | None:
    """Appended or truncated, which only a delta proves, or that one side is empty."""
    if set(left.names) != set(right.names):
        return None
    if left.row_count == 0:
        return Verdict.APPENDED, "the left table is empty"
    if right.row_count == 0:
        return Verdict.TRUNCATED, "the right table is empty"
    added, removed, changed = delta.counts if delta else (0, 0, 0)
    if delta is None or changed or (added and removed):
        return None
    return (Verdict.APPENDED if added else Verdict.TRUNCATED), "delta"


def _share_keys(left: TableSketch, right: TableSketch, columns: Sequence[ColumnChange]) -> bool:
    if not left.spec.key or set(left.spec.key) != set(right.spec.key):
        return False
    matched = sum(column.is_matched for column in columns)
    if 2 * matched < min(len(left.names), len(right.names)):
        return False
    return overlap_of(left.keys, right.keys, bags=False).largest >= OVERLAP


def _common_columns_agree(columns: Sequence[ColumnChange]) -> bool:
    """Whether columns were added or dropped, and all others hold the same values (of rows there are none, or as many)."""
    matched = [column for column in columns if column.is_matched]
    agree = all(column.agrees for column in matched)
    return agree and len(matched) < len(columns) and share_columns(columns)


def judge_values(columns: Sequence[ColumnChange], rows: int) -> bool:
    """Whether rows that differ hold the same values: near-duplicates.

    At least half of all columns must be matched. Then one of three suffices: the value sets of the matched columns agree
    at 0.8 on average, one of them with so many distinct values that it is no mere domain; half of all columns, two at
    least, hold exactly the same values as often (one column was rounded, re-scaled or re-keyed); half agree at 0.8, two of
    them no mere domains.
    """
    matched = [column for column in columns if column.values is not None and column.state != "retyped"]
    if not matched or len(matched) < OVERLAP * len(columns):
        return False
    exactly = sum(column.agrees and _distinct(column) > 1 for column in matched)
    if exactly >= max(TELLING_COLUMNS, OVERLAP * len(columns)):
        return True
    agreement = [column.values.estimate for column in matched if column.values]
    agreeing = [column for column in matched if column.values and column.values.estimate >= AGREEMENT]
    telling = sum(_distinct(column) >= min(rows, max(TELLING_DISTINCT, TELLING_SHARE * rows)) for column in agreeing)
    if sum(agreement) >= AGREEMENT * len(agreement) and telling:
        return True
    return len(agreeing) >= OVERLAP * len(columns) and telling >= TELLING_COLUMNS


def _distinct(column: ColumnChange) -> float:
    return max((side.estimate for side in (column.left_distinct, column.right_distinct) if side), default=0.0)


def _notes(left: TableSketch, right: TableSketch, same_columns: bool, delta: Delta | None) -> tuple[str, ...]:
    notes = []
    if not same_columns:
        notes.append("the columns differ, so that rows could not be compared as wholes")
    elif set(left.spec.key) != set(right.spec.key):
        keys = " and ".join(", ".join(side.spec.key) or "none" for side in (left, right))
        notes.append(f"the delta could not be used: the sketches have different keys ({keys})")
    elif not _have_same_key(left, right):
        notes.append("the delta could not be used: one sketch holds the keys themselves, the other only their hashes")
    elif delta is None:
        notes.append(_why_no_delta(left, right))
    elif not left.spec.key and all(delta.counts[:2]):
        notes.append("no key was given, so an updated row counts as one removed and one added")
    return tuple(notes)


def _why_no_delta(left: TableSketch, right: TableSketch) -> str:
    if left.delta.key_lanes != right.delta.key_lanes:
        return "the delta could not be used: the key has other types, so that the sketches hold it in other forms"
    rows = capacity_of(min(len(left.delta.cells), len(right.delta.cells)))
    return f"more rows differ than the sketches can list (about {rows:,}); a larger --delta-capacity lists more"


def _order_notes(left: TableSketch, right: TableSketch) -> tuple[str, ...]:
    """What may differ between tables of the same rows."""
    notes = []
    if left.names != right.names and set(left.names) == set(right.names):
        notes.append("the columns are in another order")
    types = {column.name: column.type for column in left.schema}
    retyped = [
        f"{column.name} {type_text(types[column.name])} -> {type_text(column.type)}"
        for column in right.schema
        if types.get(column.name, column.type) != column.type
    ]
    if retyped:
        notes.append("physical types differ: " + ", ".join(retyped))
    return tuple(notes)


def _key_notes(side: TableSketch, which: str) -> tuple[str, ...]:
    """A key that is none: some of its sampled values occur twice."""
    if not side.spec.key or not (side.keys.counts > 1).any():
        return ()
    return (
        f"the key {', '.join(side.spec.key)} is not unique in the {which} table: rows of one key are paired in any order",
    )


def _explained(verdict: Verdict, left: TableSketch, right: TableSketch, evidence: Evidence) -> tuple[ColumnChange, ...]:
    """The columns with what two sketches can tell of related tables: keys made anew, rows that merely came and went."""
    columns = tuple(evidence.columns)
    if verdict in (Verdict.MODIFIED, Verdict.NEAR_DUPLICATE):
        columns = with_regenerated_keys(columns, left.spec.key, max(left.row_count, right.row_count))
    if verdict in (Verdict.APPENDED, Verdict.TRUNCATED, Verdict.MODIFIED):
        # What neither is accounted for nor judged row by row below may have changed by rows that came or went alone.
        columns = tuple(replace(column, unproved=True) for column in columns)
        columns = account_for_rows(columns, evidence.delta, left, right)
    return columns


def _result(left: TableSketch, right: TableSketch, judged: tuple[Verdict, str], evidence: Evidence) -> Comparison:
    key = left.spec.key if set(left.spec.key) == set(right.spec.key) else ()
    remarks = (
        *decoding_notes(left.schema, right.schema),
        *_order_notes(left, right),
        *_key_notes(left, "left"),
        *_key_notes(right, "right"),
    )
    buckets, bucket_notes = compare_buckets(left, right, evidence.columns) if evidence.columns else (None, ())
    return Comparison(
        *judged,
        Side(left.row_count, left.text_digest, spec=left.spec),
        Side(right.row_count, right.text_digest, spec=right.spec),
        key,
        evidence.delta,
        evidence.similarity,
        _explained(judged[0], left, right, evidence),
        evidence.difference,
        (*evidence.notes, *remarks, *bucket_notes),
        buckets=buckets,
        set_similarity=evidence.set_similarity,
    )
