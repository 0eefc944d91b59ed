"""A Spark DataFrame -> its table sketch: each partition is sketched on the executor that holds it, by the same kernels.

Only sketches travel: an executor turns its partition into one of a few hundred kilobytes, a second step merges those of
many partitions into at most `WIDTH`, and this process merges the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial, reduce
from typing import TYPE_CHECKING

import pyarrow as pa

from sameset.errors import SamesetError, SourceError
from sameset.execution.projection import Projection
from sameset.execution.scanning import silent
from sameset.execution.sketching import sketch_selected
from sameset.sketches.table import TableSketch
from sameset.sources.memory import MemorySource
from sameset.sources.spark_frames import conformed_by_place, told_by_spark

if TYPE_CHECKING:
    from sameset.execution.scanning import Progress
    from sameset.sketches.spec import Spec
    from sameset.sources.spark_frames import SparkFrameSource

__all__ = ["sketch_frame"]

#: How many merged sketches this process gets, however many partitions there are.
WIDTH = 8
#: What an executor hands on: a sketch, or the sentence that says why there is none.
OUTCOME = pa.schema([("place", pa.int64()), ("sketch", pa.binary()), ("error", pa.string())])
COLUMNS = "place bigint, sketch binary, error string"


def sketch_frame(source: SparkFrameSource, spec: Spec, progress: Progress = silent) -> TableSketch:
    """The sketch of all rows of a Spark DataFrame, equal to that of the same rows anywhere else.

    `progress` is told the number of rows once they are all sketched. Raises SourceError (also SchemaError,
    UnsupportedTypeError) if there is a column that cannot be sketched, the plan fails, or an executor lacks this library.
    """
    names = spec.select(source.schema().names)
    # A condition may speak of any column; without one the others need not be read at all.
    read = source.schema().names if spec.where is not None else names
    schema = pa.schema([source.schema().field(name) for name in read])
    empty = TableSketch.empty(spec, pa.schema([schema.field(name) for name in names]))
    with told_by_spark(source.address):
        parts = source.frame(read).mapInArrow(partial(_sketched, schema=schema, names=names, spec=spec), COLUMNS)
        merged = parts.repartition(WIDTH, "place").mapInArrow(_merged, COLUMNS)
        outcomes = merged.collect()
    for outcome in outcomes:
        if outcome.error is not None:
            raise SourceError(f"{source.address}: {outcome.error}")
    whole = reduce(TableSketch.merge, (TableSketch.from_bytes(bytes(outcome.sketch)) for outcome in outcomes), empty)
    progress(whole.row_count)
    return whole


def _sketched(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, names: list[str], spec: Spec
) -> Iterator[pa.RecordBatch]:
    """Runs on an executor: the sketch of a partition."""
    from pyspark import TaskContext

    context = TaskContext.get()
    place = context.partitionId() if context is not None else 0
    reader = pa.RecordBatchReader.from_batches(schema, (conformed_by_place(batch, schema) for batch in batches))
    try:
        source = Projection(MemorySource(reader, "spark"), {name: name for name in names}, spec.where)
        yield _outcome(place, sketch_selected(source, spec, threads=1), None)
    except SamesetError as error:
        yield _outcome(place, None, str(error))


def _merged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Runs on an executor: the sketches of many partitions as one, or the first sentence among them."""
    whole: TableSketch | None = None
    for batch in batches:
        for outcome in batch.to_pylist():
            if outcome["error"] is not None:
                yield _outcome(0, None, outcome["error"])
                return
            sketch = TableSketch.from_bytes(outcome["sketch"])
            whole = sketch if whole is None else whole.merge(sketch)
    if whole is not None:
        yield _outcome(0, whole, None)


def _outcome(place: int, sketch: TableSketch | None, error: str | None) -> pa.RecordBatch:
    row = {"place": place, "sketch": sketch and sketch.to_bytes(), "error": error}
    return pa.RecordBatch.from_pylist([row], OUTCOME)
