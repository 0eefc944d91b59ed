"""Two places -> their comparison: sketch what is not a sketch yet, compare, and read again what only the tables can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from sameset.comparison import compare
from sameset.execution.delta_rows import SOME_ROWS, WantedRows
from sameset.execution.manifest_store import Manifests
from sameset.execution.operands import column_types, common_spec, resolve
from sameset.execution.refining import refine
from sameset.execution.scanning import silent
from sameset.execution.sides import Sides
from sameset.sketches.spec import Wanted

if TYPE_CHECKING:
    from sameset.comparison import Comparison
    from sameset.execution.scanning import Progress

__all__ = ["compare_places"]


def compare_places(
    left: object,
    right: object,
    *,
    registry: str | None = None,
    schema_from: object = None,
    union_by_name: bool = False,
    rows: WantedRows = SOME_ROWS,
    progress: Progress = silent,
    manifests: Manifests | None = None,
    **wanted: Unpack[Wanted],
) -> Comparison:
    """The comparison of two sources, sketch files, snapshots (NAME or NAME@NUMBER of `registry`), tables in memory or sketches.

    `rows` says which rows of the delta are read a second time; `wanted` are fields of the spec (`key`, `ignore`, `where`, ...),
    which a sketch at hand brings along. CSV and JSON lines take the types of their columns from the place `schema_from`, if one is
    given; `union_by_name` is that of `open_source`; `manifests` says where those of the registry lie and what their join may take.
    Raises SamesetError if either side cannot be read.
    """
    schema = None if schema_from is None else column_types(schema_from, registry)
    kept = manifests or Manifests.of()
    operands = [
        resolve(place, registry, schema=schema, union_by_name=union_by_name, manifests=kept) for place in (left, right)
    ]
    spec = common_spec(operands, **wanted)
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
