"""Two places -> their comparison: sketch what is not a sketch yet, compare, and read again what only the tables can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

from sameset.comparison import compare
from sameset.execution.delta_rows import SOME_ROWS, WantedRows
from sameset.execution.manifest_store import Manifests
from sameset.execution.operands import column_types, common_spec, resolve
from sameset.execution.refining import refine
from sameset.execution.samples import with_sample_key
from sameset.execution.scanning import silent
from sameset.execution.sides import Sides
from sameset.sketches.spec import Wanted

if TYPE_CHECKING:
    from sameset.comparison import Comparison
    from sameset.execution.scanning import Progress

__all__ = ["compare_places"]


class Asked(Wanted, total=False):
    """What a user may ask of a comparison: of its sketches, and of how its places are read."""

    schema_from: object
    union_by_name: bool
    raw: bool


def compare_places(
    left: object,
    right: object,
    *,
    registry: str | None = None,
    rows: WantedRows = SOME_ROWS,
    progress: Progress = silent,
    manifests: Manifests | None = None,
    **asked: Unpack[Asked],
) -> Comparison:
    """The comparison of two sources, sketch files, snapshots (NAME or NAME@NUMBER of `registry`), tables in memory or sketches.

    `rows` says which rows of the delta are read a second time; `manifests` where those of the registry lie and what their join
    may take. Of what is `asked`, fields of the spec (`key`, `ignore`, `where`, ...) come along with a sketch at hand; without a
    key, samples of machine-learning datasets have their names as one. CSV and JSON lines take the types of their columns from
    the place `schema_from`; `union_by_name` and `raw` are those of `open_source`.
    Raises SamesetError if either side cannot be read.
    """
    schema_from, reading, wanted = _parted(asked)
    schema = None if schema_from is None else column_types(schema_from, registry)
    kept = manifests or Manifests.of()
    operands = [resolve(place, registry, schema=schema, manifests=kept, **reading) for place in (left, right)]
    spec = common_spec(operands, **wanted)
    if all(operand.stored is None for operand in operands):
        spec = with_sample_key(spec, [operand.source for operand in operands])
    old, new = (operand.sketch(spec, progress) for operand in operands)
    sides = Sides(
        old.table,
        new.table,
        old.source,
        new.source,
        left_manifest=old.manifest,
        right_manifest=new.manifest,
        resources=kept.resources,
    )
    comparison = refine(compare(old.table, new.table), sides, rows, progress)
    return comparison.with_addresses(old.address, new.address)


def _parted(asked: Asked) -> tuple[object, dict[str, bool], Wanted]:
    """The place to take types from, how places are read, and what is wanted of their sketches."""
    rest = dict(asked)
    schema_from = rest.pop("schema_from", None)
    reading = {name: bool(rest.pop(name, False)) for name in ("union_by_name", "raw")}
    return schema_from, reading, cast("Wanted", rest)
