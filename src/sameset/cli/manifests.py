"""Options for manifests, and for what their joins may take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from sameset.execution.manifest_store import Manifests

    Verb = TypeVar("Verb", bound=Callable[..., Any])

__all__ = ["folder_option", "mapper_option", "resource_options", "take_manifests"]


def resource_options(verb: Verb) -> Verb:
    """`--memory-limit SIZE` and `--temp FOLDER`."""
    verb = click.option(
        "--temp",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        envvar="SAMESET_TEMP",
        help="Lay there what does not fit in memory.  [default: the system's folder]",
    )(verb)
    return click.option(
        "--memory-limit",
        metavar="SIZE",
        envvar="SAMESET_MEMORY_LIMIT",
        help="Memory for joins of manifests, of the whole process.  [default: 2GiB]",
    )(verb)


def folder_option(verb: Verb) -> Verb:
    """`--manifests FOLDER`."""
    return click.option(
        "--manifests",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        envvar="SAMESET_MANIFESTS",
        help="The folder of the registry's manifests.  [default: REGISTRY.manifests beside it]",
    )(verb)


def mapper_option(verb: Verb) -> Verb:
    """`--mapper WHERE`."""
    return click.option(
        "--mapper",
        metavar="WHERE",
        envvar="SAMESET_MAPPER",
        help="Who reads the partitions of a set of files: dask=tcp://HOST:8786, spark or spark=MASTER.  [default: threads]",
    )(verb)


def take_manifests(options: dict[str, Any], wanted: bool | None = None) -> Manifests:
    """What these options ask for, taken out of a verb's options; SamesetError if they make no sense."""
    from sameset.execution.manifest_store import Manifests
    from sameset.execution.resources import Resources

    resources = Resources.of(options.pop("memory_limit"), options.pop("temp"), options.pop("mapper", None))
    return Manifests(wanted, options.pop("manifests", None), resources)
