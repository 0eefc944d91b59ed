"""`sameset check`: the main job."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sameset.cli.lists import ListsCommand
from sameset.cli.manifests import folder_option, mapper_option, resource_options, take_manifests
from sameset.cli.options import (
    limit_option,
    output_options,
    registry_option,
    rows_option,
    source_options,
    spare,
    spec_options,
    wanted,
)
from sameset.errors import SamesetError

if TYPE_CHECKING:
    from sameset.cli.findings import Output
    from sameset.execution.checking import Check

__all__ = ["check"]


@click.command(cls=ListsCommand)
@click.argument("source", required=False)
@click.option("--name", "-n", envvar="SAMESET_NAME", help="The dataset's name in the registry.")
@click.option("--all", "everything", is_flag=True, help="Check every dataset of sameset.toml.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="SAMESET_CONFIG",
    help="The file of datasets and policies.  [default: sameset.toml]",
)
@click.option(
    "--manifest/--no-manifest",
    default=None,
    envvar="SAMESET_MANIFEST",
    help="Keep the hash of every row, too.  [default: if the previous snapshot has them]",
)
@spec_options
@source_options
@click.option(
    "--incremental/--no-incremental",
    default=None,
    envvar="SAMESET_INCREMENTAL",
    help="Read only new and changed files, now and from now on; or all of them.  [default: as before]",
)
@click.option(
    "--trust-metadata",
    is_flag=True,
    envvar="SAMESET_TRUST_METADATA",
    help="Take a file of the same size and time for unchanged, without asking for more.",
)
@registry_option
@folder_option
@resource_options
@mapper_option
@limit_option
@rows_option
@output_options("text", "json", "markdown", "html")
def check(
    source: str | None,
    name: str | None,
    registry: str | None,
    limit: int,
    rows: int,
    form: str,
    output: Path | None,
    quiet: bool,
    **spec: Any,
) -> int:
    """Check an arriving dataset against its previous snapshot and all others, and record it.

    Without --name SOURCE is a dataset of sameset.toml: its policy decides whether the exit code is 0 or 1.

    \b
    sameset check orders --config sameset.toml
    sameset check --all
    sameset check orders.parquet --name orders --key o_orderkey
    sameset check 'deliveries/2026-11-*.parquet' --name deliveries --format json
    sameset check s3://bucket/events/ --name events --incremental
    """
    from sameset.cli.findings import Output, publish

    printed = Output(form, limit, output, quiet)
    everything, config = spec.pop("everything"), spec.pop("config")
    if everything or name is None:
        return _check_configured(source, name, registry, rows, printed, config, everything, **spec)
    if source is None:
        raise click.UsageError("Missing argument 'SOURCE'.", click.get_current_context())
    if click.get_current_context().get_parameter_source("config") is ParameterSource.COMMANDLINE:
        raise SamesetError("--config goes with a dataset of the file; leave it out, or --name")
    spare((source,), output)
    started = time.monotonic()
    found = _check_address(source, name, registry, rows, quiet, **spec)
    return publish(found, printed, time.monotonic() - started)


def _check_configured(
    source: str | None,
    name: str | None,
    registry: str | None,
    rows: int,
    output: Output,
    config: Path | None,
    everything: bool,
    **spec: Any,
) -> int:
    """Checks one dataset of `sameset.toml`, or all of them."""
    from sameset.cli.configured import Wanted, check_all, check_one, expect_configured

    context = click.get_current_context()
    expect_configured(context, name)
    # The file says where the registry is; the command line may say it better, the environment not.
    chosen = context.get_parameter_source("registry") is ParameterSource.COMMANDLINE
    asked = Wanted(registry if chosen else None, rows, output, take_manifests(spec))
    if everything:
        if source is not None:
            raise SamesetError(f"--all checks every dataset of the file; leave {source!r} out, or --all")
        return check_all(config, asked)
    if source is None:
        raise click.UsageError(
            "Missing argument 'SOURCE': a dataset of sameset.toml, or an address with --name.", context
        )
    return check_one(config, source, asked)


def _check_address(source: str, name: str, registry: str | None, rows: int, quiet: bool, **spec: Any) -> Check:
    """The check of the dataset at an address."""
    from sameset.cli.progress import watched
    from sameset.execution.checking import check_table, is_incremental
    from sameset.execution.delta_rows import WantedRows
    from sameset.execution.operands import column_types
    from sameset.registry import Registry, check_name, default_address
    from sameset.sources import open_source
    from sameset.sources.file_states import Trust

    check_name(name)
    manifests = take_manifests(spec, wanted=spec.pop("manifest"))
    schema_from, union_by_name = spec.pop("schema_from"), spec.pop("union_by_name")
    schema = column_types(schema_from, registry or default_address()) if schema_from else None
    place = open_source(source, schema=schema, union_by_name=union_by_name, raw=spec.pop("raw"))
    incremental, trusted = spec.pop("incremental"), spec.pop("trust_metadata")
    with Registry.open(registry or default_address()) as opened:
        by_file = is_incremental(opened, name, incremental)
        total = None if by_file else place.row_count()
        with watched(f"reading {place.address}", total, quiet=quiet) as progress:
            return check_table(
                place,
                name,
                opened,
                rows=WantedRows(rows),
                progress=progress,
                incremental=Trust.METADATA if by_file and trusted else incremental,
                manifests=manifests,
                **wanted(**spec),
            )
