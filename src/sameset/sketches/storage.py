"""Table sketches as bytes: one row of an Arrow table, so that any language reads them and DuckDB queries thousands.

Bytes are for ever: a change of layout is a new FORMAT, and old formats stay readable. What is read is taken for hostile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sameset.canonical.families import Family
from sameset.canonical.keys import key_lanes
from sameset.errors import SamesetError, SketchFormatError
from sameset.sketches.column import ColumnSketch
from sameset.sketches.delta import PRIME, DeltaTable
from sameset.sketches.digest import RowDigest
from sameset.sketches.sample import Sample
from sameset.sketches.signature import Signature
from sameset.sketches.spec import Spec
from sameset.sketches.table import Column, TableSketch

if TYPE_CHECKING:
    from sameset.sketches.spec import SampleSize

__all__ = ["FORMAT", "is_sketch", "read_sketch", "write_sketch"]

FORMAT = 1
MARK = b"sameset"
MAGIC = b"ARROW1"

_WORDS = pa.list_(pa.field("item", pa.uint64(), nullable=False))
_SAMPLE = pa.struct({"threshold": pa.uint64(), "hashes": _WORDS, "counts": _WORDS})
_COLUMN = pa.struct(
    {
        "name": pa.string(),
        "type": pa.string(),
        "family": pa.uint8(),
        "nulls": pa.uint64(),
        "sums": _WORDS,
        "values": _SAMPLE,
    }
)
_SCHEMA = pa.schema(
    {
        "format": pa.uint16(),
        "spec": pa.string(),
        "digest": pa.string(),
        "row_count": pa.uint64(),
        "sums": _WORDS,
        "columns": pa.list_(_COLUMN),
        "rows": _SAMPLE,
        "keys": _SAMPLE,
        "signature": _WORDS,
        "delta": _WORDS,
    },
    metadata={MARK: str(FORMAT).encode()},
)


def write_sketch(sketch: TableSketch) -> bytes:
    """The bytes of a sketch."""
    row = {
        "format": FORMAT,
        "spec": sketch.spec.to_json(),
        "digest": sketch.text_digest,
        "row_count": sketch.row_count,
        "sums": sketch.digest.sums.ravel(),
        "columns": [_column_row(column, state) for column, state in zip(sketch.schema, sketch.columns, strict=True)],
        "rows": _sample_row(sketch.rows),
        "keys": _sample_row(sketch.keys),
        "signature": sketch.signature.bins,
        "delta": sketch.delta.cells.ravel(),
    }
    table = pa.Table.from_arrays([pa.array([row[field.name]], field.type) for field in _SCHEMA], schema=_SCHEMA)
    sink = pa.BufferOutputStream()
    # An empty delta is 200 kB of zeros; zstd makes the sketch of a small table a small file.
    with pa.ipc.new_file(sink, _SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _column_row(column: Column, state: ColumnSketch) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "family": int(column.family),
        "nulls": state.nulls,
        "sums": state.sums,
        "values": _sample_row(state.values),
    }


def _sample_row(sample: Sample) -> dict[str, Any]:
    return {"threshold": sample.threshold, "hashes": sample.hashes, "counts": sample.counts}


def is_sketch(data: bytes) -> bool:
    """Whether the bytes call themselves a table sketch, of whatever format."""
    if not data.startswith(MAGIC):
        return False
    try:
        return MARK in (pa.ipc.open_file(pa.py_buffer(data)).schema.metadata or {})
    except (pa.ArrowException, OSError, ValueError):
        return False


def read_sketch(data: bytes) -> TableSketch:
    """The sketch in the bytes; SketchFormatError, and nothing else, if there is none."""
    try:
        return _read_row(_open(data))
    except SketchFormatError:
        raise
    except (SamesetError, pa.ArrowException, ValueError, TypeError, KeyError, OverflowError) as error:
        raise SketchFormatError(f"the sketch is damaged: {error}") from error
    except (OSError, MemoryError) as error:  # a compressed buffer that is not, or that claims to be huge
        raise SketchFormatError("the sketch is damaged: its data cannot be unpacked") from error


def _open(data: bytes) -> pa.Table:
    if not data.startswith(MAGIC):
        raise SketchFormatError("these bytes are not a sameset sketch; make one with: sameset sketch SOURCE -o FILE")
    reader = pa.ipc.open_file(pa.py_buffer(data))
    mark = (reader.schema.metadata or {}).get(MARK)
    if mark is None:
        raise SketchFormatError("this Arrow file is not a sameset sketch; make one with: sameset sketch SOURCE -o FILE")
    if mark != str(FORMAT).encode():
        found = mark[:20].decode("ascii", "replace")
        raise SketchFormatError(
            f"the sketch has format {found} and this program reads format {FORMAT}; use the program that wrote it, or sketch again"
        )
    if not reader.schema.equals(_SCHEMA):
        raise SketchFormatError("the sketch is damaged: its fields are not those of its format")
    table = reader.read_all()
    table.validate(full=True)
    if table.num_rows != 1 or any(column.null_count for column in table.columns):
        raise SketchFormatError("the sketch is damaged: it must hold one row without nulls")
    return table.combine_chunks()


def _read_row(table: pa.Table) -> TableSketch:
    row = {name: table.column(name)[0] for name in table.column_names}
    if row["format"].as_py() != FORMAT:
        raise ValueError("its format is given twice and differently")
    spec = Spec.from_json(row["spec"].as_py())
    pairs = [_read_column(column, spec) for column in row["columns"]]
    schema = tuple(column for column, _ in pairs)
    sketch = TableSketch(
        spec,
        schema,
        RowDigest(row["row_count"].as_py(), _words(row["sums"], 6).reshape(3, 2)),
        [state for _, state in pairs],
        _read_sample(row["rows"], spec.rows),
        Signature(_words(row["signature"], spec.bins)),
        _read_delta(row["delta"], spec, schema),
        _read_sample(row["keys"], spec.rows),
    )
    if sketch.text_digest != row["digest"].as_py():
        raise ValueError("its digest does not fit its sums")
    return sketch


def _words(value: Any, size: int | None = None) -> np.ndarray[Any, np.dtype[np.uint64]]:
    words = np.array(value.values.to_numpy(zero_copy_only=False), np.uint64)
    if size is not None and len(words) != size:
        raise ValueError(f"{len(words)} words where {size} belong")
    return words


def _read_column(value: Any, spec: Spec) -> tuple[Column, ColumnSketch]:
    row = dict(value)
    family = Family(row["family"].as_py())
    column = Column(str(row["name"].as_py()), str(row["type"].as_py()), family)
    values = _read_sample(row["values"], spec.values)
    return column, ColumnSketch(family, _words(row["sums"], 2), row["nulls"].as_py(), values)


def _read_sample(value: Any, size: SampleSize) -> Sample:
    row = dict(value)
    threshold, hashes, counts = row["threshold"].as_py(), _words(row["hashes"]), _words(row["counts"])
    if len(hashes) != len(counts) or len(hashes) > max(size.cap, size.size):
        raise ValueError("a sample's hashes and counts do not fit its size")
    if len(hashes) and (not (hashes[1:] > hashes[:-1]).all() or int(hashes[-1]) >= threshold or not counts.all()):
        raise ValueError("a sample is not in order")
    return Sample(size, hashes, counts, threshold)


def _read_delta(value: Any, spec: Spec, schema: tuple[Column, ...]) -> DeltaTable:
    families = {column.name: column.family for column in schema}
    words = key_lanes([families[name] for name in spec.key]) if spec.key else 0
    delta = DeltaTable.empty(spec.delta_cells, words)
    cells = _words(value, delta.cells.size).reshape(delta.cells.shape)
    if (cells[:, 1:] >= PRIME).any():
        raise ValueError("a delta cell is out of range")
    return DeltaTable(cells)
