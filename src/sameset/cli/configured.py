"""`sameset check NAME` and `--all`: datasets of `sameset.toml`, judged by their policies."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sameset.cli.findings import Output, publish
from sameset.cli.options import DIFFERENT, SAME, UNKNOWN, emit, spare
from sameset.errors import ConfigurationError, SamesetError

if TYPE_CHECKING:
    from sameset.configuration import Dataset, Judgement, Project
    from sameset.execution.checking import Check
    from sameset.execution.manifest_store import Manifests

__all__ = ["Wanted", "check_all", "check_one", "expect_configured"]

#: Parameters of `sameset check` that say the same whether the dataset is of a file or not.
SHARED = frozenset(
    {"source", "everything", "config", "registry", "limit", "rows", "form", "output", "quiet", "manifests"}
    | {"memory_limit", "temp", "mapper"}
)


@dataclass(frozen=True)
class Wanted:
    """What the command line says of all datasets that it checks."""

    registry: str | None
    rows: int
    output: Output
    manifests: Manifests


@dataclass(frozen=True)
class Outcome:
    """What became of one dataset: a check and its judgement, or the error that prevented them."""

    dataset: str
    check: Check | None = None
    judgement: Judgement | None = None
    error: SamesetError | None = None

    @property
    def word(self) -> str:
        """Passed, warned, failed or refused."""
        return "refused" if self.judgement is None else str(self.judgement.outcome)

    @property
    def sentence(self) -> str:
        """The finding, or what went wrong."""
        return str(self.error) if self.check is None else self.check.sentence

    @property
    def code(self) -> int:
        """The exit code: 0 within its policy, 1 not, 2 nobody knows."""
        return {"refused": UNKNOWN, "failed": DIFFERENT}.get(self.word, SAME)

    def to_json(self, limit: int) -> dict[str, Any]:
        """What `sameset check` prints of the dataset alone, or its error."""
        return {"dataset": self.dataset, "error": str(self.error)} if self.check is None else self.check.to_json(limit)


def expect_configured(context: click.Context, name: str | None) -> None:
    """SamesetError for what the command line says but the file has to: options of one dataset, or an address and a name."""
    if name is not None and context.params.get("everything"):
        raise SamesetError(
            "--all checks every dataset of the file; leave --name out, or name one dataset without --all"
        )
    given = [
        max(param.opts, key=len)
        for param in context.command.params
        if param.name not in SHARED and context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    ]
    if given:
        raise SamesetError(
            f"{given[0]} goes with an address and --name; of a dataset of sameset.toml the file says it, in its table"
        )


def project_of(config: Path | None, source: str | None) -> Project:
    """The project of the file; SamesetError if there is none, that also says how to check an address."""
    from sameset.configuration import read_project

    try:
        return read_project(config)
    except ConfigurationError as error:
        if config is None and source is not None and "does not exist" in str(error):
            raise click.UsageError(
                f"{source!r} has no name to be recorded under: add --name NAME, or list it in sameset.toml (docs/production.md)",
                click.get_current_context(),
            ) from None
        raise


def check_one(config: Path | None, name: str, wanted: Wanted) -> int:
    """Checks one dataset of the file, prints what was found, and gives the exit code."""
    started = time.monotonic()
    project = project_of(config, name)
    try:
        dataset = project.dataset(name)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}; to check an address add --name NAME") from None
    outcome = _checked(project, dataset, wanted)
    if outcome.check is None:
        raise outcome.error or SamesetError(f"{name} could not be checked")
    publish(outcome.check, wanted.output, time.monotonic() - started)
    return outcome.code


def check_all(config: Path | None, wanted: Wanted) -> int:
    """Checks every dataset of the file, one after the other whatever becomes of them; the worst gives the exit code."""
    output = wanted.output
    if output.form == "html":
        raise SamesetError("--format html shows one dataset; with --all choose text, json or markdown")
    project = project_of(config, None)
    outcomes = [_caught(project, dataset, wanted) for dataset in project.datasets.values()]
    if output.form == "json":
        emit([outcome.to_json(output.limit) for outcome in outcomes], output.file, output.quiet)
    elif output.form == "markdown":
        emit(_markdown(outcomes), output.file, output.quiet)
    else:
        from sameset.cli.terminal import show_outcomes

        emit(show_outcomes([(each.dataset, each.word, each.sentence) for each in outcomes]), output.file, output.quiet)
    return max(outcome.code for outcome in outcomes)


def _caught(project: Project, dataset: Dataset, wanted: Wanted) -> Outcome:
    try:
        return _checked(project, dataset, wanted)
    except SamesetError as error:
        return Outcome(dataset.name, error=error)


def _checked(project: Project, dataset: Dataset, wanted: Wanted) -> Outcome:
    """The check of a dataset, recorded if its policy says so; SamesetError if it cannot be read."""
    from sameset.cli.progress import watched
    from sameset.configuration import expanded, unspoken
    from sameset.configuration.checking import arrival_of, check_configured, source_of
    from sameset.execution.delta_rows import WantedRows
    from sameset.execution.manifest_store import Manifests
    from sameset.registry import Registry, default_address

    told, kept = wanted.registry or project.registry or default_address(), wanted.manifests
    folder = kept.folder or (Path(project.manifests) if project.manifests else None)
    with unspoken(dataset.source, dataset.schema_from, told):
        address = expanded(told)
        spare((expanded(dataset.source),), wanted.output.file)
        source = source_of(dataset, address)
        with (
            Registry.open(address) as registry,
            watched(f"reading {dataset.source}", quiet=wanted.output.quiet) as progress,
        ):
            manifests, rows = Manifests(dataset.manifest, folder, kept.resources), WantedRows(wanted.rows)
            arrival = arrival_of(dataset, source, registry, rows=rows, progress=progress, manifests=manifests)
            check, judgement = check_configured(dataset, arrival, registry, manifests=manifests, progress=progress)
    return Outcome(dataset.name, check, judgement)


def _markdown(outcomes: list[Outcome]) -> str:
    from sameset.reports.markdown import escape

    lines = [f"| {escape(each.dataset)} | {each.word} | {escape(each.sentence)} |" for each in outcomes]
    return "\n".join(["| dataset | outcome | finding |", "| --- | --- | --- |", *lines, ""])
