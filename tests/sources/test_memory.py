"""Memory stays flat in the number of rows, whatever the place."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from databases import load_mysql
from pyarrow import fs
from source_rows import write_iceberg

Write = Callable[[str, pa.Table], Any]

SCRIPT = str(Path(__file__).with_name("peak_of_source.py"))
FEW, MANY = 1_000_000, 3_000_000
#: 2,000,000 more rows are 270 MB of text, so half of that tells a table that is held whole from buffers that fill up once:
#: DuckDB takes 32 MB for CSV at a time, and a compressed object over S3 reached its plateau at 425 MB, after 3,000,000 rows.
MARGIN = 135_000_000
# Arrow files are mapped: what was read of them counts as memory until the system wants it back.
KINDS = (
    *("parquet", "csv", "json lines gz", "s3 parquet", "s3 csv gz", "delta", "s3 delta", "iceberg"),
    *("postgres table", "postgres sqlalchemy", "mysql table", "sqlite table"),
)


def peak(address: str) -> tuple[int, int]:
    done = subprocess.run([sys.executable, SCRIPT, address], capture_output=True, text=True, check=True, timeout=280)
    rows, peak_bytes = done.stdout.split()
    return int(rows), int(peak_bytes)


def table_of(count: int) -> pa.Table:
    texts = [hashlib.sha256(str(i).encode()).hexdigest() * 2 for i in range(1_000)]
    numbers = pa.array(range(count), pa.int64())
    picks = pa.array([i * 7919 % 1_000 for i in range(count)])
    return pa.table({"id": numbers, "text": pa.array(texts).take(picks)}).combine_chunks()


def put(kind: str, table: pa.Table, folder: Path, write: Write) -> Any:
    """The table as a place of a kind; what is slow to write row by row is written by DuckDB, and Iceberg in several files."""
    folder.mkdir()
    files = {"csv": "x.csv", "mysql table": "x.csv", "json lines gz": "x.jsonl.gz", "s3 csv gz": "x.csv.gz"}
    if kind == "iceberg":
        return write_iceberg(table, folder, parts=table.num_rows // 250_000)
    if kind not in files:
        return write(kind, table)
    path = str(folder / files[kind])
    with duckdb.connect() as con:
        con.register("arriving", table)
        con.execute(f"COPY arriving TO '{path}'")
    if kind == "mysql table":
        address = write(kind, table.slice(0, 0))
        load_mysql(path, address)
        return address
    return copied(path) if kind.startswith("s3") else path


def copied(path: str) -> str:
    """The file as an object of the store."""
    address = f"bucket/{Path(path).parent.name}/{Path(path).name}"
    store = fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
    fs.copy_files(path, address, destination_filesystem=store)
    return f"s3://{address}"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_flat_in_the_number_of_rows(kind: str, write: Write, tmp_path: Path, object_store: str) -> None:
    peaks = {}
    for count in (FEW, MANY):
        rows, peaks[count] = peak(put(kind, table_of(count), tmp_path / str(count), write))
        assert rows == count
    assert peaks[MANY] - peaks[FEW] < MARGIN, peaks
