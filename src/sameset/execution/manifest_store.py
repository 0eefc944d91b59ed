"""Where the manifests of a registry's snapshots lie: in a folder, each under the name of its sketch's content."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sameset.errors import ManifestError
from sameset.execution.manifests import SUFFIX, write_manifest
from sameset.execution.resources import Resources
from sameset.execution.spills import RowSpill
from sameset.registry import sketch_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sameset.sketches.table import TableSketch

__all__ = ["Manifests"]

FOLDER_SUFFIX = ".manifests"


@dataclass(frozen=True)
class Manifests:
    """What is wanted of manifests: whether one is written, where they lie, and what a join may take."""

    wanted: bool | None = None  #: None: where the previous snapshot has one
    folder: Path | None = None  #: None: beside the file of the registry
    resources: Resources = field(default_factory=Resources.of)

    @classmethod
    def of(cls, wanted: bool | None = None, folder: str | os.PathLike[str] | None = None) -> Self:
        """What is given, otherwise SAMESET_MANIFESTS for the folder; memory and temporary folder are `Resources.of()`."""
        chosen = folder or os.environ.get("SAMESET_MANIFESTS", "").strip()
        return cls(wanted, Path(chosen) if chosen else None)

    def find(self, registry: str, sketch_key: str) -> Path | None:
        """The manifest of a snapshot of the registry at an address, if there is one."""
        folder = self._folder(registry)
        path = folder / f"{sketch_key}{SUFFIX}" if folder else None
        return path if path and path.is_file() else None

    def is_wanted(self, registry: str, previous: str | None) -> bool:
        """Whether an arriving dataset gets one, given the key of its previous snapshot's sketch.

        ManifestError if it is asked for and nobody said where.
        """
        if self.wanted is None:
            return previous is not None and self.find(registry, previous) is not None
        if self.wanted:
            self._expect_folder(registry)
        return self.wanted

    @contextmanager
    def spill(self, registry: str, previous: str | None) -> Iterator[RowSpill | None]:
        """What takes the rows of an arriving dataset while it is sketched; None if it gets no manifest."""
        if not self.is_wanted(registry, previous):
            yield None
            return
        with RowSpill(self.resources) as spill:
            yield spill

    def write(self, registry: str, sketch: TableSketch, spill: RowSpill | None) -> None:
        """Writes what was spilled as the manifest of the sketch, if anything was; before its snapshot is recorded."""
        if spill is not None:
            write_manifest(self._place(registry, sketch_key(sketch.to_bytes())), sketch, spill)

    def _place(self, registry: str, sketch_key: str) -> Path:
        """Where to write the manifest of a snapshot; its folder is there afterwards."""
        folder = self._expect_folder(registry)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ManifestError(
                f"the folder {folder} for manifests cannot be made: {error.strerror}; choose another with --manifests"
            ) from error
        return folder / f"{sketch_key}{SUFFIX}"

    def _folder(self, registry: str) -> Path | None:
        if self.folder is not None:
            return self.folder
        return None if "://" in registry else Path(f"{registry}{FOLDER_SUFFIX}")

    def _expect_folder(self, registry: str) -> Path:
        folder = self._folder(registry)
        if folder is None:
            raise ManifestError(
                f"the registry {registry} is on a server, which keeps no manifests; say with --manifests in which folder they lie"
            )
        return folder
