"""Where the registry is unless told otherwise."""

from __future__ import annotations

import os
from pathlib import Path

from sameset.errors import RegistryError

__all__ = ["default_address"]


def default_address() -> str:
    """The registry's address: SAMESET_REGISTRY, otherwise `sameset/registry.db` in the user's data folder."""
    chosen = os.environ.get("SAMESET_REGISTRY", "").strip()
    return chosen or str(_data_folder() / "sameset" / "registry.db")


def _data_folder() -> Path:
    """The user's data folder; as its specification asks, a relative XDG_DATA_HOME is ignored."""
    chosen = Path(os.environ.get("XDG_DATA_HOME", ""))
    if chosen.is_absolute():
        return chosen
    try:
        return Path.home() / ".local" / "share"
    except RuntimeError:
        raise RegistryError(
            "there is no home folder to keep the registry in; set SAMESET_REGISTRY to its address"
        ) from None
