"""Every dataset of a `sameset.toml` in one run, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from prefect import flow, tags
from prefect.artifacts import create_table_artifact

from sameset.configuration import Outcome, read_project
from sameset.errors import SamesetError
from sameset_flows.artifacts import table_cells
from sameset_flows.check_dataset import check_dataset
from sameset_flows.keys import artifact_key
from sameset_flows.plans import parameters_of
from sameset_flows.states import WARNED, failed, judged

if TYPE_CHECKING:
    from prefect import State

    from sameset.configuration import Dataset, Project

__all__ = ["check_all"]

# Of the failures that the run's sentence names.
MOST_NAMED = 5


@flow(name="check-all", flow_run_name="check all", persist_result=False)
def check_all(config: str | None = None, datasets: list[str] | None = None) -> list[dict[str, Any]]:
    """Check every dataset of a `sameset.toml`, each as a run of `check_dataset` of its own; one that fails stops no other.

    Gives dataset, outcome and sentence of each. The final state is the worst of theirs: Failed, Warned or Completed.

    Args:
        config: the file, an absolute path of the worker's machine; otherwise SAMESET_CONFIG, or `sameset.toml` in the run's folder.
        datasets: names of those to check; otherwise all.
    """
    try:
        project = read_project(config)
        chosen = [project.dataset(name) for name in datasets] if datasets else list(project.datasets.values())
    except SamesetError as error:
        return cast("list[dict[str, Any]]", failed(error))
    found = [_line(dataset, _state_of(project, dataset)) for dataset in chosen]
    create_table_artifact(
        key=artifact_key("all", project.name), table=table_cells(found), description="Every dataset of the file"
    )
    return cast("list[dict[str, Any]]", judged(_worst(found), _sentence(found), found))


def _state_of(project: Project, dataset: Dataset) -> State[Any]:
    with tags(*dataset.tags):
        return check_dataset(**parameters_of(project, dataset), return_state=True)


def _line(dataset: Dataset, state: State[Any]) -> dict[str, str]:
    outcome = "failed" if not state.is_completed() else "warned" if state.name == WARNED else "passed"
    return {"dataset": dataset.name, "outcome": outcome, "finding": state.message or ""}


def _worst(found: list[dict[str, str]]) -> Outcome:
    outcomes = {line["outcome"] for line in found}
    return next(each for each in (Outcome.FAILED, Outcome.WARNED, Outcome.PASSED) if each in outcomes)


def _sentence(found: list[dict[str, str]]) -> str:
    """Counts, and what the first failures said."""
    counts = [(word, [line for line in found if line["outcome"] == word]) for word in ("failed", "warned", "passed")]
    told = ", ".join(f"{len(lines)} {word}" for word, lines in counts if lines)
    failures = "; ".join(line["finding"] for line in counts[0][1][:MOST_NAMED])
    return f"{len(found)} datasets: {told}" + (f": {failures}" if failures else "")
