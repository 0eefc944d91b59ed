"""Two places compared as a Prefect flow; nothing is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.runtime import flow_run

from sameset.comparison import Verdict
from sameset.comparison.sentences import describe
from sameset.configuration import Outcome, expanded, unspoken
from sameset.configuration.tables import nearest
from sameset.errors import SamesetError, SpecError
from sameset.execution.comparing import compare_places
from sameset.registry import default_address, without_password
from sameset.reports.markdown import as_markdown, escape
from sameset_flows.keys import artifact_key
from sameset_flows.states import failed, judged
from sameset_flows.tasks import fat_task

if TYPE_CHECKING:
    from sameset.comparison import Comparison

__all__ = ["compare_datasets"]

MOST_ROWS = 20


def compare(left: str, right: str, key: list[str] | None, registry: str | None) -> Comparison:
    """The comparison of two places, whose addresses may hold `${VARIABLES}`; SamesetError if either cannot be read."""
    told = registry or default_address()
    with unspoken(left, right, told):
        columns = None if key is None else tuple(key)
        found = compare_places(expanded(left), expanded(right), registry=expanded(told), key=columns)
    return found.with_addresses(
        *(_shown(place, side.address) for place, side in ((left, found.left), (right, found.right)))
    )


def publish(found: Comparison, sentence: str, name: str) -> None:
    """The comparison as an artifact, under the same key whenever it is made again."""
    key = artifact_key("compare", name)
    create_markdown_artifact(key=key, markdown=as_markdown(found, MOST_ROWS), description=escape(sentence))


def run_name() -> str:
    """What Prefect calls a run: the two places, without a password that somebody wrote into them all the same."""
    given = flow_run.parameters
    return f"compare {without_password(str(given['left']))} with {without_password(str(given['right']))}"


compared = fat_task("compare", compare)
report = fat_task("report", publish)


@flow(name="compare-datasets", flow_run_name=run_name, persist_result=False)
def compare_datasets(
    left: str,
    right: str,
    key: list[str] | None = None,
    registry: str | None = None,
    fail_on: list[str] | None = None,
    warn_on: list[str] | None = None,
) -> dict[str, Any]:
    """Compare two sources, sketch files or snapshots, as `sameset compare` does, and give what it prints with `--format json`.

    The run's final state says the finding: Completed whatever it is, but Failed or Warned for verdicts that are listed.

    Args:
        left: the address of the one side, which may hold `${VARIABLES}` of the worker's environment.
        right: the address of the other.
        key: columns of the key.
        registry: address of the registry that NAME and NAME@NUMBER are snapshots of; otherwise SAMESET_REGISTRY.
        fail_on: verdicts that fail the run, such as `["unrelated"]`; `different` is all but identical.
        warn_on: verdicts that warn.
    """
    try:
        fails, warns = _verdicts(fail_on), _verdicts(warn_on)
        found = compared(left, right, key, registry)
    except SamesetError as error:
        return cast("dict[str, Any]", failed(error))
    sentence = f"{right} {describe(found)}"
    report(found, sentence, f"{left} {right}")
    outcome = Outcome.FAILED if found.verdict in fails else Outcome.WARNED if found.verdict in warns else Outcome.PASSED
    return cast("dict[str, Any]", judged(outcome, sentence, found.to_json()))


def _verdicts(words: list[str] | None) -> frozenset[Verdict]:
    """The verdicts of a list; SpecError for a word that is none."""
    found: set[Verdict] = set()
    for word in words or ():
        if word != "different" and word not in list(Verdict):
            raise SpecError(f"{word!r} is no verdict{nearest(word, [*map(str, Verdict), 'different'])}")
        found |= set(Verdict) - {Verdict.IDENTICAL} if word == "different" else {Verdict(word)}
    return frozenset(found)


def _shown(place: str, address: str | None) -> str | None:
    """The address of a side as it may be shown: with the variables that it was given with."""
    return place if "${" in place else address
