"""An arriving dataset beside its previous snapshot: the sketch, its manifest, and the delivery itself where it still lies."""

from __future__ import annotations

import glob
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from sameset.comparison import Comparison, compare
from sameset.errors import SamesetError
from sameset.execution.delta_rows import NO_ROWS
from sameset.execution.operands import stored_operand
from sameset.execution.projection import selected
from sameset.execution.refining import join, refine, wants_left_table
from sameset.execution.sides import Sides
from sameset.execution.sketching import sketch_table
from sameset.registry import sketch_key
from sameset.sources import open_source
from sameset.sources.samples import SampleSource

if TYPE_CHECKING:
    from sameset.execution.checking import Arrival
    from sameset.execution.manifest_store import Manifests
    from sameset.execution.scanning import Progress
    from sameset.registry import Registry, Snapshot
    from sameset.sketches.spec import Spec
    from sameset.sketches.table import TableSketch
    from sameset.sources import Source

__all__ = ["compare_with", "from_anywhere", "with_proof"]


def compare_with(
    registry: Registry, previous: Snapshot, arrival: Arrival, manifests: Manifests, progress: Progress
) -> Comparison:
    """The comparison of the previous snapshot with an arrival, and what a second look at either delivery adds."""
    sketch = stored_operand(registry.sketch(previous), previous.reference)
    place = (
        None if previous.source == from_anywhere(arrival.address) else _place_of(previous, sketch.spec, arrival.source)
    )
    sides = Sides(sketch, arrival.sketch, None, arrival.source, place, resources=manifests.resources)
    if place is None and arrival.files and arrival.files.memory:  # rows that came are in the files that were read
        sides = replace(sides, right_source=None, right_place=arrival.files.fresh)
    comparison = compare(sketch, arrival.sketch)
    if comparison.delta is None:
        keys = previous.sketch_key, sketch_key(arrival.sketch.to_bytes())
        one, two = (manifests.find(registry.address, key) for key in keys)
        sides = replace(sides, left_manifest=one, right_manifest=two)
        # Before the previous delivery is looked for: a manifest spares its reading.
        comparison = join(comparison, sides, progress) if one else comparison
    if place and wants_left_table(comparison) and _is_still(place, sketch):
        sides = replace(sides, left_source=place)
    rows = arrival.rows if arrival.sketch.spec.keep_keys else NO_ROWS  # who hides keys does not want rows in a registry
    return refine(comparison, sides, rows, progress).with_addresses(previous.reference, arrival.address)


def with_proof(comparison: Comparison, arrival: Arrival) -> Comparison:
    """The comparison with what is known from how the arrival's sketch was made, where its delta is over capacity."""
    if arrival.note is not None:
        comparison = replace(comparison, notes=(*comparison.notes, arrival.note))
    if arrival.proved is None or comparison.delta is not None or comparison.is_same:
        return comparison
    return replace(comparison, verdict=arrival.proved, basis="batch")


def _place_of(previous: Snapshot, spec: Spec, arrived: Source | None) -> Source | None:
    """Where the previous delivery was, if there still is a table that can be read with its spec, like the one that arrived."""
    try:
        source = selected(open_source(previous.source, raw=isinstance(arrived, SampleSource) and arrived.raw), spec)
        return source if set(spec.key) <= set(source.schema().names) else None
    except SamesetError:
        return None


def _is_still(place: Source, sketch: TableSketch) -> bool:
    """Whether the previous delivery is still what it was."""
    try:
        return sketch_table(place, replace(sketch.spec, columns=None, ignore=(), where=None)).digest == sketch.digest
    except SamesetError:
        return False


def from_anywhere(address: str) -> str:
    """An address that does not depend on the working folder, so that the next check can read the delivery again."""
    path, mark, rest = address.partition("::")
    if "://" in path or (not os.path.exists(path) and not glob.has_magic(path)):
        return address
    return os.path.abspath(path) + mark + rest
