"""The main job as a Prefect flow: check an arriving dataset, on a schedule."""

from __future__ import annotations

from typing import Any, cast

from prefect import flow
from prefect.runtime import flow_run

from sameset.configuration import judge
from sameset.errors import SamesetError
from sameset.execution.manifest_store import Manifests
from sameset_flows.arriving import dataset_of, record_arrival, validate_arrival
from sameset_flows.artifacts import publish
from sameset_flows.states import failed, final_state
from sameset_flows.tasks import fat_task

__all__ = ["check_dataset"]

validate = fat_task("validate", validate_arrival)
record = fat_task("record", record_arrival)
report = fat_task("report", publish)


@flow(name="check-dataset", flow_run_name="check {name}", persist_result=False)
def check_dataset(
    source: str,
    name: str,
    key: list[str] | None = None,
    options: dict[str, Any] | None = None,
    policy: dict[str, Any] | None = None,
    registry: str | None = None,
    docs: str | None = None,
    manifests: str | None = None,
) -> dict[str, Any]:
    """Check an arriving dataset against its previous snapshot and all others, and record it.

    Gives what `sameset check --format json` prints. The run's final state says the finding in one sentence: Completed,
    or Warned (completed, too), or Failed with the reasons if the policy is broken; Failed if the source or the registry could
    not be read, or the time was up. A broken policy records nothing unless it says so; what could not be read never does.

    Parameters are shown to everybody who sees the run in Prefect, so no address should hold a password. That of a
    registry on a server belongs into the worker's environment: in SAMESET_REGISTRY, or in PGPASSWORD or a .pgpass file.

    Args:
        source: address of the data, as `sameset check` takes it; a path must be one of the worker's machine, and absolute.
        name: the dataset's name in the registry.
        key: columns of its key; otherwise those of its previous snapshot.
        options: how it is read and sketched, with the keys of a dataset of `sameset.toml`: `{"incremental": true}`.
        policy: what is allowed of it, with the keys of a policy of `sameset.toml`: `{"fail_on": ["truncated"]}`.
        registry: address of the registry; otherwise SAMESET_REGISTRY, or registry.db in the user's data folder.
        docs: folder of the Great Expectations project whose Data Docs show the result; otherwise `data_docs` beside the
            registry.
        manifests: folder of the registry's manifests; otherwise SAMESET_MANIFESTS, or beside the registry's file.
    """
    try:
        dataset = dataset_of(name, source, key, options, policy)
        kept = Manifests.of(dataset.manifest, manifests)
        arrived = validate(dataset, registry, docs, kept)
        check = record(arrived, dataset, registry, flow_run.id, kept)
    except SamesetError as error:
        return cast("dict[str, Any]", failed(error))
    report(check, arrived.validation)
    # Prefect takes the state as the final one and hands its data to whoever called the flow as a function.
    return cast("dict[str, Any]", final_state(check, judge(dataset.policy, check)))
