"""Rows by their hashes: a second scan that fetches the rows of a delta from a source at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sameset.execution.scanning import cores, fold_streams
from sameset.sketches.delta import PRIME
from sameset.sketches.table import hasher_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.delta import RowChange
    from sameset.sketches.spec import Spec
    from sameset.sources.base import Source

__all__ = ["fetch_rows", "plain_value"]

LANE = np.uint64(PRIME)


def fetch_rows(source: Source, spec: Spec, changes: Sequence[RowChange], limit: int) -> list[dict[str, Any]]:
    """The first `limit` rows of a delta as Python values, read from the source; each once, whatever its multiplicity."""
    wanted = {change.row: place for place, change in enumerate(changes[:limit])}
    first_lanes = np.array([row[0] for row in wanted], np.uint64)
    hasher = hasher_for(spec, source.schema())
    found: dict[int, dict[str, Any]] = {}

    def collect(_: None, batch: pa.RecordBatch) -> None:
        named = hasher.hash(batch).named
        h1, h2 = named[0] & LANE, named[1] & LANE
        for i in np.flatnonzero(np.isin(h1, first_lanes)).tolist():
            place = wanted.get((int(h1[i]), int(h2[i])))
            if place is not None:
                found[place] = {name: plain_value(batch.column(name)[i]) for name in batch.schema.names}

    if wanted:
        fold_streams(source.streams(cores()), lambda: None, collect)
    return [found[place] for place in sorted(found)]


def plain_value(scalar: Any) -> Any:
    """The value in Python; as text (ISO 8601) where Python has none: years beyond 9999, nanoseconds, long durations."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        unit = getattr(scalar.type, "unit", "D" if pa.types.is_date32(scalar.type) else "ms")
        kind = "timedelta64" if pa.types.is_duration(scalar.type) else "datetime64"
        zone = "Z" if getattr(scalar.type, "tz", None) else ""
        return f"{np.array(scalar.value, f'{kind}[{unit}]')}{zone}"
