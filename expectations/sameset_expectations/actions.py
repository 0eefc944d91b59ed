"""RecordInRegistryAction: what a checkpoint validated becomes a snapshot of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from great_expectations.checkpoint.actions import UpdateDataDocsAction, ValidationAction
from great_expectations.compatibility import pydantic
from great_expectations.datasource.fluent.config_str import ConfigStr

from sameset.errors import SpecError
from sameset.registry import default_address, without_password
from sameset_expectations.fields import without_secret
from sameset_expectations.recording import context_of, objection_to, record, validated_batches

if TYPE_CHECKING:
    from great_expectations.checkpoint.actions import ActionContext
    from great_expectations.checkpoint.checkpoint import CheckpointResult

    from sameset_expectations.recording import Validated

__all__ = ["RecordInRegistryAction"]


class RecordInRegistryAction(ValidationAction):
    """Records sketch, verdict and validation of every batch that a checkpoint validated, once for each run.

    The sketch is the one that the expectations judged; rows are not read again. A delivery with a critical failure is not
    recorded, so that a bad one never becomes what the next is compared with.

    Args:
        name (str): The name of the action in its checkpoint.
        dataset (str or None): The dataset that the one validated asset is; otherwise the asset's name.
        datasets (dict): The same for several assets: names of assets to names of datasets.
        registry (str or None): The address of the registry, without a password; may hold ${VARIABLES}. Left out, it is that
            of the data source or else SAMESET_REGISTRY.
        record_on (str): no_critical_failure, success (nothing failed at all), or all (whatever the expectations say).
    """

    type: Literal["sameset_record_in_registry"] = "sameset_record_in_registry"
    dataset: str | None = None
    datasets: dict[str, str] = {}  # noqa: RUF012  # pydantic copies it
    registry: ConfigStr | str | None = None
    record_on: Literal["no_critical_failure", "success", "all"] = "no_critical_failure"

    _forgiven: ClassVar[dict[str, tuple[str, ...]]] = {"no_critical_failure": ("warning", "info"), "success": ()}
    _no_secret = pydantic.validator("registry", allow_reuse=True)(without_secret)

    def run(
        self, checkpoint_result: CheckpointResult, action_context: ActionContext | None = None
    ) -> dict[str, dict[str, Any]]:
        """For each dataset the snapshot that was recorded, or why none was.

        Raises SamesetError if the registry cannot be read or written, and if an expectation was dropped from a suite.
        """
        definitions = checkpoint_result.checkpoint_config.validation_definitions
        context = context_of(definitions[0])
        names = dict(self.datasets)
        if self.dataset is not None:
            assets = {one.asset.name for one in definitions}
            if len(assets) > 1:
                raise SpecError(
                    f"action {self.name!r} has one dataset for {len(assets)} assets; give it `datasets`, by name of asset"
                )
            names = dict.fromkeys(assets, self.dataset)
        self._expect_validated(set(self.datasets) - {one.asset.name for one in definitions})
        run = checkpoint_result.run_id
        told = f"{checkpoint_result.name}/{run.run_name}/{run.run_time.isoformat()}"
        origin = {"checkpoint": checkpoint_result.name, "data_docs": _pages(action_context)}
        validated = validated_batches(checkpoint_result, context, names)
        return {one.dataset: self._recorded(one, told, origin) for one in validated}

    def _expect_validated(self, others: set[str]) -> None:
        """Nothing, if `datasets` speaks of no other assets: the one that is meant would be recorded under its own name."""
        if others:
            raise SpecError(
                f"action {self.name!r} names the asset {min(others)!r}, which its checkpoint does not validate; "
                "give `datasets` the names of assets that it does"
            )

    def _recorded(self, validated: Validated, run: str, origin: dict[str, Any]) -> dict[str, Any]:
        forgiven = self._forgiven.get(self.record_on)
        objection = None if forgiven is None else objection_to(validated.results, forgiven)
        if objection is not None:
            return {"recorded": None, "reason": objection}
        check = record(validated, self._address(validated), run, origin)
        return {"recorded": check.snapshot.reference if check.snapshot else None, "reason": check.sentence}

    def _address(self, validated: Validated) -> str:
        named, engine = self.registry, validated.engine
        if isinstance(named, ConfigStr):
            named = str(named.get_config_value(validated.context.config_provider))
        return named or getattr(engine, "registry", None) or default_address()


def _pages(action_context: ActionContext | None) -> list[str]:
    """The addresses of the pages that an action before this one made of the results."""
    made = action_context.filter_results(UpdateDataDocsAction) if action_context else []
    sites = [page for pages in made for page in pages.values()]
    return sorted({without_password(str(address)) for page in sites for address in page.values() if address})
