"""The main job: an arriving dataset against its previous snapshot and against every other dataset of the registry."""

from __future__ import annotations

import glob
import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack
from uuid import uuid4

from sameset.comparison import Comparison, Verdict, compare
from sameset.comparison.result import DEFAULT_LIMIT, Side, first_json
from sameset.comparison.sentences import count_of, describe
from sameset.comparison.verdict import judge_values
from sameset.errors import SamesetError, StaleSnapshotError
from sameset.execution.operands import stored_operand
from sameset.execution.refining import Sides, refine, wants_left_table
from sameset.execution.samples import with_sample_key
from sameset.execution.scanning import silent
from sameset.execution.sketching import sketch_table
from sameset.registry import NewSnapshot, Registry
from sameset.sketches.spec import Spec, Wanted
from sameset.sources import open_source
from sameset.sources.samples import SampleSource

if TYPE_CHECKING:
    from sameset.execution.scanning import Progress
    from sameset.registry import Snapshot
    from sameset.sketches.table import TableSketch
    from sameset.sources import Source

__all__ = ["Arrival", "Check", "Resemblance", "check_table", "judge_arrival", "record_check", "spec_for"]

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
    """A dataset that arrived: its name, its sketch, where it is, and its source if it can be read again."""

    dataset: str
    sketch: TableSketch
    address: str
    source: Source | None = None


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

    @property
    def is_same(self) -> bool:
        """Whether nothing differs from before, or there was no before."""
        return self.status in ("new", "unchanged")

    @property
    def sentence(self) -> str:
        """The finding in one sentence: "orders is modified: 12 rows changed, 5 added, 3 removed"."""
        if self.comparison is None:
            told = f"is new: {count_of(self.arrival.sketch.row_count, 'row')}"
        elif self.status == "replaced":
            told = "was replaced: it shares too few rows, keys or values with its previous snapshot"
        else:
            told = describe(self.comparison)
        return f"{self.arrival.dataset} {told}"

    def to_json(self, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """The check as JSON: its comparison, and what a check adds to it."""
        right = Side(self.arrival.sketch.row_count, self.arrival.sketch.text_digest, self.arrival.address)
        key = self.arrival.sketch.spec.key
        return (self.comparison.to_json(limit) if self.comparison else first_json(right, key, limit)) | {
            "status": self.status,
            "dataset": self.arrival.dataset,
            "snapshot": self.snapshot.reference if self.snapshot else None,
            "previous": self.previous.reference if self.previous else None,
            "resembles": [other.to_json() for other in self.resembles],
        }


def check_table(
    source: Source | object,
    name: str,
    registry: Registry | str,
    *,
    run_id: str | None = None,
    progress: Progress = silent,
    **wanted: Unpack[Wanted],
) -> Check:
    """The check of an arriving dataset, recorded: compared with the previous snapshot of `name` and with all other datasets.

    `wanted` are fields of the spec (`key`, `ignore`, `where`, `digits`, ...); what is not given is as in the previous
    snapshot. A run of the same `run_id` is recorded once.
    Raises SamesetError, with nothing recorded, if the source or the registry cannot be read.
    """
    if not isinstance(registry, Registry):
        with Registry.open(registry) as opened:
            return check_table(source, name, opened, run_id=run_id, progress=progress, **wanted)
    place = open_source(source)
    spec = spec_for(registry, name, **wanted)
    if registry.latest(name) is None:
        spec = with_sample_key(spec, [place])
    arrival = Arrival(name, sketch_table(place, spec, progress=progress), place.address, place)
    return record_check(registry, arrival, run_id=run_id)


def spec_for(registry: Registry, name: str, **wanted: Unpack[Wanted]) -> Spec:
    """The spec to sketch an arriving dataset with: that of its previous snapshot, altered by what is wanted."""
    previous = registry.latest(name)
    spec = Spec() if previous is None else stored_operand(registry.sketch(previous), previous.reference).spec
    return spec.altered(**wanted)


def judge_arrival(registry: Registry, arrival: Arrival, *, run_id: str | None = None) -> Check:
    """The check of an arrival, not recorded; that of a run which was recorded already says what it said then."""
    previous = _previous(registry, arrival.dataset, run_id)
    comparison = _compare_with(registry, previous, arrival) if previous else None
    return Check(
        arrival,
        _status(comparison),
        comparison,
        previous,
        tuple(_resembling(registry, arrival)),
        registry=registry.address,
    )


def record_check(
    registry: Registry, arrival: Arrival, *, run_id: str | None = None, validation: str | None = None
) -> Check:
    """The check of an arrival, recorded with its validation (JSON) in one transaction.

    If another run recorded a newer snapshot in the meantime, the arrival is compared with that one.
    """
    run = run_id or uuid4().hex
    data = arrival.sketch.to_bytes()
    for _ in range(RETRIES):
        check = judge_arrival(registry, arrival, run_id=run)
        entry = _entry(check, data, run, validation)
        try:
            expected = check.previous.number if check.previous else None
            return replace(check, snapshot=registry.record(entry, expected_previous=expected))
        except StaleSnapshotError:
            continue
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


def _compare_with(registry: Registry, previous: Snapshot, arrival: Arrival) -> Comparison:
    sketch = stored_operand(registry.sketch(previous), previous.reference)
    comparison = compare(sketch, arrival.sketch)
    has_samples = isinstance(arrival.source, SampleSource) and not comparison.is_same
    left = _reopen(previous, sketch, arrival.source) if has_samples or wants_left_table(comparison) else None
    sides = Sides(sketch, arrival.sketch, left, arrival.source)
    return refine(comparison, sides, DEFAULT_LIMIT).with_addresses(previous.reference, arrival.address)


def _reopen(previous: Snapshot, sketch: TableSketch, arrived: Source | None) -> Source | None:
    """The previous delivery, if it is still where it was and still what it was, read like the one that arrived."""
    try:
        source = open_source(previous.source, raw=isinstance(arrived, SampleSource) and arrived.raw)
        return source if sketch_table(source, sketch.spec).text_digest == sketch.text_digest else None
    except SamesetError:
        return None


def _resembling(registry: Registry, arrival: Arrival) -> list[Resemblance]:
    """Other datasets whose latest snapshot is related; equal keys alone relate two tables of one name only, values others too.

    A table without rows resembles none: it would be a truncated form of every table of its columns.
    """
    found = []
    others = registry.others(arrival.dataset) if arrival.sketch.row_count else iter(())
    for other in (other for other in others if other.rows):
        sketch = stored_operand(registry.sketch(other), other.reference)
        comparison = compare(sketch, arrival.sketch)
        if comparison.basis == "keys":
            agree = judge_values(comparison.columns, max(sketch.row_count, arrival.sketch.row_count))
            verdict = Verdict.NEAR_DUPLICATE if agree else Verdict.UNRELATED
            comparison = replace(comparison, verdict=verdict, basis="values")
        if comparison.verdict in RELATED:
            found.append(Resemblance(other.dataset, comparison))
    order = list(Verdict)
    return sorted(found, key=lambda r: (order.index(r.comparison.verdict), r.dataset))


def _entry(check: Check, data: bytes, run_id: str, validation: str | None) -> NewSnapshot:
    return NewSnapshot(
        dataset=check.arrival.dataset,
        sketch=data,
        rows=check.arrival.sketch.row_count,
        digest=check.arrival.sketch.text_digest,
        source=_from_anywhere(check.arrival.address),
        status=check.status,
        verdict=str(check.comparison.verdict) if check.comparison else None,
        report=_bounded_report(check),
        validation=validation,
        run_id=run_id,
    )


def _from_anywhere(address: str) -> str:
    """An address that does not depend on the working folder, so that the next check can read the delivery again."""
    path, mark, rest = address.partition("::")
    if "://" in path or (not os.path.exists(path) and not glob.has_magic(path)):
        return address
    return os.path.abspath(path) + mark + rest


def _bounded_report(check: Check) -> str:
    """The check as JSON text that the registry takes: with as many rows as fit, and of very many columns those that changed."""
    for limit in (DEFAULT_LIMIT, 10, 0):
        text = json.dumps(check.to_json(limit))
        if len(text) <= LARGEST_REPORT:
            return text
    report = check.to_json(0)
    report["columns"] = [column for column in report["columns"] if column["state"] != "same"][:DEFAULT_LIMIT]
    return json.dumps(report)
