"""`sameset check`: the main job."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

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

__all__ = ["check"]


@click.command(cls=ListsCommand)
@click.argument("source")
@click.option("--name", "-n", required=True, envvar="SAMESET_NAME", help="The dataset's name in the registry.")
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
    source: str,
    name: str,
    registry: str | None,
    limit: int,
    rows: int,
    form: str,
    output: Path | None,
    quiet: bool,
    **spec: Any,
) -> int:
    """Check an arriving dataset against its previous snapshot and all others, and record it.

    \b
    sameset check orders.parquet --name orders --key o_orderkey
    sameset check 'deliveries/2026-11-*.parquet' --name deliveries --format json
    sameset check s3://bucket/events/ --name events --incremental
    """
    from sameset.cli.findings import Output, publish
    from sameset.cli.progress import watched
    from sameset.execution.checking import check_table, is_incremental
    from sameset.execution.delta_rows import WantedRows
    from sameset.execution.operands import column_types
    from sameset.registry import Registry, check_name, default_address
    from sameset.sources import open_source
    from sameset.sources.file_states import Trust

    started = time.monotonic()
    check_name(name)
    spare((source,), output)
    manifests = take_manifests(spec, wanted=spec.pop("manifest"))
    schema_from, union_by_name = spec.pop("schema_from"), spec.pop("union_by_name")
    schema = column_types(schema_from, registry or default_address()) if schema_from else None
    place = open_source(source, schema=schema, union_by_name=union_by_name, raw=spec.pop("raw"))
    incremental, trusted = spec.pop("incremental"), spec.pop("trust_metadata")
    with Registry.open(registry or default_address()) as opened:
        by_file = is_incremental(opened, name, incremental)
        total = None if by_file else place.row_count()
        with watched(f"reading {place.address}", total, quiet=quiet) as progress:
            found = check_table(
                place,
                name,
                opened,
                rows=WantedRows(rows),
                progress=progress,
                incremental=Trust.METADATA if by_file and trusted else incremental,
                manifests=manifests,
                **wanted(**spec),
            )
    return publish(found, Output(form, limit, output, quiet), time.monotonic() - started)
