"""Options and the ways out that all verbs share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sameset.errors import SamesetError

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["DIFFERENT", "SAME", "UNKNOWN", "emit", "key_option", "limit_option", "output_options", "registry_option"]

SAME, DIFFERENT, UNKNOWN, INTERRUPTED = 0, 1, 2, 130
WIDTH_OF_A_PIPE = 120

Verb = TypeVar("Verb", bound=Callable[..., Any])


def registry_option(verb: Verb) -> Verb:
    """`--registry URL`."""
    return click.option(
        "--registry",
        metavar="URL",
        envvar="SAMESET_REGISTRY",
        help="A path, sqlite:///path or postgresql://...  [default: registry.db in the user's data folder]",
    )(verb)


def key_option(verb: Verb) -> Verb:
    """`--key COL`, repeatable."""
    return click.option(
        "--key",
        "-k",
        metavar="COL",
        multiple=True,
        envvar="SAMESET_KEY",
        help="A column of the key; repeat it for each column.",
    )(verb)


def limit_option(verb: Verb) -> Verb:
    """`--limit N`."""
    return click.option(
        "--limit",
        type=click.IntRange(min=0),
        default=100,
        show_default=True,
        envvar="SAMESET_LIMIT",
        help="List at most so many added, removed and changed rows each.",
    )(verb)


def output_options(*formats: str) -> Callable[[Verb], Verb]:
    """`--format`, `-o` and `--quiet`."""

    def decorate(verb: Verb) -> Verb:
        verb = click.option("--quiet", "-q", is_flag=True, help="Print nothing on stdout; the exit code tells.")(verb)
        verb = click.option(
            "--output",
            "-o",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Write to FILE, not to stdout.",
        )(verb)
        return click.option(
            "--format",
            "form",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            envvar="SAMESET_FORMAT",
            help="How to print the result.",
        )(verb)

    return decorate


def emit(result: RenderableType | str | dict[str, Any] | list[Any], output: Path | None, quiet: bool) -> None:
    """Prints a result (JSON if it is a dict or list) on stdout, or writes it to a file."""
    if output is not None:
        try:
            output.write_text(_as_text(result), encoding="utf-8")
        except OSError as error:
            raise SamesetError(f"{output}: the result cannot be written: {error.strerror}") from None
    elif quiet:
        return
    elif isinstance(result, (str, dict, list)):
        click.echo(_as_text(result), nl=False)
    else:
        from rich.console import Console

        terminal = sys.stdout.isatty()
        Console(width=None if terminal else WIDTH_OF_A_PIPE).print(result)


def _as_text(result: RenderableType | str | dict[str, Any] | list[Any]) -> str:
    if isinstance(result, (dict, list)):
        return json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if isinstance(result, str):
        return result if result.endswith("\n") else result + "\n"
    from io import StringIO

    from rich.console import Console

    text = StringIO()
    Console(file=text, width=WIDTH_OF_A_PIPE).print(result)
    return text.getvalue()
