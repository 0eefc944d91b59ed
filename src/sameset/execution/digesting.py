"""A source -> its digest by one of several schemes (docs/schemes.md): ours, UNF version 6, or LtHash32-1024."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from sameset.canonical.batches import check_columns
from sameset.canonical.unf import UnfParameters, check_unf_types, unf_elements
from sameset.errors import SketchFormatError, SpecMismatchError
from sameset.execution.projection import selected
from sameset.execution.scanning import cores, fold_streams, naming, silent
from sameset.execution.sketching import sketch_table
from sameset.sketches.lattice import LatticeDigest, LatticeHasher
from sameset.sketches.lattice_storage import is_lattice
from sameset.sketches.spec import Spec
from sameset.sketches.unf import VectorUnf, combine_unfs

if TYPE_CHECKING:
    from sameset.execution.scanning import Progress
    from sameset.sketches.lattice import LatticeKey
    from sameset.sketches.table import TableSketch
    from sameset.sources.base import Source

__all__ = [
    "SourceDigest",
    "column_digest",
    "dataset_lattice",
    "dataset_unf",
    "lattice_digest",
    "plain_digest",
    "stored_lattice",
    "unf_digest",
]

LONGEST_LATTICE = 1 << 24


@dataclass(frozen=True)
class SourceDigest:
    """The digest of a source as it is printed, and those of its columns by name, in its order, where the scheme has any."""

    address: str
    rows: int
    digest: str
    columns: dict[str, str]
    state: LatticeDigest | None = None  #: what can be stored, merged and subtracted, where the scheme has it


def plain_digest(source: Source, spec: Spec | None = None, progress: Progress = silent) -> SourceDigest:
    """The digest that sketches and snapshots have; a column's is the sum of its value hashes, whatever its name."""
    made = sketch_table(source, spec, progress=progress)
    columns = {name: column_digest(made, i) for i, name in enumerate(made.names)}
    return SourceDigest(source.address, made.row_count, made.text_digest, columns)


def column_digest(made: TableSketch, column: int) -> str:
    """The digest of a column for people: equal for two columns of as many rows if they hold the same values as often."""
    low, high = made.columns[column].digest
    return f"v{made.spec.encoding}:{low:016x}{high:016x}"


def unf_digest(
    source: Source, parameters: UnfParameters, spec: Spec | None = None, progress: Progress = silent
) -> SourceDigest:
    """UNF version 6, of the rows in the source's order; SourceError if it keeps none.

    Of the spec, `columns`, `ignore` and `where` count.
    """
    with naming(source):
        table = selected(source, spec or Spec())
        schema = table.schema()
        check_columns(schema.names, ())
        check_unf_types(schema)
        vectors = [VectorUnf.empty(parameters) for _ in schema]

        def fold(read: list[int], batch: pa.RecordBatch) -> None:
            for name, array, vector in zip(schema.names, batch.columns, vectors, strict=True):
                vector.update(unf_elements(array, name, parameters))
            read[0] += batch.num_rows

        # One thread keeps the order; this one waits for it and can be interrupted.
        ((rows,),) = fold_streams([table.ordered_batches()], lambda: [0], fold, progress, threads=1)
    texts = [vector.text for vector in vectors]
    columns = dict(zip(schema.names, texts, strict=True))
    return SourceDigest(source.address, rows, combine_unfs(texts, parameters), columns)


def dataset_unf(files: Sequence[SourceDigest], parameters: UnfParameters) -> str:
    """The UNF of a dataset of several files; their order does not matter."""
    return combine_unfs([file.digest for file in files], parameters)


def lattice_digest(
    source: Source, key: LatticeKey | None = None, spec: Spec | None = None, progress: Progress = silent
) -> SourceDigest:
    """LtHash32-1024 of the rows, in whatever order; columns have none.

    Of the spec, `columns`, `ignore`, `where`, `digits` and `nfc` count.
    """
    wanted = spec or Spec()
    with naming(source):
        hasher = LatticeHasher(selected(source, wanted).schema(), key, wanted.form, wanted.where)

        def fold(digest: LatticeDigest, batch: pa.RecordBatch) -> None:
            digest.update(hasher.hash(batch))

        streams = selected(source, wanted).streams(cores())
        parts = fold_streams(streams, lambda: LatticeDigest.empty(hasher.spec), fold, progress)
    return _as_found(source.address, reduce(LatticeDigest.merge, parts))


def stored_lattice(path: str | os.PathLike[str]) -> SourceDigest | None:
    """The lattice digest that a file holds, None if it is another kind of file or none; SketchFormatError if it is damaged."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > LONGEST_LATTICE:
            return None
        data = Path(path).read_bytes()
    except OSError:
        return None
    if not is_lattice(data):
        return None
    try:
        return _as_found(str(path), LatticeDigest.from_bytes(data))
    except SketchFormatError as error:
        raise SketchFormatError(f"{path}: {error}") from error


def dataset_lattice(files: Sequence[SourceDigest]) -> LatticeDigest:
    """The digest of the rows of all files together; SpecMismatchError names two that do not fit."""
    total = files[0].state
    assert total is not None, "only lattice digests have a state"
    for file in files[1:]:
        assert file.state is not None, "only lattice digests have a state"
        try:
            total = total.merge(file.state)
        except SpecMismatchError as error:
            error.args = (f"{files[0].address} and {file.address}: {error}",)
            raise
    return total


def _as_found(address: str, digest: LatticeDigest) -> SourceDigest:
    return SourceDigest(address, digest.rows, digest.text, {}, digest)
