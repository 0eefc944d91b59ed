"""Files of a table of Delta Lake or Iceberg that are named one by one, or by a folder above or below it.

Such a table keeps the files of rows that were deleted or replaced beside those of its rows, and only it knows which is which.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from sameset.errors import SourceError
from sameset.sources.files import is_object

__all__ = ["in_delta_log", "refuse_files_of_lakes"]

DELTA_LOG = "/_delta_log/"
ICEBERG_NOTES, ICEBERG_ENDING = "/metadata/", ".metadata.json"


def in_delta_log(file: str) -> bool:
    """Whether it lies in the log of a Delta table."""
    return DELTA_LOG in file


def refuse_files_of_lakes(address: str, files: Sequence[str], found: Sequence[str], root: str) -> None:
    """Nothing, if no folder of the files, down to the root of their search, is a table of a lake; `found` is all that is there.

    Raises:
        SourceError: one is; it says how that table is addressed.
    """
    folders = sorted({folder for file in files for folder in _folders_of(file, root)})
    if is_object(address):
        deltas = {file.partition(DELTA_LOG)[0] for file in found if in_delta_log(file)}
        icebergs = {file.rpartition(ICEBERG_NOTES)[0] for file in found if file.endswith(ICEBERG_ENDING)}
    else:
        deltas = {folder for folder in folders if os.path.isdir(f"{folder or '.'}{DELTA_LOG}")}
        icebergs = {folder for folder in folders if _has_iceberg_notes(folder or ".")}
    for folder in folders:
        if folder in deltas:
            raise SourceError(
                f"{address} has files of a Delta table, whose log says which of them count; give {folder or '.'}"
            )
        if folder in icebergs:
            place = folder if is_object(folder) else os.path.abspath(folder)
            raise SourceError(
                f"{address} has files of an Iceberg table, whose metadata say which of them count; "
                f"give iceberg://{place}{ICEBERG_NOTES}NAME{ICEBERG_ENDING}"
            )


def _folders_of(file: str, root: str) -> Iterator[str]:
    """The folders above a file down to the root, and those below it whose partition or data the root is."""
    folder = os.path.dirname(file)
    yield folder
    while folder != root and len(folder) > len(root):
        folder = os.path.dirname(folder)
        yield folder
    while folder and ("=" in os.path.basename(folder) or os.path.basename(folder) == "data"):
        folder = os.path.dirname(folder)
        yield folder


def _has_iceberg_notes(folder: str) -> bool:
    try:
        return any(name.endswith(ICEBERG_ENDING) for name in os.listdir(f"{folder}{ICEBERG_NOTES}"))
    except OSError:
        return False
