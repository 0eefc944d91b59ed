"""The samples in which two datasets differ, read from their places a second time and matched by what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.canonical.batches import RowHasher
from sameset.canonical.families import Family
from sameset.comparison.column_evidence import ColumnRows, account_for_rows
from sameset.comparison.samples import (
    DifferingSample,
    SampleChanges,
    changes_by_name,
    changes_of,
    copies_of,
    match_samples,
    sample_columns,
)
from sameset.execution.cells import MOST_ROWS
from sameset.execution.projection import selected
from sameset.execution.rows import plain_value
from sameset.execution.scanning import cores, fold_streams
from sameset.sketches.delta import row_lanes
from sameset.sketches.table import hasher_for
from sameset.sources.samples import SampleSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.comparison import Comparison
    from sameset.comparison.delta import Delta, RowChange
    from sameset.comparison.samples import SampleColumns
    from sameset.sketches.spec import Spec
    from sameset.sketches.table import TableSketch
    from sameset.sources.base import Source

    Words = NDArray[np.uint64]

__all__ = ["are_samples", "compare_samples", "with_sample_key"]

Row = tuple[int, int]
FOLDERS = (["path", "label", "image"], ["path", "label", "bytes"])


class _Found(NamedTuple):
    """A sample, and the hashes of its values, uint64 (columns, 2)."""

    sample: DifferingSample
    cells: Words


Found = dict[Row, _Found]


def with_sample_key(spec: Spec, sources: Sequence[Source | None]) -> Spec:
    """The spec with the name of a sample as its key, if it has none and all places name their samples so."""
    names = {source.sample_name if isinstance(source, SampleSource) else None for source in sources}
    name = names.pop() if len(names) == 1 else None
    chosen = name is not None and (spec.columns is None or name in spec.columns) and name not in spec.ignore
    return spec if spec.key or name is None or not chosen else replace(spec, key=(name,))


def are_samples(tables: Sequence[TableSketch], sources: Sequence[Source | None]) -> bool:
    """Whether a place at hand has samples; if none is at hand, whether the sketches look as if they were of such."""
    if any(source is not None for source in sources):
        return any(isinstance(source, SampleSource) for source in sources)
    return all(
        table.names in FOLDERS or any(column.family is Family.TENSOR for column in table.schema) for table in tables
    )


def compare_samples(
    comparison: Comparison,
    tables: tuple[TableSketch, TableSketch],
    sources: tuple[Source | None, Source | None],
    limit: int,
) -> Comparison:
    """The comparison with what became of the samples, by their contents if both places are at hand, else by their names.

    Reads the samples of the delta alone where the place can find them by name, otherwise all.
    """
    if comparison.delta is None or set(tables[0].names) != set(tables[1].names):
        return comparison
    columns = sample_columns(tables[1], comparison.key or tables[1].spec.key)
    both = _read_both(comparison.delta, tables, sources, columns)
    if both is None:
        changes = _by_name(comparison, tables, sources, columns, limit)
    else:
        old, new = ([one.sample for one in side.values()] for side in both)
        changes = changes_of(match_samples(old, new), columns, limit)
        known = _changed_cells(comparison.delta, tables, both)
        comparison = replace(comparison, columns=account_for_rows(comparison.columns, comparison.delta, *tables, known))
    if changes.counts["moved"] == sum(changes.counts.values()) > 0:
        names = ", ".join(columns.name)
        note = f"only names differ: the same contents and labels; --ignore {names} compares them without their names"
        comparison = replace(comparison, notes=(*comparison.notes, note))
    copies = (copies_of(tables[0], columns), copies_of(tables[1], columns))
    return replace(comparison, samples=replace(changes, copies=copies))


def _read_both(
    delta: Delta,
    tables: tuple[TableSketch, TableSketch],
    sources: tuple[Source | None, Source | None],
    columns: SampleColumns,
) -> tuple[Found, Found] | None:
    """The samples of a delta before and now; None if a place is not at hand, or no longer what it was."""
    old = {row.row: row for row in delta.removed} | {row.old_row: row for row in delta.changed if row.old_row}
    new = {row.row: row for row in (*delta.added, *delta.changed)}
    found: list[Found] = []
    for wanted, table, source in zip((old, new), tables, sources, strict=True):
        if wanted and source is None:
            return None
        found.append(_read(source, table.spec, wanted, columns) if source is not None and wanted else {})
        if len(found[-1]) < len(wanted):
            return None
    return found[0], found[1]


def _changed_cells(
    delta: Delta, tables: tuple[TableSketch, TableSketch], both: tuple[Found, Found]
) -> dict[str, ColumnRows]:
    """Value hashes of the changed samples by column, before and now; none if there are too many to be laid side by side."""
    if not 0 < len(delta.changed) <= MOST_ROWS or delta.totals is not None:
        return {}
    if any(row.old_row is None for row in delta.changed):
        return {}
    times = [row.times for row in delta.changed]
    before = np.repeat([both[0][row.old_row].cells for row in delta.changed if row.old_row], times, axis=0)
    after = np.repeat([both[1][row.row].cells for row in delta.changed], times, axis=0)
    places = {name: i for i, name in enumerate(tables[0].names)}
    return {
        name: ColumnRows(before=before[:, places[name]], after=after[:, i]) for i, name in enumerate(tables[1].names)
    }


def _read(source: Source, spec: Spec, wanted: dict[Row, RowChange], columns: SampleColumns) -> Found:
    """The samples of these row hashes."""
    place = selected(_narrowed(source, spec, wanted.values()), spec)
    schema = place.schema()
    whole = hasher_for(spec, schema)
    inner = RowHasher(pa.schema([schema.field(name) for name in columns.content]), seed=spec.seed, form=spec.form)
    first = np.array([row[0] for row in wanted], np.uint64)
    found: Found = {}

    def collect(_: None, batch: pa.RecordBatch) -> None:
        hashed = whole.hash(batch)
        h1, h2 = (row_lanes(half) for half in hashed.named)
        rows = [i for i in np.flatnonzero(np.isin(h1, first)).tolist() if (int(h1[i]), int(h2[i])) in wanted]
        if not rows:
            return
        cells = np.stack([column.of_rows(np.array(rows)) for column in hashed.columns], axis=1)
        c1, c2 = inner.hash(batch.select(list(columns.content))).named
        for i, of in zip(rows, cells, strict=True):
            row = (int(h1[i]), int(h2[i]))
            label = None if columns.label is None else plain_value(batch.column(columns.label)[i])
            name, content = _name_in(batch, i, columns.name), (int(c1[i]), int(c2[i]))
            found[row] = _Found(DifferingSample(name, label, content, wanted[row].times), of)

    fold_streams(place.streams(cores()), lambda: None, collect)
    return found


def _name_in(batch: pa.RecordBatch, row: int, names: Sequence[str]) -> str | None:
    return _told(plain_value(batch.column(name)[row]) for name in names) if names else None


def _told(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))


def _narrowed(source: Source, spec: Spec, rows: Iterable[RowChange]) -> Source:
    """The place with the samples of these rows alone, if it can find them by their names."""
    if not isinstance(source, SampleSource) or spec.key != (source.sample_name,):
        return source
    names = _names_of(source, spec, list(rows))
    return source.named({names[id_] for id_ in names})


def _names_of(source: Source, spec: Spec, rows: Sequence[RowChange]) -> dict[str, str]:
    """Names by the text that stands for them in a delta; those of which it has only hashes are looked for in their column."""
    known = {_key_text(row): _key_text(row) for row in rows if row.key is not None}
    hashed = {row.key_hash for row in rows if row.key is None and row.key_hash is not None}
    if not hashed:
        return known
    (name,) = spec.key
    hasher = RowHasher(pa.schema([source.schema().field(name)]), [name], spec.seed, False, spec.form)
    wanted = np.array([int(text, 16) for text in hashed], np.uint64)
    for batch in source.batches([name]):
        keys = hasher.hash(batch).key
        assert keys is not None
        for i in np.flatnonzero(np.isin(keys[0], wanted)).tolist():
            known[f"{int(keys[0][i]):016x}"] = str(batch.column(0)[i].as_py())
    return known


def _key_text(row: RowChange) -> str:
    if row.key is not None:
        return _told(row.key.values())
    return row.key_hash or f"{row.row[0]:016x}{row.row[1]:016x}"


def _by_name(
    comparison: Comparison,
    tables: tuple[TableSketch, TableSketch],
    sources: tuple[Source | None, Source | None],
    columns: SampleColumns,
    limit: int,
) -> SampleChanges:
    """What the delta tells; names of which it has only hashes are looked for where samples are at hand."""
    assert comparison.delta is not None
    delta = comparison.delta
    listed = (delta.removed[:limit], (*delta.added[:limit], *delta.changed[:limit]))
    names: dict[str, str] = {}
    for rows, table, source in zip(listed, tables, sources, strict=True):
        if source is not None and len(table.spec.key) == 1:
            names |= _names_of(source, table.spec, rows)
    return changes_by_name(delta, columns, limit, lambda row: names.get(_key_text(row), _key_text(row)))
