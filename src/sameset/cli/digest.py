"""`sameset digest`: one line that stands for the content of a source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sameset.cli.lists import ListsCommand
from sameset.cli.options import (
    DIFFERENT,
    SAME,
    content_options,
    emit,
    output_options,
    printable,
    source_options,
    spare,
    writable,
)
from sameset.cli.schemes import KEY_VARIABLE, SCHEMES, LatticeScheme
from sameset.errors import SamesetError, SpecError
from sameset.execution.whole_files import write_whole

if TYPE_CHECKING:
    from sameset.cli.schemes import Scheme
    from sameset.execution.digesting import SourceDigest
    from sameset.sources import Source

__all__ = ["digest"]

#: Which schemes an option belongs to, where it does not belong to all.
OWNERS = {
    "nfc": ("sameset", "lthash"),
    "per_column": ("sameset", "unf6"),
    "characters": ("unf6",),
    "bits": ("unf6",),
    "key_file": ("lthash",),
    "store": ("lthash",),
}


class DigestCommand(ListsCommand):
    """A command in which `--columns` without names asks for the digest of every column."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments that click parses."""
        behind = [*args[1:], "--"]
        words = [
            "--per-column" if word == "--columns" and behind[i].startswith("-") else word for i, word in enumerate(args)
        ]
        return super().parse_args(ctx, words)


@click.command(cls=DigestCommand)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--scheme",
    type=click.Choice(tuple(SCHEMES)),
    default="sameset",
    show_default=True,
    envvar="SAMESET_DIGEST_SCHEME",
    help="sameset: as in sketches; unf6: UNF version 6, for citations; lthash: if the sender is not trusted.",
)
@click.option(
    "--per-column",
    is_flag=True,
    envvar="SAMESET_DIGEST_PER_COLUMN",
    help="Print the digest of every column too; --columns without names is the same.",
)
@content_options
@source_options
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
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    metavar="FILE",
    help="lthash: store the digest of all SOURCEs together; the file is a SOURCE itself.",
)
@click.option(
    "--expect",
    metavar="DIGEST",
    help="Exit with 1 unless this is the digest: a printed one, or a file with a stored one.",
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
    sameset digest orders.parquet --ignore loaded_at
    sameset digest survey.csv --scheme unf6 --columns
    sameset digest delivery.parquet --scheme lthash --key-file secret.key --store delivery.lthash
    sameset digest delivery.parquet --scheme lthash --key-file secret.key --expect delivery.lthash
    """
    _refuse_strangers(context, scheme)
    spare(sources, output)
    chosen = SCHEMES[scheme](options)
    if isinstance(chosen, LatticeScheme):
        _spare_what_is_no_digest(sources, options["store"], options["expect"], output)
    if options["expect"] is not None:
        chosen.check_expected(options["expect"], sources)
    found = _digests_of(sources, chosen, options, quiet)
    expected = None if options["expect"] is None else chosen.is_expected(found, options["expect"])
    if isinstance(chosen, LatticeScheme) and options["store"] is not None:
        write_whole(options["store"], chosen.stored(found))
    dataset = chosen.of_all(found) if len(found) > 1 else None
    with_columns = options["per_column"] and scheme in OWNERS["per_column"]
    result = Digests(scheme, found, dataset, with_columns, expected)
    emit(result.to_json() if form == "json" else result.to_text(), output, quiet)
    return DIFFERENT if expected is False else SAME


@dataclass(frozen=True)
class Digests:
    """What was found; `dataset` is the digest of all sources together, where there is one."""

    scheme: str
    sources: list[SourceDigest]
    dataset: str | None
    with_columns: bool
    as_expected: bool | None

    def to_text(self) -> str:
        """A line for each source and, indented, each of its columns; one for the dataset; one on what was expected."""
        lines = []
        for source in self.sources:
            lines.append(f"{source.digest}  {printable(source.address)}")
            lines += [f"  {text}  {printable(name)}" for name, text in source.columns.items() if self.with_columns]
        if self.dataset is not None:
            lines.append(f"{self.dataset}  dataset of {len(self.sources)} files")
        if self.as_expected is not None:
            lines.append("as expected" if self.as_expected else "not as expected")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The same as plain values (docs/digest.schema.json)."""
        return {
            "schema_version": 1,
            "scheme": self.scheme,
            "sources": [self._source_json(source) for source in self.sources],
            "dataset": self.dataset,
            "as_expected": self.as_expected,
        }

    def _source_json(self, source: SourceDigest) -> dict[str, Any]:
        columns = [{"name": name, "digest": text} for name, text in source.columns.items()]
        return {
            "address": source.address,
            "rows": source.rows,
            "digest": source.digest,
            "columns": columns if self.with_columns else None,
        }


def _refuse_strangers(context: click.Context, scheme: str) -> None:
    """SpecError if the command line has an option of another scheme; in the environment it may stand for other runs."""
    for name, owners in OWNERS.items():
        if scheme not in owners and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = "--columns without names" if name == "per_column" else f"--{name.replace('_', '-')}"
            raise SpecError(f"{option} belongs to the scheme {' and '.join(owners)}, not to {scheme}; leave it out")


def _spare_what_is_no_digest(
    sources: Sequence[str], store: Path | None, expected: str | None, output: Path | None
) -> None:
    """SamesetError if `--store` would write over anything but the digest that it wrote before, or over the expected one."""
    from sameset.execution.digesting import stored_lattice

    if store is None:
        return
    spare([source for source in sources if stored_lattice(source) is None], output, store)
    if store.is_file() and store.stat().st_size and stored_lattice(store) is None:
        raise SamesetError(f"{store} is there and holds no stored digest; choose another file")
    if expected is not None and os.path.exists(expected) and store.exists() and store.samefile(expected):
        raise SamesetError(f"{store} is what is expected and cannot be written as well; choose another file")


def _digests_of(addresses: Sequence[str], scheme: Scheme, options: dict[str, Any], quiet: bool) -> list[SourceDigest]:
    """The digests of all places, each opened before the first is read: a wrong address is told at once."""
    from sameset.cli.progress import watched
    from sameset.execution.digesting import SourceDigest

    found = []
    for place in _opened(addresses, scheme, options):
        if isinstance(place, SourceDigest):
            found.append(place)
            continue
        with watched(f"reading {place.address}", place.row_count(), quiet=quiet) as progress:
            found.append(scheme.of_source(place, progress))
    return found


def _check_stored(held: SourceDigest, scheme: Scheme) -> None:
    if not isinstance(scheme, LatticeScheme):
        raise SpecError(f"{held.address} holds a lattice digest and no rows; read it with --scheme lthash")
    if held.state is not None:
        scheme.check_stored(held.address, held.state.spec)


def _opened(addresses: Sequence[str], scheme: Scheme, options: dict[str, Any]) -> list[Source | SourceDigest]:
    """Sources, or the digests that files hold."""
    from sameset.execution.digesting import stored_lattice
    from sameset.execution.operands import column_types
    from sameset.registry import default_address
    from sameset.sources import open_source

    schema = column_types(options["schema_from"], default_address()) if options["schema_from"] else None
    places: list[Source | SourceDigest] = []
    for address in addresses:
        held = stored_lattice(address)
        if held is not None:
            _check_stored(held, scheme)
        places.append(
            held or open_source(address, schema=schema, union_by_name=options["union_by_name"], raw=options["raw"])
        )
    return places
