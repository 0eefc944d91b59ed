"""Two places -> their comparison: sketch what is not a sketch yet, compare, and read again what only the tables can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sameset.comparison import compare
from sameset.comparison.result import DEFAULT_LIMIT
from sameset.execution.operands import common_spec, resolve
from sameset.execution.refining import Sides, refine
from sameset.execution.scanning import silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison import Comparison
    from sameset.execution.scanning import Progress

__all__ = ["compare_places"]


def compare_places(
    left: object,
    right: object,
    *,
    key: Sequence[str] | None = None,
    registry: str | None = None,
    limit: int = DEFAULT_LIMIT,
    progress: Progress = silent,
) -> Comparison:
    """The comparison of two sources, sketch files, snapshots (NAME or NAME@NUMBER of `registry`), tables in memory or sketches.

    `limit` bounds the rows that are fetched for the delta. Raises SamesetError if either side cannot be read.
    """
    operands = [resolve(place, registry) for place in (left, right)]
    spec = common_spec(operands, key)
    old, new = (operand.sketch(spec, progress) for operand in operands)
    sides = Sides(old.table, new.table, old.source, new.source)
    comparison = refine(compare(old.table, new.table), sides, limit, progress)
    return comparison.with_addresses(old.address, new.address)
