"""Rows by their hashes: a second scan that fetches rows of a delta from a source at hand, whole or only their cells' hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sameset.canonical.buffers import kept_values
from sameset.canonical.columns import hash_column
from sameset.execution.cells import Cells, Column
from sameset.execution.patterns import plain_values
from sameset.execution.rows_index import RowIndex
from sameset.execution.rows_scan import scan_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.canonical.forms import Form
    from sameset.canonical.keys import KeyValue
    from sameset.comparison.rows import Row
    from sameset.execution.rows_scan import FoundBatch
    from sameset.sketches.spec import Spec
    from sameset.sources.base import Source

    Hash = tuple[int, int]

__all__ = ["FoundRows", "WantedRow", "fetch_rows", "plain_value"]


@dataclass(frozen=True)
class WantedRow:
    """A row to fetch: both halves of its hash as a delta holds them, its key if that is known, and whether it is wanted whole."""

    row: tuple[int, int]
    key: dict[str, KeyValue] | None = None
    whole: bool = True


@dataclass(frozen=True)
class FoundRows:
    """Rows of a source, each once whatever its multiplicity: where each hash lies among them, and their cells by column.

    `table` holds those that were wanted whole: the one at a place is its row `whole[place]`, -1 for the others.
    """

    places: dict[tuple[int, int], int]
    cells: Mapping[str, Column]
    table: pa.Table
    whole: NDArray[np.intp]

    def row(self, hashed: tuple[int, int] | None, names: Sequence[str] | None = None) -> Row | None:
        """The row of this hash as Python values, or these columns of it; None if there is none, or not as a whole."""
        place = None if hashed is None else self.places.get(hashed)
        if place is None or self.whole[place] < 0:
            return None
        at = int(self.whole[place])
        return {name: plain_value(self.table[name][at]) for name in names or self.table.column_names}

    def cells_of(self, hashes: Sequence[tuple[int, int] | None]) -> Mapping[str, Column] | None:
        """The cells of the rows of these hashes, in their order; None unless all of them are there."""
        places = [None if hashed is None else self.places.get(hashed) for hashed in hashes]
        if None in places:
            return None
        at = np.array(places, np.intp)
        return {name: column.take(at) for name, column in self.cells.items()}


class _Found:
    """What one thread found: cells of all rows, and those that are wanted whole as batches."""

    def __init__(self) -> None:
        self.cells = Cells()
        self.whole: list[pa.RecordBatch] = []


def fetch_rows(source: Source, spec: Spec, wanted: Sequence[WantedRow], values: Sequence[str] = ()) -> FoundRows:
    """The rows of a source that have one of the hashes wanted; those that it does not hold are missing.

    Of the columns in `values` the cells have their values, of all others their hashes alone.
    """
    schema = source.schema()
    index = RowIndex(np.array([row.row for row in wanted], np.uint64).reshape(-1, 2))
    which, at = index.listed(np.arange(len(index)))
    is_whole = np.zeros(len(index), bool)
    np.logical_or.at(is_whole, which, np.array([row.whole for row in wanted], bool)[at])
    take = partial(_take, schema=schema, form=spec.form, values=frozenset(values), is_whole=is_whole)
    states = scan_rows(source, spec, index, _Found, take, [row.key for row in wanted])
    return _joined(states, schema, index, is_whole)


def _take(
    found: _Found,
    batch: FoundBatch,
    schema: pa.Schema,
    form: Form,
    values: frozenset[str],
    is_whole: NDArray[np.bool_],
) -> None:
    cells = {}
    for name, array in zip(schema.names, batch.columns, strict=True):
        hashed = hash_column(array, name, form)
        kept = plain_values(array) if name in values else None
        cells[name] = Column(np.stack([hashed.h1, hashed.h2], axis=1), kept)
    found.cells.add(batch.places.astype(np.uint64), cells)
    chosen = is_whole[batch.places]
    if chosen.any():
        found.whole.append(_of_schema(batch.columns, chosen, schema))


def _joined(states: Sequence[_Found], schema: pa.Schema, index: RowIndex, is_whole: NDArray[np.bool_]) -> FoundRows:
    names, cells = Cells.joined([state.cells for state in states])
    places = names.astype(np.intp)
    whole = is_whole[places]
    return FoundRows(
        {(one, two): place for place, (one, two) in enumerate(index.lanes[places].tolist())},
        cells,
        pa.Table.from_batches([batch for state in states for batch in state.whole], schema),
        np.where(whole, np.cumsum(whole) - 1, -1),
    )


def _of_schema(columns: Sequence[pa.Array], chosen: NDArray[np.bool_], schema: pa.Schema) -> pa.RecordBatch:
    """The rows chosen, in the schema's types: streams may deliver texts as codes of a dictionary."""
    keep = pa.Array.from_buffers(pa.bool_(), len(chosen), [None, pa.py_buffer(np.packbits(chosen, bitorder="little"))])
    kept = list(columns) if chosen.all() else [kept_values(column, keep) for column in columns]
    cast = [
        column if column.type == field.type else column.cast(field.type)
        for column, field in zip(kept, schema, strict=True)
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
