"""Addresses in a file of configuration: no password in them but as a variable, and relative paths start from the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, overload

from sameset.addresses import holds_password
from sameset.configuration.variables import without_variables

if TYPE_CHECKING:
    from sameset.configuration.tables import Table

__all__ = ["resolved", "resolved_place", "without_secret"]


def without_secret(table: Table, key: str) -> str | None:
    """The address under a key; ConfigurationError, without the address, if it holds a password."""
    address = table.text(key)
    if address is not None and holds_password(without_variables(address)):
        table.refuse(
            key,
            "the address holds a password, and a file is no place for one; write ${NAME} for it and set NAME where the check runs, "
            "or leave it out and set PGPASSWORD or a .pgpass file",
        )
    return address


@overload
def resolved(address: str, folder: Path | None) -> str: ...
@overload
def resolved(address: None, folder: Path | None) -> None: ...
@overload
def resolved(address: str | None, folder: Path | None) -> str | None: ...
def resolved(address: str | None, folder: Path | None) -> str | None:
    """The address with a path that no longer depends on the working folder; addresses with a scheme stay as they are."""
    if address is None or folder is None or "://" in address.partition("::")[0] or address.startswith("${"):
        return address
    return os.path.join(folder, os.path.expanduser(address))


def resolved_place(place: str | None, folder: Path | None) -> str | None:
    """The same of a place that may also be a snapshot of the registry: only what is there, or is written as a path, is one."""
    if place is None or folder is None:
        return place
    path = resolved(place, folder)
    return path if os.path.exists(path) or os.sep in place else place
