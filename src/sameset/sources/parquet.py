"""Parquet: a file, a glob, or a folder with everything below it."""

from __future__ import annotations

import datetime
import glob
import os
import re
from functools import cached_property

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sameset.errors import SchemaError, SourceError
from sameset.sources.files import readable_file, sql_path
from sameset.sources.scan import Layout, ScannedSource, quoted, reading

__all__ = ["ParquetSource"]

PARTITION = re.compile(r"([^=/\\]+)=([^/\\]*)")
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


class ParquetSource(ScannedSource):
    """The rows of one or more Parquet files of one schema.

    Folders named `key=value` (hive partitioning) add the columns `key`: dates and integers where all their values
    are written as such, else text. An Arrow duration keeps its type; a decimal of more than 38 digits is refused.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._path = path

    def row_count(self) -> int | None:
        return sum(rows for _, rows in self._footers)

    def _layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        schema = self._one_schema()
        partitions = self._partitions()
        if shared := sorted(set(partitions) & set(schema.names)):
            raise SchemaError(f"{self.address} has the column {shared[0]!r} both in its files and in its folder names")
        files = ", ".join(sql_path(file) for file in self._files)
        options = "hive_partitioning = false"
        if partitions:
            types = ", ".join(f"{quoted(key)}: {type_}" for key, type_ in partitions.items())
            options = f"hive_partitioning = true, hive_types = {{{types}}}"
        return Layout(
            f"read_parquet([{files}], {options})",
            (*schema.names, *partitions),
            durations={i: type_ for i, type_ in enumerate(schema.types) if pa.types.is_duration(type_)},
            refused={i: str(type_) for i, type_ in enumerate(schema.types) if _is_lossy(type_)},
        )

    @cached_property
    def _files(self) -> list[str]:
        if os.path.isdir(self._path):
            found = glob.glob(os.path.join(glob.escape(self._path), "**", "*.parquet"), recursive=True)
        elif os.path.exists(self._path):
            found = [self._path]
        else:
            found = glob.glob(self._path, recursive=True)
        files = sorted(file for file in found if os.path.isfile(file))
        if not files:
            raise SourceError(f"{self.address} has no Parquet files (*.parquet)")
        return files

    @cached_property
    def _footers(self) -> list[tuple[pa.Schema, int]]:
        """Schema and number of rows of each file."""
        footers = []
        for file in self._files:
            with reading(readable_file(file)):
                metadata = pq.read_metadata(file)
                footers.append((metadata.schema.to_arrow_schema(), metadata.num_rows))
        return footers

    def _one_schema(self) -> pa.Schema:
        """The schema that all files share; they may order their columns differently."""
        (first, _), *others = self._footers
        for file, (schema, _) in zip(self._files[1:], others, strict=True):
            if differences := _differences(first, schema):
                raise SchemaError(
                    f"{self._files[0]} and {file} have different columns ({'; '.join(differences)}); "
                    "read them separately or write them with one schema"
                )
        if others and len({name.lower() for name in first.names}) < len(first.names):
            raise SchemaError(
                f"{self.address} has several files with column names that differ only in case; read them one by one"
            )
        return first

    def _partitions(self) -> dict[str, str]:
        """The columns that are folder names, with their SQL types."""
        if not os.path.isdir(self._path):
            return {}
        values: dict[str, set[str]] = {}
        keys: set[tuple[str, ...]] = set()
        for file in self._files:
            pairs = PARTITION.findall(os.path.dirname(os.path.relpath(file, self._path)))
            keys.add(tuple(key for key, _ in pairs))
            for key, value in pairs:
                values.setdefault(key, set()).add(value)
        if len(keys) > 1:
            raise SchemaError(f"{self.address} has files in different key=value folders; read them separately")
        return {key: _partition_type(found - {NULL_PARTITION}) for key, found in values.items()}


def _partition_type(values: set[str]) -> str:
    if values and all(re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value) for value in values):
        return "BIGINT"
    return "DATE" if values and all(_is_date(value) for value in values) else "VARCHAR"


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_lossy(type_: pa.DataType, nested: bool = False) -> bool:
    """Whether DuckDB would change the values: wide decimals become doubles, durations in a list integers."""
    if pa.types.is_decimal256(type_):
        return True
    if nested and pa.types.is_duration(type_):
        return True
    return any(_is_lossy(type_.field(i).type, True) for i in range(type_.num_fields))


def _differences(left: pa.Schema, right: pa.Schema) -> list[str]:
    if len(set(left.names)) < len(left.names) or len(set(right.names)) < len(right.names):
        return [] if left.equals(right) else ["names that occur twice"]
    lefts, rights = ({field.name: _plain(field.type) for field in schema} for schema in (left, right))
    gone = [f"{name!r} is missing in the second" for name in lefts if name not in rights]
    come = [f"{name!r} is missing in the first" for name in rights if name not in lefts]
    retyped = [
        f"{name!r} is {lefts[name]} and {rights[name]}"
        for name in lefts
        if name in rights and lefts[name] != rights[name]
    ]
    return gone + come + retyped


def _plain(type_: pa.DataType) -> pa.DataType:
    """The type without what only says how it is stored."""
    if pa.types.is_dictionary(type_):
        return _plain(type_.value_type)
    if pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return pa.string()
    return pa.binary() if pa.types.is_large_binary(type_) or pa.types.is_binary_view(type_) else type_
