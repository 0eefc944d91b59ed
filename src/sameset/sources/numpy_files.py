"""numpy's files: the items along the first axis of an array are rows; members of an .npz are columns side by side."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa

from sameset.errors import SchemaError, SourceError
from sameset.sources.file_sets import FileSet
from sameset.sources.files import is_object, open_random, readable_file
from sameset.sources.numpy_types import arrow_type_of, arrow_values, fields_of
from sameset.sources.reasons import reason
from sameset.sources.samples import BATCH_BYTES, SampleSource
from sameset.sources.scan import reading
from sameset.sources.schemas import one_schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NpySource", "NpzSource"]

NAME = "data"  # of the column of an array that has no name
ENDING = ".npy"
LONGEST = 1 << 60  # elements of an array


class Header(NamedTuple):
    """What the head of an array says."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]

    @property
    def item_bytes(self) -> int:
        """The bytes of one item along the first axis."""
        return prod(self.shape[1:]) * self.dtype.itemsize

    def fields(self, name: str, place: str) -> list[pa.Field]:
        """The columns of the array."""
        items = self.shape[1:]
        return [
            pa.field(field, arrow_type_of(dtype, items, place if field == name else f"{place}: field {field!r}"))
            for field, dtype in fields_of(self.dtype, name)
        ]


class _ArraySource(SampleSource):
    """Files of arrays, one behind the other: all have the same columns."""

    def __init__(self, files: FileSet) -> None:
        super().__init__(files.address)
        self._files = files.files

    def files_read(self) -> Sequence[str]:
        return self._files

    @abstractmethod
    def _columns_of(self, file: str) -> tuple[list[pa.Field], int]:
        """The columns of a file and the number of its rows."""

    def row_count(self) -> int | None:
        return sum(self._columns_of(file)[1] for file in self._files)

    def _arrow_schema(self) -> pa.Schema:
        schemas = [pa.schema(self._columns_of(file)[0]) for file in self._files]
        return schemas[0] if len(schemas) == 1 else one_schema(self.address, self._files, schemas, False)


class NpySource(_ArraySource):
    """Arrays of .npy files, mapped into memory: one column `data`, or one for each field of a structured type."""

    def _columns_of(self, file: str) -> tuple[list[pa.Field], int]:
        array = _mapped(file)
        header = Header(array.shape, False, array.dtype)
        return header.fields(NAME, file), array.shape[0]

    def _shares(self) -> int:
        return max(self.row_count() or 0, 1)

    def _share(self, number: int, count: int, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        schema = pa.schema([self.schema().field(name) for name in columns])
        at = 0
        for file in self._files:
            with reading(file):
                array = _mapped(file)
                step = _rows_at_once(Header(array.shape, False, array.dtype).item_bytes)
                for start in range(0, len(array), step):
                    if at % count == number:
                        yield _batch([(array[start : start + step], NAME)], schema)
                    at += 1


class NpzSource(_ArraySource):
    """Arrays of .npz files, read from their beginning to their end: a column for each member, all of one length."""

    def _columns_of(self, file: str) -> tuple[list[pa.Field], int]:
        with _opened(file) as members:
            headers = {name: _header(stream, f"{file}: {name}") for name, stream in members.items()}
        _refuse_unequal(headers, file)
        fields = []
        for name, header in headers.items():
            if header.dtype.names is not None:
                raise SourceError(f"{file}: {name} has fields; save it as an .npy file, or each field as a member")
            fields += header.fields(name, f"{file}: {name}")
        return fields, next(iter(headers.values())).shape[0]

    def _shares(self) -> int:
        return len(self._files)

    def _share(self, number: int, count: int, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        schema = pa.schema([self.schema().field(name) for name in columns])
        for file in self._files[number::count]:
            with reading(file), _opened(file) as members:
                yield from _in_step(members, schema, file)


def _in_step(members: dict[str, BinaryIO], schema: pa.Schema, file: str) -> Iterator[pa.RecordBatch]:
    """The batches of one .npz; of a schema without columns one member tells how many rows there are."""
    names = schema.names or list(members)[:1]
    headers = {name: _header(members[name], f"{file}: {name}") for name in names}
    rows = next(iter(headers.values())).shape[0]
    step = _rows_at_once(sum(header.item_bytes for header in headers.values()))
    whole = {name: _fortran(members[name], header, file) for name, header in headers.items() if header.is_fortran}
    for start in range(0, rows, step):
        count = min(step, rows - start)
        parts = [
            (
                whole[n][start : start + count]
                if n in whole
                else _items(members[n], headers[n], count, f"{file}: {n}"),
                n,
            )
            for n in names
        ]
        yield _batch(parts, schema)


def _batch(parts: list[tuple[NDArray[Any], str]], schema: pa.Schema) -> pa.RecordBatch:
    """The columns of arrays of one length, with the names that they or their fields have."""
    if not len(schema):  # a batch of no columns still knows its rows
        return pa.record_batch([pa.nulls(len(parts[0][0]))], names=["rows"]).select([])
    arrays = {}
    for values, name in parts:
        for field, _ in fields_of(values.dtype, name):
            arrays[field] = values if values.dtype.names is None else values[field]
    columns = [arrow_values(arrays[field.name], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _rows_at_once(item_bytes: int) -> int:
    return max(BATCH_BYTES // max(item_bytes, 1), 1) if item_bytes else 1 << 16


def _mapped(file: str) -> NDArray[Any]:
    """The array of an .npy file, mapped; SourceError for objects, which are programs, and for arrays without an axis."""
    if is_object(file):
        raise SourceError(f"{file}: .npy files are read from a disk; copy it there")
    readable_file(file)
    with reading(file):
        array = np.lib.format.open_memmap(file, mode="r") if _size_of_items(file) else _empty(file)
        _refuse_odd(Header(array.shape, False, array.dtype), file)
        return array


def _size_of_items(file: str) -> int:
    """The bytes of the elements of an .npy file; what has none cannot be mapped. SourceError if the file ends before them."""
    with open(file, "rb") as stream:
        header = _header(stream, file)
        size, held = prod(header.shape) * header.dtype.itemsize, os.fstat(stream.fileno()).st_size
        whole = stream.tell() + size
    if held < whole and not header.dtype.hasobject:
        raise SourceError(f"{file} is cut off: it has {held:,} of its {whole:,} bytes; fetch it again")
    return size


def _empty(file: str) -> NDArray[Any]:
    with open(file, "rb") as stream:
        header = _header(stream, file)
    return np.zeros(header.shape, header.dtype)


def _header(stream: BinaryIO, place: str) -> Header:
    """The head of an array; the stream then is at its first element."""
    try:
        version = np.lib.format.read_magic(stream)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in readers:
            raise SourceError(
                f"{place} is an .npy file of version {version[0]}.{version[1]}; save it without odd field names"
            )
        header = Header(*readers[version](stream))
    except SourceError:
        raise
    except (
        Exception
    ) as error:  # the head is a Python literal, and numpy lets through what its parsers say of a broken one
        raise SourceError(f"{place} is no array of numpy's: {reason(error)}; save it again") from error
    _refuse_odd(header, place)
    return header


def _refuse_odd(header: Header, place: str) -> None:
    if header.dtype.hasobject:
        raise SourceError(
            f"{place} holds pickled Python objects, which are programs and are not run; save plain arrays"
        )
    if any(not 0 <= size < LONGEST for size in header.shape) or prod(header.shape) >= LONGEST:
        raise SourceError(f"{place} claims the shape {header.shape}, which no array has; save it again")
    if not header.shape:
        raise SourceError(f"{place} holds a single value, which has no rows; save it as an array of one")


def _refuse_unequal(headers: dict[str, Header], file: str) -> None:
    if not headers:
        raise SourceError(f"{file} has no arrays; save one into it")
    lengths = {name: header.shape[0] for name, header in headers.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length:,}" for name, length in list(lengths.items())[:5])
        raise SchemaError(
            f"{file} has members of different lengths ({listed}); save those that are not per sample elsewhere"
        )


def _items(stream: BinaryIO, header: Header, count: int, place: str) -> NDArray[Any]:
    """The next items of an array in row-major order."""
    size = count * header.item_bytes
    data = stream.read(size)
    if len(data) < size:
        raise SourceError(f"{place} ends early; save it again")
    return np.frombuffer(data, header.dtype, count * prod(header.shape[1:])).reshape(count, *header.shape[1:])


def _fortran(stream: BinaryIO, header: Header, file: str) -> NDArray[Any]:
    """An array that is stored column by column, whose items therefore are all over it."""
    size = prod(header.shape) * header.dtype.itemsize
    if size > BATCH_BYTES:
        raise SourceError(f"{file} has a large array in Fortran order; save it in C order (numpy.ascontiguousarray)")
    items = Header((1, *header.shape), False, header.dtype)
    return _items(stream, items, 1, file).reshape(header.shape[::-1]).transpose()


@contextmanager
def _opened(file: str) -> Iterator[dict[str, BinaryIO]]:
    """The members of an .npz, each as a stream of its own, by the names of their arrays."""
    readable_file(file)
    try:
        with ExitStack() as stack:
            stream = stack.enter_context(closing(open_random(file)))
            archive = stack.enter_context(zipfile.ZipFile(stream))
            names = archive.namelist()
            if odd := [name for name in names if not name.endswith(ENDING)]:
                raise SourceError(f"{file} has the member {odd[0]!r}, which is no array; an .npz has .npy files alone")
            if len(set(names)) < len(names):
                raise SchemaError(f"{file} has two members of one name; save it again")
            yield {
                name.removesuffix(ENDING): io.BufferedReader(stack.enter_context(archive.open(name)))  # type: ignore[type-var]
                for name in names
            }
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise SourceError(f"{file} is no whole .npz file: {reason(error)}; save it again") from error
