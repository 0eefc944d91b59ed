"""`sameset check`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sameset.cli.lists import ListsCommand
from sameset.cli.options import (
    DIFFERENT,
    SAME,
    emit,
    limit_option,
    output_options,
    registry_option,
    source_options,
    spec_options,
    wanted,
)

__all__ = ["check"]


@click.command(cls=ListsCommand)
@click.argument("source")
@click.option("--name", "-n", required=True, envvar="SAMESET_NAME", help="The dataset's name in the registry.")
@spec_options
@source_options
@registry_option
@limit_option
@output_options("text", "json", "markdown")
def check(
    source: str,
    name: str,
    registry: str | None,
    limit: int,
    form: str,
    output: Path | None,
    quiet: bool,
    **spec: Any,
) -> int:
    """Check an arriving dataset against its previous snapshot and all others, and record it.

    \b
    sameset check orders.parquet --name orders --key o_orderkey
    sameset check 'deliveries/2026-11-*.parquet' --name deliveries --format json
    """
    from sameset.cli.progress import watched
    from sameset.execution.checking import check_table
    from sameset.execution.operands import column_types
    from sameset.registry import check_name, default_address
    from sameset.sources import open_source

    check_name(name)
    schema_from, union_by_name = spec.pop("schema_from"), spec.pop("union_by_name")
    schema = column_types(schema_from, registry or default_address()) if schema_from else None
    place = open_source(source, schema=schema, union_by_name=union_by_name, raw=spec.pop("raw"))
    with watched(f"reading {place.address}", place.row_count(), quiet=quiet) as progress:
        found = check_table(place, name, registry or default_address(), progress=progress, **wanted(**spec))
    if form == "text":
        from sameset.cli.terminal import show_check

        emit(show_check(found), output, quiet)
    elif form == "json":
        emit(found.to_json(limit), output, quiet)
    else:
        from sameset.cli.markdown import check_markdown

        emit(check_markdown(found, limit), output, quiet)
    return SAME if found.is_same else DIFFERENT
