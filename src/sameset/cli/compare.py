"""`sameset compare`: two sources, sketch files or snapshots."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from sameset.cli.lists import ListsCommand
from sameset.cli.manifests import folder_option, resource_options, take_manifests
from sameset.cli.options import (
    limit_option,
    output_options,
    registry_option,
    rows_option,
    source_options,
    spare,
    spec_options,
    wanted,
    writable,
)

__all__ = ["compare"]


@click.command(cls=ListsCommand)
@click.argument("left")
@click.argument("right")
@spec_options
@source_options
@registry_option
@folder_option
@resource_options
@limit_option
@rows_option
@click.option(
    "--rows-out",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    metavar="FILE",
    help="Write all differing rows, however many, to FILE (.parquet or .csv), changed ones before and after.",
)
@output_options("text", "json", "markdown", "html")
def compare(
    left: str,
    right: str,
    registry: str | None,
    limit: int,
    rows: int,
    form: str,
    output: Path | None,
    quiet: bool,
    **spec: Any,
) -> int:
    """Compare LEFT with RIGHT: each a source, a sketch file, or NAME[@SNAPSHOT] of the registry.

    \b
    sameset compare monday.parquet tuesday.csv --key id
    sameset compare monday.sameset tuesday.parquet --format json --limit 1000
    sameset compare orders@1 orders -o report.html
    """
    from sameset.cli.findings import Output, publish
    from sameset.cli.progress import watched
    from sameset.execution.comparing import compare_places
    from sameset.execution.delta_rows import WantedRows
    from sameset.execution.manifests import manifest_beside
    from sameset.registry import default_address

    started = time.monotonic()
    schema_from = spec["schema_from"]
    read = (
        left,
        right,
        *(f"{manifest_beside(place)}" for place in (left, right)),
        *((schema_from,) if schema_from else ()),
    )
    spare(read, output, spec.get("rows_out"))
    manifests = take_manifests(spec)
    with watched(f"comparing {left} with {right}", quiet=quiet) as progress:
        found = compare_places(
            left,
            right,
            registry=registry or default_address(),
            schema_from=spec.pop("schema_from"),
            union_by_name=spec.pop("union_by_name"),
            rows=WantedRows(rows, spec.pop("rows_out")),
            raw=spec.pop("raw"),
            progress=progress,
            manifests=manifests,
            **wanted(**spec),
        )
    return publish(found, Output(form, limit, output, quiet), time.monotonic() - started)
