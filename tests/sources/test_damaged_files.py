"""Files that break off, are damaged, misnamed or encrypted are refused with one sentence that says so."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from refusals import read, refusal

TABLE = pa.table({"a": list(range(1_000)), "b": ["x"] * 1_000})
PACKED = gzip.compress(b"a,b\n1,2\n", mtime=0)  # the same bytes always: pytest names tests by them


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.99])
def test_a_truncated_parquet_file_is_refused(kept: float, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(TABLE, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    assert str(path) in refusal(path)


@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])
def test_a_truncated_arrow_file_is_refused(new: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.arrow"
    with new(str(path), TABLE.schema) as writer:
        writer.write_table(TABLE, 100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert str(path) in refusal(path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.csv.gz", b"a,b\n1,2\n", "not compressed as its ending says"),
        ("x.jsonl.zst", b'{"a": 1}\n', "not compressed as its ending says"),
        ("x.csv.gz", PACKED[:-4], "breaks off; fetch or write it again"),
        ("x.csv.gz", PACKED[:-8] + bytes(8), "content is damaged; fetch or write it again"),
        ("x.parquet", b"a,b\n1,2\n3,4\n", "no Parquet file, or breaks off before its end; fetch or write it again"),
        ("x.parquet", b"PAR1", "no Parquet file, or breaks off before its end; fetch or write it again"),
        ("x.arrow", b"ARROW1\0\0" * 9, "breaks off before its end"),
        ("x.jsonl", b'\xef\xbb\xbf{"a": 1}\n', "begins with a byte order mark"),
    ],
)
def test_a_damaged_or_misnamed_file_is_told_what_to_do(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert told in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "place", "byte", "told"),
    [
        ("x.duckdb", 4_096, 1, "a block does not fit its checksum; restore it from a backup"),
        ("x.duckdb", 9, 1, "it is no DuckDB database, or damaged; check the path"),
        ("x.duckdb", None, 1, "it is shorter than it says; copy it again while no program writes"),
        ("x.npy", 131, 0x7F, "a text has a character that is none of Unicode; save it again"),
    ],
)
def test_databases_and_arrays_that_are_damaged_are_told_what_to_do(
    name: str, place: int | None, byte: int, told: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if name == "x.npy":
        np.save(path, np.array(["a", "b"]))
    else:
        with duckdb.connect(path) as con:
            con.execute("CREATE TABLE t AS SELECT range AS i FROM range(1000)")
    data = bytearray(path.read_bytes())
    if place is None:
        del data[20_000:]
    else:
        data[place] ^= byte
    path.write_bytes(data)
    assert told in refusal(path if name == "x.npy" else f"{path}::t")


@pytest.mark.parametrize("plaintext_footer", [False, True])
def test_an_encrypted_parquet_file_is_told_as_such(plaintext_footer: bool, tmp_path: Path) -> None:
    from pyarrow.parquet import encryption

    class Keys(encryption.KmsClient):
        def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
            return base64.b64encode(key_bytes)

    configuration = encryption.EncryptionConfiguration(
        footer_key="key", column_keys={"key": TABLE.schema.names[:1]}, plaintext_footer=plaintext_footer
    )
    factory = encryption.CryptoFactory(lambda _: Keys())
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), configuration)
    with pq.ParquetWriter(tmp_path / "x.parquet", TABLE.schema, encryption_properties=properties) as writer:
        writer.write_table(TABLE)
    assert "encrypted" in refusal(tmp_path / "x.parquet")
    assert "decrypt it" in refusal(tmp_path / "x.parquet")


@pytest.mark.parametrize("ending", ["csv.gz", "jsonl.gz", "csv.zst"])
def test_a_truncated_compressed_file_is_refused(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{ending}"
    lines = [f'{{"a": {i * 7919 % 10007}}}' if "json" in ending else f"{i * 7919 % 10007}" for i in range(9_999)]
    with pa.output_stream(str(path), compression="detect") as stream:
        stream.write("\n".join(["a"] * ("csv" in ending) + lines).encode())
    assert read(path) == 9_999
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert str(path) in refusal(path)
