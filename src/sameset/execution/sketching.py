"""A source -> its table sketch: map over partitions, merge."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from sameset.execution.projection import selected
from sameset.execution.scanning import cores, fold_streams, naming, silent
from sameset.sketches.spec import Spec
from sameset.sketches.table import TableSketch, hasher_for

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from sameset.canonical.batches import HashedBatch, RowHasher
    from sameset.execution.mappers import Mapper
    from sameset.execution.scanning import Progress
    from sameset.sources.base import Source

    Tee = Callable[[HashedBatch], None]

__all__ = ["sketch_partition", "sketch_selected", "sketch_table"]


def sketch_table(
    source: Source | object,
    spec: Spec | None = None,
    *,
    mapper: Mapper | None = None,
    progress: Progress = silent,
    tee: Tee | None = None,
) -> TableSketch:
    """The sketch of all rows of a source (or of whatever `open_source` takes), in one pass and flat memory.

    With a `mapper` partitions are sketched wherever it sends them, if the source has any (docs/scale.md).
    `tee` is given the row hashes of every batch, too, from several threads at once; it needs all rows in this process.
    A Spark DataFrame is sketched on its executors, whatever the mapper, unless there is a tee.
    Raises SourceError (also SchemaError, UnsupportedTypeError) if the source cannot be read as a table.
    """
    from sameset.sources import Source, open_source
    from sameset.sources.file_states import unwritten
    from sameset.sources.spark_frames import SparkFrameSource

    opened = source if isinstance(source, Source) else open_source(source)
    wanted = spec or Spec()
    if tee is None and isinstance(opened, SparkFrameSource):
        from sameset.execution.spark import sketch_frame

        return sketch_frame(opened, wanted, progress)
    with unwritten(opened.files_read()):
        return _sketch_still(opened, wanted, mapper, progress, tee)


def _sketch_still(
    opened: Source, wanted: Spec, mapper: Mapper | None, progress: Progress, tee: Tee | None
) -> TableSketch:
    """The sketch of a source whose files stay as they are."""
    if mapper is not None and tee is None:
        from sameset.execution.mapping import sketch_jobs
        from sameset.execution.partitioning import partition_jobs

        jobs = partition_jobs(opened, wanted)
        if len(jobs) > 1 or (jobs and not mapper.here):
            return sketch_jobs(jobs, mapper, progress)
    parts = (sketch_partition(part, wanted, progress, tee=tee) for part in opened.partitions())
    return reduce(TableSketch.merge, parts)


def sketch_partition(
    source: Source, spec: Spec, progress: Progress = silent, threads: int | None = None, tee: Tee | None = None
) -> TableSketch:
    """The sketch of one partition, by all cores of this machine unless `threads` says how many."""
    with naming(source):
        return sketch_selected(selected(source, spec), spec, progress, threads, tee)


def sketch_selected(
    source: Source, spec: Spec, progress: Progress = silent, threads: int | None = None, tee: Tee | None = None
) -> TableSketch:
    """The same of a source that already holds just the columns and rows that the spec asks for."""
    with naming(source):
        schema = source.schema()
        hasher = hasher_for(spec, schema)

        def start() -> tuple[RowHasher, TableSketch]:
            return hasher.for_thread(), TableSketch.empty(spec, schema)

        def fold(state: tuple[RowHasher, TableSketch], batch: pa.RecordBatch) -> None:
            hasher, sketch = state
            hashed = sketch.fold(hasher, batch)
            if tee is not None:
                tee(hashed)

        states = fold_streams(source.streams(threads or cores()), start, fold, progress, threads)
    return reduce(TableSketch.merge, (sketch for _, sketch in states))
