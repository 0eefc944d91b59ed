"""What can be compared: a source, a sketch file, or NAME[@SNAPSHOT] of the registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from sameset.errors import SchemaError, SketchFormatError, SourceError, SpecError, UnknownDatasetError
from sameset.execution.manifest_store import Manifests
from sameset.execution.manifests import manifest_beside
from sameset.execution.scanning import silent
from sameset.execution.sketching import sketch_table
from sameset.registry import Registry, parse_reference
from sameset.sketches.delta import capacity_of
from sameset.sketches.spec import Spec, Wanted
from sameset.sketches.storage import is_sketch
from sameset.sketches.table import Column, TableSketch
from sameset.sources import Source, open_source

if TYPE_CHECKING:
    import pyarrow as pa

    from sameset.execution.scanning import Progress

__all__ = ["Operand", "column_types", "read_sketch_file", "resolve", "stored_operand"]

LONGEST_SKETCH = 1 << 30
OPTIONS = {
    "keep_keys": "--hide-keys",
    "delta_cells": "--delta-capacity",
}  #: where they are called otherwise than the field


@dataclass(frozen=True)
class Operand:
    """One side of a comparison: a sketch, or a source that is yet to be sketched; or both."""

    address: str
    stored: TableSketch | None = None
    source: Source | None = None
    manifest: Path | None = None  #: of a stored sketch

    def sketch(self, spec: Spec, progress: Progress = silent) -> Operand:
        """The operand with its sketch, made from the source if there is none."""
        if self.stored is not None:
            return self
        return replace(self, stored=sketch_table(self.source, spec, progress=progress))

    @property
    def table(self) -> TableSketch:
        """The sketch, once there is one."""
        if self.stored is None:
            raise SpecError(f"{self.address} has not been sketched yet; call sketch() first")
        return self.stored


def column_types(place: object, registry: str | None) -> pa.Schema:
    """The names and types of the columns of a dataset, a sketch or a snapshot, as `open_source` takes them for texts."""
    import pyarrow as pa

    operand = resolve(place, registry)
    if operand.source is not None:
        return operand.source.schema()
    return pa.schema([pa.field(column.name, _type_of(column)) for column in operand.table.schema])


def _type_of(column: Column) -> pa.DataType:
    """The type of a column of a sketch; one that cannot be read from its name is refused only where a file has it."""
    import pyarrow as pa

    from sameset.sources.arrow_types import parse_type

    try:
        return parse_type(column.type)
    except SchemaError:
        return pa.opaque(pa.binary(), column.type, "Arrow")


def resolve(
    place: object,
    registry: str | None,
    *,
    schema: pa.Schema | None = None,
    union_by_name: bool = False,
    raw: bool = False,
    manifests: Manifests | None = None,
) -> Operand:
    """The operand that a text names (a file, glob or folder if there is one, else a snapshot), or that wraps an object.

    `schema`, `union_by_name` and `raw` are those of `open_source`; `manifests` says where those of the registry lie.
    """
    if isinstance(place, TableSketch):
        return Operand("sketch", stored=place)
    if not isinstance(place, str | os.PathLike):
        source = open_source(place)
        return Operand(source.address, source=source)
    text = os.fspath(place)
    if Path(text).is_file() and _calls_itself_sketch(Path(text)):
        beside = manifest_beside(text)
        return Operand(text, stored=read_sketch_file(text), manifest=beside if beside.is_file() else None)
    try:
        source = open_source(text, schema=schema, union_by_name=union_by_name, raw=raw)
    except SourceError as error:
        return _snapshot_operand(text, registry, manifests or Manifests.of(), error)
    return Operand(source.address, source=source)


def _snapshot_operand(text: str, registry: str | None, manifests: Manifests, error: SourceError) -> Operand:
    """A snapshot of the registry; if it cannot be one either, the error of the source with a word on that."""
    try:
        name, number = parse_reference(text)
    except SpecError:
        raise error from None
    if registry is None or os.path.exists(text):
        raise error
    try:
        with Registry.open(registry) as opened:
            snapshot = opened.snapshot(name, number)
            stored = stored_operand(opened.sketch(snapshot), snapshot.reference)
            return Operand(snapshot.reference, stored, manifest=manifests.find(opened.address, snapshot.sketch_key))
    except UnknownDatasetError as unknown:
        if os.sep in text:  # a path that does not exist, rather than a dataset
            raise error from None
        raise UnknownDatasetError(f"{text} is neither a source nor a snapshot: {unknown}") from None


def stored_operand(data: bytes, address: str) -> TableSketch:
    """The sketch in the bytes; SketchFormatError names where they came from."""
    try:
        return TableSketch.from_bytes(data)
    except SketchFormatError as error:
        raise SketchFormatError(f"{address}: {error}") from error


def _calls_itself_sketch(path: Path) -> bool:
    if path.suffix == ".sameset":
        return True
    try:
        with path.open("rb") as file:
            return file.read(6) == b"ARROW1" and is_sketch(path.read_bytes())
    except OSError:
        return False


def read_sketch_file(path: str) -> TableSketch:
    """The sketch in a file; SourceError if it cannot be read, SketchFormatError if it holds none."""
    try:
        if os.path.getsize(path) > LONGEST_SKETCH:
            raise SketchFormatError(f"{path}: the file is too large for a sketch; is it a dataset?")
        return stored_operand(Path(path).read_bytes(), path)
    except OSError as error:
        raise SourceError(f"{path}: the sketch file cannot be read: {error.strerror}") from error


def common_spec(operands: Sequence[Operand], **wanted: Unpack[Wanted]) -> Spec:
    """The spec to sketch with: that of a sketch at hand, so that the other side fits it, otherwise what is wanted.

    SpecError if something is wanted that a sketch at hand was made without.
    """
    stored = [operand for operand in operands if operand.stored is not None]
    for operand in stored:
        _expect_made_with(operand, Spec().altered(**wanted), [name for name in wanted if wanted.get(name) is not None])
    return stored[0].table.spec if stored else Spec().altered(**wanted)


def _expect_made_with(operand: Operand, wanted: Spec, names: Sequence[str]) -> None:
    for name in names:
        have, want = (getattr(spec, name) for spec in (operand.table.spec, wanted))
        same = set(have) == set(want) if name == "key" else have == want
        if not same:
            told = f"{_told(name, have)}, not {_told(name, want)}"
            raise SpecError(f"{operand.address} was sketched with {told}; leave {_option(name)} out")


def _option(name: str) -> str:
    return OPTIONS.get(name, f"--{name.replace('_', '-')}")


def _told(name: str, value: Any) -> str:
    if name == "delta_cells":
        return f"room for about {capacity_of(value):,} differing rows"
    if name == "keep_keys":
        return "readable keys" if value else "hidden keys"
    if isinstance(value, tuple):
        return f"{name} {', '.join(value)}" if value else f"no {name}"
    return f"{name} {value}" if value is not None else f"no {name}"
