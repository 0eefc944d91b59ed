"""`sameset sketch`: a sketch file of a source."""

from __future__ import annotations

import os
from pathlib import Path

import click

from sameset.cli.keys import KeyedCommand
from sameset.cli.options import SAME, key_option, printable, writable
from sameset.errors import SamesetError

__all__ = ["sketch"]


@click.command(cls=KeyedCommand)
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
@key_option
@click.option("--quiet", "-q", is_flag=True, help="Print nothing on stdout.")
def sketch(source: str, output: Path, key: tuple[str, ...], quiet: bool) -> int:
    """Sketch SOURCE into a small FILE that can be compared when the data is gone.

    \b
    sameset sketch orders.parquet --key o_orderkey -o orders.sameset
    """
    from sameset.cli.progress import watched
    from sameset.execution.sketching import sketch_table
    from sameset.sketches.spec import Spec
    from sameset.sources import open_source

    place = open_source(source)
    with watched(f"reading {place.address}", place.row_count(), quiet=quiet) as progress:
        made = sketch_table(place, Spec(key=key), progress=progress)
    data = made.to_bytes()
    _write(output, data)
    if not quiet:
        click.echo(f"{printable(str(output))}: {made.row_count:,} rows, digest {made.text_digest}, {len(data):,} bytes")
    return SAME


def _write(path: Path, data: bytes) -> None:
    """Writes whole or not at all: beside the file first, then in its place."""
    device = path.exists() and not path.is_file()
    beside = path if device else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        if not device:
            beside.unlink(missing_ok=True)
        raise SamesetError(f"{path}: the sketch cannot be written: {error.strerror}") from None
