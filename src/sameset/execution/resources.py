"""What a check may take: memory for manifests and their joins, a folder for what does not fit in it, others who read partitions."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sameset.errors import ManifestError, SpecError
from sameset.execution.mappers import Mapper, mapper_of

__all__ = ["LEAST_MEMORY", "Resources", "bytes_of"]

#: The program takes 0.4 GiB before DuckDB has joined a row, and half of the memory is DuckDB's.
LEAST_MEMORY = 1 << 30
USUAL_MEMORY = 2 << 30

_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)


def bytes_of(size: str) -> int:
    """The bytes that a text such as 2GiB, 1500M or 0.5G means, in powers of 1024; SpecError for any other.

    >>> bytes_of("2GiB"), bytes_of("1.5 g"), bytes_of("600000000")
    (2147483648, 1610612736, 600000000)
    """
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        raise SpecError(f"{size!r} is no amount of memory; write it like 2GiB or 1500MiB")
    return int(float(match[1]) * (1 << _UNITS[match[2].upper()]))


@dataclass(frozen=True)
class Resources:
    """Memory for the whole process, in bytes, the folder for what does not fit in it, and who else reads partitions."""

    memory: int
    folder: Path
    mapper: Mapper | None = None

    @classmethod
    def of(
        cls,
        memory_limit: str | None = None,
        folder: str | os.PathLike[str] | None = None,
        mapper: Mapper | str | None = None,
    ) -> Resources:
        """What is given, otherwise SAMESET_MEMORY_LIMIT, SAMESET_TEMP and SAMESET_MAPPER, otherwise 2 GiB and the system's folder.

        Without a word from anybody a machine of less than 4 GiB gives half of what it has, but LEAST_MEMORY. SpecError for
        less than that, ManifestError for a folder that cannot be written into.
        """
        asked = memory_limit or os.environ.get("SAMESET_MEMORY_LIMIT", "").strip()
        memory = bytes_of(asked) if asked else max(min(USUAL_MEMORY, _of_machine() // 2), LEAST_MEMORY)
        if memory < LEAST_MEMORY:
            raise SpecError(
                f"a memory limit of {asked} is too small, for the program itself takes 400 MiB; give at least 1GiB"
            )
        chosen = Path(folder or os.environ.get("SAMESET_TEMP", "").strip() or tempfile.gettempdir())
        if not chosen.is_dir() or not os.access(chosen, os.W_OK | os.X_OK):
            raise ManifestError(f"{chosen} is no folder to write temporary files into; choose another with --temp")
        found = mapper or os.environ.get("SAMESET_MAPPER", "").strip() or None
        return cls(memory, chosen, mapper_of(found) if isinstance(found, str) else found)


def _of_machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 2 * USUAL_MEMORY
