"""The one batch of an Arrow file, unpacked only after a look at how large it claims to be: 80 kB of zstd can hold gigabytes."""

from __future__ import annotations

import struct

import pyarrow as pa

__all__ = ["LARGEST", "only_batch"]

LARGEST = 1 << 30  #: bytes that a sketch has at most, packed or not
MAGIC_AND_PADDING = 8  # before the messages
# Places of the fields in the tables of Arrow's Message.fbs; its reader has verified the message by then.
HEADER, BUFFERS, COMPRESSION = 2, 2, 3


def only_batch(data: bytes, schema: pa.Schema) -> pa.Table:
    """The one batch of a file of this schema, valid; ValueError or an error of Arrow's if there is none, or one that is broken."""
    messages = iter(pa.ipc.MessageReader.open_stream(pa.py_buffer(data).slice(MAGIC_AND_PADDING)))
    first = next(messages, None)
    if first is None or first.type != "schema" or not pa.ipc.read_schema(first).equals(schema, check_metadata=True):
        raise ValueError("its fields are told twice and differently")
    batches: list[pa.RecordBatch] = []
    for message in messages:
        if message.type != "record batch" or batches:
            raise ValueError("it must hold one row")
        if _unpacked_size(message) > LARGEST:
            raise ValueError("it claims more data than a sketch has")
        batches.append(pa.ipc.read_record_batch(message, schema))
    table = pa.Table.from_batches(batches, schema)
    table.validate(full=True)
    return table


def _unpacked_size(message: pa.Message) -> int:
    """How many bytes the packed buffers of a batch claim to have."""
    metadata, body = message.metadata.to_pybytes(), message.body
    try:
        (root,) = struct.unpack_from("<I", metadata)
        batch = _followed(metadata, _field(metadata, root, HEADER))
        if _field(metadata, batch, COMPRESSION) is None:
            return 0
        buffers = _followed(metadata, _field(metadata, batch, BUFFERS))
        (count,) = struct.unpack_from("<I", metadata, buffers)
        places = struct.iter_unpack("<qq", metadata[buffers + 4 : buffers + 4 + 16 * count])
        # Each begins with its unpacked size, or with -1 where it is not packed.
        return sum(
            max(0, struct.unpack("<q", body.slice(start, 8).to_pybytes())[0]) for start, size in places if size > 0
        )
    except (struct.error, IndexError) as error:
        raise ValueError("its batch has no buffers where it says") from error


def _field(metadata: bytes, table: int, number: int) -> int | None:
    """Where a field of a flatbuffers table is; None if it is left out."""
    (back,) = struct.unpack_from("<i", metadata, table)
    (size,) = struct.unpack_from("<H", metadata, table - back)
    if 4 + 2 * number >= size:
        return None
    (offset,) = struct.unpack_from("<H", metadata, table - back + 4 + 2 * number)
    return table + offset if offset else None


def _followed(metadata: bytes, place: int | None) -> int:
    """Where the offset at a place leads."""
    if place is None:
        raise IndexError
    (offset,) = struct.unpack_from("<I", metadata, place)
    return int(place + offset)
