"""Datasets of Hugging Face as `save_to_disk` writes them: Arrow streams in a folder, and notes in JSON on what they are."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa

from sameset.errors import SourceError, listed
from sameset.sources.arrow_ipc import batches_of, raw_schema_of
from sameset.sources.samples import SampleSource, column_of, pixel_decoder, split_by_bytes
from sameset.sources.scan import reading
from sameset.sources.schemas import conformed, marked, one_schema

__all__ = ["HuggingFaceSource", "is_dataset_folder"]

NOTES, STATE, SPLITS = "dataset_info.json", "state.json", "dataset_dict.json"
MOST_NOTE_BYTES = 1 << 24
EXTENSION_KEYS = (b"ARROW:extension:name", b"ARROW:extension:metadata")
OWN_TYPES = b"datasets.features."  # nested lists whose shape is written in the type's name


def is_dataset_folder(folder: str) -> bool:
    """Whether a folder holds a dataset of Hugging Face, or several splits of one."""
    has = {name for name in (NOTES, STATE, SPLITS) if os.path.isfile(os.path.join(folder, name))}
    return SPLITS in has or {NOTES, STATE} <= has


class HuggingFaceSource(SampleSource):
    """The rows of a dataset on disk, or of one split of several: images are their pixels, or, if `raw`, their bytes.

    A class label is its number.
    """

    def __init__(self, folder: str, split: str | None = None, raw: bool = False) -> None:
        super().__init__(folder if split is None else f"{folder}::{split}", raw)
        self._folder = _folder_of(folder, split)

    def _arrow_schema(self) -> pa.Schema:
        kind = pixel_decoder(self.address, self.raw)[0] if self._images else None
        return pa.schema([field.with_type(kind) if field.name in self._images else field for field in self._stored])

    @cached_property
    def _files(self) -> tuple[str, ...]:
        """The Arrow files in their order."""
        place = os.path.join(self._folder, STATE)
        state = _read_json(place)
        if state.get("_indices_data_files") or state.get("_indices_files"):
            raise SourceError(
                f"{self.address} holds a choice of the rows in its files; save it again after flatten_indices()"
            )
        try:
            names = [str(each["filename"]) for each in state["_data_files"]]
        except (KeyError, TypeError):
            raise SourceError(f"{place} does not say which files the dataset has; save the dataset again") from None
        if odd := next((name for name in names if os.path.basename(name) != name or name in ("", ".", "..")), None):
            raise SourceError(f"{place} names the file {odd!r}, which is not beside it; save the dataset again")
        return tuple(os.path.join(self._folder, name) for name in names)

    @cached_property
    def _stored(self) -> pa.Schema:
        """The columns as the files have them."""
        schemas = [_plain(raw_schema_of(file)) for file in self._files]
        if not schemas:
            raise SourceError(f"{self.address} has no files of rows; save the dataset again")
        return one_schema(self.address, self._files, schemas, False)

    @cached_property
    def _images(self) -> frozenset[str]:
        """The columns of images: bytes, and the name of the file that they came from."""
        features = _read_json(os.path.join(self._folder, NOTES)).get("features")
        named = features if isinstance(features, dict) else {}
        images = {
            name for name, feature in named.items() if isinstance(feature, dict) and feature.get("_type") == "Image"
        }
        return frozenset(name for name in images & set(self._stored.names) if _has_bytes(self._stored.field(name).type))

    def _shares(self) -> int:
        return 64 if self._images and not self.raw else len(self._files)

    def _share(self, number: int, count: int, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        schema = pa.schema([self.schema().field(name) for name in columns])
        stored = pa.schema([self._stored.field(name) for name in columns])
        at = 0
        for file in self._files:
            with reading(file):
                row = 0
                for whole in batches_of(file):
                    for batch in split_by_bytes(whole.select(columns)):
                        if at % count == number:
                            plain = conformed(batch.replace_schema_metadata(None), stored)
                            yield self._decoded(plain, schema, f"{file}: row", row)
                        at, row = at + 1, row + batch.num_rows

    def _decoded(self, batch: pa.RecordBatch, schema: pa.Schema, place: str, row: int) -> pa.RecordBatch:
        arrays = [
            self._pixels(batch.column(i), f"{place} {{}}, column {field.name!r}", row) if field.name in self._images
            else batch.column(i)
            for i, field in enumerate(schema)
        ]  # fmt: skip
        return pa.RecordBatch.from_arrays(arrays, schema=schema) if arrays else batch

    def _pixels(self, array: pa.StructArray, place: str, row: int) -> pa.Array:
        kind, decode = pixel_decoder(self.address, self.raw)
        values = [
            None if image is None else decode(_bytes_of(image, place.format(row + i)), place.format(row + i))
            for i, image in enumerate(array.to_pylist())
        ]
        return column_of(values, kind)


def _folder_of(folder: str, split: str | None) -> str:
    """The folder of the split, or of the only dataset; SourceError lists the splits if none of them was named."""
    if not os.path.isfile(os.path.join(folder, SPLITS)):
        return folder
    splits = _read_json(os.path.join(folder, SPLITS)).get("splits")
    names = [str(name) for name in splits] if isinstance(splits, list) else []
    if split is None:
        raise SourceError(f"{folder} has several splits; name one as {folder}::SPLIT, of {listed(names)}")
    if split not in names or os.path.basename(split) != split:
        raise SourceError(f"{folder} has no split {split!r}; it has {listed(names)}")
    return os.path.join(folder, split)


def _read_json(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_NOTE_BYTES + 1)
        found = json.loads(data) if len(data) <= MOST_NOTE_BYTES else None
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read: {error}; save the dataset again") from error
    if not isinstance(found, dict):
        raise SourceError(f"{path} is no JSON object of at most {MOST_NOTE_BYTES:,} bytes; save the dataset again")
    return found


def _plain(schema: pa.Schema) -> pa.Schema:
    """The schema without the names that the package has for nested lists; unknown extension types are refused as elsewhere."""
    fields = []
    for field in schema:
        metadata = field.metadata or {}
        own = metadata.get(EXTENSION_KEYS[0], b"").startswith(OWN_TYPES)
        fields.append(field.remove_metadata() if own else field)
    return marked(pa.schema(fields)).remove_metadata()


def _has_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_struct(kind) and {"bytes", "path"} <= {field.name for field in kind})


def _bytes_of(image: dict[str, Any], place: str) -> bytes:
    if image["bytes"] is None:
        raise SourceError(
            f"{place} holds the name of an image alone; save the dataset with its images (embed_external_files)"
        )
    return bytes(image["bytes"])
