"""`sameset sketch`: a sketch file of a source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sameset.cli.lists import ListsCommand
from sameset.cli.manifests import mapper_option, resource_options, take_manifests
from sameset.cli.options import SAME, printable, source_options, spare, spec_options, wanted, writable
from sameset.execution.whole_files import write_whole

__all__ = ["sketch"]


@click.command(cls=ListsCommand)
@click.argument("source")
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    metavar="FILE",
    help="The sketch file.",
)
@click.option(
    "--manifest",
    is_flag=True,
    envvar="SAMESET_MANIFEST",
    help="Keep the hash of every row in FILE.manifest.parquet, too: about 17 bytes a row.",
)
@spec_options
@source_options
@resource_options
@mapper_option
@click.option("--quiet", "-q", is_flag=True, help="Print nothing on stdout.")
def sketch(
    source: str,
    output: Path,
    manifest: bool,
    quiet: bool,
    schema_from: str | None,
    union_by_name: bool,
    raw: bool,
    **spec: Any,
) -> int:
    """Sketch SOURCE into a small FILE that can be compared when the data is gone.

    \b
    sameset sketch orders.parquet --key o_orderkey -o orders.sameset
    sameset sketch orders.parquet --key o_orderkey -o orders.sameset --manifest
    """
    from sameset.cli.progress import watched
    from sameset.comparison.sentences import count_of
    from sameset.execution.manifests import manifest_beside, sketch_with_manifest
    from sameset.execution.operands import column_types
    from sameset.execution.samples import with_sample_key
    from sameset.execution.sketching import sketch_table
    from sameset.registry import default_address
    from sameset.sketches.spec import Spec
    from sameset.sources import open_source

    spare((source,), output)
    resources = take_manifests(spec).resources
    schema = column_types(schema_from, default_address()) if schema_from else None
    place = open_source(source, schema=schema, union_by_name=union_by_name, raw=raw)
    with watched(f"reading {place.address}", place.row_count(), quiet=quiet) as progress:
        asked = with_sample_key(Spec().altered(**wanted(**spec)), [place])
        if manifest:
            made = sketch_with_manifest(place, asked, manifest_beside(output), resources, progress)
        else:
            made = sketch_table(place, asked, mapper=resources.mapper, progress=progress)
    data = made.to_bytes()
    write_whole(output, data)
    if not manifest:  # one that is there is of what was sketched before
        manifest_beside(output).unlink(missing_ok=True)
    if not quiet:
        rows = count_of(made.row_count, "row")
        click.echo(f"{printable(str(output))}: {rows}, digest {made.text_digest}, {len(data):,} bytes")
        if manifest:
            path = manifest_beside(output)
            click.echo(f"{printable(str(path))}: {path.stat().st_size:,} bytes")
    return SAME
