"""What became of the samples of a machine-learning dataset: changed, moved to another label or name, appeared, vanished."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sameset.canonical.families import Family
from sameset.comparison.estimates import Estimate, distinct_of

if TYPE_CHECKING:
    from sameset.comparison.delta import Delta, RowChange
    from sameset.sketches.table import Column, TableSketch

__all__ = [
    "FATES",
    "DifferingSample",
    "SampleChange",
    "SampleChanges",
    "SampleColumns",
    "changes_by_name",
    "changes_of",
    "copies_of",
    "decoding_notes",
    "match_samples",
    "sample_columns",
]

#: Names of columns that are labels, the likeliest first.
LABELS = ("label", "labels", "cls", "class", "target", "y")
ESTIMATE = ("estimate", "low", "high", "detectable")
#: What may have become of a sample, in the order in which a person wants to know.
FATES = ("changed", "relabelled", "moved", "appeared", "vanished")


class SampleColumns(NamedTuple):
    """Which column has which part in a sample; all but name and label are its content."""

    name: tuple[str, ...]  #: the key; empty if samples have no names
    label: str | None
    content: tuple[str, ...]


class DifferingSample(NamedTuple):
    """A sample that one side has more often than the other."""

    name: str | None  #: None if samples have no names
    label: Any
    content: Hashable
    times: int = 1


#: A sample before and now, None if there is none, and how often.
Pair = tuple[DifferingSample | None, DifferingSample | None, int]
Likeness = Callable[[DifferingSample], Hashable]


@dataclass(frozen=True)
class SampleChange:
    """One sample: its name and label now (of one that vanished, then), and what they were where that differs."""

    name: str | None
    label: Any = None
    old_name: str | None = None
    old_label: Any = None
    times: int = 1


@dataclass(frozen=True)
class SampleChanges:
    """The samples in which two datasets differ, each list in the order of names and bounded; `counts` are of all.

    `changed` have other content under the same name, `relabelled` the same content and another label, `moved` the same
    content and label under another name. If not `by_content`, the contents of one side are gone: then samples are told
    apart by their names alone, `changed` may be new labels, and nothing is known to have moved.
    """

    counts: dict[str, int]
    by_content: bool
    columns: SampleColumns
    copies: tuple[Estimate | None, Estimate | None] = (None, None)  #: samples whose content another one has, both sides
    lists: dict[str, tuple[SampleChange, ...]] = field(default_factory=dict)  #: by fate

    def to_json(self, limit: int, plain: Callable[[Any], Any]) -> dict[str, Any]:
        """The changes as JSON, at most `limit` a list; `plain` makes JSON of a label."""
        return {
            "by_content": self.by_content,
            "label": self.columns.label,
            "counts": dict(self.counts),
            "copies": [None if each is None else {n: getattr(each, n) for n in ESTIMATE} for each in self.copies],
            **{fate: [_entry(change, plain) for change in self.lists.get(fate, ())[:limit]] for fate in FATES},
        }


def sample_columns(table: TableSketch, key: Sequence[str]) -> SampleColumns:
    """The parts that the columns of a dataset of samples have: the `key` names them, the first column called like a label is it."""
    plain = {column.name for column in table.schema if column.family is not Family.TENSOR}
    rest = [column for column in table.schema if column.name not in key]
    label = next((name for name in LABELS if name in plain and name in {column.name for column in rest}), None)
    content = tuple(column.name for column in rest if column.name != label)
    return SampleColumns(tuple(key), label, content)


#: What makes two samples partners, and what then became of one.
BEST_FIRST: tuple[tuple[str, Likeness], ...] = (
    ("relabelled", lambda sample: None if sample.name is None else (sample.name, sample.content)),
    ("moved", lambda sample: (sample.content, repr(sample.label))),
    ("relabelled", lambda sample: sample.content),
    ("changed", lambda sample: sample.name),
)


def match_samples(old: Iterable[DifferingSample], new: Iterable[DifferingSample]) -> dict[str, list[Pair]]:
    """By fate, pairs of samples before and now and how often; a sample that has no partner is paired with None.

    What fits best is paired first: name and content, content and label, content, name.
    """
    left, right = _Pool(old), _Pool(new)
    found: dict[str, list[Pair]] = {fate: [] for fate in FATES}
    for fate, likeness in BEST_FIRST:
        found[fate] += left.pairs_with(right, likeness)
    found["vanished"] = [(sample, None, times) for sample, times in left.rest()]
    found["appeared"] = [(None, sample, times) for sample, times in right.rest()]
    return found


def changes_of(
    pairs: dict[str, list[Pair]],
    columns: SampleColumns,
    limit: int,
) -> SampleChanges:
    """The changes that pairs of samples are, at most `limit` listed of a fate."""
    counts = {fate: sum(times for _, _, times in pairs[fate]) for fate in FATES}
    lists = {}
    for fate in FATES:
        changes = [_change(*pair) for pair in pairs[fate]]
        lists[fate] = tuple(sorted(changes, key=lambda change: (change.name or "", repr(change.label)))[:limit])
    return SampleChanges(counts, True, columns, lists=lists)


def changes_by_name(
    delta: Delta, columns: SampleColumns, limit: int, names: Callable[[RowChange], str]
) -> SampleChanges:
    """What a delta says of samples whose contents cannot be compared; `names` gives the name in an entry."""
    added, removed, changed = delta.counts
    counts = dict.fromkeys(FATES, 0) | {"changed": changed, "appeared": added, "vanished": removed}
    lists = {
        fate: tuple(SampleChange(names(row), times=row.times) for row in rows[:limit])
        for fate, rows in (("changed", delta.changed), ("appeared", delta.added), ("vanished", delta.removed))
    }
    return SampleChanges(counts, False, columns, lists=lists)


def copies_of(table: TableSketch, columns: SampleColumns) -> Estimate | None:
    """How many samples have a content that another one before them has; None if the content is of several columns and named."""
    if len(columns.content) == 1:
        sketch = table.columns[table.names.index(columns.content[0])]
        rows = table.row_count - sketch.nulls
        return _complement(distinct_of(sketch.values, rows), rows)
    return None if columns.name else _complement(distinct_of(table.rows, table.row_count), table.row_count)


def decoding_notes(left: Sequence[Column], right: Sequence[Column]) -> tuple[str, ...]:
    """A sentence if one side was read as pixels and the other as the bytes of files, which are never equal."""
    before, now = ({column.name: column.family for column in side} for side in (left, right))
    kinds = {Family.TENSOR, Family.BYTES}
    same_name = any({before[name], now.get(name)} == kinds for name in before)
    folders = [{"path", "image"} <= set(side) for side in (before, now)] + [
        {"path", "bytes"} <= set(side) for side in (now, before)
    ]
    if not same_name and not (folders[0] and folders[2]) and not (folders[1] and folders[3]):
        return ()
    return ("one side holds pixels, the other the bytes of files (--raw), which cannot be compared; read both alike",)


@dataclass
class _Waiting:
    """A sample and how often it still has no partner."""

    sample: DifferingSample
    times: int


class _Pool:
    """Samples that have no partner yet."""

    def __init__(self, samples: Iterable[DifferingSample]) -> None:
        self._waiting = [_Waiting(sample, sample.times) for sample in samples]

    def pairs_with(self, other: _Pool, likeness: Likeness) -> list[Pair]:
        """Pairs of equal likeness, of one that is not None, taken out of both."""
        alike: dict[Hashable, deque[_Waiting]] = defaultdict(deque)
        for entry in other._waiting:
            alike[likeness(entry.sample)].append(entry)
        alike.pop(None, None)
        pairs = [
            pair for entry in self._waiting for pair in _pair_off(entry, alike.get(likeness(entry.sample), deque()))
        ]
        for pool in (self, other):
            pool._waiting = [entry for entry in pool._waiting if entry.times]
        return pairs

    def rest(self) -> list[tuple[DifferingSample, int]]:
        """What is left, and how often."""
        return [(entry.sample, entry.times) for entry in self._waiting]


def _pair_off(entry: _Waiting, partners: deque[_Waiting]) -> Iterator[Pair]:
    """A sample with the first of its partners, as long as there are any."""
    while entry.times and partners:
        times = min(entry.times, partners[0].times)
        yield entry.sample, partners[0].sample, times
        entry.times -= times
        partners[0].times -= times
        if not partners[0].times:
            partners.popleft()


def _change(old: DifferingSample | None, new: DifferingSample | None, times: int) -> SampleChange:
    now = new or old
    assert now is not None
    then = old if new is not None and old is not None else now
    return SampleChange(
        now.name,
        now.label,
        then.name if then.name != now.name else None,
        then.label if repr(then.label) != repr(now.label) else None,
        times,
    )


def _entry(change: SampleChange, plain: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        "name": change.name,
        "label": plain(change.label),
        "old_name": change.old_name,
        "old_label": plain(change.old_label),
        "times": change.times,
    }


def _complement(distinct: Estimate, rows: int) -> Estimate:
    return Estimate(rows - distinct.estimate, rows - distinct.high, rows - distinct.low)
