"""The deployments of a project served by this very process: one machine, no work pool, no worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import prefect
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.schedules import Cron, Interval
from prefect.types.entrypoint import EntrypointType

from sameset_flows.check_dataset import check_dataset
from sameset_flows.deploying import expect_own
from sameset_flows.plans import ANCHOR, plan
from sameset_flows.servers import client_of_server, wait_for_server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from prefect.schedules import Schedule as PrefectSchedule

    from sameset.configuration import Project, Schedule
    from sameset_flows.plans import Planned

__all__ = ["serve"]

# Seconds: a server that is started together with this takes 11 on two cores.
PATIENCE = 120.0


def serve(project: Project, *, limit: int | None = None) -> None:
    """Runs every check of the project when its schedule says or somebody asks, until it is interrupted.

    At most `limit` checks run at once, otherwise the project's `concurrency`. SamesetError if no server answers in two minutes,
    or another project has a deployment of the same name.
    """
    wait_for_server(PATIENCE)
    planned = plan(project)
    with client_of_server() as client:
        existing = expect_own(client, project, planned)
    pooled = [each.id for each in existing.values() if each and each.work_pool_name is not None and not each.paused]
    try:
        prefect.serve(*_served(planned), limit=limit or project.concurrency)
    finally:
        _go_on(pooled)


def _go_on(pooled: Sequence[UUID]) -> None:
    """Takes back that Prefect has paused the deployments which have a work pool: its workers go on with them."""
    if pooled:
        with client_of_server() as client:
            for each in pooled:
                client.resume_deployment(each)


def _served(planned: Sequence[Planned]) -> list[Any]:
    return [
        check_dataset.to_deployment(
            each.name,
            description=each.description,
            parameters=each.parameters,
            tags=list(each.tags),
            schedule=_when(each.schedule) if each.schedule else None,
            concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for each in planned
    ]


def _when(schedule: Schedule) -> PrefectSchedule:
    if schedule.cron is not None:
        return Cron(schedule.cron, timezone=schedule.timezone)
    interval = timedelta(seconds=schedule.every or 0.0)
    return Interval(interval, anchor_date=datetime.fromisoformat(ANCHOR), timezone="UTC")
