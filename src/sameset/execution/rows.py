"""Rows by their hashes: a second scan that fetches the rows of a delta from a source at hand.

Every row found is known by both halves of its hash, so nothing else has to be trusted: neither the condition that made
the scan short, nor that the source still holds what it held when it was sketched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sameset.errors import SamesetError
from sameset.execution.key_conditions import MOST_KEYS, condition_of
from sameset.execution.scanning import cores, fold_streams
from sameset.sketches.delta import row_lanes
from sameset.sketches.table import hasher_for
from sameset.sources.arrow_stream import kept_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.keys import KeyValue
    from sameset.comparison.rows import Row
    from sameset.sketches.spec import Spec
    from sameset.sources.base import Source

    Hash = tuple[int, int]

__all__ = ["FoundRows", "WantedRow", "fetch_rows", "plain_value"]


@dataclass(frozen=True)
class WantedRow:
    """A row to fetch: both halves of its hash as a delta holds them, and its key's values if they are known."""

    row: tuple[int, int]
    key: dict[str, KeyValue] | None = None


@dataclass(frozen=True)
class FoundRows:
    """Rows of a source, each once whatever its multiplicity, and where each hash lies among them."""

    table: pa.Table
    places: dict[tuple[int, int], int]

    def row(self, hashed: tuple[int, int] | None) -> Row | None:
        """The row of this hash as Python values; None if there is none."""
        place = None if hashed is None else self.places.get(hashed)
        return (
            None if place is None else {name: plain_value(self.table[name][place]) for name in self.table.column_names}
        )


def fetch_rows(source: Source, spec: Spec, wanted: Sequence[WantedRow]) -> FoundRows:
    """The rows of a source that have one of the hashes wanted; those that it does not hold are missing.

    Where the keys are known and few, only the rows of such keys are read, if the source can tell them (DuckDB then skips
    row groups and decodes the other columns of those rows alone); all rows are read only if some were not found that way.
    """
    hashes = {row.row: None for row in wanted}
    condition = _condition(source, spec, wanted)
    found = _scan(source, spec, hashes, condition)
    if condition is not None and len(found.places) < len(hashes):
        found = _scan(source, spec, hashes, None)
    return found


def _condition(source: Source, spec: Spec, wanted: Sequence[WantedRow]) -> str | None:
    if not spec.key or len(wanted) > MOST_KEYS or any(row.key is None for row in wanted):
        return None
    return condition_of([row.key for row in wanted if row.key is not None], source.schema())


def _scan(source: Source, spec: Spec, hashes: Iterable[Hash], condition: str | None) -> FoundRows:
    schema = source.schema()
    hasher = hasher_for(spec, schema)
    lanes = np.array(sorted(hashes), np.uint64).reshape(-1, 2)
    first = np.unique(lanes[:, 0])

    def collect(kept: list[tuple[pa.RecordBatch, NDArray[np.uint64]]], batch: pa.RecordBatch) -> None:
        h1, h2 = (row_lanes(half) for half in hasher.hash(batch).named)
        likely = first[np.minimum(np.searchsorted(first, h1), len(first) - 1)] == h1
        if likely.any():
            kept.append((_of_schema(batch, likely, schema), np.stack([h1[likely], h2[likely]], axis=1)))

    if not len(lanes):
        return FoundRows(pa.Table.from_batches([], schema), {})
    try:
        parts = fold_streams(source.streams(cores(), None, condition), list, collect)
    except SamesetError:
        if condition is None:
            raise
        return FoundRows(
            pa.Table.from_batches([], schema), {}
        )  # whatever is wrong with the condition, a scan of all rows is right
    return _joined([part for kept in parts for part in kept], schema, set(hashes))


def _joined(
    parts: Sequence[tuple[pa.RecordBatch, NDArray[np.uint64]]], schema: pa.Schema, hashes: set[Hash]
) -> FoundRows:
    """The rows of these hashes, each once."""
    places: dict[Hash, int] = {}
    batches = []
    for batch, lanes in parts:
        fresh = np.zeros(len(lanes), bool)
        for i, (h1, h2) in enumerate(lanes.tolist()):
            if (h1, h2) in hashes and (h1, h2) not in places:
                places[h1, h2] = len(places)
                fresh[i] = True
        batches.append(_of_schema(batch, fresh, schema))
    return FoundRows(pa.Table.from_batches(batches, schema), places)


def _of_schema(batch: pa.RecordBatch, chosen: NDArray[np.bool_], schema: pa.Schema) -> pa.RecordBatch:
    """The rows chosen, in the schema's types: streams may deliver texts as codes of a dictionary."""
    keep = pa.Array.from_buffers(pa.bool_(), len(chosen), [None, pa.py_buffer(np.packbits(chosen, bitorder="little"))])
    columns = [kept_values(column, keep) for column in batch.columns]
    cast = [
        column if column.type == field.type else column.cast(field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(cast, schema=schema)


def plain_value(scalar: Any) -> Any:
    """The value in Python; as text (ISO 8601) where Python has none: years beyond 9999, nanoseconds, long durations."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        unit = getattr(scalar.type, "unit", "D" if pa.types.is_date32(scalar.type) else "ms")
        kind = "timedelta64" if pa.types.is_duration(scalar.type) else "datetime64"
        zone = "Z" if getattr(scalar.type, "tz", None) else ""
        return f"{np.array(scalar.value, f'{kind}[{unit}]')}{zone}"
