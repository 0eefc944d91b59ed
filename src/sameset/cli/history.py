"""`sameset history`: the snapshots of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sameset.cli.options import SAME, emit, output_options, registry_option

if TYPE_CHECKING:
    from sameset.registry import Snapshot

__all__ = ["history"]


@click.command()
@click.argument("name")
@registry_option
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Show at most so many snapshots."
)
@output_options("text", "json")
def history(name: str, registry: str | None, limit: int, form: str, output: Path | None, quiet: bool) -> int:
    """Show the snapshots of the dataset NAME, newest first.

    \b
    sameset history orders --limit 10
    """
    from sameset.registry import Registry, default_address

    with Registry.open(registry or default_address(), create=False) as opened:
        found = opened.history(name, limit)
    if form == "text":
        from sameset.cli.terminal import show_history

        emit(show_history(found), output, quiet)
    else:
        emit([_as_json(snapshot) for snapshot in found], output, quiet)
    return SAME


def _as_json(snapshot: Snapshot) -> dict[str, object]:
    return {
        "snapshot": snapshot.reference,
        "taken_at": snapshot.taken_at.isoformat(),
        "status": snapshot.status,
        "verdict": snapshot.verdict,
        "rows": snapshot.rows,
        "digest": snapshot.digest,
        "source": snapshot.source,
        "previous": f"{snapshot.dataset}@{snapshot.previous}" if snapshot.previous else None,
    }
