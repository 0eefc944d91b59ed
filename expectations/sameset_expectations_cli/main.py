"""`sameset-expectations VERB`: checkpoints for schedulers, reports of their results, Data Docs that need nothing else.

Exit codes of `run`: 0 every expectation is met, 1 one failed, 2 could not know, 130 interrupted (143 by SIGTERM).
Great Expectations takes seconds to load, so nothing here does before every argument is known to be good; `report` never does.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sameset.cli.leaving import leave, make_ready, run_and_leave
from sameset.cli.memory import tune_memory
from sameset.cli.options import UNKNOWN, printable
from sameset.errors import SamesetError, SpecError
from sameset.reports.texts import json_text

if TYPE_CHECKING:
    from sameset_expectations.checkpoints import CheckpointRun

__all__ = ["cli", "main"]

PROGRAM = "sameset-expectations"
EXIT_CODES = {"success": 0, "failure": 1, "unknown": 2}
ENDINGS = {".txt": "text", ".json": "json", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}
FORMATS = ("text", "json", "markdown", "html")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="sameset", message="%(package)s %(version)s")
def cli() -> None:
    """Great Expectations checkpoints that fail closed, and their reports.

    \b
    Exit codes: 0 every expectation is met, 1 one failed, 2 could not know, 130 interrupted (143 by SIGTERM).
    """


def _project(_: click.Context, __: click.Parameter, folder: str) -> Path:
    """The folder of a project, which none is made for: a misspelt one must not become an empty project."""
    places = [Path(folder) / name for name in ("", "gx", "great_expectations")]
    found = next((place for place in places if (place / "great_expectations.yml").exists()), None)
    if found is None:
        raise SamesetError(
            f"there is no Great Expectations project in {folder}; give the folder that holds great_expectations.yml or gx"
        )
    return found


def _docs_folder(_: click.Context, __: click.Parameter, folder: Path) -> Path:
    if not folder.is_dir():
        raise SamesetError(f"{folder} is no folder; give the one that holds the index.html of Data Docs")
    return folder


def _writable(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """The path of `-o` if it can be written, which must be known before a checkpoint runs."""
    place = path if path is None or path.exists() else path.parent
    if place is not None and (not place.exists() or not os.access(place, os.W_OK)):
        raise SamesetError(f"{path} cannot be written; check that {place} exists and its permissions")
    return path


def _pairs(_: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    """`NAME=VALUE ...` as a mapping: values that are JSON are numbers, lists and so on, all others texts."""
    found: dict[str, Any] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE", param=option)
        try:
            found[name] = json.loads(re.sub(r"^([+-]?)\.(?=\d)", r"\g<1>0.", value))  # .5, as people write it
        except ValueError:
            found[name] = value
    return found


output_option = click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), callback=_writable, metavar="FILE",
    help="Write to FILE, not to stdout.",
)  # fmt: skip
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="How to tell it; the ending of FILE tells, too.  [default: text]",
)


@cli.command(short_help="Run a stored checkpoint.")
@click.argument("checkpoint")
@click.option(
    "--project", "-p", default=".", show_default="here", envvar="SAMESET_GX_PROJECT", metavar="FOLDER", callback=_project,
    help="The folder of the Great Expectations project, or the one that holds its `gx` folder.",
)  # fmt: skip
@click.option("--parameter", multiple=True, callback=_pairs, metavar="NAME=VALUE", help="A suite parameter.")
@click.option("--batch", multiple=True, callback=_pairs, metavar="NAME=VALUE", help="A batch parameter.")
@click.option("--run-id", metavar="TEXT", help="The name of this run: tried again under it, it is recorded once.")
@click.option(
    "--import", "modules", multiple=True, metavar="MODULE", help="A module that defines expectations of your own."
)
@format_option
@output_option
def run(
    checkpoint: str,
    project: Path,
    parameter: dict[str, Any],
    batch: dict[str, Any],
    run_id: str | None,
    modules: tuple[str, ...],
    form: str | None,
    output: Path | None,
) -> int:
    """Run a stored CHECKPOINT; what is not met is told on stderr, too.

    \b
    sameset-expectations run nightly --project quality
    sameset-expectations run nightly -p quality --parameter bound=0.5 --batch address=today.parquet -o report.html
    """
    from sameset_expectations.checkpoints import run_checkpoint
    from sameset_expectations.contexts import get_context

    started = time.monotonic()
    for module in modules:
        _import(module)
    found = run_checkpoint(
        get_context(project), checkpoint, batch_parameters=batch, expectation_parameters=parameter, run_id=run_id
    )
    _emit(_told(found.to_json(), _form(form, output), time.monotonic() - started), output)
    if not found.success:
        click.echo(f"sameset-expectations: {printable(found.sentence)}", err=True)
    return _exit_code(found)


@cli.command(short_help="Tell a stored result.")
@click.argument("result", type=click.Path(path_type=Path))
@format_option
@output_option
def report(result: Path, form: str | None, output: Path | None) -> int:
    """Tell a stored RESULT: JSON of a validation by Great Expectations, or of `run --format json`.

    \b
    sameset-expectations report run.json -o report.html
    """
    if output is not None and output.exists() and output.samefile(result):
        raise SpecError(f"{output} is the result itself; choose another file to write to")
    try:
        data = json.loads(result.read_text(encoding="utf-8"))
    except OSError as error:
        raise SamesetError(f"{result} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SamesetError(f"{result} is no JSON: {error}") from None
    try:
        _emit(_told(data, _form(form, output)), output)
    except SpecError as error:
        raise SpecError(f"{result}: {error}") from None
    return 0


@cli.command("self-contained", short_help="Make Data Docs need no network.")
@click.argument("folder", type=click.Path(path_type=Path), callback=_docs_folder)
def self_contained(folder: Path) -> int:
    """Rewrite the Data Docs in FOLDER so that they need no network; pages that are none of Great Expectations' stay."""
    from sameset_expectations.docs import make_self_contained

    def progress(done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done:,} of {total:,} pages", err=True, nl=done == total)

    changed = make_self_contained(folder, progress=progress)
    click.echo(f"{changed:,} {'page' if changed == 1 else 'pages'} changed in {folder}")
    return 0


def main() -> None:
    """Runs the command line and leaves with its exit code; errors are one sentence on stderr."""
    tune_memory()
    make_ready()
    if not os.environ.get("SAMESET_DEBUG"):
        logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # what matters of it is told as a sentence
    try:
        run_and_leave(cli, PROGRAM)
    except Exception as error:
        if os.environ.get("SAMESET_DEBUG"):
            raise
        # Python's own exit code for it, 1, would mean that an expectation failed.
        leave(PROGRAM, f"unexpected {type(error).__name__}: {error} (SAMESET_DEBUG=1 shows where)", UNKNOWN)


def _exit_code(found: CheckpointRun) -> int:
    return EXIT_CODES[found.outcome]


def _import(module: str) -> None:
    sys.path.insert(0, os.getcwd())
    try:
        importlib.import_module(module)
    except Exception as error:  # whatever a module of somebody's raises
        raise SamesetError(f"--import {module} failed: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(os.getcwd())


def _form(form: str | None, output: Path | None) -> str:
    return form or (ENDINGS.get(output.suffix.lower()) if output else None) or "text"


def _told(data: Any, form: str, seconds: float | None = None) -> str:
    """The result in a format."""
    if form == "json":
        return json_text(data, allow_nan=True)
    from importlib.metadata import version

    from sameset.reports.finding import Provenance
    from sameset.reports.validation import validation_of
    from sameset.reports.validation_html import validation_html
    from sameset.reports.validation_texts import validation_markdown, validation_text

    found = validation_of(data)
    if form == "html":
        return validation_html(found, Provenance(f"sameset {version('sameset')}", None, datetime.now(UTC), seconds))
    return validation_markdown(found) if form == "markdown" else validation_text(found)


def _emit(text: str, output: Path | None) -> None:
    if output is None:
        try:
            click.echo(text, nl=False)
        except BrokenPipeError:
            # The reader has seen enough; the exit code still tells the outcome.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    try:
        output.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SamesetError(f"{output} cannot be written: {error.strerror}") from None
