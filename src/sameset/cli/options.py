"""Options and the ways out that all verbs share."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from sameset.errors import SamesetError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sameset.sketches.spec import Wanted

__all__ = [
    "DIFFERENT",
    "INTERRUPTED",
    "SAME",
    "UNKNOWN",
    "content_options",
    "emit",
    "limit_option",
    "output_options",
    "printable",
    "registry_option",
    "source_options",
    "spec_options",
    "wanted",
    "writable",
]

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


def spec_options(verb: Verb) -> Verb:
    """What to sketch: `--key` and what `content_options` adds; `wanted` collects them."""
    return click.option(
        "--key",
        "-k",
        metavar="COL ...",
        multiple=True,
        envvar="SAMESET_KEY",
        help="The columns of the key, one or more.",
    )(content_options(verb))


def content_options(verb: Verb) -> Verb:
    """What of a place counts, and in which form: `--columns`, `--ignore`, `--where`, `--digits`, `--nfc`."""
    for option in reversed(_CONTENT_OPTIONS):
        verb = option(verb)
    return verb


_CONTENT_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--columns",
        metavar="COL ...",
        multiple=True,
        envvar="SAMESET_COLUMNS",
        help="Read these columns.  [default: all]",
    ),
    click.option(
        "--ignore", metavar="COL ...", multiple=True, envvar="SAMESET_IGNORE", help="Leave these columns out."
    ),
    click.option(
        "--where", metavar="SQL", envvar="SAMESET_WHERE", help="Read the rows for which this condition holds."
    ),
    click.option(
        "--digits",
        type=click.IntRange(1, 15),
        envvar="SAMESET_DIGITS",
        help="Round floats to so many significant digits.",
    ),
    click.option("--nfc", is_flag=True, envvar="SAMESET_NFC", help="Bring text into Unicode normalisation form C."),
)


def wanted(**options: Any) -> Wanted:
    """What the user asked of a sketch; what was not asked for is None."""
    return cast(
        "Wanted", {name: None if value in ((), None) or value is False else value for name, value in options.items()}
    )


def source_options(verb: Verb) -> Verb:
    """`--schema-from PLACE`, `--union-by-name` and `--raw`."""
    verb = click.option(
        "--raw",
        is_flag=True,
        envvar="SAMESET_RAW",
        help="Compare images by the bytes of their files, not by their pixels.",
    )(verb)
    verb = click.option(
        "--union-by-name",
        is_flag=True,
        envvar="SAMESET_UNION_BY_NAME",
        help="Files of one dataset may lack columns (null there) and differ in types that widen without loss.",
    )(verb)
    return click.option(
        "--schema-from",
        metavar="PLACE",
        envvar="SAMESET_SCHEMA_FROM",
        help="Read CSV and JSON lines with the types of this dataset, sketch file or snapshot.",
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
            callback=writable,
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


def writable(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """The path of `-o` if it can be written, which must be known before a check is recorded; otherwise a SamesetError."""
    if path is None:
        return None
    if not path.parent.is_dir():
        raise SamesetError(f"{path} cannot be written because {path.parent} is no folder; create it or choose another")
    place = path if path.exists() else path.parent
    if not os.access(place, os.W_OK):
        raise SamesetError(f"{path} cannot be written; check the permissions of {place}")
    return path


_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text on one line, with signs that would move or colour a terminal's cursor as their escapes: `\\n`, `\\x1b`."""
    return _UNPRINTABLE.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


def emit(result: RenderableType | str | dict[str, Any] | list[Any], output: Path | None, quiet: bool) -> None:
    """Prints a result (JSON if it is a dict or list) on stdout, or writes it to a file."""
    try:
        if output is not None:
            output.write_text(_as_text(result), encoding="utf-8", errors="backslashreplace")
        elif not quiet:
            _print(result)
    except BrokenPipeError:
        # The reader has seen enough; the exit code still tells the verdict.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise SamesetError(f"{output or 'stdout'}: the result cannot be written: {error.strerror}") from None


def _print(result: RenderableType | str | dict[str, Any] | list[Any]) -> None:
    if isinstance(result, (str, dict, list)) or not sys.stdout.isatty():
        click.echo(_as_text(result), nl=False)
    else:
        from rich.console import Console

        Console().print(result)


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
