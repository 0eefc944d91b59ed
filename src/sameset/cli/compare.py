"""`sameset compare`: two sources, sketch files or snapshots."""

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

__all__ = ["compare"]


@click.command(cls=ListsCommand)
@click.argument("left")
@click.argument("right")
@spec_options
@source_options
@registry_option
@limit_option
@output_options("text", "json", "markdown")
def compare(
    left: str,
    right: str,
    registry: str | None,
    limit: int,
    form: str,
    output: Path | None,
    quiet: bool,
    **spec: Any,
) -> int:
    """Compare LEFT with RIGHT: each a source, a sketch file, or NAME[@SNAPSHOT] of the registry.

    \b
    sameset compare monday.parquet tuesday.csv --key id
    sameset compare monday.sameset tuesday.parquet --format json --limit 1000
    sameset compare orders@1 orders
    """
    from sameset.cli.progress import watched
    from sameset.execution.comparing import compare_places
    from sameset.registry import default_address

    with watched(f"comparing {left} with {right}", quiet=quiet) as progress:
        found = compare_places(
            left,
            right,
            registry=registry or default_address(),
            schema_from=spec.pop("schema_from"),
            union_by_name=spec.pop("union_by_name"),
            raw=spec.pop("raw"),
            limit=limit,
            progress=progress,
            **wanted(**spec),
        )
    if form == "text":
        from sameset.cli.terminal import show_comparison

        emit(show_comparison(found), output, quiet)
    elif form == "json":
        emit(found.to_json(limit), output, quiet)
    else:
        from sameset.cli.markdown import comparison_markdown

        emit(comparison_markdown(found, limit), output, quiet)
    return SAME if found.is_same else DIFFERENT
