"""One file to production, on a real server: deploy, prune, cron, automation and serve, each as a user does it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from deliveries import orders
from prefect.settings import PREFECT_API_URL, temporary_settings

from sameset.registry import Registry
from sameset_flows.cli import cli

pytestmark = pytest.mark.server
DEPLOYMENTS = Path(__file__).parents[2] / "deployments"


def write_project(folder: Path, name: str, **datasets: str) -> str:
    """The path of a `sameset.toml`; a dataset is what follows its source and key in the file."""
    tables = [
        f'[datasets.{dataset}]\nsource = "{dataset}.parquet"\nkey = ["o_orderkey"]\n{more}\n'
        for dataset, more in datasets.items()
    ]
    path = folder / "sameset.toml"
    path.write_text(f'project = "{name}"\n' + "\n".join(tables), "utf-8")
    return str(path)


def write_orders(folder: Path, dataset: str, count: int) -> None:
    pq.write_table(pa.table(orders(count)), folder / f"{dataset}.parquet")


@pytest.fixture
def project(tmp_path):
    return lambda name, **datasets: write_project(tmp_path, name, **datasets)


def deploy(prefect, config, *options):
    """What `sameset-flows deploy` prints, without the notes; in this process, which saves the 4 s that another takes."""
    with temporary_settings({PREFECT_API_URL: prefect.url}):
        done = CliRunner().invoke(cli, ["deploy", "--config", config, *options], catch_exceptions=False)
    assert done.exit_code == 0
    return [line.split(" (")[0] for line in done.stdout.splitlines()]


@pytest.fixture(scope="module", autouse=True)
def timely(prefect, tmp_path_factory):
    """A dataset that a cron expression has checked every minute; so the others need not wait for the next one."""
    folder = tmp_path_factory.mktemp("timely")
    write_orders(folder, "timely", 30)
    warns = 'schedule = { cron = "* * * * *" }\npolicy = { warn_on = ["new", "unchanged"] }'
    prefect.run("sameset_flows", "deploy", "--config", write_project(folder, "cron", timely=warns), code=0)
    return folder


def deployed_names(prefect):
    return {each["name"] for each in prefect.post("/deployments/filter", limit=200)}


def test_deploying_again_changes_nothing_and_prune_removes_what_is_gone(prefect, project):
    both = project("pruned", alpha='schedule = { every = "1h" }', beta='schedule = { cron = "0 3 * * mon" }')
    assert deploy(prefect, both, "--dry-run") == [
        f"would be created check-dataset/{name}" for name in ("alpha", "beta")
    ]
    assert not {"alpha", "beta"} & deployed_names(prefect)
    assert deploy(prefect, both) == ["created check-dataset/alpha", "created check-dataset/beta"]
    assert deploy(prefect, both) == ["unchanged check-dataset/alpha", "unchanged check-dataset/beta"]
    stranger = project("strangers", gamma="")
    assert deploy(prefect, stranger, "--prune") == ["created check-dataset/gamma"]

    altered = project("pruned", alpha='schedule = { every = "2h" }\ntags = ["vendor"]')
    assert deploy(prefect, altered) == ["updated check-dataset/alpha", "left check-dataset/beta"]
    assert deploy(prefect, altered, "--prune", "--dry-run")[1] == "would be removed check-dataset/beta"
    assert {"alpha", "beta", "gamma"} <= deployed_names(prefect)
    assert deploy(prefect, altered, "--prune") == ["unchanged check-dataset/alpha", "removed check-dataset/beta"]
    assert {"alpha", "beta", "gamma"} & deployed_names(prefect) == {"alpha", "gamma"}

    told = prefect.run("sameset_flows", "deploy", "--config", project("others", alpha=""), code=2).stderr
    assert "check-dataset/alpha belongs to the project 'pruned', not to 'others'" in told


def test_a_schedule_that_was_paused_by_hand_stays_paused(prefect, project):
    deploy(prefect, project("paused", sleepy='schedule = { every = "1h" }'))
    (schedule,) = prefect.get("/deployments/name/check-dataset/sleepy")["schedules"]
    listed = prefect("deployment", "schedule", "pause", "check-dataset/sleepy", schedule["id"])
    assert listed.returncode == 0, listed.stdout + listed.stderr
    deploy(prefect, project("paused", sleepy='schedule = { every = "3h" }'))
    (schedule,) = prefect.get("/deployments/name/check-dataset/sleepy")["schedules"]
    assert (schedule["active"], schedule["schedule"]["interval"]) == (False, 10800)


def test_what_depends_on_a_dataset_runs_when_it_changed_and_only_then(prefect, project, tmp_path):
    deploy(prefect, project("automated", invoices=""))
    with prefect.running("downstream.log", str(DEPLOYMENTS / "downstream.py"), module=None):
        prefect.wait_until(lambda: bool(prefect.get("/deployments/name/train/nightly")), "downstream.log")
        example = f"import sys; sys.path.insert(0, {str(DEPLOYMENTS)!r}); import automations as a; a.DATASET = 'invoices'; a.main()"
        for word in ("created", "renewed"):
            told = prefect.python(example)
            assert told == f"{word}: sameset: run train/nightly when invoices changed\n"
        for rows in (40, 40, 41):
            write_orders(tmp_path, "invoices", rows)
            assert prefect.start("check-dataset/invoices", "worker.log")["state"]["type"] == "COMPLETED"
        prefect.wait_until(lambda: len(prefect.ended("train/nightly")) == 2, "downstream.log")
    runs = prefect.ended("train/nightly")
    assert {run["created_by"]["type"] for run in runs} == {"AUTOMATION"}
    with Registry.open(prefect.folder / "registry.db") as registry:
        assert [each.status for each in registry.history("invoices")] == ["appended", "unchanged", "new"]


def test_one_machine_serves_without_pool_and_worker(prefect, project, tmp_path):
    write_orders(tmp_path, "served", 20)
    config = project("served", served='schedule = { every = "10s" }')
    with prefect.running("serve.log", "serve", "--config", config, module="sameset_flows"):
        prefect.wait_until(lambda: prefect.ended("check-dataset/served") != [], "serve.log")
    run = prefect.ended("check-dataset/served")[-1]
    assert (run["state"]["type"], run["state"]["message"]) == ("COMPLETED", "served is new: 20 rows")
    assert run["work_pool_name"] is None


def test_serving_takes_no_deployment_of_another_project_and_gives_back_that_of_a_work_pool(prefect, project, tmp_path):
    write_orders(tmp_path, "owned", 20)
    pool = ("--work-pool", "pool-without-workers")
    deploy(prefect, project("owners", owned='schedule = { every = "1h" }'), *pool)
    told = prefect.run("sameset_flows", "serve", "--config", project("takers", owned=""), code=2).stderr
    assert "check-dataset/owned belongs to the project 'owners', not to 'takers'" in told
    own = project("owners", owned='schedule = { every = "1h" }')
    with prefect.running("pooled.log", "serve", "--config", own, module="sameset_flows"):
        assert prefect.start("check-dataset/owned", "pooled.log")["state"]["type"] == "COMPLETED"
    deployment = prefect.get("/deployments/name/check-dataset/owned")
    assert (deployment["work_pool_name"], deployment["paused"]) == ("pool-without-workers", False)


def test_no_server_is_one_sentence(prefect, project):
    away = {**prefect.environment, "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    done = type(prefect)(prefect.folder, "", away).run(
        "sameset_flows", "deploy", "--config", project("x", a=""), code=2
    )
    assert done.stderr.startswith("sameset-flows: no Prefect server answers at http://127.0.0.1:9/api")
    assert len(done.stderr.splitlines()) == 1


def test_cron_starts_a_check_and_a_warning_completes_it(prefect, timely):
    prefect.wait_until(lambda: prefect.ended("check-dataset/timely") != [], "worker.log")
    run = prefect.ended("check-dataset/timely")[-1]
    assert (run["auto_scheduled"], run["created_by"]["type"]) == (True, "SCHEDULE")
    assert (run["state"]["type"], run["state"]["name"]) == ("COMPLETED", "Warned")
    assert run["state"]["message"] == "timely is new: 30 rows; policy warned: new is in warn_on"
    assert {"sameset", "sameset-project:cron"} <= set(run["tags"])
    assert deploy(prefect, write_project(timely, "cron", other=""), "--prune")[-1] == "removed check-dataset/timely"
