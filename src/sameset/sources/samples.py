"""What places of machine-learning samples have in common: images, arrays, shards (docs/samples.md)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from sameset.canonical.families import TensorType
from sameset.canonical.tensors import TENSORS, tensor_array
from sameset.errors import SourceError
from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.base import ROWS_PER_BATCH, Source
from sameset.sources.files import is_object, open_random, readable_file
from sameset.sources.pixels import decode_image, require_pillow

__all__ = [
    "BATCH_BYTES",
    "MOST_BYTES",
    "SampleSource",
    "batched",
    "column_of",
    "pixel_decoder",
    "read_whole",
    "split_by_bytes",
]

BATCH_BYTES = 1 << 23  # of values; a single sample may have more
MOST_ROWS = 1_024
MOST_BYTES = 1 << 30  # of one encoded sample
GROWTH = 8  # how much larger than a JPEG its pixels are, about
ROW_BYTES = 64  # what a row takes besides its values

Sample = Mapping[str, Any]


class SampleSource(ArrowStreamSource):
    """A source of samples; a kind of place adds `_arrow_schema`, `_shares` and `_share`.

    Values of columns that nobody asked for are not decoded.
    """

    #: The column that names a sample, if the place has names.
    sample_name: ClassVar[str | None] = None

    def __init__(self, address: str, raw: bool = False) -> None:
        super().__init__(address)
        #: Whether images are their bytes instead of their pixels.
        self.raw = raw

    @abstractmethod
    def _shares(self) -> int:
        """Into how many parts at most the samples can be divided for threads."""

    @abstractmethod
    def _share(self, number: int, count: int, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        """The batches of one of `count` parts of the samples, `number` from 0; of one part in the place's order."""

    def named(self, names: Collection[str]) -> Source:
        """The samples of these names alone; of places without names, or that must be read as a whole, all of them."""
        return self

    def streams(
        self, count: int, columns: Sequence[str] | None = None, where: str | None = None
    ) -> Sequence[Iterator[pa.RecordBatch]]:
        """As many as there are threads, because decoding takes longer than all that follows."""
        chosen, parts = self._chosen(columns), max(min(count, self._shares()), 1)
        return [
            self._batches(chosen, where, ROWS_PER_BATCH, partial(self._share, part, parts)) for part in range(parts)
        ]

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        return self._share(0, 1, columns)


def batched(samples: Iterable[Sample], schema: pa.Schema) -> Generator[pa.RecordBatch, None, None]:
    """Samples (values by column) as batches of a schema, each of a bounded number of rows and of bytes."""
    rows: list[Sample] = []
    size = 0
    with closing(samples) as given:  # type: ignore[type-var]  # they are generators
        for sample in given:
            rows.append(sample)
            size += ROW_BYTES + sum(_size_of(value) for value in sample.values())
            if size >= BATCH_BYTES or len(rows) >= MOST_ROWS:
                yield _batch(rows, schema)
                rows, size = [], 0
        if rows:
            yield _batch(rows, schema)


def split_by_bytes(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in pieces of about BATCH_BYTES, as the values in it are: encoded images grow when they are decoded."""
    size = int(batch.get_total_buffer_size()) if batch.num_columns else 0
    step = max(min(batch.num_rows * BATCH_BYTES // GROWTH // max(size, 1), MOST_ROWS), 1)
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)


def _size_of(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    return len(value) if isinstance(value, (bytes, str)) else 8


def _batch(rows: Sequence[Sample], schema: pa.Schema) -> pa.RecordBatch:
    if not len(schema):  # a batch of no columns still knows its rows
        return pa.record_batch([pa.nulls(len(rows))], names=["rows"]).select([])
    arrays = [column_of([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def column_of(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Values in Python, tensors as arrays of numpy, as a column of a type."""
    return tensor_array(values) if isinstance(kind, TensorType) else pa.array(values, kind)


def pixel_decoder(address: str, raw: bool) -> tuple[pa.DataType, Callable[[bytes, str], Any]]:
    """The type that images have, and what makes it of the bytes of one and of the place that an error is to name.

    MissingExtraError if Pillow is needed and not there.
    """
    if raw:
        return pa.large_binary(), lambda data, place: data
    require_pillow(address)
    return TENSORS, decode_image


def read_whole(path: str) -> bytes:
    """The bytes of a small file, which may be none; SourceError if it is no file or not to be read."""
    readable_file(path, or_empty=True)
    try:
        with open_random(path) if is_object(path) else open(path, "rb") as file:
            data = bytes(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) > MOST_BYTES:
        raise SourceError(f"{path} has more than {MOST_BYTES:,} bytes, too many for one sample; take it out")
    return data
