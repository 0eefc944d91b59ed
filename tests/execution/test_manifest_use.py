"""Manifests in use: written beside sketch files and registries, found again, and joined when a sketch cannot list what differs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_sources import ListedSource

import sameset
from sameset.cli.main import main
from sameset.comparison import Verdict
from sameset.errors import ManifestError, SpecError
from sameset.execution.manifest_store import Manifests
from sameset.execution.manifests import manifest_beside
from sameset.execution.resources import LEAST_MEMORY, Resources, bytes_of

JOINED = "more rows differ than a sketch can list; the manifests of both tables were joined"


def table_of(rows: range, add: float = 0.0) -> pa.Table:
    numbers = np.arange(rows.start, rows.stop)
    return pa.table({"id": numbers, "price": np.sqrt(numbers) + add * (numbers % 2)})


OLD, NEW = table_of(range(20_000)), table_of(range(500, 21_000), 0.5)
TRUTH = (1000, 500, 9750)


def verb(*arguments: object, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["sameset", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sketch file with its manifest; the table itself is gone."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(OLD, "old.parquet")
    assert verb("sketch", "old.parquet", "-k", "id", "-o", "old.sameset", "--manifest", monkeypatch=monkeypatch) == 0
    Path("old.parquet").unlink()
    return tmp_path / "old.sameset"


def test_a_sketch_with_a_manifest_is_the_sketch_without(old: Path) -> None:
    assert old.read_bytes() == sameset.sketch_table(OLD, sameset.Spec(key=("id",))).to_bytes()
    assert manifest_beside(old).is_file()


def test_it_is_used_where_the_sketches_cannot_list_what_differs(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(NEW, "new.parquet")
    verb("sketch", "new.parquet", "-k", "id", "-o", "new.sameset", "--manifest", monkeypatch=monkeypatch)
    found = sameset.compare(old, "new.parquet")
    assert (found.verdict, found.changes) == (Verdict.MODIFIED, TRUTH)
    assert found.notes[0].endswith("the manifest of the left table was joined with the other one, which was read again")
    Path("new.parquet").unlink()
    found = sameset.compare(old, "new.sameset")
    assert (found.changes, found.notes[0]) == (TRUTH, JOINED)
    assert found.delta is not None
    assert [row.key for row in found.delta.removed[:2]] == [{"id": 0}, {"id": 1}]
    assert found.similarity.jaccard.is_exact


def test_it_is_left_alone_where_they_can(old: Path) -> None:
    manifest_beside(old).write_bytes(b"nothing of use")
    assert sameset.compare(old, table_of(range(20_003))).changes == (3, 0, 0)


def test_without_it_the_difference_is_estimated(old: Path) -> None:
    manifest_beside(old).unlink()
    assert sameset.compare(old, NEW).changes is None


def test_one_that_is_not_the_sketchs_own_ends_the_verb(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(NEW, "new.parquet")
    verb("sketch", "new.parquet", "-k", "id", "-o", "new.sameset", "--manifest", monkeypatch=monkeypatch)
    manifest_beside("new.sameset").replace(manifest_beside(old))
    capsys.readouterr()
    assert verb("compare", old, "new.parquet", monkeypatch=monkeypatch) == 2
    told = capsys.readouterr().err
    assert "old.sameset.manifest.parquet cannot be used: it belongs to another table" in told
    assert told.count("\n") == 1


def test_a_source_that_is_read_only_once_stays_an_estimate_and_says_so(old: Path) -> None:
    found = sameset.compare(old, NEW.to_reader(1000))
    assert found.changes is None
    assert any("could not be read a second time" in note for note in found.notes)


class Changing(ListedSource):
    """Has a row more each time it is read."""

    reads = 0

    def batches(self, *args: object, **kwargs: object):
        self.reads += 1
        yield from NEW.slice(0, 20_000 + self.reads).to_batches()


def test_a_source_that_changes_between_two_readings_is_told(old: Path) -> None:
    found = sameset.compare(old, Changing(NEW.to_batches()))
    assert found.changes is None
    assert any("listed changed between two readings" in note for note in found.notes)


# checks


def test_a_check_keeps_manifests_from_the_first_one_on(tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    pq.write_table(OLD, tmp_path / "old.parquet")
    sameset.check_table(tmp_path / "old.parquet", "orders", address, key=["id"], manifests=Manifests(True))
    (tmp_path / "old.parquet").unlink()
    check = sameset.check_table(NEW, "orders", address)
    assert check.comparison is not None
    assert (check.status, check.comparison.changes, check.comparison.notes[0]) == ("modified", TRUTH, JOINED)
    folder = tmp_path / "registry.db.manifests"
    assert len(list(folder.iterdir())) == 2
    assert sameset.compare("orders@1", "orders@2", registry=address).changes == TRUTH
    sameset.check_table(OLD, "orders", address, manifests=Manifests(False))
    assert len(list(folder.iterdir())) == 2
    sameset.check_table(table_of(range(7)), "orders", address)  # the snapshot before, OLD's again, has one
    assert len(list(folder.iterdir())) == 3


def test_a_check_without_them_writes_none(tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    for table in (OLD, NEW):
        sameset.check_table(table, "orders", address)
    assert not (tmp_path / "registry.db.manifests").exists()


def test_a_check_whose_manifest_is_damaged_records_nothing(tmp_path: Path) -> None:
    address = str(tmp_path / "registry.db")
    sameset.check_table(OLD, "orders", address, key=["id"], manifests=Manifests(True))
    (path,) = (tmp_path / "registry.db.manifests").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ManifestError, match="cannot be used"):
        sameset.check_table(NEW, "orders", address)
    with sameset.Registry.open(address) as opened:
        assert len(opened.history("orders")) == 1


def test_the_folder_may_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(OLD, tmp_path / "old.parquet")
    arguments = ("check", tmp_path / "old.parquet", "-n", "o", "--registry", tmp_path / "r.db", "--manifest", "-q")
    assert verb(*arguments, "--manifests", tmp_path / "kept", monkeypatch=monkeypatch) == 0
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert not (tmp_path / "r.db.manifests").exists()


def test_a_registry_on_a_server_has_no_folder_of_its_own(tmp_path: Path) -> None:
    server = "postgresql://ann@db.example/registry"
    with pytest.raises(ManifestError, match="say with --manifests in which folder"):
        Manifests(True).is_wanted(server, None)
    assert not Manifests().is_wanted(server, "0" * 64)
    assert Manifests(True, tmp_path).is_wanted(server, None)


# memory and disk


@pytest.mark.parametrize("size", ["", "2 apples", "-1GiB", "1e9", "2GiB2"])
def test_an_amount_that_is_none_is_refused(size: str) -> None:
    with pytest.raises(SpecError, match="no amount of memory"):
        bytes_of(size)


def test_what_is_given_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMESET_MEMORY_LIMIT", "3GiB")
    monkeypatch.setenv("SAMESET_TEMP", str(tmp_path))
    assert Resources.of() == Resources(3 << 30, tmp_path)
    assert Resources.of("1600M").memory == 1600 << 20


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--memory-limit", "100MiB", "a memory limit of 100MiB is too small"),
        ("--memory-limit", "lots", "'lots' is no amount of memory; write it like 2GiB"),
        ("--temp", "/nowhere", "/nowhere is no folder to write temporary files into"),
    ],
)
def test_what_makes_no_sense_ends_the_verb(
    option: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verb("compare", "a", "b", option, value, monkeypatch=monkeypatch) == 2
    assert told in capsys.readouterr().err


def test_a_join_that_finds_too_little_memory_says_so(old: Path, tmp_path: Path) -> None:
    manifests = Manifests(resources=Resources(2 << 20, tmp_path))
    with pytest.raises(ManifestError, match="2 MiB are too little memory to join the manifests; raise --memory-limit"):
        sameset.compare(old, NEW, manifests=manifests)


@pytest.mark.slow
def test_a_join_stays_within_its_memory() -> None:
    """16 million rows against 16 million, of which 2 million came and went, in one gibibyte."""
    command = [sys.executable, str(Path(__file__).with_name("peak_of_join.py")), str(16 << 20)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert process.returncode == 0, process.stderr
    *counts, peak = map(int, process.stdout.split())
    assert counts == [2 << 20, 2 << 20, 0]
    assert peak <= LEAST_MEMORY
