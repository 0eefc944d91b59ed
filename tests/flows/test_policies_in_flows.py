"""Policies, limits and the other two flows: what the final state of a run says."""

from __future__ import annotations

import json
import time

import pytest
from deliveries import orders
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId

from sameset import open_source
from sameset.errors import ConfigurationError, SamesetError
from sameset.registry import Registry
from sameset_flows.arriving import dataset_of
from sameset_flows.check_all import check_all
from sameset_flows.check_dataset import check_dataset
from sameset_flows.compare_datasets import compare_datasets
from sameset_flows.states import PolicyError
from sameset_flows.tasks import DELAYS, Limits, fat_task

pytestmark = pytest.mark.usefixtures("prefect_server")


def read(state):
    """The state as the server has it."""
    with get_client(sync_client=True) as client:
        return client.read_flow_run(state.state_details.flow_run_id).state


def snapshots(registry, name="orders"):
    with Registry.open(registry) as opened:
        return [each.reference for each in opened.history(name)]


def test_a_broken_policy_fails_the_run_and_records_nothing_unless_asked(deliver, registry):
    policy = {"max_removed": 0, "warn_on": ["appended"]}
    more = {"name": "orders", "key": ["o_orderkey"], "registry": registry, "policy": policy}
    check_dataset(deliver("first.parquet"), **more)
    warned = read(check_dataset(deliver("second.parquet", orders(102)), **more, return_state=True))
    assert (warned.type.value, warned.name) == ("COMPLETED", "Warned")
    assert (
        warned.message == "orders is the same with rows appended: 2 rows added; policy warned: appended is in warn_on"
    )
    shrunk = deliver("third.parquet", orders(99))
    failed = read(check_dataset(shrunk, **more, return_state=True))
    assert failed.type.value == "FAILED"
    assert failed.message.endswith("3 rows removed; policy failed: 3 rows were removed, more than max_removed = 0")
    assert snapshots(registry) == ["orders@2", "orders@1"]
    with pytest.raises(PolicyError) as broken:
        check_dataset(shrunk, **more | {"policy": policy | {"record": "always"}})
    assert broken.value.found["status"] == "truncated"
    assert snapshots(registry) == ["orders@3", "orders@2", "orders@1"]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        (
            {"policy": {"fail_on": ["modifed"]}},
            "fail_on: 'modifed' is nothing that a check finds; did you mean 'modified'",
        ),
        ({"options": {"incrementl": True}}, "incrementl: there is no such key; did you mean 'incremental'?"),
        ({"source": "postgresql://ann:hunter2@db/shop::orders"}, "the address holds a password"),
        ({"source": "${NOT_THERE}/x.csv"}, "the environment has no NOT_THERE"),
    ],
)
def test_parameters_that_make_no_sense_fail_at_once_with_one_sentence(parameters, told, registry, tmp_path):
    state = read(
        check_dataset(**{"source": "x.csv", "name": "a", "registry": registry} | parameters, return_state=True)
    )
    assert state.type.value == "FAILED"
    assert told in state.message
    assert "hunter2" not in state.message
    assert not (tmp_path / "registry.db").exists()


def test_the_file_and_the_parameters_are_the_same_dataset():
    assert dataset_of("a", "x.csv", ["id"], {"retries": 1}, {"max_added": "5%"}).key == ("id",)
    with pytest.raises(ConfigurationError, match="parameters of 'a'"):
        dataset_of("a", "x.csv", None, {"key": 5})


@pytest.mark.parametrize(("retries", "delays"), [(None, DELAYS), (0, []), (2, DELAYS[:2]), (5, [*DELAYS, 60.0, 60.0])])
def test_retries_are_as_asked_with_growing_delays(retries, delays):
    limited = Limits(retries, 5.0).on(fat_task("read", read))
    assert (limited.retries, limited.retry_delay_seconds, limited.timeout_seconds) == (len(delays), delays, 5.0)


def test_a_check_that_takes_too_long_fails_with_one_sentence_and_is_not_tried_again(deliver, registry, monkeypatch):
    calls = []

    def forever(*_, **__):
        calls.append(1)
        while True:
            time.sleep(0.01)

    monkeypatch.setattr("sameset_flows.arriving.source_of", forever)
    state = check_dataset(deliver("a.parquet"), "a", registry=registry, options={"timeout": "0.5s"}, return_state=True)
    assert read(state).message == "a took longer than its timeout of 0.5s; nothing more was recorded"
    assert (state.type.value, len(calls)) == ("FAILED", 1)


@pytest.fixture
def project(tmp_path, deliver, registry):
    deliver("good.parquet")
    deliver("warned.parquet", orders(7))
    path = tmp_path / "sameset.toml"
    path.write_text(
        f'registry = "{registry}"\n[datasets.good]\nsource = "good.parquet"\ntags = ["vendor"]\n'
        '[datasets.missing]\nsource = "missing.parquet"\n'
        '[datasets.warned]\nsource = "warned.parquet"\npolicy = { warn_on = ["new"] }\n',
        "utf-8",
    )
    return str(path)


def test_all_are_checked_whatever_becomes_of_one(project, registry, tmp_path):
    state = check_all(project, return_state=True)
    final = read(state)
    missing = f"{tmp_path / 'missing.parquet'} does not exist; check the path"
    assert (final.type.value, final.message) == ("FAILED", f"3 datasets: 1 failed, 1 warned, 1 passed: {missing}")
    assert snapshots(registry, "good") == ["good@1"]
    assert snapshots(registry, "warned") == ["warned@1"]
    of_parent = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[state.state_details.flow_run_id]))
    with get_client(sync_client=True) as client:
        runs = {run.name: run for run in client.read_flow_runs(flow_run_filter=of_parent)}
    assert runs.keys() == {"check good", "check missing", "check warned"}
    assert runs["check good"].tags == ["vendor"]
    assert runs["check warned"].state.name == "Warned"


def test_some_are_chosen_and_the_worst_of_them_is_the_state(project):
    state = check_all(project, ["warned", "good"], return_state=True)
    assert (state.name, read(state).message) == ("Warned", "2 datasets: 1 warned, 1 passed")
    assert [line["outcome"] for line in state.result()] == ["warned", "passed"]
    assert "did you mean 'good'" in read(check_all(project, ["god"], return_state=True)).message


def test_two_places_are_compared_and_verdicts_fail_as_listed(deliver, registry, tmp_path, monkeypatch):
    monkeypatch.setenv("DELIVERIES", str(tmp_path))
    left, right = deliver("left.parquet"), "${DELIVERIES}/right.parquet"
    deliver("right.parquet", orders(100, _3=55.5))
    found = compare_datasets(left, right, ["o_orderkey"], registry)
    assert (found["verdict"], found["rows"]["changed"], found["right"]["address"]) == ("modified", 1, right)
    assert str(tmp_path) not in json.dumps(found["right"])
    state = compare_datasets(left, right, fail_on=["different"], return_state=True)
    assert state.is_failed()
    assert compare_datasets(left, left, fail_on=["different"], return_state=True).is_completed()
    warned = compare_datasets(left, right, warn_on=["modified"], return_state=True)
    assert (warned.name, read(warned).message.startswith(right)) == ("Warned", True)
    with pytest.raises(SamesetError, match="'modifed' is no verdict; did you mean 'modified'"):
        compare_datasets(left, right, fail_on=["modifed"])
    with pytest.raises(SamesetError, match="does not exist"):
        compare_datasets(left, "${DELIVERIES}/gone.parquet")


def test_what_a_check_imports_is_there_before_its_time_counts(deliver, registry, monkeypatch):
    loaded = []
    monkeypatch.setattr("sameset_flows.check_dataset.get_ready", lambda: loaded.append("ready"))
    monkeypatch.setattr("sameset_flows.arriving.source_of", lambda *_: loaded.append("source") or open_source(place))
    place = deliver("a.parquet")
    check_dataset(place, "a", registry=registry)
    assert loaded == ["ready", "source"]
