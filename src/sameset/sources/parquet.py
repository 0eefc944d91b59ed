"""Parquet: a file, or several as one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sameset.errors import SchemaError, SourceError
from sameset.sources.base import Source
from sameset.sources.file_parts import FilesSource
from sameset.sources.file_sets import FileSet
from sameset.sources.file_states import of_each
from sameset.sources.files import attach_stores, open_random, readable_file, sql_path
from sameset.sources.int96 import refuse_nanoseconds
from sameset.sources.plain_parts import PlainPart
from sameset.sources.row_groups import RowGroups, are_plain, delivered_schema, has_int96, schema_of
from sameset.sources.scan import Layout, ScannedSource, quoted, reading, sql_type_of
from sameset.sources.schemas import marked, one_schema

__all__ = ["ParquetSource"]

#: Extension types that DuckDB hands out as their storage, and those that it knows.
RESTORED = ("arrow.bool8", "arrow.fixed_shape_tensor", "arrow.variable_shape_tensor")
KNOWN = (*RESTORED, "arrow.uuid", "arrow.json")
MOST_DIGITS = 38
#: Footers tell the least and the greatest number beside NaN; by these alone DuckDB would pass over rows that a condition wants.
NAN_MAY_BE = "can_have_nan = true"


class Footer(NamedTuple):
    """Schema and number of rows of a file, and whether it has timestamps of the old kind."""

    schema: pa.Schema
    rows: int
    has_int96: bool


class ParquetSource(ScannedSource, FilesSource):
    """The rows of one or more Parquet files of one schema.

    Folders named `key=value` (hive partitioning) add the columns `key`: dates and integers where all their values
    are written as such, else text. Arrow durations, tensors and bool8 keep their types. Refused are decimals of more than
    38 digits, structs with names that differ only in case, and timestamps of the old kind (INT96) with nanoseconds,
    because DuckDB would change them; and unknown extension types.
    """

    def __init__(self, files: FileSet, union_by_name: bool = False, groups: range | None = None) -> None:
        """`groups` are the row groups to read, of a single file that `row_groups` has told them of."""
        super().__init__(files.address)
        self._files = files
        self._union_by_name = union_by_name
        self._groups = groups

    @property
    def file_set(self) -> FileSet:
        return self._files

    @property
    def reading(self) -> str:
        return f"parquet, union by name {self._union_by_name}"

    def own_schema(self, file: str) -> pa.Schema:
        footer = _footer_of(file)
        # Whether there are timestamps of the old kind decides who reads the files, and so the type that arrives.
        return footer.schema.with_metadata({"int96": str(footer.has_int96)})

    def alone(self, file: str) -> Source:
        return ParquetSource(FileSet(file, (file,)), groups=self._groups)

    def like(self, files: FileSet, groups: range | None = None) -> FilesSource:
        return ParquetSource(files, self._union_by_name, groups)

    def part(self, places: Sequence[int], schema: pa.Schema, groups: range | None = None) -> Source:
        if not self._is_plain:
            return super().part(places, schema, groups)
        files = [self._files.files[place] for place in places]
        return PlainPart(files[0] if len(files) == 1 else self.address, files, schema, groups)

    def row_groups(self, file: str) -> Sequence[int]:
        """The sizes in bytes of a file's row groups, if they can be read one by one; otherwise none."""
        if not ParquetSource(FileSet(file, (file,)))._is_plain:
            return ()
        metadata = pq.read_metadata(file)
        return [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]

    def row_count(self) -> int | None:
        return sum(footer.rows for footer in self._footers)

    def schema(self) -> pa.Schema:
        known = delivered_schema(self._shared_schema) if self._is_plain else None
        return super().schema() if known is None else known

    def streams(
        self, count: int, columns: Sequence[str] | None = None, where: str | None = None
    ) -> Sequence[Iterator[pa.RecordBatch]]:
        chosen = self.schema().names if columns is None else [column.name for column in self._chosen(columns)]
        if where is not None or not chosen or not self._is_plain:
            if self._groups is not None:
                raise SourceError(f"{self.address} has other columns than before; read it again")
            return [self.batches(columns, where)]
        groups = RowGroups(self._files.files, self._groups)
        return [groups.read(chosen) for _ in range(count)]

    @cached_property
    def _is_plain(self) -> bool:
        """Whether row groups can be read as they are, without DuckDB."""
        if self._files.partitions or self._union_by_name or any(footer.has_int96 for footer in self._footers):
            return False
        return are_plain(self._files.files, self._shared_schema)

    def _register(self, con: duckdb.DuckDBPyConnection) -> None:
        attach_stores(con, self._files.files)

    def _layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        schema = self._shared_schema
        self._files.refuse_shared(schema.names)
        self._refuse_lost_nanoseconds()
        keys = tuple(self._files.partitions)
        return Layout(
            self._union(con, schema) if self._union_by_name else self._scan_of(self._files.files, ["*"], schema),
            (*schema.names, *keys),
            restored={i: type_ for i, type_ in enumerate(schema.types) if _is_restored(type_)},
            refused={i: reason for i, type_ in enumerate(schema.types) if (reason := _lossy(type_))},
        )

    def _scan_of(self, files: tuple[str, ...], columns: list[str], schema: pa.Schema) -> str:
        """The table expression of files of one schema."""
        keys = list(map(quoted, self._files.partitions))
        options = f"{self._files.folder_options()}, {NAN_MAY_BE}"
        scan = self._files.named(f"read_parquet([{', '.join(map(sql_path, files))}], {options})")
        if columns == ["*"]:
            if not keys:
                return scan
            # Only the folders below the address: one above it may be called key=value, too.
            columns = [quoted(name) for name in schema.names]
        return f"(SELECT {', '.join([*columns, *keys])} FROM {scan})"  # noqa: S608 - names are quoted

    def _union(self, con: duckdb.DuckDBPyConnection, schema: pa.Schema) -> str:
        """The table expression of files that lack columns or have other types: each kind of them cast to the whole."""
        groups: dict[str, list[int]] = {}
        for i, footer in enumerate(self._footers):
            groups.setdefault(str(footer.schema.remove_metadata()), []).append(i)
        parts = []
        for members in groups.values():
            own = self._footers[members[0]].schema
            cells = [_cell(con, field, own) for field in schema]
            parts.append(self._scan_of(tuple(self._files.files[i] for i in members), cells, schema))
        return "(" + " UNION ALL ".join(f"SELECT * FROM {part}" for part in parts) + ")"  # noqa: S608 - names are quoted

    @cached_property
    def _footers(self) -> list[Footer]:
        """What the end of each file says."""
        return of_each(_footer_of, self._files.files)

    def _refuse_lost_nanoseconds(self) -> None:
        """Nothing, unless a timestamp of the kind INT96, which Spark still writes, holds nanoseconds: DuckDB drops them."""
        for name, footer in zip(self._files.files, self._footers, strict=True):
            if footer.has_int96:
                with reading(name):
                    refuse_nanoseconds(name)

    @cached_property
    def _shared_schema(self) -> pa.Schema:
        schemas = [footer.schema for footer in self._footers]
        if len(schemas) == 1:
            return schemas[0]
        whole = one_schema(self.address, self._files.files, schemas, self._union_by_name)
        if len({name.lower() for name in whole.names}) < len(whole.names):
            raise SchemaError(
                f"{self.address} has several files with column names that differ only in case; read them one by one"
            )
        return whole


def _footer_of(file: str) -> Footer:
    with reading(readable_file(file)), open_random(file) as opened:
        metadata = pq.read_metadata(opened)
        _refuse_other_rows(file, metadata)
        return Footer(marked(schema_of(metadata).to_arrow_schema()), metadata.num_rows, has_int96(metadata))


def _refuse_other_rows(file: str, metadata: pq.FileMetaData) -> None:
    """Nothing, unless the footer contradicts itself: Arrow reads as many rows of a row group as it claims to have."""
    rows = sum(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
    if rows != metadata.num_rows:
        raise SourceError(
            f"{file} is damaged: its row groups have {rows:,} rows and its footer says {metadata.num_rows:,}; "
            "copy it again or write it anew"
        )


def _cell(con: duckdb.DuckDBPyConnection, field: pa.Field, own: pa.Schema) -> str:
    """The SQL of a column of the whole in files of another schema."""
    name = quoted(field.name)
    if _lossy(field.type):
        return f"NULL AS {name}"
    wanted = pa.int64() if pa.types.is_duration(field.type) else field.type
    held = own.get_field_index(field.name) >= 0
    if held and pa.types.is_duration(field.type) and own.field(field.name).type != field.type:
        raise SchemaError(f"durations of several units in {field.name!r} cannot be read as one column; write one unit")
    return f"CAST({name if held else 'NULL'} AS {sql_type_of(con, wanted)}) AS {name}"


def _is_restored(type_: pa.DataType) -> bool:
    """Whether DuckDB hands the values out as another type, from which Arrow casts them back."""
    return pa.types.is_duration(type_) or any(
        isinstance(part, pa.BaseExtensionType) and part.extension_name in RESTORED for part in _parts(type_)
    )


def _lossy(type_: pa.DataType) -> str | None:
    """The type, if DuckDB would change the values: wide decimals become doubles, durations in a list integers."""
    if any(map(_is_renamed, _parts(type_))):
        return f"{type_} with names that are empty or differ only in case"
    if not any(map(_is_changed, _parts(type_))) and not _has_durations_within(type_):
        return None
    return str(type_.type_name if isinstance(type_, pa.OpaqueType) and type_.vendor_name == "Arrow" else type_)


def _is_renamed(type_: pa.DataType) -> bool:
    """Whether DuckDB gives fields other names: `element1` to one that has none, `A_1` to `A` beside `a`."""
    names = [type_.field(i).name.lower() for i in range(type_.num_fields)] if pa.types.is_struct(type_) else []
    return "" in names or len(set(names)) < len(names)


def _is_changed(type_: pa.DataType) -> bool:
    if isinstance(type_, pa.BaseExtensionType):
        return type_.extension_name not in KNOWN
    return bool(pa.types.is_decimal(type_) and type_.precision > MOST_DIGITS)


def _has_durations_within(type_: pa.DataType) -> bool:
    inner = [type_.field(i).type for i in range(type_.num_fields)]
    return any(pa.types.is_duration(part) or _has_durations_within(part) for part in inner)


def _parts(type_: pa.DataType) -> Iterator[pa.DataType]:
    """The type and all types within it, also within what an extension type stores."""
    yield type_
    if isinstance(type_, pa.BaseExtensionType):
        yield from _parts(type_.storage_type)
    for i in range(type_.num_fields):
        yield from _parts(type_.field(i).type)
