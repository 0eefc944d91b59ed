from __future__ import annotations

import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from registry_processes import entry, record_next

from sameset.errors import RegistryError, SpecError, StaleSnapshotError, UnknownDatasetError
from sameset.registry import DatasetSummary, Registry


@pytest.fixture
def registry(address):
    with Registry.open(address) as opened:
        yield opened


def test_what_was_recorded_comes_back_also_in_another_session(address):
    taken = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    new = entry(
        "orders",
        b"\x00sketch\xff",
        rows=7,
        digest="d7",
        status="modified",
        verdict="modified",
        report='{"verdict": "modified"}',
        validation='{"success": false}',
        run_id="run 1",
        taken_at=taken,
        program_version="9.9",
    )
    with Registry.open(address) as registry:
        recorded = registry.record(new, expected_previous=None)
    with Registry.open(address, create=False) as registry:
        found = registry.snapshot("orders", 1)
        assert found == recorded == registry.latest("orders") == registry.by_run("run 1")
        assert registry.sketch(found) == b"\x00sketch\xff"
        assert registry.report(found) == '{"verdict": "modified"}'
        assert registry.validation(found) == '{"success": false}'
    assert (found.reference, found.rows, found.digest, found.previous) == ("orders@1", 7, "d7", None)
    assert (found.status, found.verdict, found.source) == ("modified", "modified", "orders.parquet")
    assert (found.run_id, found.program_version) == ("run 1", "9.9")
    assert found.taken_at == taken
    assert found.taken_at.utcoffset() == timedelta(0)


def test_report_and_validation_may_be_missing(registry):
    recorded = registry.record(entry(), expected_previous=None)
    assert registry.report(recorded) is None
    assert registry.validation(recorded) is None


def test_a_registry_that_is_not_there_is_empty_and_is_made_by_the_first_record(tmp_path):
    path = tmp_path / "a" / "b" / "registry.db"
    with Registry.open(path) as registry:
        assert registry.latest("orders") is None
        assert registry.by_run("run") is None
        assert registry.datasets() == list(registry.others("orders")) == registry.with_digest("d") == []
        with pytest.raises(UnknownDatasetError, match="there is no dataset 'orders'"):
            registry.history("orders")
        assert not path.parent.exists()
        registry.record(entry(), expected_previous=None)
        assert path.exists()


def test_one_that_opened_first_sees_what_another_then_makes(address):
    with Registry.open(address) as early, Registry.open(address) as late:
        late.record(entry(), expected_previous=None)
        assert early.latest("orders") == late.latest("orders")
        assert early.record(entry(), expected_previous=1).number == 2


@pytest.mark.parametrize("prefix", ["", "sqlite:///"])
@pytest.mark.parametrize("name", ["plain.db", "with blank?and#signs%20.db", "größe.db", "a&b=c;d'e.db"])
def test_every_file_name_is_a_registry_address(tmp_path, prefix, name):
    with Registry.open(f"{prefix}{tmp_path}/{name}") as registry:
        registry.record(entry(), expected_previous=None)
        assert registry.address == str(tmp_path / name)
    assert (tmp_path / name).stat().st_size > 0


def test_history_is_newest_first_and_bounded(registry):
    for number in range(5):
        record_next(registry, entry(sketch=bytes([number + 1])))
    assert [s.number for s in registry.history("orders")] == [5, 4, 3, 2, 1]
    assert [s.number for s in registry.history("orders", limit=2)] == [5, 4]
    assert [s.previous for s in registry.history("orders")] == [4, 3, 2, 1, None]
    assert registry.snapshot("orders", 2).number == 2


@pytest.mark.parametrize("number", [0, -1, 2, 10**9, 10**40])
def test_a_number_that_a_dataset_lacks_is_said_with_its_newest(registry, number):
    registry.record(entry(), expected_previous=None)
    with pytest.raises(UnknownDatasetError, match=r"'orders' has no snapshot .*its newest is orders@1"):
        registry.snapshot("orders", number)


def test_an_unknown_name_suggests_near_ones(registry):
    for name in ("orders", "order_lines", "customers"):
        registry.record(entry(name), expected_previous=None)
    with pytest.raises(UnknownDatasetError, match=r"'ordres'.*did you mean 'orders'"):
        registry.snapshot("ordres")
    with pytest.raises(UnknownDatasetError, match=r"'zzz'.*sameset datasets"):
        registry.history("zzz")


def test_the_same_content_is_stored_once(tmp_path):
    registry = Registry.open(tmp_path / "registry.db")
    content = bytes(range(256)) * 4000
    for name in ("a", "b", "c"):
        for _ in range(5):
            record_next(registry, entry(name, content))
    assert (tmp_path / "registry.db").stat().st_size < 2 * len(content)
    assert all(registry.sketch(snapshot) == content for snapshot in registry.history("c"))
    registry.close()


@pytest.mark.parametrize("expected", [None, 1, 3, 10**40])
def test_a_stale_comparison_is_refused_and_leaves_no_trace(registry, expected):
    record_next(registry, entry(sketch=b"1"))
    record_next(registry, entry(sketch=b"2"))
    with pytest.raises(StaleSnapshotError, match="'orders' is at orders@2 but was compared with"):
        registry.record(entry(sketch=b"3", run_id="late", digest="late"), expected_previous=expected)
    assert registry.latest("orders").number == 2
    assert registry.by_run("late") is None
    assert registry.with_digest("late") == []


def test_expecting_a_snapshot_of_an_unknown_dataset_is_stale_and_does_not_make_the_dataset(registry):
    with pytest.raises(StaleSnapshotError, match="has no snapshot but was compared with orders@1"):
        registry.record(entry(), expected_previous=1)
    assert registry.datasets() == []


def test_recording_a_run_twice_is_one_record(registry):
    first = registry.record(entry(sketch=b"1", run_id="once"), expected_previous=None)
    record_next(registry, entry(sketch=b"2"))
    for expected in (None, 1, 2):
        again = registry.record(entry(sketch=b"other", run_id="once", digest="again"), expected_previous=expected)
        assert again == first
    assert [s.number for s in registry.history("orders")] == [2, 1]
    assert registry.with_digest("again") == []


def test_a_run_that_recorded_one_dataset_cannot_record_another(registry):
    registry.record(entry("orders", run_id="once"), expected_previous=None)
    with pytest.raises(RegistryError, match="'once' has recorded 'orders@1', so it cannot record 'items'"):
        registry.record(entry("items", run_id="once"), expected_previous=None)
    assert [d.name for d in registry.datasets()] == ["orders"]


def test_datasets_sums_up_each_by_its_latest_snapshot(registry):
    registry.record(entry("b", b"12", status="new"), expected_previous=None)
    latest = registry.record(entry("b", b"123", status="appended", verdict="appended"), expected_previous=1)
    registry.record(entry("a", b"1"), expected_previous=None)
    first, second = registry.datasets()
    assert first.name == "a"
    assert second == DatasetSummary(
        name="b",
        snapshots=2,
        number=2,
        taken_at=latest.taken_at,
        rows=3,
        digest=latest.digest,
        status="appended",
        verdict="appended",
    )


def test_others_are_the_latest_of_every_other_dataset_across_pages(registry):
    names = [f"dataset {number:03}" for number in range(450)]
    for name in names:
        registry.record(entry(name, name.encode()), expected_previous=None)
    record_next(registry, entry(names[7], b"newer"))
    found = list(registry.others(names[0]))
    assert sorted(s.dataset for s in found) == names[1:]
    assert {s.dataset: s.number for s in found if s.number != 1} == {names[7]: 2}
    assert len(list(registry.others("not recorded yet"))) == 450


def test_others_and_their_sketches_are_read_in_flat_memory(registry):
    size, count = 200_000, 100
    for number in range(count):
        registry.record(entry(f"d{number}", number.to_bytes(4, "big") * (size // 4)), expected_previous=None)
    tracemalloc.start()
    try:
        total = sum(len(registry.sketch(other)) for other in registry.others("d0"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == size * (count - 1)
    assert peak < 10 * size


def test_with_digest_finds_snapshots_of_every_dataset(registry):
    for name, digest in (("a", "x"), ("b", "y"), ("c", "x")):
        registry.record(entry(name, (name + digest).encode(), digest=digest), expected_previous=None)
    assert [s.dataset for s in registry.with_digest("x")] == ["c", "a"]
    assert [s.dataset for s in registry.with_digest("x", limit=1)] == ["c"]


def test_no_password_is_stored(registry, tmp_path):
    recorded = registry.record(
        entry(source="postgresql://ann:hunter2@db/shop?sslpassword=hunter3::orders"), expected_previous=None
    )
    assert recorded.source == "postgresql://ann@db/shop?sslpassword=***::orders"
    assert b"hunter" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_a_source_name_that_is_not_unicode_is_stored_readably(registry):
    recorded = registry.record(entry(source="bad\udcff.csv"), expected_previous=None)
    assert registry.snapshot("orders").source == recorded.source == "bad\\udcff.csv"


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"dataset": "a@b"}, "'a@b' cannot name a dataset"),
        ({"sketch": b"", "digest": "d"}, "no bytes"),
        ({"rows": -1}, "-1 rows"),
        ({"rows": 1 << 63}, "rows"),
        ({"digest": ""}, "digest is empty"),
        ({"status": ""}, "status is empty"),
        ({"run_id": ""}, "run_id is empty"),
        ({"taken_at": datetime(2026, 1, 1)}, "no time zone"),
        ({"report": "{"}, "report of 'orders' is not JSON"),
        ({"validation": "[\udcff]"}, "validation of 'orders' is not JSON"),
        ({"report": '"' + "x" * (1 << 20) + '"'}, "report of 'orders' has 1048578 bytes"),
    ],
)
def test_a_snapshot_that_makes_no_sense_is_refused(facts, fault):
    with pytest.raises(SpecError, match=fault):
        entry(**facts)


def test_a_snapshot_taken_now_has_the_time_the_program_and_a_run_of_its_own():
    before = datetime.now(UTC)
    first, second = entry(), entry()
    assert before <= first.taken_at <= second.taken_at <= datetime.now(UTC)
    assert first.run_id != second.run_id
    assert first.program_version


def test_importing_the_package_does_not_import_sqlalchemy():
    code = (
        "import sys, sameset.registry as r; r.parse_reference('a@1'), r.NewSnapshot, r.default_address();"
        "assert 'sqlalchemy' not in sys.modules; r.Registry; assert 'sqlalchemy' in sys.modules;"
        "assert 'sqlalchemy.orm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


def test_the_package_exports_what_it_says():
    import sameset.registry

    for name in sameset.registry.__all__:
        assert getattr(sameset.registry, name).__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = sameset.registry.nonsense
