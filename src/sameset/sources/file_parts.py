"""Some files of a set as a source of their own, with the columns that the whole set has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

import pyarrow as pa

from sameset.sources.arrow_stream import ArrowStreamSource
from sameset.sources.base import Source
from sameset.sources.file_sets import FileSet
from sameset.sources.scan import reading
from sameset.sources.schemas import plain

__all__ = ["PARTITION_TYPES", "FilePart", "FilesSource"]

#: The Arrow type of a key's column, by the SQL type that a set of files finds for it.
PARTITION_TYPES = {"BIGINT": pa.int64(), "DATE": pa.date32(), "VARCHAR": pa.string()}


class FilesSource(Source):
    """A source of a set of files, each of which can be read by itself."""

    @property
    @abstractmethod
    def file_set(self) -> FileSet:
        """The files."""

    def files_read(self) -> Sequence[str]:
        return self.file_set.files

    @property
    @abstractmethod
    def reading(self) -> str:
        """What the values of a file and the columns of the whole depend on besides the files: the kind and its options."""

    @abstractmethod
    def own_schema(self, file: str) -> pa.Schema:
        """What one of the files itself says of its columns, by reading no rows of it."""

    @abstractmethod
    def alone(self, file: str) -> Source:
        """One of the files as a source with its own columns, without those of its folders."""

    @abstractmethod
    def like(self, files: FileSet, groups: range | None = None) -> FilesSource:
        """The same kind of source, read in the same way, of other files; `groups` are row groups that `row_groups` told of."""

    def part(self, places: Sequence[int], schema: pa.Schema, groups: range | None = None) -> Source:
        """Some files, or some row groups of one, as rows of the whole's schema; it knows no other files and is small to send."""
        files = self.file_set
        some = FileSet(
            files.address,
            tuple(files.files[place] for place in places),
            {key: tuple(values[place] for place in places) for key, values in files.partitions.items()},
            files.root,
        )
        return FilePart(self.like(some, groups), range(len(places)), schema)

    def row_groups(self, file: str) -> Sequence[int]:
        """The sizes in bytes of the parts of a file that can be read by themselves; none if it can only be read as a whole."""
        return ()

    def why_whole(self, names: Sequence[str]) -> str | None:
        """Why files with columns of these names can only be read together, as the end of a sentence; None if they need not."""
        return None


class FilePart(ArrowStreamSource):
    """Some files of a set, by their places in it, as rows of the whole's schema.

    The values are those that the whole has: what a file lacks is null, what it has of another type is cast without loss, the
    keys of its folders are columns. Only how texts and bytes are stored (dictionary, large) stays as the file has it.
    """

    def __init__(self, source: FilesSource, places: Sequence[int], schema: pa.Schema) -> None:
        files = source.file_set
        one = len(places) == 1
        super().__init__(files.files[places[0]] if one else files.address)
        self._source = source
        self._places = tuple(places)
        self._whole = schema

    def _arrow_schema(self) -> pa.Schema:
        return self._whole

    def _reader(self, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        for place in self._places:
            (stream,) = self._of_file(place, 1, columns, None)
            with closing(stream):
                yield from stream

    def streams(
        self, count: int, columns: Sequence[str] | None = None, where: str | None = None
    ) -> Sequence[Iterator[pa.RecordBatch]]:
        chosen = self._chosen(columns)
        if len(self._places) == 1:
            return self._of_file(self._places[0], count, chosen, where)
        # As many as there are threads, each of every so many files: a file is opened when its turn comes.
        shares = [self._places[first::count] for first in range(min(count, len(self._places)))]
        return [self._of_files(share, chosen, where) for share in shares]

    def _of_files(
        self, places: Sequence[int], columns: Sequence[str], where: str | None
    ) -> Generator[pa.RecordBatch, None, None]:
        for place in places:
            for stream in self._of_file(place, 1, columns, where):
                with closing(stream):
                    yield from stream

    def _of_file(
        self, place: int, count: int, columns: Sequence[str], where: str | None
    ) -> list[Generator[pa.RecordBatch, None, None]]:
        files = self._source.file_set
        alone = self._source.alone(files.files[place])
        own = alone.schema().names
        constants = {key: values[place] for key, values in files.partitions.items()}
        # None for all of them: to choose some by name, plain Parquet asks DuckDB first, which takes 16 ms a file.
        held = None if set(own) <= set(columns) else [name for name in columns if name in own]
        fields = [self.schema().field(name) for name in columns]
        return [_completed(alone.address, stream, fields, constants) for stream in alone.streams(count, held, where)]


def _completed(
    address: str, stream: Iterator[pa.RecordBatch], fields: Sequence[pa.Field], constants: dict[str, str | None]
) -> Generator[pa.RecordBatch, None, None]:
    with reading(address), closing(stream):  # type: ignore[type-var]  # they are generators
        for batch in stream:
            names = set(batch.schema.names)
            arrays = [
                _fitting(batch.column(field.name), field.type)
                if field.name in names
                else pa.repeat(pa.scalar(constants.get(field.name)).cast(field.type), batch.num_rows)
                for field in fields
            ]
            if arrays:
                yield pa.RecordBatch.from_arrays(arrays, names=[field.name for field in fields])
            else:
                yield batch


def _fitting(array: pa.Array, type_: pa.DataType) -> pa.Array:
    return array if plain(array.type) == plain(type_) else array.cast(type_)
