"""`sameset datasets`: what the registry knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sameset.cli.options import SAME, emit, output_options, registry_option

if TYPE_CHECKING:
    from sameset.registry import DatasetSummary

__all__ = ["datasets"]


@click.command()
@registry_option
@output_options("text", "json")
def datasets(registry: str | None, form: str, output: Path | None, quiet: bool) -> int:
    """List the datasets of the registry, each with its latest snapshot.

    \b
    sameset datasets --registry registry.db
    """
    from sameset.registry import Registry, default_address

    with Registry.open(registry or default_address(), create=False) as opened:
        found = opened.datasets()
    if form == "text":
        from sameset.cli.terminal import show_datasets

        emit(show_datasets(found), output, quiet)
    else:
        emit([_as_json(summary) for summary in found], output, quiet)
    return SAME


def _as_json(summary: DatasetSummary) -> dict[str, object]:
    return {
        "dataset": summary.name,
        "snapshots": summary.snapshots,
        "latest": f"{summary.name}@{summary.number}",
        "taken_at": summary.taken_at.isoformat(),
        "status": summary.status,
        "verdict": summary.verdict,
        "rows": summary.rows,
        "digest": summary.digest,
    }
