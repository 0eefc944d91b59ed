"""S3-compatible storage: what is refused, in one sentence and bounded time, and what an error never shows."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from source_rows import multiset, write_object

from sameset.errors import MissingExtraError, SourceError
from sameset.sources import open_source
from sameset.sources.file_sets import files_at
from sameset.sources.object_store import SharedFile

TABLE = pa.table({"a": list(range(100)), "b": ["x"] * 100})
ENDINGS = ("parquet", "csv", "csv.gz", "jsonl", "arrow")


def refusal(address: str) -> str:
    began = time.monotonic()
    with pytest.raises(SourceError) as raised:
        list(open_source(address).batches())
    told = str(raised.value)
    assert time.monotonic() - began < 60
    assert "\n" not in told
    assert "a-test-key" not in told
    assert "a-test-secret" not in told
    return told


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_key_is_named(ending: str, object_store: str) -> None:
    assert f"s3://bucket/no/such.{ending} does not exist" in refusal(f"s3://bucket/no/such.{ending}")


@pytest.mark.parametrize("place", ["x.parquet", "x.csv", "*.csv", ""])
def test_a_missing_bucket_is_named(place: str, object_store: str) -> None:
    assert "its bucket does not exist" in refusal(f"s3://nobucket/{place}")


@pytest.mark.parametrize("place", ["s3://", "s3:///key", "s3://key:a-test-secret@bucket/x.csv"])
def test_an_address_without_a_bucket_or_with_a_password_is_refused(place: str, object_store: str) -> None:
    assert "names no bucket" in refusal(place)


def test_a_secret_in_an_address_is_refused_unseen(object_store: str) -> None:
    for options in ("s3_region=x&s3_secret_access_key=a-test-secret", "session_token=a-test-secret"):
        assert "***" in refusal(f"s3://bucket/x.csv?{options}")


def test_two_slashes_in_a_row_are_told(object_store: str) -> None:
    for place in ("s3://bucket//x.csv", "s3://bucket/a//*.csv"):
        assert f"{place} has two slashes in a row" in refusal(place)


def test_a_file_of_a_database_is_read_on_a_disk_only(object_store: str) -> None:
    for place in ("s3://bucket/x.duckdb::t", "s3://bucket/x.sqlite::t"):
        assert "is in a store, but " in refusal(place)


def test_an_endpoint_that_is_no_address_is_told(object_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "no address")
    assert "the address of the store or the name of the bucket is not valid" in refusal("s3://bucket/x.csv")


def test_a_pattern_means_in_a_store_what_it_means_on_a_disk(object_store: str, tmp_path: Path) -> None:
    from pyarrow import fs

    store, root = fs.S3FileSystem(endpoint_override=object_store), f"bucket/patterns-{uuid.uuid4().hex}"
    for name in ("x.csv", "a/x.csv", "a/b/x.csv", "a/b/^.csv", "a/_b/x.csv", "[a]/y.csv", "ab/x.csv.gz", "ab/.x.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        with store.open_output_stream(f"{root}/{name}", compression=None) as stream:
            stream.write(b"a\n1\n")
    for pattern in (
        "**",
        "*",
        "a/**",
        "**/**",
        "**/x.csv",
        "a**/x*",
        "[^a]/*",
        "[!^].csv",
        "**/[^]*",
        "[[]a]/*",
        "?/*/*.csv",
    ):
        here, there = (set(_found(f"{place}/{pattern}", str(place))) for place in (tmp_path, f"s3://{root}"))
        assert here == there, pattern


def _found(address: str, root: str) -> list[str]:
    try:
        return [file.removeprefix(f"{root}/") for file in files_at(address).files]
    except SourceError:
        return []


def test_an_empty_prefix_and_an_empty_object_are_refused(object_store: str) -> None:
    address = write_object(TABLE, "deep/x.csv")
    assert "has no Parquet, CSV" in refusal(address.replace("x.csv", "*.parquet"))
    from pyarrow import fs

    store = fs.S3FileSystem(endpoint_override=object_store)
    with store.open_output_stream("bucket/empty.csv"):
        pass
    assert "is empty (0 bytes)" in refusal("s3://bucket/empty.csv")


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != "csv"])  # half a CSV is a CSV
def test_a_truncated_object_is_refused(ending: str, object_store: str) -> None:
    from pyarrow import fs

    store = fs.S3FileSystem(endpoint_override=object_store)
    path = write_object(TABLE, f"x.{ending}").removeprefix("s3://")
    with store.open_input_file(path) as file:
        data = file.read()
    with store.open_output_stream(path, compression=None) as file:
        file.write(data[: len(data) * 6 // 10])
    assert path in refusal(f"s3://{path}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_endpoint_that_refuses_is_told(ending: str, object_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    assert "the store does not answer" in refusal(f"s3://bucket/x.{ending}")


@pytest.mark.slow
def test_an_endpoint_that_is_silent_is_given_up(object_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sameset.sources.object_store.SILENT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "the store does not answer" in refusal("s3://bucket/x.csv")


def checks_rights(store: str, after: str) -> None:
    """Makes the local store check the rights of its users after so many requests."""
    request = urllib.request.Request(f"{store}/moto-api/reset-auth", after.encode(), {"Content-Type": "text/plain"})
    urllib.request.urlopen(request).close()


@pytest.mark.parametrize("ending", ENDINGS)
def test_denied_access_is_told(ending: str, object_store: str) -> None:
    address = write_object(TABLE, f"x.{ending}")
    checks_rights(object_store, "0")
    try:
        told = refusal(address)
    finally:
        checks_rights(object_store, "inf")
    assert "access is denied" in told


def test_without_fsspec_the_extra_is_named(object_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = write_object(TABLE, "x.parquet")
    monkeypatch.setitem(sys.modules, "fsspec.implementations.arrow", None)
    with pytest.raises(MissingExtraError, match="'s3'"):
        open_source(address).schema()


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_threads_that_share_an_object_get_each_their_own_bytes(ending: str, object_store: str) -> None:
    table = (
        pa.table({"a": range(600_000)}) if ending == "parquet" else pa.table({"a": [i * 7919 for i in range(60_000)]})
    )
    source = open_source(write_object(table, f"x.{ending}"))
    total = sum(table.column("a").to_pylist())
    for _ in range(12):
        assert [int(v) for v in source.aggregate("count(*), sum(a), min(a)")] == [table.num_rows, total, 0]


@given(
    st.binary(max_size=50), st.lists(st.tuples(st.integers(0, 60), st.integers(-1, 60))), st.sampled_from([0, 1, 8, 99])
)
def test_a_shared_file_reads_like_a_file(data: bytes, reads: list[tuple[int, int]], ahead: int) -> None:
    shared, plain = SharedFile(pa.BufferReader(data), ahead), io.BytesIO(data)
    for place, count in reads:
        assert shared.seek(place) == plain.seek(place)
        assert shared.read(count) == plain.read(count)
        assert shared.read(3) == plain.read(3)
        assert shared.tell() == plain.tell()
    assert shared.seek(-len(data), 2) == 0


def test_threads_take_turns_at_a_shared_file_that_none_of_them_seeks() -> None:
    data = bytes(range(256)) * 64
    shared, found = SharedFile(pa.BufferReader(data), 100), []
    shared.seek(0)  # as a reader does that starts over; the others read on from there
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        while piece := (one if len(found) % 2 else other).submit(shared.read, 37).result():
            found.append(piece)
        found.append(shared.read(37))
    assert b"".join(found) == data


def test_threads_that_seek_a_shared_file_do_not_disturb_each_other() -> None:
    data = bytes(range(256)) * 64
    shared = SharedFile(pa.BufferReader(data), 0)
    with ThreadPoolExecutor(1) as other:
        for place in range(0, 4_000, 7):
            shared.seek(place)
            assert (
                other.submit(lambda at=place: (shared.seek(at + 99), shared.read(5))[1]).result()
                == data[place + 99 :][:5]
            )
            assert shared.read(5) == data[place:][:5]


@pytest.mark.slow
def test_a_large_compressed_object_is_read_by_several_threads(object_store: str, tmp_path: Path) -> None:
    from pyarrow import fs

    with duckdb.connect() as con:
        con.sql("SELECT range AS a, md5(range::text) AS b FROM range(400000)").write_csv(
            f"{tmp_path}/x.csv.gz", compression="gzip"
        )
    store = fs.S3FileSystem(endpoint_override=object_store)
    fs.copy_files(f"{tmp_path}/x.csv.gz", "bucket/large/x.csv.gz", destination_filesystem=store)
    found, expected = (open_source(place) for place in ("s3://bucket/large/x.csv.gz", tmp_path / "x.csv.gz"))
    aggregates = "count(*), sum(a), count(DISTINCT b)"
    assert found.aggregate(aggregates) == expected.aggregate(aggregates)


def test_a_process_that_reads_objects_ends_quietly(object_store: str) -> None:
    address = write_object(TABLE, "x.parquet")
    code = (
        f"from sameset.sources import open_source; print(sum(b.num_rows for b in open_source({address!r}).batches()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout, done.stderr) == ("100\n", "")


def test_a_source_of_objects_keeps_no_credentials(object_store: str, tmp_path: Path) -> None:
    import pickle

    source = open_source(write_object(TABLE, "x.csv"))
    source.schema()
    data = pickle.dumps(source)
    assert b"a-test-secret" not in data
    assert multiset(pickle.loads(data).batches()) == multiset(TABLE.to_batches())
