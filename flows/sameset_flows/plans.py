"""A project -> the Prefect deployments that it asks for, as values: one for each dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sameset_flows.keys import dataset_slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.configuration import Dataset, Project, Schedule

__all__ = ["ANCHOR", "ENTRYPOINT", "FLOW", "TAG", "Planned", "marker_of", "owner_of", "parameters_of", "plan"]

FLOW = "check-dataset"
ENTRYPOINT = "sameset_flows.check_dataset.check_dataset"
TAG = "sameset"
MARKER = "sameset-project:"
#: Where intervals are counted from: a fixed point, so that a deployment which is made again is the same.
ANCHOR = "2020-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Planned:
    """One deployment, but for the work pool."""

    name: str
    description: str
    parameters: dict[str, Any]
    tags: tuple[str, ...]
    schedule: Schedule | None

    @property
    def full_name(self) -> str:
        """How Prefect's command line calls it: FLOW/DEPLOYMENT."""
        return f"{FLOW}/{self.name}"

    @property
    def schedules(self) -> list[dict[str, Any]]:
        """The schedules as `prefect.yaml` writes them."""
        if self.schedule is None:
            return []
        if self.schedule.cron is not None:
            return [{"cron": self.schedule.cron, "timezone": self.schedule.timezone}]
        return [{"interval": self.schedule.every, "anchor_date": ANCHOR, "timezone": "UTC"}]

    def as_yaml(self, pool: str) -> dict[str, Any]:
        """The entry of `prefect.yaml` that makes the same deployment."""
        return {
            "name": self.name,
            "entrypoint": ENTRYPOINT,
            "description": self.description,
            "parameters": self.parameters,
            "schedules": self.schedules,
            "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
            "tags": list(self.tags),
            "work_pool": {"name": pool},
        }


def plan(project: Project) -> list[Planned]:
    """The deployments of a project's datasets, each named like its dataset as far as Prefect allows."""
    return [
        Planned(
            name=dataset_slug(dataset.name),
            description=f"Checks {dataset.name} against its previous snapshot and all other datasets, and records it.",
            parameters=parameters_of(project, dataset),
            tags=tuple(dict.fromkeys((TAG, marker_of(project.name), *dataset.tags))),
            schedule=dataset.schedule,
        )
        for dataset in project.datasets.values()
    ]


def parameters_of(project: Project, dataset: Dataset) -> dict[str, Any]:
    """The parameters of `check_dataset`, without those that are as they are by default."""
    told = {
        "source": dataset.source,
        "name": dataset.name,
        "key": None if dataset.key is None else list(dataset.key),
        "registry": project.registry,
        "docs": project.docs,
        "options": dataset.options() or None,
        "policy": dataset.policy.as_table() or None,
        "manifests": project.manifests,
    }
    return {name: value for name, value in told.items() if value is not None}


def marker_of(project: str) -> str:
    """The tag of deployments that were made from a project's file."""
    return MARKER + project


def owner_of(tags: Sequence[str]) -> str | None:
    """The project whose file made a deployment with these tags, if any did."""
    return next((tag.removeprefix(MARKER) for tag in tags if tag.startswith(MARKER)), None)
