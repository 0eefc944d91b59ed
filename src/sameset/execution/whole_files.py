"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sameset.errors import SamesetError

__all__ = ["replacing", "write_whole"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place beside the file to write to, which takes the file's place at the end; nothing is left of it after an error.

    A device (`/dev/stdout`) is written itself. SamesetError if it cannot be written.
    """
    device = path.exists() and not path.is_file()
    beside = path if device else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        if not device:
            beside.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise SamesetError(f"{path} cannot be written: {reason}; choose another place") from None
    finally:
        if not device:
            beside.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Writes whole or not at all."""
    with replacing(path) as beside:
        beside.write_bytes(data)
