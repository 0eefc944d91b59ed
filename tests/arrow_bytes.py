"""Tables as the bytes of Arrow files, and back: what a hostile writer of sketches needs."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["arrow_file", "table_in"]


def arrow_file(table: pa.Table) -> bytes:
    """The table as an Arrow file."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def table_in(data: bytes) -> pa.Table:
    """The table in an Arrow file."""
    return pa.ipc.open_file(data).read_all()
