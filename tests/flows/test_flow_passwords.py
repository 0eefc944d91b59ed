"""A password in an address that cannot be read: not in the state of the run, not in its logs, not in what the worker prints."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId, LogFilterLevel
from prefect.states import State

from sameset_flows.check_dataset import check_dataset

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("prefect_server")]

PASSWORDS = ["p@ss:w/rd%", "hun?ter2#x", "hunter2%40"]
PLACES = {
    "source": lambda written: {"source": f"postgresql://ann:{written}@127.0.0.1:1/shop::orders"},
    "mysql": lambda written: {"source": f"mysql://ann:{written}@127.0.0.1:1/shop::orders"},
    "registry": lambda written: {"registry": f"postgresql://ann:{written}@127.0.0.1:1/registry"},
}


def told_by(state: State[Any]) -> str:
    """All that Prefect keeps of a run but its parameters, which docs tell to keep passwords out of."""
    with get_client(sync_client=True) as client:
        run_id = state.state_details.flow_run_id
        assert run_id is not None
        wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]), level=LogFilterLevel(ge_=0))
        logs = [log.message for log in client.read_logs(wanted)]
        run = client.read_flow_run(run_id)
        tasks = [f"{task.name} {task.state}" for task in client.read_task_runs() if task.flow_run_id == run_id]
    return "\n".join([str(state.message), run.name, str(run.tags), *logs, *tasks])


# A registry that does not answer is tried again for 42 s; what it says stands in tests/house/test_passwords.py.
@pytest.mark.parametrize(
    ("place", "password"),
    [(place, one) for place in PLACES for one in PASSWORDS if (place, one) != ("registry", "hunter2%40")],
)
def test_a_run_that_fails_does_not_tell_it(place: str, password: str, deliver: Any, caplog: Any, capfd: Any) -> None:
    caplog.set_level(logging.DEBUG)
    parameters = {"source": deliver("orders.parquet"), "name": "orders"} | PLACES[place](password)
    state: State[Any] = check_dataset(**parameters, return_state=True)  # type: ignore[call-overload]
    assert state.is_failed()
    out, err = capfd.readouterr()
    for told in (told_by(state), caplog.text, out, err):
        assert password not in told
        assert not {"w/rd", "ter2", "hunter"} & {word for word in ("w/rd", "ter2", "hunter") if word in told}
