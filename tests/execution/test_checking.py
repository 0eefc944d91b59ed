"""The main job: status, evidence, resemblances, and what is recorded, or not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sameset
from sameset.comparison import Verdict
from sameset.errors import RegistryError, SamesetError, SchemaError, SourceError, SpecError, UnsupportedTypeError
from sameset.execution.checking import Arrival, Check, judge_arrival, record_check
from sameset.registry import Registry


def orders(rows: int = 300, start: int = 0, seed: int = 0) -> pa.Table:
    numbers = np.arange(start, start + rows)
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "id": numbers,
            "name": [f"n{n + 1000 * seed}" for n in numbers],
            "price": np.round(rng.lognormal(3, 1, rows), 3),
        }
    )


ORDERS = orders()
UNION = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["x"])])


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "registry.db")


def with_prices(table: pa.Table, change: Callable[[Any], Any]) -> pa.Table:
    return table.set_column(2, "price", pa.array(change(table["price"].to_numpy())))


def snapshots(address: str, name: str = "orders") -> list[tuple[int, str]]:
    with Registry.open(address) as registry:
        return [(snapshot.number, snapshot.status) for snapshot in registry.history(name)][::-1]


def test_the_first_delivery_is_new(address: str) -> None:
    check = sameset.check_table(ORDERS, "orders", address)
    assert (check.status, check.comparison, check.previous, check.is_same) == ("new", None, None, True)
    assert check.sentence == "orders is new: 300 rows"
    assert check.snapshot is not None
    assert check.snapshot.reference == "orders@1"
    assert (check.snapshot.rows, check.snapshot.verdict) == (300, None)


DELIVERIES: dict[str, tuple[pa.Table, tuple[int, int, int] | None]] = {
    "unchanged": (ORDERS.take(np.random.default_rng(0).permutation(300)).select(["price", "name", "id"]), (0, 0, 0)),
    "renamed": (ORDERS.rename_columns(["id", "label", "price"]), (0, 0, 0)),
    "appended": (pa.concat_tables([ORDERS, orders(4, 300)]), (4, 0, 0)),
    "truncated": (ORDERS.slice(0, 290), (0, 10, 0)),
    "modified": (with_prices(ORDERS, lambda prices: np.r_[0, prices[1:]]), (1, 1, 0)),
    "near_duplicate": (with_prices(ORDERS, lambda prices: prices * 100), (300, 300, 0)),
    "replaced": (orders(300, 5000, seed=3), (300, 300, 0)),
}


@pytest.mark.parametrize("gone", [False, True], ids=["table at hand", "data gone"])
@pytest.mark.parametrize("status", DELIVERIES)
def test_a_delivery_gets_the_status_of_its_verdict(status: str, gone: bool, address: str, tmp_path: Path) -> None:
    table, changes = DELIVERIES[status]
    pq.write_table(ORDERS, tmp_path / "monday.parquet")
    sameset.check_table(tmp_path / "monday.parquet", "orders", address)
    if gone:
        (tmp_path / "monday.parquet").unlink()
    check = sameset.check_table(table, "orders", address)
    assert check.comparison is not None
    assert check.status == status
    assert check.is_same == (status == "unchanged")
    verdict = {"unchanged": "identical", "replaced": "unrelated"}.get(status, status)
    assert (str(check.comparison.verdict), check.comparison.changes) == (verdict, changes)
    assert (check.comparison.left.address, check.comparison.right.address) == ("orders@1", "memory:table")
    assert snapshots(address) == [(1, "new"), (2, status)]


def test_the_key_of_the_previous_snapshot_is_remembered(address: str) -> None:
    sameset.check_table(ORDERS, "orders", address, key=["id"])
    check = sameset.check_table(DELIVERIES["modified"][0], "orders", address)
    assert check.comparison is not None
    assert (check.comparison.key, check.comparison.changes) == (("id",), (0, 0, 1))
    assert check.comparison.delta is not None
    assert [row.key for row in check.comparison.delta.changed] == [{"id": 0}]
    assert check.sentence == "orders is modified: 1 row changed"


def test_a_new_key_is_taken_from_then_on(address: str) -> None:
    sameset.check_table(ORDERS, "orders", address)
    check = sameset.check_table(ORDERS.slice(1), "orders", address, key=["id"])
    assert check.comparison is not None
    assert any("different keys" in note for note in check.comparison.notes)
    assert sameset.check_table(ORDERS, "orders", address).comparison.key == ("id",)  # type: ignore[union-attr]


@pytest.mark.parametrize("what", ["overwritten", "deleted", "garbage", "same"])
def test_the_verdict_comes_from_the_sketch_whatever_became_of_the_previous_file(
    what: str, address: str, tmp_path: Path
) -> None:
    path = tmp_path / "orders.parquet"
    right = with_prices(ORDERS, lambda prices: np.r_[0, prices[1:]])
    pq.write_table(ORDERS, path)
    sameset.check_table(path, "orders", address)
    if what == "overwritten":
        pq.write_table(right, path)
    elif what == "deleted":
        path.unlink()
    elif what == "garbage":
        path.write_bytes(b"PAR1 and nothing more")
    check = sameset.check_table(path if what == "overwritten" else right, "orders", address)
    listed = check.to_json()
    assert (check.status, listed["rows"]["added"], listed["rows"]["removed"]) == ("modified", 1, 1)
    assert listed["row_sample"]["added"] == right.slice(0, 1).to_pylist()
    assert listed["row_sample"]["removed"] == (ORDERS.slice(0, 1).to_pylist() if what == "same" else [])
    assert set(listed["delta"]["removed"][0]) == {"row_hash", "times"}


# resembles

KIN: dict[str, tuple[pa.Table, Verdict | None]] = {
    "equal copy": (ORDERS, Verdict.IDENTICAL),
    "renamed copy": (ORDERS.rename_columns(["a", "b", "c"]), Verdict.RENAMED),
    "subset": (ORDERS.slice(0, 200), Verdict.APPENDED),
    "superset": (pa.concat_tables([ORDERS, orders(100, 300)]), Verdict.TRUNCATED),
    "near-duplicate": (with_prices(ORDERS, lambda prices: prices * 100), Verdict.NEAR_DUPLICATE),
    "other": (orders(300, 5000, seed=3), None),
    "the same running number": (orders(300, 0, seed=4), None),
    "empty, of other columns": (pa.table({"x": pa.array([], pa.int64())}), None),
}


@pytest.mark.parametrize("key", [None, ["id"]])
def test_related_datasets_are_found_and_others_are_not(key: list[str] | None, address: str) -> None:
    for name, (table, _) in KIN.items():
        sameset.check_table(table, name, address, key=key if key and "id" in table.schema.names else None)
    check = sameset.check_table(ORDERS, "orders", address, key=key)
    found = {other.dataset: other.comparison.verdict for other in check.resembles}
    assert found == {name: verdict for name, (_, verdict) in KIN.items() if verdict}
    listed = check.to_json()["resembles"]
    assert [other["dataset"] for other in listed] == [
        "equal copy",
        "renamed copy",
        "subset",
        "superset",
        "near-duplicate",
    ]
    assert {other["dataset"]: other["jaccard"] for other in listed}["subset"] == pytest.approx(2 / 3)


def test_a_dataset_does_not_resemble_itself_nor_what_another_was_before(address: str) -> None:
    sameset.check_table(ORDERS, "copy", address)
    sameset.check_table(orders(300, 5000, seed=3), "copy", address)
    sameset.check_table(ORDERS, "orders", address)
    assert sameset.check_table(ORDERS, "orders", address).resembles == ()


def test_tables_of_the_same_keys_alone_are_no_kin_but_one_table_of_one_name(address: str) -> None:
    sameset.check_table(ORDERS, "orders", address, key=["id"])
    other = orders(300, 0, seed=4)
    assert sameset.check_table(other, "prices", address, key=["id"]).resembles == ()
    assert sameset.check_table(other, "orders", address).status == "modified"


# what is recorded


def test_a_run_is_recorded_once_and_says_the_same_again(address: str) -> None:
    first = sameset.check_table(ORDERS, "orders", address, run_id="monday")
    assert sameset.check_table(ORDERS, "orders", address, run_id="monday").to_json() == first.to_json()
    second = sameset.check_table(ORDERS.slice(1), "orders", address, run_id="tuesday")
    again = sameset.check_table(ORDERS.slice(1), "orders", address, run_id="tuesday")
    assert again.snapshot == second.snapshot
    assert (again.status, again.previous) == ("truncated", second.previous)
    assert snapshots(address) == [(1, "new"), (2, "truncated")]


def test_the_report_is_recorded_with_the_verdict(address: str) -> None:
    sameset.check_table(ORDERS, "orders", address)
    check = sameset.check_table(ORDERS.slice(1), "orders", address)
    assert check.snapshot is not None
    with Registry.open(address) as registry:
        report = json.loads(registry.report(check.snapshot) or "")
    assert report == check.to_json() | {"snapshot": None}


def test_the_report_of_a_wide_table_stays_bounded(address: str) -> None:
    wide = pa.table({f"column {i} {'x' * 1000}": [i] for i in range(900)})
    sameset.check_table(wide, "wide", address)
    right = wide.set_column(0, wide.schema.names[0], pa.array([-1]))
    check = sameset.check_table(right, "wide", address)
    assert check.snapshot is not None
    with Registry.open(address) as registry:
        text = registry.report(check.snapshot) or ""
    assert len(text) < 1 << 20
    assert [column["state"] for column in json.loads(text)["columns"]] == ["changed"]


def test_an_arrival_is_judged_without_being_recorded(address: str) -> None:
    with Registry.open(address) as registry:
        arrival = Arrival("orders", sameset.sketch_table(ORDERS), "here")
        assert judge_arrival(registry, arrival).status == "new"
        assert registry.latest("orders") is None
    assert not Path(address).exists()


def test_an_arrival_is_compared_anew_if_another_was_recorded_in_between(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run records exactly between our judgement and our record."""
    other = sameset.sketch_table(ORDERS.slice(5))
    record = Registry.record
    with Registry.open(address) as registry:

        def late(self: Registry, *args: Any, **options: Any) -> Any:
            monkeypatch.setattr(Registry, "record", record)
            record_check(registry, Arrival("orders", other, "there"))
            return record(self, *args, **options)

        monkeypatch.setattr(Registry, "record", late)
        check = record_check(registry, Arrival("orders", sameset.sketch_table(ORDERS), "here"))
    assert (check.status, check.previous.number if check.previous else None) == ("appended", 1)
    assert snapshots(address) == [(1, "new"), (2, "appended")]


@pytest.mark.slow
def test_processes_that_check_one_dataset_at_once_are_all_recorded(address: str) -> None:
    """Each check is compared with the snapshot just before its own."""
    script = str(Path(__file__).with_name("check_processes.py"))
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, script, address, str(n), "5"], **pipes) for n in (1, 2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    lines = [line.split() for process in processes for line in process.communicate(timeout=120)[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(int(number) for number, _, _ in lines) == list(range(1, 11))
    assert all(int(previous) == int(number) - 1 for number, previous, _ in lines)
    assert [status for _, status in snapshots(address)] == ["new"] + ["modified"] * 9


BAD: dict[str, tuple[Callable[[Path], Any], dict[str, Any], type[SamesetError]]] = {
    "missing file": (lambda folder: folder / "no.parquet", {}, SourceError),
    "missing key": (lambda folder: ORDERS, {"key": ["no"]}, SchemaError),
    "key twice": (lambda folder: ORDERS, {"key": ["id", "id"]}, SchemaError),
    "two columns of one name": (lambda folder: pa.table([[1], [2]], names=["a", "a"]), {}, SchemaError),
    "union": (lambda folder: pa.table({"a": UNION}), {}, UnsupportedTypeError),
    "value out of range": (lambda folder: pa.table({"a": pa.array([2**62], pa.timestamp("s"))}), {}, SourceError),
    "no table": (lambda folder: 5, {}, SourceError),
}


@pytest.mark.parametrize("fault", BAD)
@pytest.mark.parametrize("known", [False, True])
def test_nothing_is_recorded_on_an_error(fault: str, known: bool, address: str, tmp_path: Path) -> None:
    make, options, kind = BAD[fault]
    if known:
        sameset.check_table(ORDERS, "orders", address)
    with pytest.raises(kind) as raised:
        sameset.check_table(make(tmp_path), "orders", address, **options)
    assert "\n" not in str(raised.value)
    assert (snapshots(address) == [(1, "new")]) if known else not Path(address).exists()


@pytest.mark.parametrize("name", ["", " x", "a@b", "a::b", "x" * 201, "line\nbreak"])
def test_a_name_that_no_dataset_can_bear_is_refused(name: str, address: str) -> None:
    with pytest.raises(SpecError):
        sameset.check_table(ORDERS, name, address)
    assert not Path(address).exists()


def test_a_run_id_of_another_dataset_is_refused(address: str) -> None:
    sameset.check_table(ORDERS, "orders", address, run_id="monday")
    with pytest.raises(RegistryError, match="own run_id"):
        sameset.check_table(ORDERS, "other", address, run_id="monday")


def test_a_table_of_no_rows_is_a_table(address: str) -> None:
    empty = ORDERS.slice(0, 0)
    statuses: list[Check] = [sameset.check_table(t, "orders", address) for t in (empty, empty, ORDERS, empty)]
    assert [check.status for check in statuses] == ["new", "unchanged", "appended", "truncated"]
    assert statuses[0].sentence == "orders is new: 0 rows"
