"""The main job as a Prefect flow: check an arriving dataset, on a schedule."""

from __future__ import annotations

from typing import Any, cast

from prefect import flow
from prefect.runtime import flow_run
from prefect.task_engine import TaskRunTimeoutError

from sameset.errors import SamesetError
from sameset.execution.manifest_store import Manifests
from sameset_flows.arriving import dataset_of, get_ready, record_arrival, report_arrival, validate_arrival
from sameset_flows.states import failed, judged
from sameset_flows.tasks import Limits, fat_task

__all__ = ["check_dataset"]

validate = fat_task("validate", validate_arrival)
record = fat_task("record", record_arrival)
report = fat_task("report", report_arrival)


@flow(name="check-dataset", flow_run_name="check {name}", persist_result=False)
def check_dataset(
    source: str,
    name: str,
    key: list[str] | None = None,
    registry: str | None = None,
    docs: str | None = None,
    options: dict[str, Any] | None = None,
    policy: dict[str, Any] | None = None,
    manifests: str | None = None,
) -> dict[str, Any]:
    """Check an arriving dataset against its previous snapshot and all others, and record it.

    Gives what `sameset check --format json` prints. The run's final state says the finding in one sentence: Completed,
    or Warned (completed, too), or Failed with the reasons if the policy is broken; Failed if the source or the registry could
    not be read, or the time was up. A broken policy records nothing unless it says so; what could not be read never does.

    Parameters are shown to everybody who sees the run in Prefect, so no address may hold a password: write ${NAME} for it,
    with NAME in the worker's environment; or leave it to PGPASSWORD or a .pgpass file there.

    Args:
        source: address of the data, as `sameset check` takes it; a path must be one of the worker's machine, and absolute.
        name: the dataset's name in the registry.
        key: columns of its key; otherwise those of its previous snapshot.
        registry: address of the registry; otherwise SAMESET_REGISTRY, or registry.db in the user's data folder.
        docs: folder of the Great Expectations project whose Data Docs show the result; otherwise `data_docs` beside the
            registry.
        options: how it is read and sketched, with the keys of a dataset of `sameset.toml`: `{"incremental": true}`.
        policy: what is allowed of it, with the keys of a policy of `sameset.toml`: `{"fail_on": ["truncated"]}`.
        manifests: folder of the registry's manifests; otherwise SAMESET_MANIFESTS, or beside the registry's file.
    """
    try:
        dataset = dataset_of(name, source, key, options, policy)
        kept = Manifests.of(dataset.manifest, manifests)
        limits = Limits(dataset.retries, dataset.timeout)
        get_ready()
        arrived = limits.on(validate)(dataset, registry, docs, kept)
        check, judgement = limits.on(record)(arrived, dataset, registry, flow_run.id, kept)
        limits.on(report)(check, arrived, registry)
    except SamesetError as error:
        return cast("dict[str, Any]", failed(error))
    except TaskRunTimeoutError as error:
        return cast("dict[str, Any]", failed(error, limits.sentence(name)))
    # Prefect takes the state as the final one and hands its data to whoever called the flow as a function.
    return cast("dict[str, Any]", judged(judgement.outcome, check.sentence, check.to_json()))
