"""`sameset registry upgrade`: for those who look after a registry that others write to."""

from __future__ import annotations

import click

from sameset.cli.options import SAME, printable, registry_option

__all__ = ["registry"]


@click.group()
def registry() -> None:
    """Look after the registry itself.

    \b
    sameset registry upgrade --registry postgresql://owner@db.example/sameset
    """


@registry.command()
@registry_option
def upgrade(registry: str | None) -> int:
    """Make the registry, or bring one of an earlier program up to date; what is up to date stays untouched.

    Whoever writes first does the same, so this is for an owner whose writers may not alter tables, and for the moment that you
    choose: programs of before go on with an upgraded registry unless they say that they cannot.
    """
    from sameset.registry import Registry, default_address

    with Registry.open(registry or default_address()) as opened:
        before, now = opened.upgrade()
        told = {None: "made", now: "unchanged"}.get(before, f"upgraded from revision {before}")
        click.echo(f"registry {printable(opened.address)}: {told}, revision {now}")
    return SAME
