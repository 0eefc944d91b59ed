"""The deployments of a project on a Prefect server: created, brought up to date, left alone or removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.exceptions import ObjectNotFound

from sameset.configuration.reading import pool_fault
from sameset.errors import SamesetError
from sameset_flows.check_dataset import check_dataset
from sameset_flows.plans import ANCHOR, ENTRYPOINT, FLOW, Planned, marker_of, owner_of, plan
from sameset_flows.servers import client_of_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

    from sameset.configuration import Project, Schedule

__all__ = ["Change", "deploy", "expect_own", "schedule_of"]

PAGE = 200


@dataclass(frozen=True)
class Change:
    """What was done about one deployment or work pool, or would be: created, updated, unchanged, removed, left."""

    done: str
    name: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.done} {self.name}{f' ({self.note})' if self.note else ''}"


def deploy(
    project: Project, *, pool: str | None = None, prune: bool = False, dry_run: bool = False
) -> Iterator[Change]:
    """Makes the server's deployments those of the project, and tells of each; with `dry_run` nothing is done.

    With `prune` deployments are removed that this project's file made once and no longer names; no other is ever touched.
    Raises SamesetError, with nothing done, if no server answers or another project has a deployment of the same name.
    """
    planned, chosen = plan(project), project.pool if pool is None else pool
    if fault := pool_fault(chosen):
        raise SamesetError(f"--work-pool: {fault}")
    with client_of_server() as client:
        existing = expect_own(client, project, planned)
        yield from _pool(client, chosen, project.concurrency, dry_run)
        for each in planned:
            yield _deployed(client, each, existing[each.full_name], chosen, dry_run)
        yield from _gone(client, project, {each.name for each in planned}, prune and not dry_run, prune)


def schedule_of(schedule: Schedule) -> CronSchedule | IntervalSchedule:
    """The schedule as Prefect has it."""
    if schedule.cron is not None:
        return CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
    return IntervalSchedule.model_validate({"interval": schedule.every, "anchor_date": ANCHOR, "timezone": "UTC"})


def _existing(client: SyncPrefectClient, planned: Planned) -> DeploymentResponse | None:
    try:
        return client.read_deployment_by_name(planned.full_name)
    except ObjectNotFound:
        return None


def expect_own(
    client: SyncPrefectClient, project: Project, planned: Sequence[Planned]
) -> dict[str, DeploymentResponse | None]:
    """The deployments that there are of those planned, by name; SamesetError if one belongs to another project."""
    existing = {each.full_name: _existing(client, each) for each in planned}
    for name, found in existing.items():
        owner = owner_of(found.tags) if found else None
        if owner not in (None, project.name):
            raise SamesetError(
                f"the deployment {name} belongs to the project {owner!r}, not to {project.name!r}; "
                "call the dataset otherwise, or set project = in sameset.toml"
            )
    return existing


def _pool(client: SyncPrefectClient, name: str, concurrency: int, dry_run: bool) -> Iterator[Change]:
    """The work pool, made if there is none: of processes on the workers' machines."""
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        if not dry_run:
            from prefect.workers.process import ProcessWorker

            template = ProcessWorker.get_default_base_job_template()
            client.create_work_pool(
                WorkPoolCreate(name=name, type="process", base_job_template=template, concurrency_limit=concurrency)
            )
        yield Change("created", f"work pool {name}", f"of processes, {concurrency} at once")


def _deployed(
    client: SyncPrefectClient, planned: Planned, existing: DeploymentResponse | None, pool: str, dry_run: bool
) -> Change:
    wanted = _arguments(planned, existing, pool)
    note = str(planned.schedule) if planned.schedule else "no schedule"
    if existing is not None and existing.work_pool_name is not None and _is_paused(existing):
        note += ", paused"
    if existing is not None and _as_it_is(existing) == _as_it_shall_be(wanted):
        return Change("unchanged", planned.full_name, note)
    if not dry_run:
        client.create_deployment(client.create_flow(check_dataset), planned.name, **wanted)
    return Change("created" if existing is None else "updated", planned.full_name, note)


def _arguments(planned: Planned, existing: DeploymentResponse | None, pool: str) -> dict[str, Any]:
    """What `create_deployment` takes, which also brings an existing one up to date."""
    # Whoever paused a schedule has a reason that the file does not know.
    active = existing is None or all(each.active for each in existing.schedules)
    # Whoever served it paused it on leaving; with a work pool it works again.
    served = existing is not None and existing.work_pool_name is None
    schedules = [schedule_of(planned.schedule)] if planned.schedule else []
    return {
        "description": planned.description,
        "entrypoint": ENTRYPOINT,
        "parameters": planned.parameters,
        "tags": list(planned.tags),
        "schedules": [DeploymentScheduleCreate(schedule=each, active=active) for each in schedules],
        "concurrency_limit": 1,
        "concurrency_options": ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        "work_pool_name": pool,
        "parameter_openapi_schema": check_dataset.parameters.model_dump(exclude_unset=True),
        "enforce_parameter_schema": True,
        "paused": False if served else None,
    }


def _is_paused(existing: DeploymentResponse) -> bool:
    return existing.paused or any(not each.active for each in existing.schedules)


#: Fields that are compared; each is in the server's answer under the same name.
COMPARED = ("description", "entrypoint", "parameters", "work_pool_name", "parameter_openapi_schema")


def _as_it_is(existing: DeploymentResponse) -> dict[str, Any]:
    limit = existing.global_concurrency_limit
    options = existing.concurrency_options
    return {name: getattr(existing, name) for name in COMPARED} | {
        "tags": sorted(existing.tags),
        "schedules": [_schedule_key(each.schedule) for each in existing.schedules],
        "concurrency": (limit.limit if limit else None, options.collision_strategy if options else None),
    }


def _as_it_shall_be(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: wanted[name] for name in COMPARED} | {
        "tags": sorted(wanted["tags"]),
        "schedules": [_schedule_key(each.schedule) for each in wanted["schedules"]],
        "concurrency": (wanted["concurrency_limit"], wanted["concurrency_options"].collision_strategy),
    }


def _schedule_key(schedule: Any) -> tuple[Any, ...]:
    return tuple(getattr(schedule, name, None) for name in ("cron", "interval", "anchor_date", "timezone"))


def _gone(client: SyncPrefectClient, project: Project, kept: set[str], remove: bool, asked: bool) -> Iterator[Change]:
    """Deployments that the project's file made once and no longer names."""
    marked = DeploymentFilter(tags=DeploymentFilterTags(all_=[marker_of(project.name)]))
    found: list[DeploymentResponse] = []
    while len(page := client.read_deployments(deployment_filter=marked, limit=PAGE, offset=len(found))) == PAGE:
        found += page
    for each in sorted([*found, *page], key=lambda one: one.name):
        if each.name in kept:
            continue
        if remove:
            client.delete_deployment(each.id)
        name = f"{FLOW}/{each.name}"
        yield Change("removed", name) if asked else Change("left", name, "not in the file any more; --prune removes it")
