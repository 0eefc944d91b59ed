from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from deliveries import orders
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.flow_engine import run_flow_sync
from prefect.states import Scheduled

from sameset import check_table
from sameset.errors import SamesetError
from sameset.registry import Registry
from sameset.reports.markdown import escape
from sameset_flows.check_dataset import check_dataset

pytestmark = pytest.mark.usefixtures("prefect_server")


def run_of(state):
    """The flow run that a state belongs to."""
    with get_client(sync_client=True) as client:
        return client.read_flow_run(state.state_details.flow_run_id)


def latest_artifact(key):
    """The newest artifact of that key. `Artifact.get` would leave its connection open."""
    with get_client(sync_client=True) as client:
        (found,) = client.read_latest_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
    return found


def everything_shown(flow_run):
    """All that Prefect shows of a run but its parameters: states of the run and its tasks, artifacts."""
    one_run = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run.id]))
    with get_client(sync_client=True) as client:
        parts = [
            client.read_flow_run_states(flow_run.id),
            client.read_task_runs(flow_run_filter=one_run),
            client.read_artifacts(artifact_filter=of_run),
        ]
    return "\n".join(item.model_dump_json() for part in parts for item in part)


def test_the_flow_gives_the_same_json_as_the_library(deliver, registry, tmp_path):
    deliveries = [deliver("first.parquet", orders(100)), deliver("second.parquet", orders(103, _5=99.0))]
    for delivery in deliveries:
        from_flow = check_dataset(delivery, "orders", ["o_orderkey"], registry)
        assert from_flow.pop("policy") == {"outcome": "passed", "reasons": []}
        from_library = check_table(delivery, "orders", str(tmp_path / "other.db"), key=["o_orderkey"]).to_json()
        assert from_flow == json.loads(json.dumps(from_library))
    assert (from_flow["status"], from_flow["rows"]["added"]) == ("modified", 3)
    assert from_flow["delta"]["changed"] == [{"o_orderkey": 5}]


def test_snapshot_verdict_and_validation_are_recorded_together(deliver, registry):
    state = check_dataset(deliver("orders.parquet"), "orders", registry=registry, return_state=True)
    with Registry.open(registry) as opened:
        (snapshot,) = opened.history("orders")
        assert (snapshot.status, snapshot.run_id) == ("new", str(state.state_details.flow_run_id))
        validation = json.loads(opened.validation(snapshot))
    assert validation["success"] is True
    assert validation["statistics"]["evaluated_expectations"] > 0


def test_the_final_state_says_the_verdict(deliver, registry):
    deliveries = [deliver("first.parquet"), deliver("second.parquet", orders(100, _7=50.0))]
    states = [check_dataset(place, "orders", ["o_orderkey"], registry, return_state=True) for place in deliveries]
    assert [state.name for state in states] == ["Completed", "Completed"]
    assert run_of(states[0]).state.message == "orders is new: 100 rows"
    assert run_of(states[1]).state.message == "orders is modified: 1 row changed"


def test_artifacts_keep_their_keys_from_run_to_run(deliver, registry):
    check_dataset(deliver("first.parquet"), "Daily Orders", ["o_orderkey"], registry)
    check_dataset(deliver("second.parquet", orders(100, _7=50.0)), "Daily Orders", registry=registry)
    report = latest_artifact("sameset-check-daily-orders--d14933bef9f8")
    columns = latest_artifact("sameset-columns-daily-orders--d14933bef9f8")
    assert (report.type, columns.type) == ("markdown", "table")
    assert "Daily Orders is modified: 1 row changed" in report.data
    assert "| 7 |" in report.data
    assert escape(registry) in report.data
    assert [(row["column"], row["state"]) for row in json.loads(columns.data)] == [
        ("total", "changed"),
        ("o_orderkey", "same"),
    ]


def test_data_docs_are_updated_beside_the_registry(deliver, registry):
    check_dataset(deliver("orders.parquet"), "orders", registry=registry)
    pages = Path(registry).parent / "data_docs"
    assert len(list(pages.rglob("validations/**/*.html"))) == 1
    (index,) = pages.rglob("index.html")
    assert escape(str(index)) in latest_artifact("sameset-check-orders").data


def test_data_docs_are_updated_in_the_folder_that_is_asked_for(deliver, registry, tmp_path):
    check_dataset(deliver("orders.parquet"), "orders", None, registry, str(tmp_path / "pages"))
    assert list((tmp_path / "pages").rglob("index.html"))
    assert not (tmp_path / "data_docs").exists()


def test_a_run_that_is_run_again_is_recorded_once_and_says_the_same(deliver, registry):
    check_dataset(deliver("first.parquet"), "orders", ["o_orderkey"], registry)
    parameters = {"source": deliver("second.parquet", orders(101)), "name": "orders", "registry": registry}
    state = check_dataset(**parameters, return_state=True)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(state.state_details.flow_run_id, Scheduled(), force=True)
        again = client.read_flow_run(state.state_details.flow_run_id)
    assert run_flow_sync(check_dataset, flow_run=again, parameters=parameters) == state.result()
    with Registry.open(registry) as opened:
        assert [(each.reference, each.status) for each in opened.history("orders")] == [
            ("orders@2", "appended"),
            ("orders@1", "new"),
        ]


@pytest.mark.parametrize("source", ["missing.parquet", "broken.parquet", "s3://bucket/orders"])
def test_a_source_that_cannot_be_read_fails_the_run_with_one_sentence(source, registry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("broken.parquet").write_bytes(b"PAR1 and then nothing that is Parquet")
    # A store that does not answer, as where there is no network, would be tried again.
    options = {"retries": 0} if source.startswith("s3:") else None
    flow_run = run_of(check_dataset(source, "orders", registry=registry, options=options, return_state=True))
    assert flow_run.state.is_failed()
    assert source in flow_run.state.message
    assert "Traceback" not in flow_run.state.message
    assert "\n" not in flow_run.state.message
    assert not Path(registry).exists()
    with get_client(sync_client=True) as client:
        one_run = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))
        (validation,) = client.read_task_runs(flow_run_filter=one_run)
    assert validation.run_count == 1


def test_a_caller_gets_the_error_itself(registry):
    with pytest.raises(SamesetError, match=r"missing\.parquet does not exist"):
        check_dataset("missing.parquet", "orders", registry=registry)


def test_a_name_that_no_dataset_can_bear_fails_before_anything_is_read(registry):
    with pytest.raises(SamesetError, match="cannot name a dataset"):
        check_dataset("missing.parquet", "orders@2", registry=registry)


def test_a_file_that_is_no_registry_is_left_as_it_is(deliver, tmp_path):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("create table theirs (id integer)")
    connection.close()
    before = other.read_bytes()
    state = check_dataset(deliver("orders.parquet"), "orders", registry=str(other), return_state=True)
    assert "no registry" in run_of(state).state.message
    assert other.read_bytes() == before


@pytest.mark.parametrize(
    ("source", "registry_address"),
    [
        ("s3://ann:hunter2@host/orders?token=hunter2", None),
        (None, "postgresql://ann:hunter2@localhost:1/orders?password=hunter2"),
        (None, "mysql://ann:hunter2@localhost/orders"),
        (None, "postgresql://ann:${PW}@localhost:1/orders"),
        (None, "${WHOLE}"),
        ("s3://bucket/${PW}/orders", None),
        ("postgresql://ann:${PW}@localhost:1/shop::orders", None),
    ],
)
def test_a_password_in_an_address_is_never_shown(source, registry_address, deliver, registry, capfd, monkeypatch):
    monkeypatch.setenv("PW", "hunter2")
    monkeypatch.setenv("WHOLE", "postgresql://ann:hunter2@localhost:1/orders")
    place = source or deliver("orders.parquet")
    again = {"retries": 1}  # what is said of a failed attempt is shown, too
    state = check_dataset(place, "orders", registry=registry_address or registry, options=again, return_state=True)
    flow_run = run_of(state)
    assert flow_run.state.is_failed()
    shown = everything_shown(flow_run)
    assert json.dumps(flow_run.state.message) in shown
    assert "hunter2" not in shown
    assert "hunter2" not in "".join(capfd.readouterr())
