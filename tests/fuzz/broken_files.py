"""Reads files broken at random, in a process of its own: `python broken_files.py KIND FIRST COUNT FOLDER`.

Case n of a kind is the same file for ever: it depends on nothing but n. One line of JSON per case says what came of it:
"refused" with a SamesetError, "read", or the error that no reader should ever see. A crash leaves the last line
incomplete; a case that takes longer than 20 seconds ends the process with a traceback.
"""

from __future__ import annotations

import faulthandler
import json
import random
import resource
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sameset.errors import SamesetError
from sameset.execution.operands import read_sketch_file
from sameset.execution.sketching import sketch_table
from sameset.sketches.spec import SampleSize, Spec
from sameset.sources import open_source

__all__ = ["KINDS"]

SECONDS_A_CASE = 20
MOST_MEMORY = 16 << 30  # of addresses, so that a size out of thin air is refused by the system, too
SPEC = Spec(rows=SampleSize(16, 4, 64), values=SampleSize(8, 4, 16), bins=16, delta_cells=64)
ROWS = range(60)
PLAIN = pa.table(
    {
        "id": pa.array(ROWS, pa.int64()),
        "text": pa.array([None if i % 7 == 0 else f"text {i % 5}" for i in ROWS]),
        "price": pa.array([Decimal(i) / 100 for i in ROWS], pa.decimal128(9, 2)),
        "weight": pa.array([i / 8 for i in ROWS]),
        "flag": pa.array([i % 3 == 0 for i in ROWS]),
        "day": pa.array([date(2024, 1, 1 + i % 28) for i in ROWS]),
        "at": pa.array([datetime(2024, 1, 1, i % 24, tzinfo=UTC) for i in ROWS], pa.timestamp("us", "UTC")),
    }
)
NESTED = PLAIN.select(["id"]).append_column("tags", pa.array([[str(i)] * (i % 4) for i in ROWS]))
NESTED = NESTED.append_column("point", pa.array([{"x": i, "y": [i / 2]} if i % 5 else None for i in ROWS]))
NESTED = NESTED.append_column("word", pa.array([f"word {i % 4}" for i in ROWS]).dictionary_encode())
ENCODED = NESTED.append_column("view", PLAIN["text"].combine_chunks().cast(pa.string_view()))
ENCODED = ENCODED.append_column("map", pa.array([[(str(i), i)] for i in ROWS], pa.map_(pa.string(), pa.int32())))
ENCODED = ENCODED.append_column(
    "runs", pa.RunEndEncodedArray.from_arrays(pa.array([10, 35, 60], pa.int32()), pa.array(["a", None, "b"]))
)
ENCODED = ENCODED.append_column("lists", pa.array([[i] * (i % 3) for i in ROWS], pa.list_view(pa.int16())))


def parquet(table: pa.Table, **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=25, **options)
    return bytes(sink.getvalue())


def arrow(table: pa.Table, make: Callable[..., pa.RecordBatchWriter], compression: str | None) -> bytes:
    sink = pa.BufferOutputStream()
    with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=25)
    return bytes(sink.getvalue())


def csv(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(table, sink)
    return bytes(sink.getvalue())


def json_lines(table: pa.Table) -> bytes:
    return "\n".join(json.dumps(row, default=str) for row in table.to_pylist()).encode()


#: The files that are broken, by kind; the ending tells the reader what it is to be.
KINDS: dict[str, tuple[str, list[Callable[[], bytes]]]] = {
    "sketch": (".sameset", [lambda: sketch_table(PLAIN, SPEC).to_bytes()]),
    "arrow": (
        ".arrow",
        [
            lambda: arrow(PLAIN, pa.ipc.new_file, None),
            lambda: arrow(ENCODED, pa.ipc.new_file, None),
            lambda: arrow(ENCODED, pa.ipc.new_file, "zstd"),
            lambda: arrow(ENCODED, pa.ipc.new_stream, None),
            lambda: arrow(NESTED, pa.ipc.new_stream, "lz4"),
        ],
    ),
    "parquet": (
        ".parquet",
        [
            lambda: parquet(PLAIN),
            lambda: parquet(NESTED),
            lambda: parquet(PLAIN, compression="zstd", use_dictionary=False),
            lambda: parquet(NESTED, compression="none", data_page_version="2.0"),
        ],
    ),
    "footer": (".parquet", [lambda: parquet(PLAIN, compression="none"), lambda: parquet(NESTED)]),
    "csv": (".csv", [lambda: csv(PLAIN)]),
    "jsonl": (".jsonl", [lambda: json_lines(PLAIN), lambda: json_lines(NESTED)]),
}
NUMBERS = [b"\0" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\1\0\0\0", b"\xff" * 8, b"\xff" * 7 + b"\x7f"]
SIGNS = [b'"', b",", b"\n", b"\r", b"\0", b"{", b"}", b"\\", b"[", b"\xff", b"\xc3", b"null", b"1e999", b"-", b"NaN"]


def broken(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one to four things wrong with them."""
    found = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        at = chance.randrange(len(found) + 1)
        size = chance.choice([1, 1, 4, 8, 64, 500])
        way = chance.randrange(8)
        if way == 0 and at < len(found):
            found[at] ^= 1 << chance.randrange(8)
        elif way == 1:
            found[at : at + size] = chance.randbytes(min(size, len(found) - at))
        elif way == 2:
            number = chance.choice(NUMBERS)
            found[at - at % 4 : at - at % 4 + len(number)] = number
        elif way == 3:
            del found[at : at + size]
        elif way == 4:
            found[at:at] = chance.choice(SIGNS) if chance.random() < 0.7 else chance.randbytes(size)
        elif way == 5:
            found[at:at] = found[max(at - size, 0) : at]
        elif way == 6:
            other = chance.randrange(len(found) + 1)
            piece = found[other : other + size]
            found[at : at + len(piece)] = piece
        elif chance.random() < 0.2:
            del found[at:]
    return bytes(found)


def broken_of(kind: str, data: bytes, chance: random.Random) -> bytes:
    """A broken file of a kind; of a footer nothing else is broken, and its length and magic stay."""
    if kind != "footer":
        return broken(data, chance)
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = broken(data[start:-8], chance)
    return data[:start] + footer + len(footer).to_bytes(4, "little") + data[-4:]


def outcome(kind: str, path: Path, original: bytes) -> str:
    """What came of reading a broken file; a sketch that is read must be the one that was written."""
    try:
        if kind == "sketch":
            wrong = read_sketch_file(str(path)).to_bytes() != original
            return "read another sketch" if wrong else "read"
        sketch_table(open_source(path), SPEC)
        return "read"
    except SamesetError as error:
        told = str(error)
        return "refused" if "; " in told and told.isprintable() else f"refused without what to do: {told!r}"[:300]
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:300]


def main() -> None:
    kind, first, count, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    faulthandler.enable()
    ending, makers = KINDS[kind]
    originals = [make() for make in makers]
    for number in range(first, first + count):
        chance = random.Random(f"{kind} {number}")
        original = chance.choice(originals)
        path = folder / f"{kind}-{number}{ending}"
        path.write_bytes(broken_of(kind, original, chance))
        sys.stdout.write(f'{{"case": {number}, "outcome": ')
        sys.stdout.flush()
        faulthandler.dump_traceback_later(SECONDS_A_CASE, exit=True)
        found = outcome(kind, path, original)
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.write(f"{json.dumps(found)}}}\n")
        path.unlink()


if __name__ == "__main__":
    main()
