"""Manifests: every row hash of a table beside its sketch, as sorted Parquet (docs/manifests.md).

Written by the scan that makes the sketch, read only where the sketch's delta is over capacity.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sameset.errors import ManifestError, SourceError
from sameset.execution.scanning import silent
from sameset.execution.sketching import sketch_table
from sameset.execution.spills import RowSpill

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sameset.execution.resources import Resources
    from sameset.execution.scanning import Progress
    from sameset.sketches.spec import Spec
    from sameset.sketches.table import TableSketch
    from sameset.sources import Source

    Words = NDArray[np.uint64]

__all__ = [
    "SUFFIX",
    "Manifest",
    "manifest_beside",
    "open_manifest",
    "sketch_with_manifest",
    "temporary_manifest",
    "write_manifest",
]

SUFFIX = ".manifest.parquet"
FORMAT = 1
FACTS = b"sameset.manifest"
ROWS_PER_GROUP = 1 << 18  # a join reads whole groups: at 2 GiB some sixteen of them on each side at a time
LARGEST_FACTS = 1 << 20
BLOCK = 1 << 20
FOOTER_END = 8  # its length and the magic word


@dataclass(frozen=True)
class Manifest:
    """A manifest that was found to belong to its sketch; `entries` are its distinct rows."""

    path: Path
    entries: int
    key_lanes: int


def manifest_beside(sketch: str | os.PathLike[str]) -> Path:
    """Where the manifest of a sketch file is, if there is one: `orders.sameset.manifest.parquet`."""
    return Path(f"{os.fspath(sketch)}{SUFFIX}")


def sketch_with_manifest(
    source: Source | object, spec: Spec | None, path: Path, resources: Resources, progress: Progress = silent
) -> TableSketch:
    """The sketch of a source as `sketch_table` makes it, whose manifest the same scan writes to `path`, whole or not at all.

    Raises what `sketch_table` raises, and ManifestError where there is no room.
    """
    with RowSpill(resources) as spill:
        sketch = sketch_table(source, spec, progress=progress, tee=spill.add)
        write_manifest(path, sketch, spill)
    return sketch


def write_manifest(path: Path, sketch: TableSketch, spill: RowSpill) -> None:
    """Writes the rows of a scan as the manifest of the sketch that the same scan made: beside the place first, then there."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            _write(file, sketch, spill)
        beside.replace(path)
    except OSError as error:
        raise ManifestError(
            f"the manifest {path} cannot be written: {error.strerror or error}; free some space or choose another place"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def _write(file: IO[bytes], sketch: TableSketch, spill: RowSpill) -> None:
    sink, lanes, entries = _Sink(file), sketch.delta.key_lanes, 0
    schema = _schema(lanes)
    with pq.ParquetWriter(sink, schema, **_encodings(lanes)) as writer:
        for words in _grouped(spill.sorted_rows(lanes)):
            writer.write_table(pa.table([pa.array(np.ascontiguousarray(column)) for column in words.T], schema=schema))
            entries += len(words)
        facts = {
            "format": FORMAT,
            "digest": sketch.text_digest,
            "spec": sketch.spec.to_json(),
            "rows": sketch.row_count,
            "entries": entries,
            "checksum": sink.checksum.hexdigest(),
        }
        writer.add_key_value_metadata({FACTS: json.dumps(facts)})


def _schema(key_lanes: int) -> pa.Schema:
    names = ("row_1", "row_2", "count", *(f"key_{i + 1}" for i in range(key_lanes)))
    return pa.schema([pa.field(name, pa.uint64(), nullable=False) for name in names])


def _encodings(key_lanes: int) -> dict[str, Any]:
    """Sorted first lanes as small differences, second ones as they are (they are noise), bytes of keys by their place."""
    keys = [f"key_{i + 1}" for i in range(key_lanes)]
    return {
        "use_dictionary": ["count"],
        "column_encoding": {
            "row_1": "DELTA_BINARY_PACKED",
            "row_2": "PLAIN",
            **dict.fromkeys(keys, "BYTE_STREAM_SPLIT"),
        },
        "compression": {"row_1": "NONE", "row_2": "NONE", "count": "ZSTD", **dict.fromkeys(keys, "ZSTD")},
        "write_statistics": ["row_1"],
    }


def _grouped(parts: Iterator[Words]) -> Iterator[Words]:
    """The same rows in arrays of ROWS_PER_GROUP or some more."""
    waiting: list[Words] = []
    for words in parts:
        waiting.append(words)
        if sum(map(len, waiting)) >= ROWS_PER_GROUP:
            yield np.concatenate(waiting)
            waiting = []
    if any(map(len, waiting)):
        yield np.concatenate(waiting)


class _Sink:
    """A file that Arrow writes into, and the checksum of what was written."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.checksum = hashlib.sha256()

    def write(self, data: Any) -> int:
        self.checksum.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self.closed = True


def open_manifest(path: Path, sketch: TableSketch) -> Manifest:
    """The manifest at a path, once it is certain that it was written with this sketch and that no byte has changed.

    Raises ManifestError otherwise. Who forges a manifest on purpose is found by the join: the rows that it finds must
    account for the difference of the digests.
    """
    try:
        with path.open("rb") as file, pq.ParquetFile(file) as opened:
            facts = _facts(opened.metadata)
            lanes, entries = sketch.delta.key_lanes, opened.metadata.num_rows
            if not opened.schema_arrow.equals(_schema(lanes)):
                raise ValueError("its columns are not those of the sketch's manifest")
            if (facts["digest"], facts["rows"]) != (sketch.text_digest, sketch.row_count):
                raise ValueError("it belongs to another table, or to another delivery of this one")
            if facts["spec"] != sketch.spec.to_json():
                raise ValueError("it was written with other options than the sketch")
            if facts["entries"] != entries or facts["checksum"] != _checksum(file):
                raise ValueError("it is damaged: its checksum is another")
    except (OSError, ValueError, KeyError, TypeError, RecursionError, pa.ArrowException) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0][:200]
        if isinstance(error, pa.ArrowException):  # whose messages are sentences of their own
            told = "it is damaged, or no Parquet file"
        raise ManifestError(
            f"the manifest {path} cannot be used: {told}; write it anew, or delete it to do without"
        ) from error
    return Manifest(path, entries, lanes)


def _facts(metadata: pq.FileMetaData) -> dict[str, Any]:
    text = (metadata.metadata or {}).get(FACTS)
    if text is None or len(text) > LARGEST_FACTS:
        raise ValueError("it is no manifest")
    facts = json.loads(text)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise ValueError("it is a manifest of a format that this program does not read")
    return facts


def _checksum(file: IO[bytes]) -> str:
    """SHA-256 of the bytes before the footer, in hexadecimal digits."""
    size = file.seek(-FOOTER_END, os.SEEK_END)
    rest = size - int.from_bytes(file.read(4), "little")
    file.seek(0)
    checksum = hashlib.sha256()
    while rest > 0 and (block := file.read(min(BLOCK, rest))):
        checksum.update(block)
        rest -= len(block)
    return checksum.hexdigest()


@contextmanager
def temporary_manifest(
    source: Source, sketch: TableSketch, spec: Spec, resources: Resources, progress: Progress = silent
) -> Iterator[Manifest]:
    """The manifest of a source that is read again for it, there while the block lasts.

    SourceError if the source is no longer what was sketched.
    """
    with TemporaryDirectory(dir=resources.folder, prefix="sameset-") as folder:
        path = Path(folder) / f"rows{SUFFIX}"
        again = sketch_with_manifest(source, spec, path, resources, progress)
        if (again.row_count, again.digest.named) != (sketch.row_count, sketch.digest.named):
            raise SourceError(f"{source.address} changed between two readings; compare it again")
        yield open_manifest(path, again)
