"""How the programs end: `sameset`, and those beside the library that are made of verbs as it is."""

from __future__ import annotations

import os
import signal
import sys
from io import TextIOWrapper
from typing import NoReturn

import click

from sameset.cli.options import INTERRUPTED, TERMINATED, UNKNOWN, printable
from sameset.errors import SamesetError

__all__ = ["leave", "make_ready", "run_and_leave"]


def make_ready() -> None:
    """Has streams take any text, also closed ones, and SIGTERM end the program as Ctrl-C does."""
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode shows "?" rather than a traceback
    signal.signal(signal.SIGTERM, _end)


def _open_closed() -> None:
    """Opens streams that were closed when the program started (`2>&-`), into nothing.

    A file of data would get their number, and what C libraries say on stderr would be written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: SIM115 - until the end


def run_and_leave(command: click.Command, program: str) -> NoReturn:
    """Runs a command line and leaves with its exit code; refusals are one sentence on stderr, and 2. Other errors are raised."""
    try:
        code = command.main(prog_name=program, standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt) as interrupt:
        by_signal = _TerminatedError in (type(interrupt), type(interrupt.__cause__))  # click wraps it
        leave(program, "interrupted", TERMINATED if by_signal else INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(UNKNOWN)
    except SamesetError as error:
        leave(program, str(error), UNKNOWN)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; nothing more to say
        sys.exit(UNKNOWN)
    sys.exit(code if isinstance(code, int) else 0)


def leave(program: str, message: str, code: int) -> NoReturn:
    """Leaves with a sentence on stderr."""
    click.echo(f"{program}: {printable(message)}", err=True)
    sys.exit(code)


class _TerminatedError(KeyboardInterrupt):
    """SIGTERM, handled as Ctrl-C is; only the exit code is another."""


def _end(*_: object) -> None:
    """What SIGTERM does: the same as Ctrl-C, so that scans stop and temporary files go."""
    raise _TerminatedError
