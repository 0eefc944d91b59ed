"""All rows of a delta in a file, Parquet or CSV: which changed, how, and what they were and are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.comparison.result import json_value
from sameset.execution.whole_files import replacing

if TYPE_CHECKING:
    from sameset.canonical.keys import KeyValue
    from sameset.comparison.delta import RowChange
    from sameset.execution.delta_rows import DeltaRows
    from sameset.execution.rows import FoundRows

__all__ = ["row_lines", "write_rows"]


class Line(NamedTuple):
    """One line of the file: a row on one side."""

    change: str  #: added, removed or changed
    side: str  #: before or after
    times: int
    found: FoundRows | None
    hashed: tuple[int, int]
    key: dict[str, Any] | None


def write_rows(path: Path, rows: DeltaRows) -> None:
    """Writes the rows to a file whose name says how; a changed row is two lines, as it was and as it is."""
    table = row_lines(rows)
    with replacing(path) as beside:
        _WRITERS[path.suffix.lower()](table, beside)


def row_lines(rows: DeltaRows) -> pa.Table:
    """The rows as a table: `_change`, `_side`, `_times`, `_row_hash`, and the columns of both sides.

    Where a side is not at hand its cells are null but for the key, if the delta has it. A column whose types on the two
    sides have no common one is text.
    """
    lines = list(_lines(rows))
    sides = [found.table.schema for found in (rows.before, rows.after) if found is not None]
    names = dict.fromkeys([*rows.spec.key, *(name for schema in reversed(sides) for name in schema.names)])
    own = _own_columns(lines, set(names))
    return pa.table(own | {name: _column(name, lines, rows) for name in names})


def _lines(rows: DeltaRows) -> Iterator[Line]:
    def line(change: RowChange, name: str, side: str, hashed: tuple[int, int]) -> Line:
        found = rows.before if side == "before" else rows.after
        return Line(name, side, change.times, found, hashed, change.key)

    for change in rows.delta.changed:
        if change.old_row is not None:
            yield line(change, "changed", "before", change.old_row)
        yield line(change, "changed", "after", change.row)
    yield from (line(change, "added", "after", change.row) for change in rows.delta.added)
    yield from (line(change, "removed", "before", change.row) for change in rows.delta.removed)


def _own_columns(lines: list[Line], taken: set[str]) -> dict[str, pa.Array]:
    columns = {
        "_change": pa.array([line.change for line in lines], pa.string()),
        "_side": pa.array([line.side for line in lines], pa.string()),
        "_times": pa.array([line.times for line in lines], pa.int64()),
        "_row_hash": pa.array([f"{line.hashed[0]:016x}{line.hashed[1]:016x}" for line in lines], pa.string()),
    }
    while set(columns) & taken:  # a table may have columns of such names itself
        columns = {f"_{name}": values for name, values in columns.items()}
    return columns


def _column(name: str, lines: list[Line], rows: DeltaRows) -> pa.ChunkedArray:
    """The cells of a column in the order of the lines."""
    sides = [side for side in (rows.before, rows.after) if side is not None and name in side.table.column_names]
    keys = [line.key[name] if line.key and name in line.key else None for line in lines]
    held = _of_one_type([side.table[name] for side in sides], keys)
    starts = dict(zip(map(id, sides), np.cumsum([0, *(len(column) for column in held)]).tolist(), strict=False))
    of_keys = sum(len(column) for column in held[: len(sides)])
    places: list[int | None] = []
    for i, line in enumerate(lines):
        start = starts.get(id(line.found))
        place = None if start is None or line.found is None else line.found.places.get(line.hashed)
        places.append(of_keys + i if start is None or place is None else start + place)
    whole = pa.chunked_array([chunk for column in held for chunk in column.chunks], held[0].type)
    return whole.take(pa.array(places, pa.int64()))


def _of_one_type(columns: Sequence[pa.ChunkedArray], keys: list[KeyValue]) -> list[pa.ChunkedArray]:
    """The columns and one of the keys in a type that holds them all; as text if there is none, or none that can be stored."""
    try:
        kinds = [pa.schema([pa.field("x", _stored(column.type))]) for column in columns]
        kind = pa.unify_schemas(kinds, promote_options="permissive").field(0).type if kinds else pa.array(keys).type
        return [*(column.cast(kind) for column in columns), pa.chunked_array([pa.array(keys).cast(kind)], kind)]
    except (pa.ArrowException, NotImplementedError, ValueError, OverflowError):
        texts = [[_text(scalar.as_py()) for scalar in column] for column in columns]
        return [pa.chunked_array([pa.array(part, pa.string())]) for part in (*texts, [_text(key) for key in keys])]


def _stored(kind: pa.DataType) -> pa.DataType:
    """The type that a file holds for it; ArrowNotImplementedError if Parquet has none."""
    if isinstance(kind, pa.BaseExtensionType):
        return _stored(kind.storage_type)
    if pa.types.is_run_end_encoded(kind) or pa.types.is_dictionary(kind):
        return _stored(kind.value_type)
    if pa.types.is_interval(kind) or pa.types.is_decimal256(kind):
        raise pa.ArrowNotImplementedError(f"{kind} cannot be stored")
    return _PLAIN_VIEWS.get(kind, kind)


_PLAIN_VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


def _text(value: Any) -> str | None:
    """A value as text: as it is, or as JSON."""
    plain = json_value(value)
    return plain if plain is None or isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _write_parquet(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd")


def _write_csv(table: pa.Table, path: Path) -> None:
    from pyarrow import csv

    columns = [column if _is_flat(column.type) else _as_text(column) for column in table.columns]
    csv.write_csv(pa.table(columns, names=table.column_names), path)


def _is_flat(kind: pa.DataType) -> bool:
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _as_text(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([_text(scalar.as_py()) for scalar in column], pa.string())


_WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {".parquet": _write_parquet, ".csv": _write_csv}
