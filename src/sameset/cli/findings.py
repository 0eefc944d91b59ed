"""The way out of `check` and `compare`: a finding in the format that was asked for, and the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from sameset.cli.options import DIFFERENT, SAME, UNKNOWN, emit

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from sameset.comparison import Comparison
    from sameset.execution.checking import Check

__all__ = ["Output", "publish"]


@dataclass(frozen=True)
class Output:
    """What the user asked of the output: `--format`, `--limit`, `-o`, `--quiet`."""

    form: str
    limit: int
    file: Path | None = None
    quiet: bool = False


def publish(found: Comparison | Check, output: Output, seconds: float) -> int:
    """Prints or writes what was found in `seconds`, and gives the exit code."""
    emit(_FORMS[output.form](found, output.limit, seconds), output.file, output.quiet)
    if found.is_incomparable:
        return UNKNOWN
    return SAME if found.is_same else DIFFERENT


def _text(found: Comparison | Check, limit: int, seconds: float) -> RenderableType:
    from sameset.cli.terminal import show_finding

    return show_finding(found, limit)


def _json(found: Comparison | Check, limit: int, seconds: float) -> dict[str, Any]:
    return found.to_json(limit)


def _markdown(found: Comparison | Check, limit: int, seconds: float) -> str:
    from sameset.reports.markdown import as_markdown

    return as_markdown(found, limit)


def _html(found: Comparison | Check, limit: int, seconds: float) -> str:
    from datetime import UTC, datetime
    from importlib.metadata import version

    from sameset.cli.command import command_line
    from sameset.reports.finding import Provenance
    from sameset.reports.html import as_html

    command = command_line(click.get_current_context())
    return as_html(found, limit, Provenance(f"sameset {version('sameset')}", command, datetime.now(UTC), seconds))


_FORMS = {"text": _text, "json": _json, "markdown": _markdown, "html": _html}
