"""Batches of rows added to a sketch of a table, or taken out of it, without the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from sameset.canonical.families import Family
from sameset.comparison import Verdict
from sameset.comparison.sentences import count_of
from sameset.errors import RegistryError, SchemaError, SpecError
from sameset.execution.checking import Arrival, record_check
from sameset.execution.operands import column_types, stored_operand
from sameset.execution.projection import Projection, selected
from sameset.execution.scanning import silent
from sameset.execution.sketching import sketch_table
from sameset.sketches.column import ColumnSketch
from sameset.sketches.subtraction import subtract
from sameset.sketches.table import Column, TableSketch
from sameset.sources import open_source

if TYPE_CHECKING:
    from sameset.execution.checking import Check
    from sameset.execution.scanning import Progress
    from sameset.registry import Registry
    from sameset.sources import Source

__all__ = ["Applied", "apply_batches", "apply_to_snapshot"]


@dataclass(frozen=True)
class Applied:
    """A sketch after its batches: how many rows came and went, and of how many of these it was seen that they were there."""

    sketch: TableSketch
    added: int = 0
    removed: int = 0
    seen: int = 0

    @property
    def note(self) -> str | None:
        """What could not be known; None if there is nothing."""
        if self.seen == self.removed:
            return None
        return (
            f"{self.seen:,} of the {count_of(self.removed, 'row')} taken out could be looked up in the table's sample; "
            "that the others were in the table is taken for granted"
        )

    @property
    def verdict(self) -> Verdict | None:
        """What is proved by how the sketch was made: appended, truncated, or neither."""
        if self.added and not self.removed:
            return Verdict.APPENDED
        proved = self.removed and not self.added and self.seen == self.removed
        return Verdict.TRUNCATED if proved else None


def apply_batches(
    table: TableSketch, add: Sequence[object] = (), remove: Sequence[object] = (), progress: Progress = silent
) -> Applied:
    """The sketch of a table with the rows of some places added, and then those of others taken out.

    Digests and delta are exact; samples are, too, and become smaller where rows that were in them go (`subtract`).
    Raises SchemaError for a place of other columns, and SpecError for rows that are seen not to be in the table, or so many
    that too little is known of the rest.
    """
    if not add and not remove:
        raise SpecError("there is no batch to apply; give one with --add or --remove")
    whole, batches, places = table, [], []
    for place in (*add, *remove):
        source = open_source(place, schema=column_types(whole, None))
        whole, batch = _alike(whole, _sketch_batch(whole, source, progress))
        batches.append(batch)
        places.append(source.address)
    batches = [_as_columns(batch, whole.schema) for batch in batches]
    came, went = batches[: len(add)], batches[len(add) :]
    whole = reduce(TableSketch.merge, came, whole)
    added = sum(batch.row_count for batch in came)
    if not went:
        return Applied(whole, added)
    try:
        left = subtract(whole, reduce(TableSketch.merge, went))
    except SpecError as error:
        raise SpecError(f"{', '.join(places[len(add) :])}: {error}") from error
    return Applied(left.sketch, added, left.removed, left.seen)


def apply_to_snapshot(
    registry: Registry,
    name: str,
    number: int | None,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    progress: Progress = silent,
) -> tuple[Applied, Check]:
    """The newest snapshot of a dataset with batches applied, recorded as its next one.

    Raises RegistryError (StaleSnapshotError) if it is not the newest one any more, with nothing recorded.
    """
    snapshot, newest = registry.snapshot(name, number), registry.snapshot(name)
    if snapshot.number != newest.number:
        raise RegistryError(
            f"{snapshot.reference} is not the newest snapshot, {newest.reference} is; apply the batch to that one, "
            "or write a sketch file with -o"
        )
    applied = apply_batches(stored_operand(registry.sketch(snapshot), snapshot.reference), add, remove, progress)
    batches = [*(f" + {place}" for place in add), *(f" - {place}" for place in remove)]
    address = f"apply://{snapshot.reference}{''.join(batches)}"
    arrival = Arrival(name, applied.sketch, address, proved=applied.verdict, note=applied.note)
    return applied, record_check(registry, arrival, onto=snapshot.number)


def _sketch_batch(table: TableSketch, source: Source, progress: Progress) -> TableSketch:
    """The sketch of a batch, its columns in the order of the table's."""
    names = selected(source, replace(table.spec, where=None)).schema().names
    lacks = [name for name in table.names if name not in names]
    besides = [name for name in names if name not in table.names]
    if lacks or besides:
        told = f"lacks the column {lacks[0]!r}" if lacks else f"has the column {besides[0]!r} besides"
        raise SchemaError(f"{source.address} {told}; a batch has the columns of the table")
    ordered = Projection(source, {name: name for name in table.names}, table.spec.where)
    plain = replace(table.spec, columns=None, ignore=(), where=None)
    made = sketch_table(ordered, plain, progress=progress)
    _check_types(source.address, table, made)
    made.spec = table.spec
    return made


def _check_types(address: str, table: TableSketch, batch: TableSketch) -> None:
    """Nothing, if equal values have equal hashes on both sides: if the columns are of the same families.

    Where floats are rounded, integers are not: then their types must be equal, too.
    """
    for mine, own in zip(table.schema, batch.schema, strict=True):
        some_null = Family.NULL in (mine.family, own.family)
        same = mine.family == own.family and (table.spec.digits is None or mine.type == own.type)
        widens_key = mine.family != own.family and mine.name in table.spec.key
        if not (same or some_null) or widens_key:
            raise SchemaError(
                f"{address} has {mine.name!r} as {own.type}, where the table has {mine.type}; write it as that type"
            )


def _alike(table: TableSketch, batch: TableSketch) -> tuple[TableSketch, TableSketch]:
    """Both with the table's types, and those of the batch where the table had nothing but nulls without a type."""
    schema = tuple(
        own if mine.family is Family.NULL else mine for mine, own in zip(table.schema, batch.schema, strict=True)
    )
    return _as_columns(table, schema), _as_columns(batch, schema)


def _as_columns(sketch: TableSketch, schema: tuple[Column, ...]) -> TableSketch:
    """The sketch with columns of other types and families; where the family is another one all its values are null."""
    columns = [
        ColumnSketch(column.family, state.sums, state.nulls, state.values)
        for column, state in zip(schema, sketch.columns, strict=True)
    ]
    parts = (sketch.digest, columns, sketch.rows, sketch.signature, sketch.delta, sketch.keys)
    made = TableSketch(sketch.spec, schema, *parts)
    made.buckets = sketch.buckets
    return made
