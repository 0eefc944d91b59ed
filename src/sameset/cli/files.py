"""Files that a verb writes."""

from __future__ import annotations

import os
from pathlib import Path

from sameset.errors import SamesetError

__all__ = ["write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Writes whole or not at all: beside the file first, then in its place."""
    device = path.exists() and not path.is_file()
    beside = path if device else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        if not device:
            beside.unlink(missing_ok=True)
        raise SamesetError(f"{path} cannot be written: {error.strerror}; choose another place") from None
