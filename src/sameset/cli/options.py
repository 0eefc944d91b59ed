"""Options and the ways out that all verbs share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

from sameset.errors import SamesetError
from sameset.reports.texts import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sameset.sketches.spec import Wanted

__all__ = [
    "DIFFERENT",
    "INTERRUPTED",
    "SAME",
    "TERMINATED",
    "UNKNOWN",
    "content_options",
    "emit",
    "limit_option",
    "output_options",
    "printable",
    "registry_option",
    "rows_option",
    "source_options",
    "spare",
    "spec_options",
    "wanted",
    "writable",
]

SAME, DIFFERENT, UNKNOWN, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
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
    """What to sketch: what `content_options` adds, and `--key`, `--hide-keys`, `--delta-capacity`, `--bucket-by`."""
    verb = content_options(verb)
    for option in reversed(_SKETCH_OPTIONS):
        verb = option(verb)
    return verb


def _cells(_: click.Context, __: click.Parameter, rows: int | None) -> int | None:
    """The cells of a delta table that lists so many rows."""
    if rows is None:
        return None
    from sameset.sketches.delta import cells_for

    return cells_for(rows)


_SKETCH_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--key",
        "-k",
        metavar="COL ...",
        multiple=True,
        envvar="SAMESET_KEY",
        help="The columns of the key, one or more.",
    ),
    click.option(
        "--hide-keys",
        is_flag=True,
        envvar="SAMESET_HIDE_KEYS",
        help="Store hashes of keys, never the keys.",
    ),
    click.option(
        "--delta-capacity",
        "delta_cells",
        metavar="ROWS",
        type=click.IntRange(1, 1_612_489),
        callback=_cells,
        envvar="SAMESET_DELTA_CAPACITY",
        help="List up to about so many differing rows from sketches alone.  [default: about 3,000]",
    ),
    click.option(
        "--bucket-by",
        metavar="COL[:HOW]",
        envvar="SAMESET_BUCKET_BY",
        help="Also tell where rows differ: HOW is year, quarter, month, week, day, hour, range=WIDTH or a number of hashes.",
    ),
)


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


def wanted(*, hide_keys: bool = False, **options: Any) -> Wanted:
    """What the user asked of a sketch; what was not asked for is None."""
    asked = {name: None if value in ((), None) or value is False else value for name, value in options.items()}
    return cast("Wanted", asked | ({"keep_keys": False} if hide_keys else {}))


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


def rows_option(verb: Verb) -> Verb:
    """`--rows N`."""
    return click.option(
        "--rows",
        type=click.IntRange(min=0),
        default=10,
        show_default=True,
        envvar="SAMESET_ROWS",
        help="Show at most so many whole rows of each list, read from the tables at hand; 0 saves that scan.",
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
            cls=FormatOption,
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            envvar="SAMESET_FORMAT",
            help="How to print the result; the ending of FILE tells, too.",
        )(verb)

    return decorate


class FormatOption(click.Option):
    """`--format`; without it the ending of `-o FILE` tells, then SAMESET_FORMAT, where the verb has that format."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """What the environment asks for; nothing if that is a format of other verbs."""
        found = super().value_from_envvar(ctx)
        strange = isinstance(self.type, click.Choice) and found not in self.type.choices
        return None if strange and found in ENDINGS.values() else found

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """The format in the end."""
        told = super().process_value(ctx, value)
        output = ctx.params.get("output")
        if ctx.get_parameter_source("form") is ParameterSource.COMMANDLINE or output is None:
            return told
        meant = ENDINGS.get(output.suffix.lower())
        return meant if isinstance(self.type, click.Choice) and meant in self.type.choices else told


#: The formats of all verbs, by the endings of their files.
DATA = {".parquet", ".csv", ".arrow", ".feather", ".ipc"}  # that a verb writes and a folder of files may hold
ENDINGS = {".txt": "text", ".json": "json", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}


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


def spare(sources: Iterable[str], *files: Path | None) -> None:
    """Refuses to write over a source that is to be read, data into a folder or glob of files that is, or one file twice."""
    places = [Path(source) for source in sources if "::" not in source and "\0" not in source]
    written = [file for file in files if file is not None]
    if len({os.path.abspath(file) for file in written}) < len(written):
        raise SamesetError(f"{written[0]} cannot be written twice; choose another file for one of both")
    for file in written:
        if file.exists() and any(place.exists() and place.samefile(file) for place in places):
            raise SamesetError(f"{file} is to be read and cannot be written as well; choose another file")
        among = next((place for place in places if file.suffix.lower() in DATA and _is_among(file, place)), None)
        if among is not None:
            raise SamesetError(
                f"{file} would be one of the files of {among}, which is to be read; choose another folder"
            )


def _is_among(file: Path, place: Path) -> bool:
    """Whether a file lies where a folder, or a glob, looks for its files."""
    pattern = f"{os.path.abspath(place)}/*" if place.is_dir() else os.path.abspath(place)
    if not (place.is_dir() or has_magic(pattern)):
        return False
    paths = (os.path.abspath(file), str(file.resolve()))
    deep = place.is_dir() or "**" in pattern
    return any(fnmatchcase(path, pattern) if deep else PurePath(path).match(pattern) for path in paths)
