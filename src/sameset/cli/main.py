"""`sameset VERB`: one function per verb, each in its own file, loaded when it is called.

Exit codes: 0 the same (or nothing to object), 1 different, 2 could not know, 130 interrupted (143 by SIGTERM).
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from importlib import import_module
from io import TextIOWrapper

import click

from sameset.cli.options import INTERRUPTED, TERMINATED, UNKNOWN, printable
from sameset.errors import SamesetError

__all__ = ["VERBS", "cli", "main"]

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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode shows "?" rather than a traceback
    signal.signal(signal.SIGTERM, _end)
    try:
        code = cli.main(prog_name="sameset", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt) as interrupt:
        by_signal = _TerminatedError in (type(interrupt), type(interrupt.__cause__))  # click wraps it
        _leave("interrupted", TERMINATED if by_signal else INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(UNKNOWN)
    except SamesetError as error:
        _leave(str(error), UNKNOWN)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; nothing more to say
        sys.exit(UNKNOWN)
    except Exception as error:
        _leave_after(error)
    sys.exit(code if isinstance(code, int) else 0)


class _TerminatedError(KeyboardInterrupt):
    """SIGTERM, handled as Ctrl-C is; only the exit code is another."""


def _end(*_: object) -> None:
    """What SIGTERM does: the same as Ctrl-C, so that scans stop and temporary files go."""
    raise _TerminatedError


def _leave_after(error: Exception) -> None:
    """Leaves after an error that nobody foresaw: Python's own exit code for it, 1, would mean "different"."""
    if str(error) == "Query interrupted":  # what DuckDB makes of Ctrl-C while it sorts or sums
        _leave("interrupted", INTERRUPTED)
    if os.environ.get("SAMESET_DEBUG"):
        traceback.print_exception(error)
    told = f"unexpected {type(error).__name__}: {error}"
    _leave(f"{told}; this is a defect of sameset (SAMESET_DEBUG=1 shows where)", UNKNOWN)


def _leave(message: str, code: int) -> None:
    click.echo(f"sameset: {printable(message)}", err=True)
    sys.exit(code)
