"""The checkpoint action that records: once for a run, never a bad delivery, also where Great Expectations runs alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pyarrow as pa
import pytest
from engine_batches import MAKERS, PLAIN, Places
from expectation_cases import CHANGED, ORDERS, Write
from great_expectations.compatibility.pydantic import ValidationError
from great_expectations.core import RunIdentifier
from projects import ROWS_AND_COLUMNS, checkpoint, project

import sameset_expectations as se
from sameset import Registry, sketch_table
from sameset.errors import SamesetError, SpecError
from sameset.sources.delimited import DelimitedSource

WRONG = gxe.ExpectTableRowCountToEqual(value=7)


def recorded(registry: str, name: str = "orders") -> list[Any]:
    with Registry.open(registry) as opened:
        known = [one.name for one in opened.datasets()]
        return opened.history(name) if name in known else []


def validation(registry: str, name: str = "orders") -> dict[str, Any]:
    with Registry.open(registry) as opened:
        found: dict[str, Any] = json.loads(opened.validation(opened.snapshot(name)) or "{}")
        return found


def test_a_snapshot_with_verdict_and_validation_is_recorded(write: Write, tmp_path: Path, registry: str) -> None:
    mild = gxe.ExpectTableRowCountToEqual(value=7, severity="warning")
    context = project(
        tmp_path, write(ORDERS), mild, se.ExpectTableToDifferFromPrevious(name="orders"), docs=True, dataset="orders"
    )
    run = se.run_checkpoint(context, "nightly", run_id="monday")
    assert run.outcome == "failure"
    assert [(one.status, one.rows) for one in recorded(registry)] == [("new", 1_000)]
    kept = validation(registry)
    assert (kept["success"], kept["suite_name"], kept["meta"]["checkpoint"]) == (False, "quality", "nightly")
    assert kept["meta"]["run_id"]["run_name"] == "monday"
    assert datetime.fromisoformat(kept["meta"]["run_id"]["run_time"]).tzinfo
    assert kept["statistics"] == {
        "evaluated_expectations": 2,
        "successful_expectations": 1,
        "unsuccessful_expectations": 1,
        "success_percent": 50,
    }
    (page,) = kept["meta"]["data_docs"]
    assert Path(page.removeprefix("file://")).exists()


def test_a_run_that_is_tried_again_is_recorded_once(write: Write, tmp_path: Path, registry: str) -> None:
    context = project(tmp_path, write(ORDERS), dataset="orders")
    for run_id in ("monday", "monday", "tuesday"):
        assert se.run_checkpoint(context, "nightly", run_id=run_id).success
    assert [one.status for one in recorded(registry)] == ["unchanged", "new"]


def test_great_expectations_alone_records_a_run_once(write: Write, tmp_path: Path, registry: str) -> None:
    project(tmp_path, write(ORDERS), dataset="orders")
    nightly = gx.get_context(mode="file", project_root_dir=str(tmp_path)).checkpoints.get("nightly")
    run = RunIdentifier(run_name="monday", run_time=datetime.now(UTC))
    for _ in range(2):
        assert nightly.run(run_id=run).success
    assert len(recorded(registry)) == 1
    nightly.run()
    assert len(recorded(registry)) == 2


@pytest.mark.parametrize(
    ("expectation", "record_on", "snapshots"),
    [
        (WRONG, "no_critical_failure", 0),
        (WRONG.copy(update={"severity": "warning"}), "no_critical_failure", 1),
        (WRONG.copy(update={"severity": "warning"}), "success", 0),
        (WRONG, "all", 1),
        (gxe.ExpectColumnMaxToBeBetween(column="nowhere", max_value=1, severity="info"), "no_critical_failure", 0),
    ],
    ids=["critical", "warning", "warning, success asked for", "all", "could not be evaluated"],
)
def test_a_bad_delivery_is_not_what_the_next_is_compared_with(
    expectation: Any, record_on: str, snapshots: int, write: Write, tmp_path: Path, registry: str
) -> None:
    context = project(tmp_path, write(ORDERS), expectation, record_on=record_on)
    assert not se.run_checkpoint(context, "nightly").success
    assert len(recorded(registry)) == snapshots


def test_rows_are_read_once(write: Write, tmp_path: Path, registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[str] = []
    batches = DelimitedSource.batches

    def counted(self: DelimitedSource, *args: Any, **kwargs: Any) -> Iterator[pa.RecordBatch]:
        scans.append(self.address)
        return batches(self, *args, **kwargs)

    monkeypatch.setattr(DelimitedSource, "batches", counted)
    differs = se.ExpectTableToDifferFromPrevious(name="orders")
    context = project(tmp_path, write(ORDERS, "orders.csv"), differs, dataset="orders")
    assert se.run_checkpoint(context, "nightly").success
    assert len(scans) == 1
    assert len(recorded(registry)) == 1


def test_pandas_tables_of_a_project_are_recorded_too(write: Write, registry: str) -> None:
    context = se.get_context()
    data = context.data_sources.add_pandas("frames").add_dataframe_asset("orders")
    checkpoint(context, data.add_batch_definition_whole_dataframe("all"), *ROWS_AND_COLUMNS, dataset="shop.orders")
    for table, rows in ((ORDERS, 1_000), (CHANGED, 1_000)):
        assert se.run_checkpoint(context, "nightly", batch_parameters={"dataframe": table.to_pandas()}).success
        assert recorded(registry, "shop.orders")[0].rows == rows
    assert [one.status for one in recorded(registry, "shop.orders")] == ["modified", "new"]


@pytest.mark.parametrize(
    "kind", ["postgres table", "duckdb table", "sqlite table", pytest.param("spark file", marks=pytest.mark.slow)]
)
@pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_tables_of_other_engines_are_recorded_with_the_digest_that_they_have_anywhere(
    kind: str, places: Places, registry: str
) -> None:
    batch = MAKERS[kind](PLAIN, places)
    asset = batch.datasource.get_asset(batch.data_asset.name)
    expectation = gxe.ExpectTableRowCountToEqual(value=PLAIN.num_rows)
    checkpoint(places.context, asset.get_batch_definition("all"), expectation, dataset="shop.orders")
    for outcome in ("new", "unchanged"):
        assert se.run_checkpoint(places.context, "nightly").success
        assert recorded(registry, "shop.orders")[0].status == outcome
    assert recorded(registry, "shop.orders")[0].digest == sketch_table(PLAIN).text_digest


def test_a_registry_of_its_own_and_names_for_assets(
    write: Write, tmp_path: Path, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = str(tmp_path / "other.db")
    monkeypatch.setenv("RECORDS", str(tmp_path))
    context = project(
        tmp_path / "gx", write(ORDERS), registry="${RECORDS}/other.db", datasets={"orders": "shop.orders"}
    )
    assert se.run_checkpoint(context, "nightly").success
    assert len(recorded(other, "shop.orders")) == 1
    assert not Path(registry).exists()


def test_datasets_of_assets_that_are_not_validated_are_refused(write: Write, tmp_path: Path, registry: str) -> None:
    context = project(tmp_path, write(ORDERS), datasets={"order": "shop.orders"})
    with pytest.raises(SpecError, match="names the asset 'order', which its checkpoint does not validate"):
        se.run_checkpoint(context, "nightly")
    assert recorded(registry) == recorded(registry, "shop.orders") == []


def test_what_the_action_cannot_do_is_an_error(write: Write, tmp_path: Path, registry: str) -> None:
    with pytest.raises(ValidationError, match="the address holds a password"):
        se.RecordInRegistryAction(name="record", registry="postgresql://ann:s3cret@db/shop")
    with pytest.raises(ValidationError, match="record_on"):
        se.RecordInRegistryAction(name="record", record_on="sometimes")
    with pytest.raises(SpecError, match="cannot name a dataset"):
        se.run_checkpoint(project(tmp_path, write(ORDERS), dataset="a@b"), "nightly")
    nowhere = f"{write(ORDERS)}/registry.db"
    with pytest.raises(SamesetError, match=r"orders\.parquet"):
        se.run_checkpoint(project(tmp_path / "other", write(ORDERS), registry=nowhere), "nightly")


ALONE = """
import sys
{imported}
import great_expectations as gx
context = gx.get_context(mode="file", project_root_dir=sys.argv[1])
print(context.checkpoints.get("nightly").run().success)
"""


@pytest.mark.slow
def test_a_process_of_great_expectations_alone(write: Write, tmp_path: Path, registry: str) -> None:
    project(tmp_path, write(ORDERS), dataset="orders")
    knowing, not_knowing = (
        subprocess.run(
            [sys.executable, "-c", ALONE.format(imported=imported), str(tmp_path)],
            capture_output=True, text=True, timeout=120, check=False,
        )
        for imported in ("import sameset_expectations", "")
    )  # fmt: skip
    assert (knowing.returncode, knowing.stdout.strip()) == (0, "True"), knowing.stderr
    assert not_knowing.returncode != 0
    assert len(recorded(registry)) == 1
