"""The command that a run was started with, complete: options of the environment included, passwords not."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import click
from click.core import ParameterSource

from sameset.addresses import without_password

__all__ = ["command_line"]

#: Parameters that hold addresses, which may hold passwords.
ADDRESSES = ("left", "right", "source", "registry", "schema_from")
SILENT = ("quiet", "help")


def command_line(context: click.Context) -> str:
    """The command of a verb as a shell takes it, to run it again elsewhere."""
    arguments, options = [], []
    for param in context.command.params:
        value = context.params.get(param.name or "")
        if value is None or param.name in SILENT or _is_default(context, param):
            continue
        if isinstance(param, click.Argument):
            arguments.append(_text(param, value))
        else:
            options += list(_option(param, value))
    if any(argument.startswith("-") for argument in arguments):
        return shlex.join(["sameset", str(context.info_name), *options, "--", *arguments])
    return shlex.join(["sameset", str(context.info_name), *arguments, *options])


def _is_default(context: click.Context, param: click.Parameter) -> bool:
    return context.get_parameter_source(param.name or "") in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)


def _option(param: click.Parameter, value: Any) -> Iterator[str]:
    name = max(param.opts, key=len)
    if value is True:
        yield name
        return
    for one in value if isinstance(value, tuple) else (value,):
        yield name
        yield _text(param, one)


def _text(param: click.Parameter, value: Any) -> str:
    return without_password(str(value)) if param.name in ADDRESSES else str(value)
