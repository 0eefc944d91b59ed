"""A Spark DataFrame: what its columns are, and its rows as a stream to this process, a batch at a time.

Whoever wants a sketch does not read them here: `execution.spark` sends the kernels to the executors.

timestamp       its instant, whatever the time zone of the session     interval day to second   duration
timestamp_ntz   timestamp                                              char, varchar, collated  text
variant, geometry, intervals of months, types of users                 refused
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from sameset.errors import SourceError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.schemas import conformed

__all__ = ["SparkFrameSource", "conformed_by_place", "is_spark_frame", "told_by_spark"]

ADDRESS = "memory:spark"
#: Classes of types of which Arrow gets what only Spark can read, or nothing.
REFUSED = {"CalendarIntervalType", "GeographyType", "GeometryType", "VariantType", "YearMonthIntervalType"}
MISSING = "No module named 'sameset'"
NOT_INSTALLED = (
    "the executors of Spark run a Python without sameset; install it there in the version that is here, and let "
    "PYSPARK_PYTHON name the Python that has it"
)


class SparkFrameSource(ArrowStreamSource):
    """The rows of a Spark DataFrame. Each scan runs its plan again, so one that draws random numbers has to be cached."""

    def __init__(self, frame: Any) -> None:
        super().__init__(ADDRESS)
        self._frame = frame

    def frame(self, columns: Sequence[str]) -> Any:
        """The DataFrame with just these columns, called `c0`, `c1`, ...: Spark is blind to case, and splits names at dots."""
        names = self.schema().names
        renamed = self._frame.toDF(*[f"c{i}" for i in range(len(names))])
        return renamed.select(*[f"c{names.index(name)}" for name in columns])

    def _arrow_schema(self) -> pa.Schema:
        with told_by_spark(self.address):
            return pa.schema([pa.field(field.name, _arrow_type(field.dataType)) for field in self._frame.schema])

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        schema = pa.schema([self.schema().field(name) for name in columns])
        with told_by_spark(self.address):
            for row in self.frame(columns).mapInArrow(_written, "rows binary").toLocalIterator():
                with pa.ipc.open_stream(row.rows) as reader:
                    for batch in reader:
                        yield conformed_by_place(batch, schema)


def is_spark_frame(table: object) -> bool:
    """Whether an object is a DataFrame of Spark, found out without an import of Spark."""
    return type(table).__module__.startswith("pyspark.sql.") and hasattr(table, "mapInArrow")


def conformed_by_place(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with the names and types of the schema: Spark's instants have the zone of its session."""
    if not schema.names:  # of a struct array without fields even no columns know their number of rows
        return pa.RecordBatch.from_struct_array(pa.array([{}] * batch.num_rows, pa.struct([])))
    return conformed(batch.rename_columns(schema.names), schema)


@contextmanager
def told_by_spark(address: str) -> Iterator[None]:
    """Turns what Spark raises into one sentence; an executor without this library gets its own."""
    from pyspark.errors import PySparkException

    try:
        yield
    except Exception as error:
        if not isinstance(error, PySparkException) and not type(error).__module__.startswith("py4j"):
            raise
        raise SourceError(f"{address} cannot be read: {_reason(str(error))}") from None


def _written(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Runs on an executor: each batch as the bytes of an Arrow stream."""
    for batch in batches:
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        yield pa.record_batch({"rows": pa.array([sink.getvalue()], pa.binary())})


def _arrow_type(type_: Any) -> pa.DataType:
    """The Arrow type that the values arrive as; instants in UTC, an opaque one where there is none."""
    from pyspark.errors import PySparkException
    from pyspark.sql.pandas.types import to_arrow_type

    try:
        if not _is_refused(type_):
            return to_arrow_type(type_)
    except PySparkException:
        pass
    return pa.opaque(pa.binary(), type_.simpleString(), "Spark")


def _is_refused(type_: Any) -> bool:
    """Whether a type is refused, or one is within it."""
    within = [getattr(type_, name, None) for name in ("elementType", "keyType", "valueType")]
    within += [field.dataType for field in getattr(type_, "fields", ())]
    is_of_users = any(class_.__name__ == "UserDefinedType" for class_ in type(type_).__mro__)
    return (
        type(type_).__name__ in REFUSED or is_of_users or any(_is_refused(each) for each in within if each is not None)
    )


def _reason(text: str) -> str:
    """What went wrong: the end of a traceback of Python, otherwise Spark's first line."""
    if MISSING in text:
        return NOT_INSTALLED
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"]
    if any(line.startswith("Traceback ") for line in lines):
        raised = [line for line in lines if line.partition(":")[0].endswith(("Error", "Exception")) and ": " in line]
        lines = raised[-1:] or lines
    return lines[0].partition(" SQLSTATE: ")[0].rstrip(".")
