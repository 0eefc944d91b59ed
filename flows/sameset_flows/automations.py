"""Automations of Prefect that act when a dataset changed: tell people, or run what depends on the data.

from sameset_flows.automations import establish, run_when_changed

establish(run_when_changed("train/nightly", dataset="orders"))
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from sameset.errors import SamesetError, SpecError
from sameset_flows.events import ANY_CHECK, resource_id
from sameset_flows.plans import TAG
from sameset_flows.servers import client_of_server

__all__ = ["establish", "notify_when_changed", "run_again_when_lost", "run_when_changed"]

SUBJECT = "sameset: {{ event.payload.dataset }} is {{ event.payload.status }}"
BODY = "{{ event.payload.sentence }}\n\nsnapshot {{ event.payload.snapshot }}, source {{ event.payload.source }}"

# What a run tells at its end, under the names that its states have here.
HEARD_OF = ("Completed", "Warned", "Failed", "Cancelled", "Cancelling", "Crashed", "TimedOut", "AwaitingRetry")


def run_when_changed(
    deployment: str, *, dataset: str | None = None, parameters: dict[str, Any] | None = None, name: str | None = None
) -> AutomationCore:
    """The automation that runs a deployment (FLOW/DEPLOYMENT) when a dataset changed, of any dataset unless one is named.

    `parameters` may hold templates, as Prefect has them: `{"__prefect_kind": "jinja", "template": "{{ event.payload.snapshot }}"}`.
    Raises SamesetError if there is no such deployment, or no server answers.
    """
    with client_of_server() as client:
        found = _deployment_id(client, deployment)
    action = RunDeployment(source="selected", deployment_id=found, parameters=parameters, job_variables=None)
    return AutomationCore(
        name=name or f"sameset: run {deployment} when {dataset or 'any dataset'} changed",
        description="Made by sameset_flows.automations.",
        trigger=_when_changed(dataset),
        actions=[action],
    )


def notify_when_changed(block: str, *, dataset: str | None = None, name: str | None = None) -> AutomationCore:
    """The automation that sends the finding in one sentence through a notification block (TYPE/NAME, `slack-webhook/ops`).

    Raises SamesetError if there is no such block, or no server answers.
    """
    kind, _, block_name = block.partition("/")
    if not block_name:
        raise SpecError(f"{block!r} is no notification block; write TYPE/NAME, such as slack-webhook/ops")
    with client_of_server() as client:
        try:
            found = client.read_block_document_by_name(block_name, kind)
        except ObjectNotFound:
            raise SamesetError(
                f"Prefect has no block {block!r}; `prefect block ls` lists those that there are"
            ) from None
    action = SendNotification(block_document_id=found.id, subject=SUBJECT, body=BODY)
    return AutomationCore(
        name=name or f"sameset: tell {block} when {dataset or 'any dataset'} changed",
        description="Made by sameset_flows.automations.",
        trigger=_when_changed(dataset),
        actions=[action],
    )


def run_again_when_lost(seconds: float = 90, *, name: str | None = None) -> AutomationCore:
    """The automation that runs a check again, by whatever worker is there, when its run is heard of no more.

    A run whose worker or machine was killed stays Running for ever, as far as Prefect knows; it is called Crashed then, which
    gives back its concurrency slot. `seconds` are those since its last heartbeat, of which one comes every 30 s. It is for the
    deployments of `sameset-flows deploy` and `serve`, and runs them with their own parameters.
    """
    heartbeat = "prefect.flow-run.heartbeat"
    trigger = EventTrigger(
        after={heartbeat},
        expect={heartbeat, *(f"prefect.flow-run.{state}" for state in HEARD_OF)},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )
    lost = ChangeFlowRunState(
        name=None, force=False, state=StateType.CRASHED, message=f"nothing was heard of it for {seconds:g} seconds"
    )
    again = RunDeployment(source="inferred", deployment_id=None, parameters=None, job_variables=None)
    return AutomationCore(
        name=name or "sameset: run checks again that were lost",
        description="Made by sameset_flows.automations.",
        trigger=trigger,
        actions=[lost, again],
    )


def establish(automation: AutomationCore) -> bool:
    """Creates the automation, or renews the one of its name; whether it was created. SamesetError if no server answers."""
    with client_of_server() as client:
        existing = client.read_automations_by_name(automation.name)
        if not existing:
            client.create_automation(automation)
            return True
        client.update_automation(existing[0].id, automation)
        return False


def _when_changed(dataset: str | None) -> EventTrigger:
    """Each check that found anything else than the rows of before, a first one, too."""
    about = resource_id(dataset) if dataset else "sameset.dataset.*"
    return EventTrigger(
        expect={ANY_CHECK},
        match={"prefect.resource.id": about, "sameset.changed": "true"},
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(0),
    )


def _deployment_id(client: SyncPrefectClient, deployment: str) -> Any:
    try:
        return client.read_deployment_by_name(deployment).id
    except (ObjectNotFound, ValueError):
        raise SamesetError(
            f"Prefect has no deployment {deployment!r}; `prefect deployment ls` lists those that there are"
        ) from None
