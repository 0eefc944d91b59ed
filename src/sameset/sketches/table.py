"""The sketch of a table: every kind of sketch, in one pass over its batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sameset.canonical.batches import RowHasher
from sameset.canonical.families import Family
from sameset.errors import SpecMismatchError
from sameset.sketches.buckets import BucketTable
from sameset.sketches.column import ColumnSketch
from sameset.sketches.delta import DeltaTable, RowLanes
from sameset.sketches.digest import RowDigest, print_digest
from sameset.sketches.sample import Sample
from sameset.sketches.signature import Signature
from sameset.sketches.spec import check_equal
from sameset.sketches.tallies import ColumnTallies

if TYPE_CHECKING:
    import pyarrow as pa

    from sameset.canonical.batches import HashedBatch
    from sameset.sketches.spec import Spec

__all__ = ["Column", "TableSketch", "hasher_for"]


@dataclass(frozen=True)
class Column:
    """Name, Arrow type as text, and family of a column."""

    name: str
    type: str
    family: Family


def hasher_for(spec: Spec, schema: pa.Schema) -> RowHasher:
    """What hashes the batches of a schema as the spec asks; SchemaError or UnsupportedTypeError if that cannot be."""
    return RowHasher(schema, spec.key, spec.seed, spec.keep_keys, spec.form, spec.bucketing)


class TableSketch:
    """Digest, columns, row sample, signature, delta, key sample of one table, and its buckets if the spec has any.

    Read it, `update` it, or `merge` it.
    """

    def __init__(
        self,
        spec: Spec,
        schema: tuple[Column, ...],
        digest: RowDigest,
        columns: list[ColumnSketch],
        rows: Sample,
        signature: Signature,
        delta: DeltaTable,
        keys: Sample,
    ) -> None:
        self.spec = spec
        self.schema = schema
        self.digest = digest
        self.columns = columns
        self.rows = rows
        self.signature = signature
        self.delta = delta
        self.keys = keys
        self.buckets: BucketTable | None = None  # in place afterwards, if the spec has any
        self._tallies: ColumnTallies | None = None  # once a batch is folded

    @classmethod
    def empty(cls, spec: Spec, schema: pa.Schema) -> Self:
        """The sketch of a table of these columns and no rows."""
        hasher = hasher_for(spec, schema)
        columns = tuple(
            Column(field.name, str(field.type), family) for field, family in zip(schema, hasher.families, strict=True)
        )
        made = cls(
            spec,
            columns,
            RowDigest.empty(),
            [ColumnSketch.empty(column.family, spec.values) for column in columns],
            Sample.empty(spec.rows),
            Signature.empty(spec.bins),
            DeltaTable.empty(spec.delta_cells, hasher.key_lanes),
            Sample.empty(spec.rows),
        )
        made.buckets = None if spec.bucket_by is None else BucketTable.empty(len(columns))
        return made

    def update(self, batch: HashedBatch) -> None:
        """Adds the rows of a hashed batch."""
        for sketch, column in zip(self.columns, batch.columns, strict=True):
            sketch.update(column)
        self._update_rows(batch)
        if self.buckets is not None:
            self.buckets.update(batch)

    def fold(self, hasher: RowHasher, batch: pa.RecordBatch) -> HashedBatch:
        """Adds the rows of a batch: what `update` does with the hashed batch, in one call of a kernel for all columns.

        Buckets need the hashes of all values by themselves, so a table that has some takes the longer way. Gives the hashes of
        the rows; those of their columns may be left out.
        """
        if self.buckets is None:
            if self._tallies is None or not self._tallies.are_of(self.columns):
                self._tallies = ColumnTallies(self.columns)
            hashed = hasher.fold(batch, self._tallies)
            self._update_rows(hashed)
        else:
            hashed = hasher.hash(batch)
            self.update(hashed)
        return hashed

    def _update_rows(self, batch: HashedBatch) -> None:
        self.digest.update(batch)
        self.rows.update(batch.named[0])
        self.signature.update(batch.named[0])
        self.delta.update(RowLanes(batch.lanes, *batch.named))
        if batch.key is not None:
            self.keys.update(batch.key[0])

    def merge(self, other: Self) -> Self:
        """The sketch of the rows of both; SpecMismatchError unless specs and columns are equal. Operands stay as they are."""
        check_equal(self.spec, other.spec)
        if self.schema != other.schema:
            raise SpecMismatchError("columns", _describe(self.schema), _describe(other.schema))
        made = type(self)(
            self.spec,
            self.schema,
            self.digest.merge(other.digest),
            [mine.merge(theirs) for mine, theirs in zip(self.columns, other.columns, strict=True)],
            self.rows.merge(other.rows),
            self.signature.merge(other.signature),
            self.delta.merge(other.delta),
            self.keys.merge(other.keys),
        )
        if self.buckets is not None and other.buckets is not None:
            made.buckets = self.buckets.merge(other.buckets)
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableSketch) and self.__getstate__() == other.__getstate__()

    __hash__ = None  # type: ignore[assignment]  # it changes with update

    def __getstate__(self) -> dict[str, object]:
        """What it is made of, which is what a copy gets: it folds into memory of its own."""
        return vars(self) | {"_tallies": None}

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return self.digest.rows

    @property
    def names(self) -> list[str]:
        """The column names, in the table's order."""
        return [column.name for column in self.schema]

    @property
    def text_digest(self) -> str:
        """The digest for people: equal for two tables if and only if they have the same rows under the same column names."""
        return print_digest(self.digest, self.names, self.spec.seed)

    def to_bytes(self) -> bytes:
        """The sketch as an Arrow IPC file of one row; `from_bytes` reads it back, so does any Arrow reader."""
        from sameset.sketches.storage import write_sketch

        return write_sketch(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> TableSketch:
        """The sketch that `to_bytes` wrote; SketchFormatError if the bytes are anything else."""
        from sameset.sketches.storage import read_sketch

        return read_sketch(data)


def _describe(schema: tuple[Column, ...]) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in schema)
