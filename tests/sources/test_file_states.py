"""What a store and a disk say about files, and what of it is believed."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from pathlib import Path
from threading import Barrier

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_rows import write_object

from sameset.errors import SourceError
from sameset.execution.checking import check_table
from sameset.execution.sketching import sketch_table
from sameset.sources import open_source
from sameset.sources.file_parts import FilesSource
from sameset.sources.file_states import Trust, content_of, of_each, state_of, states_of

TABLE = pa.table({"a": list(range(100)), "b": ["x"] * 100})


def opened(address: str, monkeypatch: pytest.MonkeyPatch) -> tuple[FilesSource, list[str]]:
    """A source, and the list that the files whose rows are read are added to."""
    source = open_source(address)
    assert isinstance(source, FilesSource)
    alone, seen = source.alone, []  # type: ignore[var-annotated]
    monkeypatch.setattr(source, "alone", lambda file: (seen.append(file), alone(file))[1])
    return source, seen


@pytest.mark.slow
@pytest.mark.parametrize("trust", Trust)
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_objects_are_known_by_their_etags(
    ending: str, trust: Trust, object_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, registry = uuid.uuid4().hex, str(tmp_path / "registry.db")
    for number in range(3):
        write_object(TABLE.slice(number * 10, 10), f"{number}.{ending}", folder)

    def check() -> tuple[str, list[str]]:
        source, seen = opened(f"s3://bucket/{folder}", monkeypatch)
        return check_table(source, "objects", registry, incremental=trust).status, seen

    assert (check()[0], check()) == ("new", ("unchanged", []))
    write_object(TABLE.slice(10, 10), f"1.{ending}", folder)  # written again, the same bytes
    assert check() == ("unchanged", [])
    write_object(TABLE.slice(50, 10), f"1.{ending}", folder)  # of the same size
    status, seen = check()
    assert (status, set(seen)) == ("modified", {f"s3://bucket/{folder}/1.{ending}"})


def test_states_of_objects(object_store: str) -> None:
    first, second = (write_object(TABLE, f"{i}.arrow", "states") for i in range(2))
    proof, listed = (states_of([first, second], trust) for trust in (Trust.STATUS, Trust.METADATA))
    assert [state.size for state in proof] == [state.size for state in listed] == [listed[0].size] * 2
    assert proof[0].etag == proof[1].etag is not None
    assert [state.etag for state in listed] == [None, None]
    assert listed[0].modified > 0
    assert content_of(first, listed[0]) == content_of(second, proof[1]) == f"etag:{proof[0].size}:{proof[0].etag}"
    with pytest.raises(SourceError, match=r"gone\.arrow does not exist"):
        states_of([first, "s3://bucket/states/gone.arrow"], Trust.STATUS)
    with pytest.raises(SourceError, match=r"gone\.arrow does not exist"):
        states_of([first, "s3://bucket/states/gone.arrow"], Trust.METADATA)


def test_states_of_files(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"content" * 1_000_000)
    state = state_of(str(file))
    found = file.stat()
    assert (state.size, state.modified, state.changed, state.inode) == (
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_ino,
    )
    assert state.is_recent
    whole = hashlib.blake2b(file.read_bytes(), digest_size=32).hexdigest()
    assert content_of(str(file), state) == f"blake2b:{whole}"
    with pytest.raises(SourceError, match="No such file"):
        state_of(str(tmp_path / "b"))
    with pytest.raises(SourceError, match="No such file"):
        content_of(str(tmp_path / "b"), state)


def test_objects_are_asked_several_at_a_time_and_told_in_their_order() -> None:
    together = Barrier(4)

    def ask(address: str) -> str:
        together.wait(30)  # breaks unless four ask at the same time
        return address

    objects = [f"s3://bucket/{number}.parquet" for number in range(8)]
    assert of_each(ask, objects) == objects


def test_local_files_are_asked_one_after_the_other_until_the_first_error(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(file: str) -> None:
        asked.append(file)
        if file == "b":
            raise SourceError(file)

    with pytest.raises(SourceError, match=r"^b$"):
        of_each(ask, ["a", "b", "c"])
    assert asked == ["a", "b"]


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "arrow", "arrows", "npy"])
@pytest.mark.parametrize("how", ["written over", "replaced", "added to"])
def test_a_file_that_is_written_while_it_is_read_is_an_error(ending: str, how: str, tmp_path: Path) -> None:
    file, other = tmp_path / f"x.{ending}", tmp_path / f"other.{ending}"
    for path, first in ((file, 0), (other, 500_000)):
        write_numbers(path, first)

    def write(rows: int) -> None:
        if how == "added to":
            with file.open("ab") as opened:
                opened.write(b"\n")
        elif how == "replaced" and other.exists():
            shutil.move(other, file)
        elif how == "written over":
            with file.open("r+b") as opened:
                opened.write(other.read_bytes())

    with pytest.raises(SourceError, match=rf"x\.{ending} was written while it was read"):
        sketch_table(open_source(file), progress=write)


def test_a_file_that_is_looked_at_or_removed_while_it_is_read_is_none(tmp_path: Path) -> None:
    write_numbers(tmp_path / "x.csv", 0)

    def look(rows: int) -> None:
        if (tmp_path / "x.csv").exists():
            os.chmod(tmp_path / "x.csv", 0o600)
            (tmp_path / "x.csv").unlink()

    assert sketch_table(open_source(tmp_path / "x.csv"), progress=look).row_count == 200_000


@pytest.mark.parametrize("ending", ["arrow", "arrows"])
def test_a_mapped_file_that_becomes_shorter_does_not_end_the_process(ending: str, tmp_path: Path) -> None:
    write_numbers(tmp_path / f"x.{ending}", 0)
    batches = open_source(tmp_path / f"x.{ending}").batches()
    next(batches)
    os.truncate(tmp_path / f"x.{ending}", 100)
    with pytest.raises(SourceError, match="was written while it was read"):
        list(batches)


def write_numbers(path: Path, first: int) -> None:
    table = pa.table({"a": range(first, first + 200_000)})
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=20_000)
    elif path.suffix == ".npy":
        np.save(path, table["a"].to_numpy())
    elif path.suffix == ".jsonl":
        path.write_text("".join(f'{{"a": {number}}}\n' for number in table["a"].to_pylist()))
    elif path.suffix == ".csv":
        path.write_text("\n".join(["a", *map(str, table["a"].to_pylist())]))
    else:
        with (pa.ipc.new_file if path.suffix == ".arrow" else pa.ipc.new_stream)(str(path), table.schema) as writer:
            writer.write_table(table, 20_000)
