"""A source -> its digest by one of several schemes (docs/schemes.md): ours, UNF version 6, or LtHash32-1024."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from sameset.canonical.batches import check_columns
from sameset.canonical.unf import UnfParameters, check_unf_types, unf_elements
from sameset.errors import SourceError
from sameset.execution.scanning import fold_batches, silent
from sameset.execution.sketching import sketch_table
from sameset.sketches.lattice import LatticeDigest, LatticeHasher, print_lattice
from sameset.sketches.unf import VectorUnf, combine_unfs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from sameset.execution.scanning import Progress
    from sameset.sketches.lattice import LatticeKey
    from sameset.sketches.table import TableSketch
    from sameset.sources.base import Source

__all__ = ["SourceDigest", "dataset_unf", "lattice_digest", "plain_digest", "unf_digest"]


@dataclass(frozen=True)
class SourceDigest:
    """The digest of a source as it is printed, and those of its columns by name, in its order, where the scheme has any."""

    address: str
    rows: int
    digest: str
    columns: dict[str, str]


def plain_digest(source: Source, progress: Progress = silent) -> SourceDigest:
    """The digest that sketches and snapshots have; a column's is the sum of its value hashes, whatever its name."""
    made = sketch_table(source, progress=progress)
    columns = {name: _column_digest(made, i) for i, name in enumerate(made.names)}
    return SourceDigest(source.address, made.row_count, made.text_digest, columns)


def _column_digest(made: TableSketch, column: int) -> str:
    low, high = made.columns[column].digest
    return f"v{made.spec.encoding}:{low:016x}{high:016x}"


def unf_digest(source: Source, parameters: UnfParameters, progress: Progress = silent) -> SourceDigest:
    """UNF version 6, of the rows in the source's order; SourceError if it keeps none."""
    with _named(source):
        schema = source.schema()
        check_columns(schema.names, ())
        check_unf_types(schema)
        vectors = [VectorUnf.empty(parameters) for _ in schema]
        rows = 0
        for batch in _closed(source.ordered_batches()):
            for name, vector, array in zip(schema.names, vectors, batch.columns, strict=True):
                vector.update(unf_elements(array, name, parameters))
            rows += batch.num_rows
            progress(batch.num_rows)
    texts = [vector.text for vector in vectors]
    columns = dict(zip(schema.names, texts, strict=True))
    return SourceDigest(source.address, rows, combine_unfs(texts, parameters), columns)


def dataset_unf(files: Sequence[SourceDigest], parameters: UnfParameters) -> str:
    """The UNF of a dataset of several files; their order does not matter."""
    return combine_unfs([file.digest for file in files], parameters)


def lattice_digest(source: Source, key: LatticeKey | None = None, progress: Progress = silent) -> SourceDigest:
    """LtHash32-1024 of the rows, in whatever order; columns have none. MissingExtraError without BLAKE3."""
    schema = source.schema()
    with _named(source):
        hasher = LatticeHasher(schema, key)

        def fold(digest: LatticeDigest, batch: pa.RecordBatch) -> None:
            digest.update(hasher.hash(batch))

        parts = [
            state
            for partition in source.partitions()
            for state in fold_batches(partition.batches(), lambda: LatticeDigest.empty(key), fold, progress)
        ]
    total = reduce(LatticeDigest.merge, parts)
    return SourceDigest(source.address, total.rows, print_lattice(total, schema.names), {})


def _closed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches; whatever happens, the scan ends with them."""
    with closing(batches):  # type: ignore[type-var]
        yield from batches


@contextmanager
def _named(source: Source) -> Iterator[None]:
    """Puts the source's address before a SourceError of the block: what is wrong with a column does not know whose it is."""
    try:
        yield
    except SourceError as error:
        if source.address not in str(error):
            error.args = (f"{source.address}: {error}",)
        raise
