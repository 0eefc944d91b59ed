"""`sameset check`: the main job."""

from __future__ import annotations

from pathlib import Path

import click

from sameset.cli.keys import KeyedCommand
from sameset.cli.options import DIFFERENT, SAME, emit, key_option, limit_option, output_options, registry_option

__all__ = ["check"]


@click.command(cls=KeyedCommand)
@click.argument("source")
@click.option("--name", "-n", required=True, envvar="SAMESET_NAME", help="The dataset's name in the registry.")
@key_option
@registry_option
@limit_option
@output_options("text", "json", "markdown")
def check(
    source: str,
    name: str,
    key: tuple[str, ...],
    registry: str | None,
    limit: int,
    form: str,
    output: Path | None,
    quiet: bool,
) -> int:
    """Check an arriving dataset against its previous snapshot and all others, and record it.

    \b
    sameset check orders.parquet --name orders --key o_orderkey
    sameset check 'deliveries/2026-11-*.parquet' --name deliveries --format json
    """
    from sameset.cli.progress import watched
    from sameset.execution.checking import check_table
    from sameset.registry import check_name, default_address
    from sameset.sources import open_source

    check_name(name)
    place = open_source(source)
    with watched(f"reading {place.address}", place.row_count(), quiet=quiet) as progress:
        found = check_table(place, name, registry or default_address(), key=key or None, progress=progress)
    if form == "text":
        from sameset.cli.terminal import show_check

        emit(show_check(found), output, quiet)
    elif form == "json":
        emit(found.to_json(limit), output, quiet)
    else:
        from sameset.cli.markdown import check_markdown

        emit(check_markdown(found, limit), output, quiet)
    return SAME if found.is_same else DIFFERENT
