"""Results that are kept for a content: a task that would compute the same from the same rows is not run again.

from prefect import task
from sameset_flows.caching import ByContent

@task(cache_policy=ByContent("orders"), persist_result=True)
def train(orders: str, depth: int) -> float: ...
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefect.cache_policies import TASK_SOURCE, CachePolicy
from prefect.utilities.hashing import hash_objects

from sameset.errors import SpecError
from sameset.execution.operands import resolve
from sameset.registry import default_address
from sameset.sketches.spec import Spec

if TYPE_CHECKING:
    from prefect.context import TaskRunContext

__all__ = ["ByContent", "content_digest"]


@dataclass(init=False)
class ByContent(CachePolicy):
    """A cache policy that knows the datasets among a task's arguments by the digest of their rows.

    Wherever the rows lie, in whatever format and order: the same rows are the same key, one changed row is another. The task's
    own code and its other arguments count as they are. An argument that names a dataset is what `content_digest` takes.
    If a digest cannot be had, Prefect logs the error and runs the task, without keeping the result.
    """

    datasets: tuple[str, ...] = ()
    registry: str | None = None

    def __init__(self, *datasets: str, registry: str | None = None) -> None:
        """`datasets` are names of the task's parameters; `registry` is the address for names of snapshots in them."""
        super().__init__()
        if not datasets:
            raise SpecError(
                "ByContent needs the names of the parameters that are datasets, such as ByContent('orders')"
            )
        self.datasets, self.registry = datasets, registry

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """The key of a run; SpecError if the task has no such parameter, SamesetError if a dataset cannot be read."""
        missing = [name for name in self.datasets if name not in inputs]
        if missing:
            raise SpecError(f"the task has no parameter {missing[0]!r}; ByContent takes names of its parameters")
        contents = {name: content_digest(inputs[name], self.registry) for name in self.datasets}
        others = {name: value for name, value in inputs.items() if name not in contents}
        code = TASK_SOURCE.compute_key(task_ctx, inputs, flow_parameters)
        return hash_objects(task_ctx.task.task_key, code, contents, others, raise_on_failure=True)


def content_digest(dataset: object, registry: str | None = None) -> str:
    """The digest of a dataset's rows: of what `check_dataset` gave, or of a place.

    A place is a source (its rows are read for it), a sketch file, or NAME or NAME@SNAPSHOT of the registry (whose digest is
    already known). Raises SamesetError if it cannot be read.
    """
    if isinstance(dataset, Mapping):
        return _of_check(dataset)
    place = os.fspath(dataset) if isinstance(dataset, os.PathLike) else dataset
    return resolve(place, registry or default_address()).sketch(Spec()).table.text_digest


def _of_check(found: Mapping[str, Any]) -> str:
    digest = (found.get("right") or {}).get("digest")
    if not isinstance(digest, str):
        raise SpecError("a mapping is taken for what check_dataset gave, but this one has no digest under 'right'")
    return digest
