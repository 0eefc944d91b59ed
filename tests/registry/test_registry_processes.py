from __future__ import annotations

import sqlite3
from collections import Counter

import pytest
import registry_processes
from registry_contents import contents
from registry_processes import SHARED_SKETCH, entry, record_next, run_together, wait_until_alone, writer_inside

from sameset.errors import RegistryError
from sameset.registry import Registry

pytestmark = pytest.mark.slow

#: What is begun, but not committed, when the writer stops.
STEPS = [
    "insert into dataset",
    "insert into sketch",
    "insert into snapshot",
    "insert into validation",
    "insert into file_set",
]
SQLITE_STEPS = ["begin immediate", *STEPS]
FIRST_STEPS = [
    "create table registry",
    "create table validation",
    "insert into registry ",
    "insert into registry_revision",
    *STEPS,
]


def test_eight_processes_that_record_at_once_lose_nothing(address):
    count = 20
    datasets = ["shared"] * 4 + [f"own {worker}" for worker in range(4)]
    run_together(registry_processes.write, [(address, name, worker, count) for worker, name in enumerate(datasets)])
    with Registry.open(address, create=False) as registry:
        assert {d.name: d.snapshots for d in registry.datasets()} == {
            n: count * k for n, k in Counter(datasets).items()
        }
        recorded = [snapshot for name in set(datasets) for snapshot in registry.history(name, limit=1000)]
        for name, times in Counter(datasets).items():
            numbers = [snapshot.number for snapshot in registry.history(name, limit=1000)]
            assert numbers == list(range(count * times, 0, -1))
        assert {s.run_id for s in recorded} == {f"{worker}-{number}" for worker in range(8) for number in range(count)}
        for snapshot in recorded:
            worker, number = map(int, snapshot.run_id.split("-"))
            expected = SHARED_SKETCH if number % 2 else f"{worker}-{number}".encode()
            assert snapshot.dataset == datasets[worker]
            assert registry.sketch(snapshot) == expected
    rows = contents(address)
    assert len(rows["sketch"]) == 8 * count // 2 + 1
    assert len(rows["snapshot"]) == len(rows["validation"]) == 8 * count


def test_processes_that_make_one_registry_and_record_one_run_at_once_make_one_record(tmp_path):
    run_together(registry_processes.record_once, [(str(tmp_path), 60)] * 4)
    for number in range(60):
        rows = contents(tmp_path / f"{number}.db")
        assert len(rows["registry"]) == len(rows["dataset"]) == len(rows["snapshot"]) == 1


def test_making_a_registry_is_tried_again_where_sqlite_does_not_wait(tmp_path, monkeypatch):
    path = tmp_path / "registry.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    other.execute("create table unfinished (x)")
    with Registry.open(path, lock_timeout=0) as registry, pytest.raises(RegistryError, match="is locked"):
        registry.record(entry(), expected_previous=None)
    # The other one gives up exactly while we pause between two tries.
    monkeypatch.setattr("sameset.registry.engine.time.sleep", lambda _: other.close())
    with Registry.open(path) as registry:
        assert registry.record(entry(), expected_previous=None).number == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_writer_killed_inside_its_transaction_leaves_nothing(address, step):
    with Registry.open(address) as registry:
        registry.record(entry("another"), expected_previous=None)
    before = contents(address)
    with writer_inside(address, step) as process:
        process.kill()
        assert process.wait() == -9
    wait_until_alone(address)
    assert contents(address) == before
    with Registry.open(address) as registry:
        assert registry.record(entry("orders", run_id="stopped"), expected_previous=None).number == 1


@pytest.mark.parametrize("step", FIRST_STEPS)
def test_a_writer_killed_while_it_makes_the_registry_leaves_an_empty_one(address, step):
    with writer_inside(address, step) as process:
        process.kill()
        assert process.wait() == -9
    wait_until_alone(address)
    assert contents(address) == {}
    with Registry.open(address) as registry:
        assert registry.datasets() == []
        assert registry.record(entry(), expected_previous=None).number == 1


def test_readers_do_not_wait_for_a_writer(address):
    with Registry.open(address, lock_timeout=0) as registry:
        first = registry.record(entry("orders"), expected_previous=None)
        with writer_inside(address, "insert into validation") as writer:
            with Registry.open(address, create=False, lock_timeout=0) as reader:
                for reading in (registry, reader):
                    assert reading.latest("orders") == first
                    assert reading.history("orders") == list(reading.others("items")) == [first]
                    assert reading.datasets()[0].snapshots == 1
                    assert reading.sketch(first) == b"sketch"
            writer.communicate("go on\n")
            assert writer.returncode == 0
        assert registry.latest("orders").run_id == "stopped"


def test_a_writer_does_not_wait_for_readers(address):
    with Registry.open(address, lock_timeout=0) as registry:
        record_next(registry, entry("orders", b"1"))
        with writer_inside(address, "select snapshot.id") as reader:
            assert registry.record(entry("orders", b"2"), expected_previous=1).number == 2
            # What it goes on with is what it read, so it finds out that it must look again.
            reader.communicate("go on\n" * 9)
            assert reader.returncode == 0
        assert [snapshot.run_id for snapshot in registry.history("orders", limit=1)] == ["stopped"]


def test_readers_do_not_wait_for_the_one_who_makes_the_registry(address):
    with writer_inside(address, "insert into registry "), Registry.open(address, lock_timeout=0) as reader:
        assert reader.datasets() == []


def test_a_writer_that_waits_too_long_says_who_is_in_the_way(tmp_path):
    path = tmp_path / "registry.db"
    with Registry.open(path, lock_timeout=0.05) as registry:
        registry.record(entry("orders"), expected_previous=None)
        with writer_inside(path, "insert into snapshot"):
            with pytest.raises(RegistryError, match=r"registry\.db is locked by another program; try again") as caught:
                registry.record(entry("items"), expected_previous=None)
            assert "\n" not in str(caught.value)
        assert record_next(registry, entry("items")) == 0
