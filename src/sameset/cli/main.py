"""`sameset VERB`: one function per verb, each in its own file, loaded when it is called.

Exit codes: 0 the same (or nothing to object), 1 different, 2 could not know, 130 interrupted (143 by SIGTERM).
"""

from __future__ import annotations

import os
import traceback
from importlib import import_module
from typing import NoReturn

import click

from sameset.cli.leaving import leave, make_ready, run_and_leave
from sameset.cli.memory import tune_memory
from sameset.cli.options import INTERRUPTED, UNKNOWN

__all__ = ["VERBS", "cli", "main"]

PROGRAM = "sameset"
VERBS = ("check", "compare", "sketch", "apply", "digest", "history", "datasets", "registry")


class Verbs(click.Group):
    """A group whose commands live in `sameset.cli.VERB`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, the main job first."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"sameset.cli.{cmd_name}"), cmd_name)
        return command


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="sameset", message="%(package)s %(version)s")
def cli() -> None:
    """Is it the same set of rows?

    Tells whether a dataset is identical to, a modified version of, or a near-duplicate of one seen before, and what changed.
    A SOURCE is a Parquet, CSV, JSON lines or Arrow file, a glob or folder of them, also on S3; file.duckdb::table,
    file.sqlite::table, postgresql://USER@HOST/DATABASE::table, mysql://...::table; a Delta or Iceberg table, also on S3.

    \b
    Exit codes: 0 the same, 1 different, 2 could not know, 130 interrupted (143 by SIGTERM).
    """


def main() -> None:
    """Runs the command line and leaves with its exit code; errors are one sentence on stderr."""
    tune_memory()
    make_ready()
    try:
        run_and_leave(cli, PROGRAM)
    except Exception as error:
        _leave_after(error)


def _leave_after(error: Exception) -> NoReturn:
    """Leaves after an error that nobody foresaw: Python's own exit code for it, 1, would mean "different"."""
    if str(error) == "Query interrupted":  # what DuckDB makes of Ctrl-C while it sorts or sums
        leave(PROGRAM, "interrupted", INTERRUPTED)
    if os.environ.get("SAMESET_DEBUG"):
        traceback.print_exception(error)
    told = f"unexpected {type(error).__name__}: {error}"
    leave(PROGRAM, f"{told}; this is a defect of sameset (SAMESET_DEBUG=1 shows where)", UNKNOWN)
