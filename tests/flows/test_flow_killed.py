"""A worker that is killed with its run, as by a machine that goes down: the check is run again, and recorded once."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from sameset.registry import Registry

# 40 thousand million pairs of numbers are looked at before the first row comes out: half an hour.
LONG = "select a.range as x from range(200000) a, range(200000) b where hash(a.range + b.range) % 100000 = 0 order by x"
PROJECT = """
project = "killed"
pool = "killed-pool"

[datasets.lost]
source = "{database}::rows"
"""
# Longer than the 30 s from one heartbeat to the next, else a slow machine has its run called lost before it is killed.
AGAIN = "from sameset_flows.automations import establish, run_again_when_lost; establish(run_again_when_lost(40))"
POOL = ("--pool", "killed-pool")


@pytest.fixture
def database(tmp_path):
    """A DuckDB file whose view `rows` takes longer than anybody waits."""
    path = tmp_path / "lost.duckdb"
    show(path, LONG)
    (tmp_path / "sameset.toml").write_text(PROJECT.format(database=path), "utf-8")
    return path


def show(database, query):
    with duckdb.connect(str(database)) as con:
        con.execute(f"create or replace view rows as {query}")


@pytest.mark.server
def test_a_check_whose_worker_was_killed_is_run_again_by_another(prefect, database):
    prefect.run("prefect", "--no-prompt", "work-pool", "create", "killed-pool", "--type", "process", code=0)
    prefect.run("sameset_flows", "deploy", "--config", str(database.with_name("sameset.toml")), code=0)
    prefect.python(AGAIN)
    known = prefect.get("/deployments/name/check-dataset/lost")["id"]
    with prefect.running("killed.log", "worker", "start", *POOL) as worker:
        run = prefect.post(f"/deployments/{known}/create_flow_run")["id"]
        prefect.wait_until(lambda: validating(prefect, run), "killed.log")
        kill((worker.pid, *processes_of_run(run)))
    assert prefect.get(f"/flow_runs/{run}")["state"]["type"] == "RUNNING"  # nobody is left to say otherwise

    show(database, "select range as x from range(100)")
    with prefect.running("again.log", "worker", "start", *POOL):
        prefect.wait_until(lambda: len(prefect.ended("check-dataset/lost")) == 2, "again.log")
    again, lost = prefect.ended("check-dataset/lost")
    if lost["id"] != run:
        again, lost = lost, again
    assert (lost["id"], lost["state"]["type"]) == (run, "CRASHED")
    assert (again["state"]["type"], again["state"]["message"]) == ("COMPLETED", "lost is new: 100 rows")
    with Registry.open(prefect.folder / "registry.db") as registry:
        assert [each.reference for each in registry.history("lost")] == ["lost@1"]


def kill(pids):
    """Kills processes, and returns when they have ended and so given back their locks: freeing their memory takes a moment."""
    descriptors = [os.pidfd_open(pid) for pid in pids]
    for descriptor in descriptors:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    for descriptor in descriptors:
        ended, _, _ = select.select([descriptor], [], [], 60)
        assert ended
        os.close(descriptor)


def processes_of_run(run):
    """Those whose environment names the run, as a worker starts them."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if run.encode() in (place / "environ").read_bytes():
                found.append(int(place.name))
    assert found
    return found


def validating(prefect, run):
    """Whether the run reads its source by now."""
    tasks = prefect.post("/task_runs/filter", task_runs={"flow_run_id": {"any_": [run]}})
    return any(task["state"]["type"] == "RUNNING" for task in tasks)
