"""From nothing to a scheduled check with plain `prefect deploy`: a real server, a work pool, a deployment and a worker."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml
from deliveries import orders
from prefect.utilities.importtools import import_object

from sameset.configuration import read_project
from sameset.registry import Registry
from sameset_flows.plans import plan

DEPLOYMENTS = Path(__file__).parents[2] / "deployments"


@pytest.fixture(scope="module")
def deployments() -> list[dict[str, Any]]:
    return yaml.safe_load((DEPLOYMENTS / "prefect.yaml").read_text("utf-8"))["deployments"]


def test_the_deployments_name_the_flow_and_parameters_that_it_takes(deployments):
    for deployment in deployments:
        flow = import_object(deployment["entrypoint"])
        assert flow.name == "check-dataset"
        inspect.signature(flow.fn).bind(**deployment["parameters"])
        assert flow.validate_parameters(dict(deployment["parameters"])).items() >= deployment["parameters"].items()


def test_the_deployments_are_those_of_the_one_file(deployments):
    project = read_project(DEPLOYMENTS / "sameset.toml")
    assert deployments == [planned.as_yaml(project.pool) for planned in plan(project)]


def test_the_deployments_hold_no_secret(deployments):
    assert not any({"registry", "docs"} & deployment["parameters"].keys() for deployment in deployments)


@pytest.fixture(scope="module")
def deployed(prefect):
    prefect.run(
        "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(DEPLOYMENTS / "prefect.yaml"), code=0
    )
    return prefect


def planned_runs(prefect) -> int:
    """How many runs the scheduler has planned."""
    return int(prefect.post("/flow_runs/count", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}}))


@pytest.mark.server
def test_the_schedule_is_active_and_runs_are_planned(deployed):
    deployment = deployed.get("/deployments/name/check-dataset/orders")
    assert [(each["schedule"]["cron"], each["active"]) for each in deployment["schedules"]] == [("0 3 * * *", True)]
    assert deployment["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    assert deployment["global_concurrency_limit"]["limit"] == 1
    deployed.wait_until(lambda: planned_runs(deployed) > 0, "server.log")


@pytest.mark.server
def test_the_own_command_finds_nothing_to_do_after_the_plain_one(deployed):
    told = deployed.run("sameset_flows", "deploy", "--config", str(DEPLOYMENTS / "sameset.toml"), code=0).stdout
    assert [line.split(" (")[0] for line in told.splitlines()] == [
        "unchanged check-dataset/orders",
        "unchanged check-dataset/customers",
    ]


@pytest.mark.server
def test_a_deployed_run_records_and_the_next_one_sees_what_changed(deployed, deliver):
    place = deliver("orders.parquet", orders(200))
    first = deployed.check("orders", f"source={place}")
    assert first.returncode == 0, first.stdout + first.stderr
    with Registry.open(deployed.folder / "registry.db") as registry:
        assert [(each.reference, each.status) for each in registry.history("orders")] == [("orders@1", "new")]

    deliver("orders.parquet", orders(202, _5=99.0))
    second = deployed.check("orders", f"source={place}")
    assert second.returncode == 0, second.stdout + second.stderr
    sentence = "orders is modified: 1 row changed, 2 added"
    assert deployed.ended("check-dataset/orders")[0]["state"]["message"] == sentence
    assert sentence in deployed.get("/artifacts/sameset-check-orders/latest")["data"]
    assert '"changed"' in deployed.get("/artifacts/sameset-columns-orders/latest")["data"]
    assert deployed.get("/artifacts/sameset-history-orders/latest")["data"].startswith("![")
    with Registry.open(deployed.folder / "registry.db") as registry:
        assert [each.status for each in registry.history("orders")] == ["modified", "new"]

    deliver("orders.parquet", orders(190, _5=99.0))
    third = deployed.check("orders", f"source={place}")
    assert third.returncode == 1, third.stdout + third.stderr
    assert "policy failed: 12 rows were removed" in deployed.ended("check-dataset/orders")[0]["state"]["message"]
    with Registry.open(deployed.folder / "registry.db") as registry:
        assert registry.latest("orders").reference == "orders@2"


@pytest.mark.server
def test_a_run_that_cannot_read_its_source_fails_and_so_does_the_command(deployed, tmp_path):
    missing = tmp_path / "missing.parquet"
    run = deployed.check("customers", f"source={missing}")
    assert run.returncode == 1, run.stdout + run.stderr
    state = deployed.ended("check-dataset/customers")[0]["state"]
    assert (state["type"], state["message"]) == ("FAILED", f"{missing} does not exist; check the path")
