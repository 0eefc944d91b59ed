"""The main job as a Prefect flow: check an arriving dataset, on a schedule."""

from __future__ import annotations

from typing import Any, cast

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from sameset.errors import SamesetError
from sameset.execution.manifest_store import Manifests
from sameset_flows.arriving import record_arrival, validate_arrival
from sameset_flows.artifacts import publish
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
    registry: str | None = None,
    docs: str | None = None,
    manifest: bool | None = None,
    manifests: str | None = None,
) -> dict[str, Any]:
    """Check an arriving dataset against its previous snapshot and all others, and record it.

    Gives what `sameset check --format json` prints. The run's final state says the finding in one sentence:
    Completed whatever the verdict is, Failed if the source or the registry could not be read; then nothing is recorded.

    Parameters are shown to everybody who sees the run in Prefect, so no address should hold a password. That of a
    registry on a server belongs into the worker's environment: in SAMESET_REGISTRY, or in PGPASSWORD or a .pgpass file.

    Args:
        source: address of the data, as `sameset check` takes it; a path must be one of the worker's machine, and absolute.
        name: the dataset's name in the registry.
        key: columns of its key; otherwise those of its previous snapshot.
        registry: address of the registry; otherwise SAMESET_REGISTRY, or registry.db in the user's data folder.
        docs: folder of the Great Expectations project whose Data Docs show the result; otherwise `data_docs` beside the
            registry.
        manifest: whether the hash of every row is kept, too; otherwise if the previous snapshot has them.
        manifests: folder of the registry's manifests; otherwise SAMESET_MANIFESTS, or beside the registry's file.
    """
    try:
        kept = Manifests.of(manifest, manifests)
        validation = validate(source, name, key, registry, docs, kept)
        check = record(validation, name, registry, flow_run.id, kept)
    except SamesetError as error:
        return cast("dict[str, Any]", Failed(message=str(error), data=error))
    report(check, validation)
    # Prefect takes the state as the final one and hands its data to whoever called the flow as a function.
    return cast("dict[str, Any]", Completed(message=check.sentence, data=check.to_json()))
