"""`sameset digest`: one line that stands for the content of a source."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sameset.cli.options import SAME, emit, output_options, printable
from sameset.errors import SamesetError, SpecError

if TYPE_CHECKING:
    from sameset.execution.digesting import SourceDigest
    from sameset.sketches.lattice import LatticeKey

__all__ = ["digest"]

KEY_VARIABLE = "SAMESET_DIGEST_KEY"
LONGEST_KEY_FILE = 4096
SCHEMES = ("sameset", "unf6", "lthash")
#: Which schemes an option belongs to, where it does not belong to all.
OWNERS = {
    "columns": ("sameset", "unf6"),
    "digits": ("unf6",),
    "characters": ("unf6",),
    "bits": ("unf6",),
    "key_file": ("lthash",),
}


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--scheme",
    type=click.Choice(SCHEMES),
    default="sameset",
    show_default=True,
    envvar="SAMESET_DIGEST_SCHEME",
    help="sameset: as in sketches; unf6: UNF version 6, for citations; lthash: if the sender is not trusted.",
)
@click.option("--columns", is_flag=True, envvar="SAMESET_DIGEST_COLUMNS", help="Print the digest of every column too.")
@click.option(
    "--digits", type=int, metavar="N", envvar="SAMESET_DIGEST_DIGITS", help="unf6: digits of numbers.  [default: 7]"
)
@click.option(
    "--characters",
    type=int,
    metavar="X",
    envvar="SAMESET_DIGEST_CHARACTERS",
    help="unf6: characters of texts.  [default: 128]",
)
@click.option(
    "--bits", type=int, metavar="H", envvar="SAMESET_DIGEST_BITS", help="unf6: bits of the hash.  [default: 128]"
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="SAMESET_DIGEST_KEY_FILE",
    help=f"lthash: a file with a secret key, else the variable {KEY_VARIABLE}.",
)
@output_options("text", "json")
@click.pass_context
def digest(
    context: click.Context,
    /,
    sources: tuple[str, ...],
    scheme: str,
    form: str,
    output: Path | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Print a digest of each SOURCE: equal digests, equal content.

    \b
    sameset digest orders.parquet
    sameset digest survey.csv --scheme unf6 --columns
    sameset digest delivery.parquet --scheme lthash --key-file secret.key
    """
    from sameset.cli.progress import watched
    from sameset.sources import open_source

    _refuse_strangers(context, scheme)
    of_source, of_all = _functions(scheme, options)
    found = []
    for place in [open_source(source) for source in sources]:
        with watched(f"reading {place.address}", place.row_count(), quiet=quiet) as progress:
            found.append(of_source(place, progress=progress))
    result = Digests(scheme, found, of_all(found) if len(found) > 1 else None, options["columns"])
    emit(result.to_json() if form == "json" else result.to_text(), output, quiet)
    return SAME


@dataclass(frozen=True)
class Digests:
    """What was found; `dataset` is the digest of all sources together, where the scheme has one."""

    scheme: str
    sources: list[SourceDigest]
    dataset: str | None
    with_columns: bool

    def to_text(self) -> str:
        """A line for each source and, indented, each of its columns; one more for the dataset."""
        lines = []
        for source in self.sources:
            lines.append(f"{source.digest}  {printable(source.address)}")
            lines += [f"  {text}  {printable(name)}" for name, text in source.columns.items() if self.with_columns]
        if self.dataset is not None:
            lines.append(f"{self.dataset}  dataset of {len(self.sources)} files")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The same as plain values (docs/digest.schema.json)."""
        sources = [
            {
                "address": source.address,
                "rows": source.rows,
                "digest": source.digest,
                "columns": [{"name": name, "digest": text} for name, text in source.columns.items()]
                if self.with_columns
                else None,
            }
            for source in self.sources
        ]
        return {"schema_version": 1, "scheme": self.scheme, "sources": sources, "dataset": self.dataset}


def _refuse_strangers(context: click.Context, scheme: str) -> None:
    """SpecError if the command line has an option of another scheme; in the environment it may stand for other runs."""
    for name, owners in OWNERS.items():
        if scheme not in owners and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = name.replace("_", "-")
            raise SpecError(f"--{option} belongs to the scheme {' and '.join(owners)}, not to {scheme}; leave it out")


def _functions(scheme: str, options: dict[str, Any]) -> tuple[Callable[..., SourceDigest], Callable[..., str | None]]:
    """What digests a source, and what digests all of them together."""
    from sameset.execution import digesting

    if scheme == "unf6":
        from sameset.canonical.unf import UnfParameters

        chosen = {name: options[name] for name in ("digits", "characters", "bits") if options[name] is not None}
        parameters = UnfParameters(**chosen)
        return (
            partial(digesting.unf_digest, parameters=parameters),
            partial(digesting.dataset_unf, parameters=parameters),
        )
    if scheme == "lthash":
        return partial(digesting.lattice_digest, key=_read_key(options["key_file"])), lambda found: None
    return digesting.plain_digest, lambda found: None


def _read_key(path: Path | None) -> LatticeKey | None:
    """The key in a file, else in the environment, else none; a line end behind it is no part of it."""
    from sameset.sketches.lattice import LatticeKey

    if path is None and KEY_VARIABLE not in os.environ:
        return None
    secret = os.fsencode(os.environ[KEY_VARIABLE]) if path is None else _first_bytes(path)
    try:
        return LatticeKey(secret.removesuffix(b"\n").removesuffix(b"\r"))
    except SpecError as error:
        raise SpecError(f"{path or KEY_VARIABLE}: {error}") from None


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_KEY_FILE)
    except OSError as error:
        raise SamesetError(f"{path}: the key file cannot be read: {error.strerror}; check the path") from None
