"""Lattice digests as bytes: one row of an Arrow table, like table sketches. Of a key they hold the name alone.

Bytes are for ever: a change of layout is a new SCHEME, and old ones stay readable. What is read is taken for hostile.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from sameset.canonical.batches import pack_word
from sameset.canonical.blake3 import output
from sameset.canonical.buffers import values_of
from sameset.canonical.forms import MOST_DIGITS
from sameset.errors import SketchFormatError
from sameset.sketches.arrow_files import only_batch
from sameset.sketches.lattice import LANES, SCHEME, LatticeDigest, LatticeSpec, in_order
from sameset.sketches.marks import MARK, is_marked_lattice

__all__ = ["is_lattice", "read_lattice", "write_lattice"]

MAGIC = b"ARROW1"
LONGEST_REASON = 300  # what is quoted in an error comes from the file
DAMAGED = (
    "copy it again from where it was made, or make it anew with: sameset digest SOURCE --scheme lthash --store FILE"
)

_LANES = pa.list_(pa.field("item", pa.uint32(), nullable=False))
_SCHEMA = pa.schema(
    {"spec": pa.string(), "digest": pa.string(), "row_count": pa.int64(), "lanes": _LANES, "check": pa.string()},
    metadata={MARK: SCHEME.encode()},
)


def write_lattice(digest: LatticeDigest) -> bytes:
    """The bytes of a lattice digest."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, _SCHEMA) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist([_row(digest)], schema=_SCHEMA))
    return bytes(sink.getvalue())


def _row(digest: LatticeDigest) -> dict[str, Any]:
    spec = json.dumps(asdict(digest.spec), sort_keys=True, separators=(",", ":"))
    row = {"spec": spec, "digest": digest.text, "row_count": digest.rows, "lanes": digest.lanes.tolist()}
    return row | {"check": _check(spec, digest)}


def _check(spec: str, digest: LatticeDigest) -> str:
    """BLAKE3 of all other fields (docs/schemes.md, "Files")."""
    texts = [pack_word(len(text.encode())) + text.encode() for text in (spec, digest.text)]
    state = pack_word(digest.rows % 2**64) + digest.lanes.astype("<u4").tobytes()
    return output(b"".join(texts) + state).hex()


def is_lattice(data: bytes) -> bool:
    """Whether the bytes call themselves a lattice digest, of whatever version."""
    if not data.startswith(MAGIC):
        return False
    try:
        return is_marked_lattice(pa.ipc.open_file(pa.py_buffer(data)).schema.metadata)
    except (pa.ArrowException, OSError, ValueError):
        return False


def read_lattice(data: bytes) -> LatticeDigest:
    """The lattice digest in the bytes; SketchFormatError, and nothing else, if there is none."""
    if not is_lattice(data):
        raise SketchFormatError(
            "these bytes are no lattice digest; make one with: sameset digest SOURCE --scheme lthash --store FILE"
        )
    try:
        return _read_row(_open(data))
    except SketchFormatError:
        raise
    except (pa.ArrowException, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        told = str(error)[:LONGEST_REASON].split("; ")[0]
        raise SketchFormatError(f"the lattice digest is damaged: {told}; {DAMAGED}") from error
    except (OSError, MemoryError) as error:  # a compressed buffer that is not, or that claims to be huge
        raise SketchFormatError(f"the lattice digest is damaged: its data cannot be unpacked; {DAMAGED}") from error


def _open(data: bytes) -> pa.Table:
    reader = pa.ipc.open_file(pa.py_buffer(data))
    mark = reader.schema.metadata[MARK]
    if mark != SCHEME.encode():
        found = repr(mark[:20])[2:-1]
        raise SketchFormatError(
            f"the lattice digest is of version {found} and this program reads {SCHEME}; use the program that wrote it"
        )
    if not reader.schema.equals(_SCHEMA):
        raise ValueError("its fields are not those of its version")
    table = only_batch(data, reader.schema)
    if reader.num_record_batches != 1 or table.num_rows != 1 or any(column.null_count for column in table.columns):
        raise ValueError("it must hold one row without nulls")
    return table.combine_chunks()


def _read_row(table: pa.Table) -> LatticeDigest:
    row = {name: table.column(name)[0] for name in table.column_names}
    stored = row["lanes"].values
    if len(stored) != LANES or stored.null_count:
        raise ValueError(f"{len(stored)} lanes where {LANES} belong, or one of them is missing")
    lanes = np.array(values_of(stored), np.uint32)
    spec = row["spec"].as_py()
    digest = LatticeDigest(_read_spec(json.loads(spec)), row["row_count"].as_py(), lanes)
    if digest.text != row["digest"].as_py():
        raise ValueError("its digest does not fit its lanes")
    if _check(spec, digest) != row["check"].as_py() or _row(digest)["spec"] != spec:
        raise ValueError("its check does not fit its content")
    return digest


def _read_spec(found: dict[str, Any]) -> LatticeSpec:
    spec = LatticeSpec(**(found | {"names": tuple(found["names"])}))
    if not (isinstance(spec.key, str) and re.fullmatch("([0-9a-f]{16})?", spec.key)):
        raise ValueError("its key has no name of 16 hexadecimal digits")
    if not all(isinstance(name, str) for name in spec.names) or spec.names != in_order(list(set(spec.names))):
        raise ValueError("its columns are not names in order")
    if spec.digits is not None and not (type(spec.digits) is int and 1 <= spec.digits <= MOST_DIGITS):
        raise ValueError(f"its digits are not 1 to {MOST_DIGITS}")
    if not isinstance(spec.nfc, bool) or not isinstance(spec.where, str | None):
        raise ValueError("its form or condition is of another kind")
    return spec
