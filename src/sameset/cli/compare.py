"""`sameset compare`: two sources, sketch files or snapshots."""

from __future__ import annotations

from pathlib import Path

import click

from sameset.cli.keys import KeyedCommand
from sameset.cli.options import DIFFERENT, SAME, emit, key_option, limit_option, output_options, registry_option

__all__ = ["compare"]


@click.command(cls=KeyedCommand)
@click.argument("left")
@click.argument("right")
@key_option
@registry_option
@limit_option
@output_options("text", "json", "markdown")
def compare(
    left: str,
    right: str,
    key: tuple[str, ...],
    registry: str | None,
    limit: int,
    form: str,
    output: Path | None,
    quiet: bool,
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
            left, right, key=key or None, registry=registry or default_address(), limit=limit, progress=progress
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
