"""An example of a flow that depends on a dataset: an automation runs it when the data changed, and the same rows cost nothing.

python deployments/downstream.py    serves it as train/nightly, for deployments/automations.py to run
"""

from __future__ import annotations

from typing import Any

from prefect import flow, task

from sameset_flows.caching import ByContent

DATASET = "orders"


@task(cache_policy=ByContent("dataset"), persist_result=True)
def fit(dataset: str, depth: int) -> dict[str, Any]:
    """Whatever takes long: not run again while the rows of the dataset's latest snapshot, `depth` and this code are the same."""
    return {"trained on": dataset, "depth": depth}


@flow(name="train")
def train(dataset: str = DATASET, depth: int = 3) -> dict[str, Any]:
    """What follows from the dataset, by the registry that SAMESET_REGISTRY names."""
    return fit(dataset, depth)


if __name__ == "__main__":
    train.serve(name="nightly", tags=["downstream"])
