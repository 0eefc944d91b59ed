"""A progress bar on stderr, when a person watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sameset.cli.options import printable
from sameset.execution.scanning import silent

if TYPE_CHECKING:
    from sameset.execution.scanning import Progress

__all__ = ["watched"]


@contextmanager
def watched(label: str, total: int | None = None, *, quiet: bool = False) -> Iterator[Progress]:
    """The progress to hand to a scan: rows so far and rows a second; nothing is shown unless stderr is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(printable(label), total=total, rate="")

        def advance(rows: int) -> None:
            bar.advance(task, rows)
            done, elapsed = bar.tasks[0].completed, bar.tasks[0].elapsed or 0
            rate = f", {done / elapsed:,.0f} rows/s" if elapsed > 0.1 else ""
            bar.update(task, rate=f"{done:,.0f} rows{rate}")

        yield advance
