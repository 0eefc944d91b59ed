"""`sameset apply`: batches of rows added to a snapshot or sketch, or taken out of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sameset.cli.options import SAME, emit, printable, registry_option, spare, writable
from sameset.execution.whole_files import write_whole

if TYPE_CHECKING:
    from sameset.execution.applying import Applied

__all__ = ["apply"]


@click.command()
@click.argument("target")
@click.option("--add", metavar="SOURCE", multiple=True, help="Rows that came; may be given several times.")
@click.option("--remove", metavar="SOURCE", multiple=True, help="Rows that went; may be given several times.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    metavar="FILE",
    help="Write a sketch file, and record nothing.",
)
@registry_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing on stdout.")
def apply(
    target: str,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    output: Path | None,
    registry: str | None,
    form: str,
    quiet: bool,
) -> int:
    """Add rows to TARGET, a snapshot (NAME) or a sketch file, or take rows out, without reading the table.

    A snapshot must be the newest one, and gets a successor; of a sketch file the result is a FILE.

    \b
    sameset apply orders --add new_orders.parquet
    sameset apply orders.sameset --remove cancelled.csv -o orders.sameset
    """
    from sameset.registry import default_address

    address = registry or default_address()
    spare((*add, *remove), output)
    if output is not None or Path(target).is_file():
        applied, told = _to_file(target, add, remove, output, address, quiet)
        result: dict[str, object] = {"status": None, "snapshot": None}
    else:
        applied, result, told = _to_snapshot(target, add, remove, address, quiet)
    if form == "json":
        emit(_json(applied) | result, None, quiet)
    elif not quiet:
        click.echo("\n".join(printable(line) for line in (told, applied.note) if line))
    return SAME


def _to_file(
    target: str, add: tuple[str, ...], remove: tuple[str, ...], output: Path | None, address: str, quiet: bool
) -> tuple[Applied, str]:
    from sameset.cli.progress import watched
    from sameset.comparison.sentences import count_of
    from sameset.errors import SpecError
    from sameset.execution.applying import apply_batches
    from sameset.execution.manifests import manifest_beside
    from sameset.execution.operands import resolve

    if output is None:
        raise SpecError(f"{target} is a file; say with -o where the sketch of the result goes")
    stored = resolve(target, address).stored
    if stored is None:
        raise SpecError(f"{target} is no sketch and no snapshot; make one of it with: sameset sketch {target} -o FILE")
    with watched("reading the batches", quiet=quiet) as progress:
        applied = apply_batches(stored, add, remove, progress)
    write_whole(output, applied.sketch.to_bytes())
    manifest_beside(output).unlink(missing_ok=True)  # one that is there is of what was sketched before
    rows = count_of(applied.sketch.row_count, "row")
    return applied, f"{output}: {rows}, digest {applied.sketch.text_digest}"


def _to_snapshot(
    target: str, add: tuple[str, ...], remove: tuple[str, ...], address: str, quiet: bool
) -> tuple[Applied, dict[str, object], str]:
    from sameset.cli.progress import watched
    from sameset.execution.applying import apply_to_snapshot
    from sameset.registry import Registry, parse_reference

    name, number = parse_reference(target)
    with Registry.open(address, create=False) as opened, watched("reading the batches", quiet=quiet) as progress:
        applied, check = apply_to_snapshot(opened, name, number, add, remove, progress)
    assert check.snapshot is not None
    told = f"{check.sentence}; recorded as {check.snapshot.reference}, digest {applied.sketch.text_digest}"
    return applied, {"status": check.status, "snapshot": check.snapshot.reference}, told


def _json(applied: Applied) -> dict[str, object]:
    return {
        "schema_version": 1,
        "rows": applied.sketch.row_count,
        "digest": applied.sketch.text_digest,
        "added": applied.added,
        "removed": applied.removed,
        "seen": applied.seen,
    }
