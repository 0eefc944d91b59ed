"""Table sketches as bytes: one row of an Arrow table, so that any language reads them and DuckDB queries thousands.

Bytes are for ever: a change of layout is a new FORMAT, and old formats stay readable. What is read is taken for hostile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sameset.canonical.batches import check_columns, pack_word
from sameset.canonical.buckets import NULL_KEY
from sameset.canonical.buffers import values_of
from sameset.canonical.families import Family
from sameset.canonical.keys import key_lanes
from sameset.canonical.murmur import hash_lightly
from sameset.errors import SamesetError, SketchFormatError
from sameset.sketches.arrow_files import only_batch
from sameset.sketches.buckets import ROW_WORDS, BucketTable
from sameset.sketches.column import ColumnSketch
from sameset.sketches.delta import PRIME, DeltaTable
from sameset.sketches.digest import RowDigest
from sameset.sketches.marks import MARK, is_marked, is_marked_lattice
from sameset.sketches.sample import Sample
from sameset.sketches.signature import Signature
from sameset.sketches.spec import Spec
from sameset.sketches.table import Column, TableSketch

if TYPE_CHECKING:
    from sameset.canonical.buckets import Bucketing
    from sameset.sketches.spec import SampleSize

__all__ = ["FORMAT", "FORMAT_WITH_BUCKETS", "is_sketch", "read_sketch", "write_sketch"]

FORMAT = 1
FORMAT_WITH_BUCKETS = 2  # written only where there are buckets, so that programs without them read all other sketches
MAGIC = b"ARROW1"
CHECK_SEED = 105
LONGEST_REASON = 300  # what is quoted in an error comes from the file
DAMAGED = "copy it again from where it was made, or make it anew with: sameset sketch SOURCE -o FILE"
MOST_ROWS = 2**56  # 72 million billions, so that no merge of a few sketches leaves 64 bits
EMPTY_BIN = np.uint64(2**64 - 1)

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
        "check": pa.string(),
    },
    metadata={MARK: str(FORMAT).encode()},
)
_KEYS = pa.list_(pa.field("item", pa.int64(), nullable=False))
_BUCKETS = pa.struct({"level": pa.uint8(), "keys": _KEYS, "sums": _WORDS})
_SCHEMAS = {
    FORMAT: _SCHEMA,
    FORMAT_WITH_BUCKETS: _SCHEMA.insert(len(_SCHEMA) - 1, pa.field("buckets", _BUCKETS)).with_metadata(
        {MARK: str(FORMAT_WITH_BUCKETS).encode()}
    ),
}


def write_sketch(sketch: TableSketch) -> bytes:
    """The bytes of a sketch."""
    row = _row(sketch)
    schema = _SCHEMAS[row["format"]]
    batch = pa.RecordBatch.from_arrays([_array(field.type, [row[field.name]]) for field in schema], schema=schema)
    sink = pa.BufferOutputStream()
    # An empty delta is 200 kB of zeros; zstd makes the sketch of a small table a small file.
    with pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _row(sketch: TableSketch) -> dict[str, Any]:
    row: dict[str, Any] = {
        "format": FORMAT if sketch.buckets is None else FORMAT_WITH_BUCKETS,
        "spec": sketch.spec.to_json(),
        "digest": sketch.text_digest,
        "row_count": sketch.row_count,
        "sums": sketch.digest.sums.ravel(),
        "columns": [_column_row(column, state) for column, state in zip(sketch.schema, sketch.columns, strict=True)],
        "rows": _sample_row(sketch.rows),
        "keys": _sample_row(sketch.keys),
        "signature": sketch.signature.bins,
        "delta": sketch.delta.cells.ravel(),
        **({} if sketch.buckets is None else {"buckets": _bucket_row(sketch.buckets)}),
    }
    h1, h2 = hash_lightly(_canonical(row), CHECK_SEED)
    return row | {"check": f"{h1:016x}{h2:016x}"}


def _canonical(value: Any) -> bytes:
    """What the check is computed over (docs/encoding.md, "Files")."""
    if isinstance(value, int):
        return pack_word(value)
    if isinstance(value, str):
        return pack_word(len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return b"".join(map(_canonical, value.values()))
    content = value.tobytes() if isinstance(value, np.ndarray) else b"".join(map(_canonical, value))
    return pack_word(len(value)) + content


def _column_row(column: Column, state: ColumnSketch) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "family": int(column.family),
        "nulls": state.nulls,
        "sums": state.sums,
        "values": _sample_row(state.values),
    }


def _array(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """An array without nulls, from buffers: `pa.array` would import pandas."""
    if pa.types.is_struct(kind):
        children = [_array(field.type, [value[field.name] for value in values]) for field in kind]
        return pa.Array.from_buffers(kind, len(values), [None], children=children)
    if pa.types.is_integer(kind):
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.array(values, kind.to_pandas_dtype()))])
    if pa.types.is_string(kind):
        values = [value.encode() for value in values]
    offsets = pa.py_buffer(np.cumsum([0, *map(len, values)], dtype=np.int32))
    if pa.types.is_string(kind):
        return pa.Array.from_buffers(kind, len(values), [None, offsets, pa.py_buffer(b"".join(values))])
    items = _array(kind.value_type, [item for value in values for item in value])
    return pa.Array.from_buffers(kind, len(values), [None, offsets], children=[items])


def _sample_row(sample: Sample) -> dict[str, Any]:
    return {"threshold": sample.threshold, "hashes": sample.hashes, "counts": sample.counts}


def _bucket_row(buckets: BucketTable) -> dict[str, Any]:
    return {"level": buckets.level, "keys": buckets.keys, "sums": buckets.sums.ravel()}


def is_sketch(data: bytes) -> bool:
    """Whether the bytes call themselves a table sketch, of whatever format; a lattice digest does too, and is refused when read."""
    if not data.startswith(MAGIC):
        return False
    try:
        return is_marked(pa.ipc.open_file(pa.py_buffer(data)).schema.metadata)
    except (pa.ArrowException, OSError, ValueError):
        return False


def read_sketch(data: bytes) -> TableSketch:
    """The sketch in the bytes; SketchFormatError, and nothing else, if there is none."""
    try:
        return _read_row(_open(data))
    except SketchFormatError:
        raise
    except (SamesetError, pa.ArrowException, ValueError, TypeError, KeyError, OverflowError) as error:
        told = str(error)[:LONGEST_REASON].split("; ")[0]
        raise SketchFormatError(f"the sketch is damaged: {told}; {DAMAGED}") from error
    except (OSError, MemoryError) as error:  # a compressed buffer that is not, or that claims to be huge
        raise SketchFormatError(f"the sketch is damaged: its data cannot be unpacked; {DAMAGED}") from error


def _open(data: bytes) -> pa.Table:
    if not data.startswith(MAGIC):
        raise SketchFormatError("these bytes are not a sameset sketch; make one with: sameset sketch SOURCE -o FILE")
    reader = pa.ipc.open_file(pa.py_buffer(data))
    mark = (reader.schema.metadata or {}).get(MARK)
    if mark is None:
        raise SketchFormatError("this Arrow file is not a sameset sketch; make one with: sameset sketch SOURCE -o FILE")
    if is_marked_lattice(reader.schema.metadata):
        raise SketchFormatError(
            "this is a lattice digest and no sketch; compare it with: sameset digest FILE --scheme lthash --expect OTHER"
        )
    schema = next((schema for schema in _SCHEMAS.values() if schema.metadata[MARK] == mark), None)
    if schema is None:
        found, known = repr(mark[:20])[2:-1], " and ".join(map(str, _SCHEMAS))
        raise SketchFormatError(
            f"the sketch has format {found} and this program reads formats {known}; use the program that wrote it, or sketch again"
        )
    if not reader.schema.equals(schema):
        raise ValueError("its fields are not those of its format")
    table = only_batch(data, reader.schema)
    if reader.num_record_batches != 1 or table.num_rows != 1 or any(column.null_count for column in table.columns):
        raise ValueError("it must hold one row without nulls")
    return table.combine_chunks()


def _read_row(table: pa.Table) -> TableSketch:
    row = {name: table.column(name)[0] for name in table.column_names}
    form, spec = row["format"].as_py(), Spec.from_json(row["spec"].as_py())
    if _SCHEMAS[form].metadata != table.schema.metadata:
        raise ValueError("its format is given twice and differently")
    if (form == FORMAT_WITH_BUCKETS) != (spec.bucket_by is not None):
        raise ValueError("its buckets do not fit its spec")
    rows = row["row_count"].as_py()
    if rows > MOST_ROWS:
        raise ValueError("it claims more rows than any table has")
    pairs = [_read_column(column, spec, rows) for column in row["columns"]]
    schema = tuple(column for column, _ in pairs)
    check_columns([column.name for column in schema], spec.key)
    sketch = TableSketch(
        spec,
        schema,
        RowDigest(rows, _words(row["sums"], 6).reshape(3, 2)),
        [state for _, state in pairs],
        _read_sample(row["rows"], spec.rows, rows),
        _read_signature(row["signature"], spec.bins),
        _read_delta(row["delta"], spec, schema),
        _read_sample(row["keys"], spec.rows, rows if spec.key else 0),
    )
    if spec.bucketing is not None:
        sketch.buckets = _read_buckets(row["buckets"], sketch, spec.bucketing)
    if sketch.text_digest != row["digest"].as_py():
        raise ValueError("its digest does not fit its sums")
    if _row(sketch)["check"] != row["check"].as_py():
        raise ValueError("its check does not fit its content")
    return sketch


def _words(value: Any, size: int | None = None) -> np.ndarray[Any, np.dtype[np.uint64]]:
    if not value.is_valid or value.values.null_count:
        raise ValueError("a list of words is missing, or one of its words")
    if size is not None and len(value.values) != size:
        raise ValueError(f"{len(value.values)} words where {size} belong")
    return np.array(values_of(value.values), np.uint64)


def _read_column(value: Any, spec: Spec, rows: int) -> tuple[Column, ColumnSketch]:
    row = _fields(value)
    family = Family(row["family"].as_py())
    column = Column(row["name"].as_py(), row["type"].as_py(), family)
    nulls = row["nulls"].as_py()
    if nulls > rows:
        raise ValueError("a column has more nulls than rows")
    values = _read_sample(row["values"], spec.values, rows - nulls)
    return column, ColumnSketch(family, _words(row["sums"], 2), nulls, values)


def _fields(value: Any) -> dict[str, Any]:
    """The fields of a struct, none of them null."""
    row = dict(value) if value.is_valid else {}
    if not row or not all(field.is_valid for field in row.values()):
        raise ValueError("a field is missing")
    return row


def _read_sample(value: Any, size: SampleSize, rows: int) -> Sample:
    """A sample that `rows` values can have, in the one form that its multiset has."""
    row = _fields(value)
    threshold, hashes, counts = row["threshold"].as_py(), _words(row["hashes"]), _words(row["counts"])
    if len(hashes) != len(counts) or len(hashes) > size.cap:
        raise ValueError("a sample's hashes and counts do not fit its size")
    if not (hashes[1:] > hashes[:-1]).all() or (len(hashes) and int(hashes[-1]) >= threshold):
        raise ValueError("a sample is not in order")
    sample = Sample(size, hashes, counts, threshold)
    seen = sum(counts.tolist())
    if not counts.all() or seen > rows or (seen < rows and sample.is_exact):
        raise ValueError("a sample's counts do not fit the number of rows")
    if not sample.is_settled:
        raise ValueError("a sample's threshold does not fit its hashes")
    return sample


def _read_signature(value: Any, bins: int) -> Signature:
    words = _words(value, bins)
    filled = words[words != EMPTY_BIN]
    if len(filled) and int(filled.max()) * bins >= 2**64:
        raise ValueError("a bin of the signature is out of range")
    return Signature(words)


def _read_delta(value: Any, spec: Spec, schema: tuple[Column, ...]) -> DeltaTable:
    families = {column.name: column.family for column in schema}
    words = key_lanes([families[name] for name in spec.key]) if spec.key else 0
    # The size first: a spec of a few bytes may ask for gigabytes of cells.
    cells = _words(value, spec.delta_cells * DeltaTable.cell_words(words)).reshape(spec.delta_cells, -1)
    if (cells[:, 1:] >= PRIME).any():
        raise ValueError("a delta cell is out of range")
    return DeltaTable(cells)


def _read_buckets(value: Any, sketch: TableSketch, bucketing: Bucketing) -> BucketTable:
    """Buckets that add up to the table: its rows, the sums of its rows and columns, the nulls of their column."""
    row, names = _fields(value), sketch.names
    if bucketing.column not in names:
        raise ValueError("there is no column that its buckets are of")
    at = names.index(bucketing.column)
    keys, sums = _words(row["keys"]).view(np.int64), _words(row["sums"])
    if len(sums) != len(keys) * (ROW_WORDS + len(names)):
        raise ValueError("the sums of its buckets are not of their number")
    buckets = BucketTable(row["level"].as_py(), keys, sums.reshape(len(keys), ROW_WORDS + len(names)))
    if not buckets.is_of(bucketing.suited(sketch.schema[at].family)):
        raise ValueError("its buckets are not in order")
    rows, nulls = buckets.sums[:, 0].tolist(), buckets.sums[keys == NULL_KEY, 0].tolist()
    whole = [sketch.row_count, *sketch.digest.named, *(state.digest[0] for state in sketch.columns)]
    if buckets.sums.sum(axis=0).tolist() != whole or sum(rows) != sketch.row_count or 0 in rows:
        raise ValueError("its buckets do not add up to the table")
    if sum(nulls) != sketch.columns[at].nulls:
        raise ValueError("its bucket of nulls does not fit the column")
    return buckets
