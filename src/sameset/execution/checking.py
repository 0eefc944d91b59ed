"""The main job: an arriving dataset against its previous snapshot and against every other dataset of the registry."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack
from uuid import uuid4

from sameset.comparison import Comparison, Verdict, compare
from sameset.comparison.result import DEFAULT_LIMIT, Side, first_json
from sameset.comparison.sentences import count_of, describe
from sameset.comparison.verdict import judge_values
from sameset.errors import ManifestError, SamesetError, StaleSnapshotError
from sameset.execution.delta_rows import SOME_ROWS, WantedRows
from sameset.execution.file_memory import FileMemory
from sameset.execution.incremental import sketch_files
from sameset.execution.manifest_store import Manifests
from sameset.execution.mappers import ThreadMapper
from sameset.execution.mapping import Resuming, forget_parts
from sameset.execution.operands import stored_operand
from sameset.execution.others import other_sketches, told_unread
from sameset.execution.previous import compare_with, from_anywhere, with_proof
from sameset.execution.samples import with_sample_key
from sameset.execution.scanning import silent
from sameset.execution.sketching import sketch_table
from sameset.registry import NewSnapshot, Registry
from sameset.sketches.spec import Spec, Wanted
from sameset.sources import open_source
from sameset.sources.file_states import Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sameset.execution.file_changes import FileChanges
    from sameset.execution.incremental import FilesRead
    from sameset.execution.scanning import Progress
    from sameset.registry import Snapshot
    from sameset.sketches.table import TableSketch
    from sameset.sources import Source

__all__ = [
    "Arrival",
    "Check",
    "Resemblance",
    "check_table",
    "is_incremental",
    "judge_arrival",
    "record_check",
    "sketch_arrival",
    "spec_for",
]

RELATED = tuple(verdict for verdict in Verdict if verdict not in (Verdict.UNRELATED, Verdict.INCOMPARABLE))
RETRIES = 20
LARGEST_REPORT = 1 << 20


@dataclass(frozen=True)
class Resemblance:
    """Another dataset that is related to the one checked: `comparison` goes from the other to this one."""

    dataset: str
    comparison: Comparison

    def to_json(self) -> dict[str, Any]:
        """The resemblance as JSON."""
        return {
            "dataset": self.dataset,
            "verdict": str(self.comparison.verdict),
            "jaccard": self.comparison.similarity.jaccard.estimate,
            "low": self.comparison.similarity.jaccard.low,
            "high": self.comparison.similarity.jaccard.high,
        }


@dataclass(frozen=True)
class Arrival:
    """A dataset that arrived: its name, its sketch, where it is; its source if it can be read again, and rows to show."""

    dataset: str
    sketch: TableSketch
    address: str
    source: Source | None = None
    rows: WantedRows = SOME_ROWS
    files: FilesRead | None = None  #: what is known file by file, if it was read so
    proved: Verdict | None = (
        None  #: what is known against the previous snapshot, because the sketch was made from that one
    )
    note: str | None = None  #: what is to be said of how the sketch was made


@dataclass(frozen=True)
class Check:
    """What a check found; `snapshot` is its address in the registry once it is recorded."""

    arrival: Arrival
    status: str  #: new, unchanged, a verdict, or replaced
    comparison: Comparison | None  #: with the previous snapshot; None for a new dataset
    previous: Snapshot | None
    resembles: tuple[Resemblance, ...]
    snapshot: Snapshot | None = None
    registry: str | None = None
    files: FileChanges | None = None  #: what became of the files, if they were looked at one by one
    policy: Mapping[str, Any] | None = None  #: outcome and reasons, once a policy judged it
    notes: tuple[str, ...] = ()  #: what else is to be said: of other datasets that could not be compared

    @property
    def is_same(self) -> bool:
        """Whether nothing differs from before, or there was no before."""
        return self.status in ("new", "unchanged")

    @property
    def is_incomparable(self) -> bool:
        """Whether nothing can be said: the previous snapshot was read in another way."""
        return self.comparison is not None and self.comparison.is_incomparable

    @property
    def sentence(self) -> str:
        """The finding in one sentence: "orders is modified: 12 rows changed, 5 added, 3 removed"."""
        if self.comparison is None:
            told = f"is new: {count_of(self.arrival.sketch.row_count, 'row')}"
        elif self.status == "replaced":
            told = "was replaced: it shares too few rows, keys or values with its previous snapshot"
        else:
            told = describe(self.comparison)
        broken = "; ".join(self.policy["reasons"]) if self.policy else ""
        judged = f"; policy {self.policy['outcome']}: {broken}" if self.policy and broken else ""
        return f"{self.arrival.dataset} {told}{judged}"

    def to_json(self, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """The check as JSON: its comparison, what a check adds to it, and its policy if one judged it."""
        right = Side(self.arrival.sketch.row_count, self.arrival.sketch.text_digest, self.arrival.address)
        key = self.arrival.sketch.spec.key
        found = self.comparison.to_json(limit) if self.comparison else first_json(right, key, limit)
        return found | {
            "notes": [*found["notes"], *self.notes],
            "status": self.status,
            "dataset": self.arrival.dataset,
            "snapshot": self.snapshot.reference if self.snapshot else None,
            "previous": self.previous.reference if self.previous else None,
            "resembles": [other.to_json() for other in self.resembles],
            "files": self.files.to_json() if self.files else None,
            **({"policy": dict(self.policy)} if self.policy else {}),
        }


def check_table(
    source: Source | object,
    name: str,
    registry: Registry | str,
    *,
    run_id: str | None = None,
    rows: WantedRows = SOME_ROWS,
    progress: Progress = silent,
    incremental: Trust | bool | None = None,
    manifests: Manifests | None = None,
    **wanted: Unpack[Wanted],
) -> Check:
    """The check of an arriving dataset, recorded: compared with the previous snapshot of `name` and with all other datasets.

    `wanted` are fields of the spec (`key`, `ignore`, `where`, `digits`, ...); what is not given is as in the previous
    snapshot. A run of the same `run_id` is recorded once. `rows` says which rows the report shows. With `incremental` only files
    that are new or changed are read (docs/incremental.md), and from then on unless it is False; a Trust says what shows that
    a file is unchanged. `manifests` says whether a manifest is written by the same scan, and where it lies; it is there before
    the snapshot is recorded. Partitions of a set of files that a run has read before it was cut off are not read again, and
    `manifests.resources` says who reads them (docs/scale.md).
    Raises SamesetError, with nothing recorded, if the source or the registry cannot be read.
    """
    if not isinstance(registry, Registry):
        with Registry.open(registry) as opened:
            return check_table(
                source,
                name,
                opened,
                run_id=run_id,
                rows=rows,
                progress=progress,
                incremental=incremental,
                manifests=manifests,
                **wanted,
            )
    kept = manifests or Manifests.of()
    arrival = sketch_arrival(
        source, name, registry, rows=rows, progress=progress, incremental=incremental, manifests=kept, **wanted
    )
    check = record_check(registry, arrival, run_id=run_id, manifests=kept, progress=progress)
    if incremental is False:
        registry.forget_files(name)
    return check


def sketch_arrival(
    source: Source | object,
    name: str,
    registry: Registry,
    *,
    rows: WantedRows = SOME_ROWS,
    progress: Progress = silent,
    incremental: Trust | bool | None = None,
    manifests: Manifests | None = None,
    **wanted: Unpack[Wanted],
) -> Arrival:
    """An arriving dataset with its sketch, as `check_table` makes it: the part of a check that reads the data.

    Nothing is recorded but sketches of files. Raises SamesetError if the source or the registry cannot be read.
    """
    kept = manifests or Manifests.of()
    place = open_source(source)
    spec = spec_for(registry, name, **wanted)
    if registry.latest(name) is None:
        spec = with_sample_key(spec, [place])
    if not is_incremental(registry, name, incremental):
        return Arrival(name, _sketched(registry, name, place, spec, kept, progress), place.address, place, rows)
    if kept.wanted:
        raise ManifestError("a manifest holds all rows, so it cannot go with --incremental; leave one of them out")
    files = sketch_files(place, spec, registry, name, trust=_trust(incremental), progress=progress)
    return Arrival(name, files.sketch, place.address, place, rows, files)


def _sketched(
    registry: Registry, name: str, place: Source, spec: Spec, manifests: Manifests, progress: Progress
) -> TableSketch:
    """The sketch of an arriving dataset, its manifest written where one is wanted."""
    previous = registry.latest(name)
    with manifests.spill(registry.address, previous.sketch_key if previous else None) as spill:
        mapper = Resuming(manifests.resources.mapper or ThreadMapper(), registry, name)
        sketch = sketch_table(place, spec, mapper=mapper, progress=progress, tee=spill.add if spill else None)
        manifests.write(registry.address, sketch, spill)
    return sketch


def is_incremental(registry: Registry, name: str, wanted: Trust | bool | None) -> bool:
    """Whether only new and changed files of a dataset are to be read: as wanted, otherwise as at its last check."""
    return registry.remembered_files(name) is not None if wanted is None else wanted is not False


def _trust(wanted: Trust | bool | None) -> Trust:
    return wanted if isinstance(wanted, Trust) else Trust.STATUS


def spec_for(registry: Registry, name: str, **wanted: Unpack[Wanted]) -> Spec:
    """The spec to sketch an arriving dataset with: that of its previous snapshot, altered by what is wanted."""
    previous = registry.latest(name)
    spec = Spec() if previous is None else stored_operand(registry.sketch(previous), previous.reference).spec
    return _of_full_size(spec).altered(**wanted)


def _of_full_size(spec: Spec) -> Spec:
    """The spec with samples of the usual size where rows were taken out of those of the previous snapshot."""
    usual = Spec()
    rows, values = (
        full if of.size < full.size or of.cap < full.cap else of
        for of, full in ((spec.rows, usual.rows), (spec.values, usual.values))
    )
    return replace(spec, rows=rows, values=values, bins=max(spec.bins, usual.bins))


def judge_arrival(
    registry: Registry,
    arrival: Arrival,
    *,
    run_id: str | None = None,
    manifests: Manifests | None = None,
    progress: Progress = silent,
) -> Check:
    """The check of an arrival, not recorded; that of a run which was recorded already says what it said then."""
    previous = _previous(registry, arrival.dataset, run_id)
    comparison = None
    if previous:
        found = compare_with(registry, previous, arrival, manifests or Manifests.of(), progress)
        comparison = with_proof(found, arrival)
    resembles, notes = _resembling(registry, arrival)
    return Check(
        arrival,
        _status(comparison),
        comparison,
        previous,
        resembles,
        registry=registry.address,
        files=arrival.files.changes if arrival.files else None,
        notes=notes,
    )


def record_check(
    registry: Registry,
    arrival: Arrival,
    *,
    run_id: str | None = None,
    validation: str | None = None,
    onto: int | None = None,
    manifests: Manifests | None = None,
    accept: Callable[[Check], bool] = lambda check: True,
    progress: Progress = silent,
) -> Check:
    """The check of an arrival, recorded with its validation (JSON) in one transaction; not recorded unless accepted.

    If another run recorded a newer snapshot in the meantime, the arrival is compared with that one; StaleSnapshotError if it
    has to follow the snapshot of the number `onto`.
    """
    run = run_id or uuid4().hex
    data = arrival.sketch.to_bytes()
    for _ in range(RETRIES):
        check = judge_arrival(registry, arrival, run_id=run, manifests=manifests, progress=progress)
        if onto is not None and (check.previous is None or check.previous.number != onto):
            raise StaleSnapshotError(f"dataset {arrival.dataset!r} has a newer snapshot than {onto} by now; try again")
        if not accept(check):
            forget_parts(registry, arrival.dataset)
            return check
        entry = replace(_entry(check, data, run, validation), files=_remembered(registry, arrival))
        try:
            expected = check.previous.number if check.previous else None
            recorded = replace(check, snapshot=registry.record(entry, expected_previous=expected))
        except StaleSnapshotError:
            continue
        if arrival.files and arrival.files.memory:
            registry.keep_file_sketches(arrival.dataset, (file.key for file in arrival.files.memory.files))
        else:
            forget_parts(registry, arrival.dataset)
        return recorded
    raise StaleSnapshotError(f"dataset {arrival.dataset!r} is recorded by too many others at once; try again")


def _previous(registry: Registry, dataset: str, run_id: str | None) -> Snapshot | None:
    recorded = registry.by_run(run_id) if run_id else None
    if recorded is None or recorded.dataset != dataset:
        return registry.latest(dataset)
    return None if recorded.previous is None else registry.snapshot(dataset, recorded.previous)


def _status(comparison: Comparison | None) -> str:
    if comparison is None:
        return "new"
    if comparison.verdict is Verdict.IDENTICAL:
        return "unchanged"
    return "replaced" if comparison.verdict is Verdict.UNRELATED else str(comparison.verdict)


def _resembling(registry: Registry, arrival: Arrival) -> tuple[tuple[Resemblance, ...], tuple[str, ...]]:
    """Other datasets whose latest snapshot is related, and what is to be said of those that cannot be read.

    Equal keys alone relate two tables of one name only, values others too. A table without rows resembles none: it would be a
    truncated form of every table of its columns.
    """
    found, unread = [], []
    others = registry.others(arrival.dataset) if arrival.sketch.row_count else ()
    for other, sketch in other_sketches(registry, (other for other in others if other.rows)):
        if isinstance(sketch, SamesetError):
            unread.append((other, sketch))
            continue
        comparison = compare(sketch, arrival.sketch)
        if comparison.basis == "keys":
            agree = judge_values(comparison.columns, max(sketch.row_count, arrival.sketch.row_count))
            verdict = Verdict.NEAR_DUPLICATE if agree else Verdict.UNRELATED
            comparison = replace(comparison, verdict=verdict, basis="values")
        if comparison.verdict in RELATED:
            found.append(Resemblance(other.dataset, comparison))
    order = list(Verdict)
    found.sort(key=lambda r: (order.index(r.comparison.verdict), r.dataset))
    return tuple(found), told_unread(unread)


def _entry(check: Check, data: bytes, run_id: str, validation: str | None) -> NewSnapshot:
    return NewSnapshot(
        dataset=check.arrival.dataset,
        sketch=data,
        rows=check.arrival.sketch.row_count,
        digest=check.arrival.sketch.text_digest,
        source=from_anywhere(check.arrival.address),
        status=check.status,
        verdict=str(check.comparison.verdict) if check.comparison else None,
        report=_bounded_report(check),
        validation=validation,
        run_id=run_id,
    )


def _remembered(registry: Registry, arrival: Arrival) -> bytes | None:
    """What is remembered of the files of an incremental check; where they were read as a whole, that it was one."""
    if arrival.files is None or arrival.files.memory is not None:
        return arrival.files.memory.to_bytes() if arrival.files and arrival.files.memory else None
    return None if registry.remembered_files(arrival.dataset) else FileMemory.of_none().to_bytes()


def _bounded_report(check: Check) -> str:
    """The check as JSON text that the registry takes: with as many rows as fit, and of very many columns those that changed."""
    for limit in (DEFAULT_LIMIT, 10, 0):
        text = json.dumps(check.to_json(limit))
        if len(text) <= LARGEST_REPORT:
            return text
    report = check.to_json(0)
    report["columns"] = [column for column in report["columns"] if column["state"] != "same"][:DEFAULT_LIMIT]
    return json.dumps(report)
