"""Tables as the bytes of Arrow files, and back; and batches of types that only other programs make."""

from __future__ import annotations

import ctypes

import pyarrow as pa

__all__ = ["arrow_file", "of_format", "table_in"]


def arrow_file(table: pa.Table) -> bytes:
    """The table as an Arrow file."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def table_in(data: bytes) -> pa.Table:
    """The table in an Arrow file."""
    return pa.ipc.open_file(data).read_all()


class CSchema(ctypes.Structure):
    """The schema of Arrow's C data interface."""


CSchema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(CSchema))),
    *((name, ctypes.c_void_p) for name in ("dictionary", "release", "private_data")),
]
ARRAY_BYTES = 80


def of_format(batch: pa.RecordBatch, column: int, kind: bytes) -> pa.RecordBatch:
    """The batch with a column said to be of another type, such as `tiM`, an interval of months."""
    schema, array = CSchema(), ctypes.create_string_buffer(ARRAY_BYTES)
    places = ctypes.addressof(array), ctypes.addressof(schema)
    batch._export_to_c(*places)
    schema.children[column].contents.format = kind
    return pa.RecordBatch._import_from_c(*places)
