"""What is remembered of files: what shows that one is unchanged, sketches that may go, registries old and new."""

from __future__ import annotations

import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from file_sets_made import HOW, check, rows, write

import sameset
from sameset.canonical.columns import hash_column
from sameset.errors import RegistryError, SourceError
from sameset.execution.delta_rows import NO_ROWS
from sameset.execution.file_changes import changes_of
from sameset.execution.file_memory import FileMemory
from sameset.registry import Registry
from sameset.sources import file_states
from sameset.sources.file_states import FileState, Trust


def test_the_choice_is_remembered_where_files_were_read_as_a_whole(tmp_path: Path) -> None:
    """The first check of CSV files without types reads them all; later ones that get the types read what is new."""
    address, folder = str(tmp_path / "registry.db"), tmp_path / "data"
    folder.mkdir()
    (folder / "1.csv").write_text("id\n1\n", encoding="utf-8")
    first = sameset.check_table(folder, "files", address, incremental=True)
    typed = sameset.open_source(folder, schema=pa.schema({"id": pa.int64()}))
    told = [first, sameset.check_table(folder, "files", address)]
    assert all(check.files and check.files.whole and "types of a CSV" in check.files.whole for check in told)
    assert sameset.check_table(typed, "files", address).files.whole is None  # type: ignore[union-attr]
    (folder / "2.csv").write_text("id\n2\n", encoding="utf-8")
    check = sameset.check_table(
        sameset.open_source(folder, schema=pa.schema({"id": pa.int64()})), "files", address, rows=NO_ROWS
    )
    assert (check.status, check.files.read, check.files.unchanged) == ("appended", 1, 1)  # type: ignore[union-attr]
    sameset.check_table(folder, "files", address, incremental=False)
    assert sameset.check_table(folder, "files", address).files is None


def test_a_file_that_is_not_read_may_hold_anything(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With trust in metadata garbage of the same size and time is not even opened; without it is found."""
    monkeypatch.setattr(file_states, "CLOCK_NS", 0)
    address = str(tmp_path / "registry.db")
    sameset.check_table(folder, "files", address, incremental=True)
    file = folder / "2.parquet"
    found = file.stat()
    file.write_bytes(bytes(found.st_size))
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    trusting = sameset.check_table(folder, "files", address, incremental=Trust.METADATA)
    assert (trusting.status, trusting.files.read, trusting.files.hashed) == ("unchanged", 0, 0)  # type: ignore[union-attr]
    with pytest.raises(SourceError, match=r"2\.parquet"):
        sameset.check_table(folder, "files", address)


def test_a_file_that_was_young_when_it_was_looked_at_is_never_trusted(tmp_path: Path, registry: Registry) -> None:
    """Git's racy files: another write within the tick of the clock leaves size and times as they were."""
    for number in range(4):
        write(rows(8 * number), tmp_path / "data" / f"{number}.csv")
    check(tmp_path / "data", registry, trust=Trust.METADATA, **HOW["csv"])
    file = tmp_path / "data" / "2.csv"
    found = file.stat()
    write(rows(24), file)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns)
    checked = check(tmp_path / "data", registry, trust=Trust.METADATA, **HOW["csv"])
    assert checked.found.changes.changed == ("2.csv",)
    assert checked.found.changes.hashed == 4


STATE = FileState(100, 10**18, 10**18 + 10**10, 10**18, 7)


@pytest.mark.parametrize(
    ("now", "status", "metadata"),
    [
        ({}, True, True),
        ({"seen": 0}, True, True),
        ({"size": 101}, False, False),
        ({"modified": 10**18 + 1}, False, False),
        ({"changed": 10**18 + 1}, False, True),
        ({"inode": 8}, False, True),
        ({"changed": None, "inode": None}, False, True),
    ],
)
def test_what_shows_that_a_file_is_unchanged(now: dict[str, int], status: bool, metadata: bool) -> None:
    from dataclasses import replace

    other = replace(STATE, **now)  # type: ignore[arg-type]
    assert (STATE.is_same(other, Trust.STATUS), STATE.is_same(other, Trust.METADATA)) == (status, metadata)


@pytest.mark.parametrize("young", [{"modified": 10**18 + 9 * 10**9}, {"changed": 10**18 + 9 * 10**9}])
def test_a_state_taken_of_a_young_file_shows_nothing(young: dict[str, int]) -> None:
    from dataclasses import replace

    state = replace(STATE, **young)  # type: ignore[arg-type]
    assert not any(state.is_same(replace(state, seen=2 * 10**18), trust) for trust in Trust)


def test_an_etag_decides_alone() -> None:
    left, right = FileState(5, 0, 0, etag='"x"'), FileState(5, 1, 1, etag='"x"')
    assert left.is_same(right, Trust.STATUS)
    assert not left.is_same(FileState(5, 0, 0, etag='"y"'), Trust.METADATA)
    assert not left.is_same(FileState(5, 0, 0), Trust.STATUS)


def test_the_cache_may_go_at_any_time(folder: Path, registry: Registry) -> None:
    check(folder, registry)
    with sqlite3.connect(registry.address) as connection:
        connection.execute("delete from file_sketch where key in (select key from file_sketch limit 2)")
        connection.execute("update file_sketch set content = x'00' where key = (select max(key) from file_sketch)")
    connection.close()
    assert not check(folder, registry).opened  # nothing changed, so no sketch of a file is needed
    write(rows(*range(5)), folder / "0.parquet")
    assert "0.parquet" in check(folder, registry).opened
    with sqlite3.connect(registry.address) as connection:
        connection.execute("update file_set set content = x'00'")
    connection.close()
    assert not check(folder, registry).opened  # which files there were is forgotten, their sketches are not
    with sqlite3.connect(registry.address) as connection:
        connection.execute("delete from file_set")
        connection.execute("delete from file_sketch")
    connection.close()
    assert len(check(folder, registry).opened) == 4


def test_sketches_of_files_that_are_gone_are_removed(folder: Path, registry: Registry) -> None:
    check(folder, registry)
    for number in range(3):
        (folder / f"{number}.parquet").unlink()
    check(folder, registry)
    assert len(registry.file_keys("files")) == 1


@pytest.mark.slow
def test_buckets_are_as_narrow_as_the_files_that_are_left_allow(tmp_path: Path, registry: Registry) -> None:
    def table(days: np.ndarray) -> pa.Table:  # of so many columns 2,601 buckets
        return pa.table({"day": days} | {f"c{i}": pa.repeat(0, len(days)) for i in range(400)})

    days = np.arange(3_000)
    known = sameset.sketch_table(pa.table({"day": days})).columns[0].values.threshold
    seldom = hash_column(pa.array(days), "day").h1 >= np.uint64(known)  # their going leaves the sample as it is
    last = days[seldom][:1_000]
    write(table(np.setdiff1d(days, last)), tmp_path / "days" / "0.parquet")
    write(table(last), tmp_path / "days" / "1.parquet")
    sameset.check_table(tmp_path / "days", "days", registry, incremental=True, bucket_by="day:range=1")
    (tmp_path / "days" / "1.parquet").unlink()
    found = sameset.check_table(tmp_path / "days", "days", registry).arrival.sketch
    assert found.to_bytes() == sameset.sketch_table(tmp_path / "days", found.spec).to_bytes()


def test_two_checks_at_a_time_are_both_right(folder: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(sameset.check_table, folder, "files", address, incremental=True) for _ in range(4)]
        assert sorted(run.result().status for run in runs) == ["new", "unchanged", "unchanged", "unchanged"]
    write(rows(77), folder / "9.parquet")
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(sameset.check_table, folder, "files", address) for _ in range(4)]
        assert sorted(run.result().status for run in runs) == ["appended", "unchanged", "unchanged", "unchanged"]
    last = sameset.check_table(folder, "files", address)
    assert (last.files.read, last.files.unchanged) == (0, 5)  # type: ignore[union-attr]


def test_a_registry_of_an_older_program_gets_the_tables_without_loss(folder: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    sameset.check_table(folder, "files", address)
    with sqlite3.connect(address) as connection:  # as version 0.1 made it
        connection.execute("drop table file_set")
        connection.execute("drop table file_sketch")
        connection.execute("drop table registry_revision")
    connection.close()
    assert sameset.check_table(folder, "files", address).status == "unchanged"
    assert sameset.check_table(folder, "files", address, incremental=True).status == "unchanged"
    assert sameset.check_table(folder, "files", address).files.read == 0  # type: ignore[union-attr]
    with Registry.open(address) as registry:
        assert [snapshot.number for snapshot in registry.history("files")] == [4, 3, 2, 1]
        assert len({snapshot.digest for snapshot in registry.history("files")}) == 1
    assert {"file_set", "file_sketch"} <= tables(address)


def test_a_registry_of_a_newer_program_is_refused(folder: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    sameset.check_table(folder, "files", address, incremental=True)
    with sqlite3.connect(address) as connection:
        connection.execute("update registry set schema_version = 2")
    connection.close()
    with pytest.raises(RegistryError, match="newer version"):
        sameset.check_table(folder, "files", address, incremental=True)


def tables(address: str) -> set[str]:
    connection = sqlite3.connect(address)
    names = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    connection.close()
    return names


def test_it_is_remembered_and_forgotten(folder: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    assert sameset.check_table(folder, "files", address).files is None
    assert sameset.check_table(folder, "files", address, incremental=True).files.first  # type: ignore[union-attr]
    assert sameset.check_table(folder, "files", address).files.unchanged == 4  # type: ignore[union-attr]
    assert sameset.check_table(folder, "files", address, incremental=False).files is None
    assert sameset.check_table(folder, "files", address).files is None
    with Registry.open(address) as registry:
        assert registry.file_keys("files") == set()


def test_rows_that_came_are_fetched_from_the_files_that_came(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_states, "CLOCK_NS", 0)
    address = str(tmp_path / "registry.db")
    sameset.check_table(folder, "files", address, incremental=True)
    write(rows(700, 701), folder / "9.parquet")
    found = (folder / "1.parquet").stat()
    (folder / "1.parquet").write_bytes(bytes(found.st_size))
    os.utime(folder / "1.parquet", ns=(found.st_atime_ns, found.st_mtime_ns))
    checked = sameset.check_table(folder, "files", address, incremental=Trust.METADATA)
    assert checked.comparison is not None
    assert (checked.status, checked.comparison.notes) == ("appended", ())
    assert sorted(row["id"] for row in checked.comparison.rows.added) == [700, 701]


def test_a_copy_elsewhere_is_known_by_its_bytes(folder: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    sameset.check_table(folder, "files", address, incremental=True)
    shutil.copytree(folder, tmp_path / "copy")
    checked = sameset.check_table(tmp_path / "copy", "files", address)
    assert (checked.status, checked.files.read, checked.files.hashed) == ("unchanged", 0, 4)  # type: ignore[union-attr]


def test_a_memory_is_read_back_and_anything_else_is_none(folder: Path, registry: Registry) -> None:
    memory = check(folder, registry).found.memory
    assert memory is not None
    data = memory.to_bytes()
    assert FileMemory.from_bytes(data) == memory
    for broken in (b"", b"ARROW1", data[:-9], data[:200] + b"\0" * 40 + data[240:]):
        assert FileMemory.from_bytes(broken) in (None, memory)


def test_lists_of_files_are_bounded_and_counted() -> None:
    before = {f"old{i}": f"c{i}" for i in range(300)}
    now = {f"new{i}": f"c{i}" if i < 150 else f"d{i}" for i in range(300)}
    changes = changes_of(before, now, read=150, hashed=300, first=False)
    told = changes.to_json()
    assert (told["added"]["count"], len(told["added"]["first"])) == (150, 100)
    assert (told["removed"]["count"], told["renamed"]["count"], len(told["renamed"]["first"])) == (150, 150, 100)
    assert changes.sentence == "0 of 300 files unchanged: 150 new, 150 gone, 150 renamed; 150 read"
