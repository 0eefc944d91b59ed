"""Where the registry is unless told otherwise, and how an address is shown and stored."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sameset.errors import RegistryError

__all__ = ["default_address", "without_password"]

# The first branch ends at the last @ before the path. The second is for a password that holds / ? or #, unescaped;
# digits and a slash after the colon are a port.
_USERINFO = re.compile(r"(://[^:/?#@\s]*):(?:[^/?#]*|(?!\d+[/?#])[^@]*)@")
_SECRET_OPTION = re.compile(
    r"(?<=[?&;\s])((?:[\w-]*(?:password|passwd|secret|token|signature|credential)[\w-]*|pwd|sig)\s*=)"
    r"(?:'(?:[^'\\]|\\.)*'|[^&;\s]*)",
    re.IGNORECASE,
)


def default_address() -> str:
    """The registry's address: SAMESET_REGISTRY, otherwise `sameset/registry.db` in the user's data folder."""
    chosen = os.environ.get("SAMESET_REGISTRY", "").strip()
    return chosen or str(_data_folder() / "sameset" / "registry.db")


def without_password(address: str) -> str:
    """The address as it may be shown and stored: no password, and *** for secret options such as `?password=`.

    >>> without_password("postgresql://ann:s3cret@db.example/shop::orders")
    'postgresql://ann@db.example/shop::orders'
    """
    readable = address.encode("utf-8", "backslashreplace").decode("utf-8")
    return _SECRET_OPTION.sub(r"\1***", _USERINFO.sub(r"\1@", readable))


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
