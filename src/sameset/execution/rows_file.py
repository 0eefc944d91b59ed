"""All differing rows in a file, Parquet or CSV: which came, went or changed, what they were and are; in bounded memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sameset.comparison.sentences import count_of
from sameset.errors import SamesetError, SourceError
from sameset.execution.delta_rows import noted
from sameset.execution.key_conditions import MOST_KEYS
from sameset.execution.resources import Resources
from sameset.execution.row_lines import (
    ADDED,
    AFTER,
    BEFORE,
    CHANGE,
    CHANGED,
    REMOVED,
    SIDE,
    TIMES,
    Lines,
    lines_of_delta,
)
from sameset.execution.row_spool import RowSpool
from sameset.execution.row_types import Unfit, conformed, key_rows, line_schema, plain_schema, typed, types_of
from sameset.execution.row_writers import opened, own_columns, own_fields
from sameset.execution.rows_index import RowIndex
from sameset.execution.rows_scan import scan_rows
from sameset.execution.scanning import silent
from sameset.execution.spills import LANE_BITS
from sameset.execution.whole_files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sameset.comparison import Comparison
    from sameset.execution.row_spool import Stretch
    from sameset.execution.rows_scan import FoundBatch
    from sameset.execution.scanning import Progress
    from sameset.execution.sides import Sides
    from sameset.sources.base import Source

    Words = NDArray[np.uint64]

__all__ = ["write_rows"]

# Rows are looked for by their hashes, a quarter of the memory at a time: as many scans as it takes. 6.7 million rows at 2 GiB.
SHARE_LOOKED_FOR = 4
BYTES_PER_LINE = 80  # while the index is made; half of it afterwards
TABLES = ("old", "new")
VERBS = (("was", "were"), ("is", "are"))


def write_rows(comparison: Comparison, sides: Sides, file: Path, progress: Progress = silent) -> Comparison:
    """Writes all rows of a comparison's delta to a file whose name says how, and notes what it has to do without.

    A changed row is two lines, as it was and as it is. SamesetError if it is not known which rows differ, if a table can no
    longer be read as it was, or if the file cannot be written; then there is none, or the one that was there before.
    """
    lines = _lines_of(comparison, sides, file)
    writing = _Writing(lines, sides, sides.resources or Resources.of(), progress)
    if len(lines) and not any(writing.places) and not writing.has_keys:
        raise SamesetError(
            f"no rows were written to {file}: neither table is at hand, and the sketches have no keys to read"
        )
    texts: set[str] = set()
    while True:
        try:
            with replacing(file) as beside:
                writing.write(beside, file.suffix.lower(), texts)
            break
        except Unfit as unfit:
            texts.add(unfit.column)
        except SourceError as error:
            raise SamesetError(f"no rows were written to {file}: {error}") from error
    notes = writing.notes(file)
    if comparison.basis == "common columns" and not comparison.is_same:
        notes.insert(
            0, f"{file.name} holds the rows in the {count_of(len(sides.right.names), 'column')} that both tables have"
        )
    for note in notes:
        comparison = noted(comparison, note)
    return comparison


def _lines_of(comparison: Comparison, sides: Sides, file: Path) -> Lines:
    delta, key = comparison.delta, sides.left.spec.key
    if delta is not None and delta.totals is None:
        return lines_of_delta(delta, key)
    if delta is not None and sides.lines is not None and sides.lines.lines is not None:
        return sides.lines.lines
    if delta is None and comparison.is_same:
        return Lines([], key)
    why = "; ".join(comparison.notes) or comparison.basis
    raise SamesetError(f"no rows were written to {file}: it is not known which rows differ ({why})")


class _Writing:
    """Lines on their way to a file, and how many of each change had to be left out or have their keys alone."""

    def __init__(self, lines: Lines, sides: Sides, resources: Resources, progress: Progress) -> None:
        self._lines, self._sides, self._resources, self._progress = lines, sides, resources, progress
        self.places: tuple[Source | None, Source | None] = (
            sides.left_source or sides.left_place,
            sides.right_place or sides.right_source,
        )
        self._tables = (sides.left, sides.right)
        self._of_keys = np.zeros((3, 2), np.int64)  # by change and side
        self._left_out = np.zeros((3, 2), np.int64)

    @property
    def has_keys(self) -> bool:
        """Whether keys can be told without the tables, as far as the first line shows."""
        return self._lines.keys(range(min(1, len(self._lines)))) != [None]

    def write(self, path: Path, suffix: str, texts: set[str]) -> None:
        """Writes all lines; some columns as text."""
        schema = self._schema(texts)
        self._of_keys[:], self._left_out[:] = 0, 0
        found = np.zeros(len(self._lines), bool)
        with RowSpool(plain_schema(schema), len(self._lines), self._resources) as spool:
            for side in (BEFORE, AFTER):
                self._collect(side, schema, spool, found)
            whole = pa.schema([*own_fields(schema.names), *schema])
            with opened(path, suffix, whole) as write:
                for stretch in spool.stretches():
                    write(self._table(stretch, whole))

    def _schema(self, texts: set[str]) -> pa.Schema:
        """The columns of the new table, then what only the old one has; of one that is not at hand the key."""
        key = set(self._lines.key)
        pairs = zip(self.places, self._tables, strict=True)
        before, after = (types_of(table, key) if place is None else place.schema() for place, table in pairs)
        if self.places[AFTER] is None:
            return line_schema([before, after], texts)
        return line_schema([after, before] if len(self._lines) else [after], texts)  # of renamed columns the new names

    def _collect(self, side: int, schema: pa.Schema, spool: RowSpool, found: NDArray[np.bool_]) -> None:
        """Finds the rows of one side, if it is at hand."""
        place, spec = self.places[side], self._tables[side].spec
        if place is None:
            return
        passes = -(-self._lines.count(side) * BYTES_PER_LINE * SHARE_LOOKED_FOR // self._resources.memory)
        for i in range(passes):
            numbers, rows = self._lines.of_side(side, (i << LANE_BITS) // passes, ((i + 1) << LANE_BITS) // passes)
            index = RowIndex(rows)
            keys = self._lines.keys(numbers.tolist()) if len(numbers) <= MOST_KEYS else None
            take = partial(_take, index=index, numbers=numbers, names=place.schema().names, schema=schema)
            scan_rows(place, spec, index, lambda: spool, take, keys, self._progress)
            if not index.seen.all():
                raise SourceError(f"{place.address} changed between two readings; compare it again")
            found[numbers] = True

    def _table(self, stretch: Stretch, schema: pa.Schema) -> pa.Table:
        """The lines of a stretch: rows that were found, and keys of those on a side that is not at hand."""
        words = self._lines.between(stretch.start, stretch.end)
        numbers, rows = stretch.numbers, stretch.rows
        missing = np.setdiff1d(np.arange(stretch.start, stretch.end), numbers, assume_unique=True)
        if len(missing):
            told, keys = self._keys_of(missing, words[missing - stretch.start])
            numbers = np.concatenate([numbers, told])
            order = np.argsort(numbers)
            numbers = numbers[order]
            rows = pa.concat_tables([rows, key_rows(keys, rows.schema)]).take(pa.array(order))
        own = own_columns(words[numbers - stretch.start])
        return pa.table([*own, *map(typed, rows.columns, schema.types[len(own) :])], schema=schema)

    def _keys_of(self, missing: NDArray[np.int64], words: Words) -> tuple[NDArray[np.int64], list[dict[str, Any]]]:
        """Those lines of a side that is not at hand that are written with their keys, and these.

        Of a changed row the line of the other side has the key.
        """
        changes, sides = words[:, CHANGE].astype(np.intp), words[:, SIDE].astype(np.intp)
        other = np.array([place is not None for place in reversed(self.places)])[sides]
        chosen = (changes != CHANGED) | (~other & (sides == AFTER))
        keys = self._lines.keys(missing[chosen].tolist())
        known = np.array([key is not None for key in keys], bool)
        told = np.flatnonzero(chosen)[known]
        times = words[:, TIMES].astype(np.int64)
        np.add.at(self._of_keys, (changes[told], sides[told]), times[told])
        out = np.setdiff1d(np.arange(len(words)), told, assume_unique=True)
        np.add.at(self._left_out, (changes[out], sides[out]), times[out])
        return missing[told], [key for key in keys if key is not None]

    def notes(self, file: Path) -> list[str]:
        """What the file has to do without, a sentence for each side that is not at hand."""
        notes = []
        for side, change, name in ((BEFORE, REMOVED, "removed"), (AFTER, ADDED, "added")):
            keys, out = int(self._of_keys[change, side]), int(self._left_out[change, side])
            changed = int(self._left_out[CHANGED, side] + self._of_keys[CHANGED, side])
            parts = [f"the keys alone of {count_of(keys, f'{name} row')}"] if keys else []
            parts += [f"nothing of {count_of(out, f'{name} row')}"] if out else []
            parts += (
                [f"nothing of what {count_of(changed, 'changed row')} {VERBS[side][changed != 1]}"] if changed else []
            )
            if parts:
                notes.append(f"{file.name} holds {' and '.join(parts)}, for the {TABLES[side]} table is not at hand")
        return notes


def _take(
    spool: RowSpool, batch: FoundBatch, index: RowIndex, numbers: NDArray[np.int64], names: list[str], schema: pa.Schema
) -> None:
    """Lays rows that were found on the spool, once for every line that is this row."""
    which, at = index.listed(batch.places)
    columns = {name: conformed(array, schema.field(name)) for name, array in zip(names, batch.columns, strict=True)}
    if len(which) > len(batch.places):
        columns = {name: array.take(pa.array(which)) for name, array in columns.items()}
    spool.add(numbers[at], columns)
