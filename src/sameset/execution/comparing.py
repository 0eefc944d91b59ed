"""Two places -> their comparison: sketch what is not a sketch yet, compare, and read again what only the tables can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from sameset.comparison import compare
from sameset.comparison.result import DEFAULT_LIMIT
from sameset.execution.operands import column_types, common_spec, resolve
from sameset.execution.refining import Sides, refine
from sameset.execution.samples import with_sample_key
from sameset.execution.scanning import silent
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
    raw: bool = False,
    limit: int = DEFAULT_LIMIT,
    progress: Progress = silent,
    **wanted: Unpack[Wanted],
) -> Comparison:
    """The comparison of two sources, sketch files, snapshots (NAME or NAME@NUMBER of `registry`), tables in memory or sketches.

    `limit` bounds the rows that are fetched for the delta; `wanted` are fields of the spec (`key`, `ignore`, `where`, ...),
    which a sketch at hand brings along; without a key, samples of machine-learning datasets have their names as one. CSV and
    JSON lines take the types of their columns from the place `schema_from`, if one is given; `union_by_name` and `raw` are
    those of `open_source`. Raises SamesetError if either side cannot be read.
    """
    schema = None if schema_from is None else column_types(schema_from, registry)
    operands = [
        resolve(place, registry, schema=schema, union_by_name=union_by_name, raw=raw) for place in (left, right)
    ]
    spec = common_spec(operands, **wanted)
    if all(operand.stored is None for operand in operands):
        spec = with_sample_key(spec, [operand.source for operand in operands])
    old, new = (operand.sketch(spec, progress) for operand in operands)
    sides = Sides(old.table, new.table, old.source, new.source)
    comparison = refine(compare(old.table, new.table), sides, limit, progress)
    return comparison.with_addresses(old.address, new.address)
