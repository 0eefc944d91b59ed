"""Image folders: a row for every file, with its path, the folder that is its label, and its pixels."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from typing import Any

import pyarrow as pa

from sameset.errors import SourceError
from sameset.sources.file_sets import FileSet
from sameset.sources.samples import SampleSource, batched, pixel_decoder, read_whole

__all__ = ["ImageFolderSource"]


class ImageFolderSource(SampleSource):
    """The images below a folder, those of a pattern, or one.

    Columns are `path`, relative to the folder and parted by `/`; `label`, the first folder of the path, null if there is
    none; and `image`, the pixels (docs/samples.md), or, if `raw`, `bytes`, the content of the file.
    """

    sample_name = "path"

    def __init__(self, files: FileSet, raw: bool = False) -> None:
        super().__init__(files.address, raw)
        self._files = files

    def files_read(self) -> Sequence[str]:
        return self._files.files

    def row_count(self) -> int | None:
        return len(self._files.files)

    def named(self, names: Collection[str]) -> ImageFolderSource:
        kept = tuple(file for file in self._files.files if _name_of(file, self._files) in names)
        return ImageFolderSource(FileSet(self.address, kept, root=self._files.root), self.raw)

    def _arrow_schema(self) -> pa.Schema:
        kind, _ = pixel_decoder(self.address, self.raw)
        return pa.schema([("path", pa.string()), ("label", pa.string()), (self._content, kind)])

    @property
    def _content(self) -> str:
        return "bytes" if self.raw else "image"

    def _shares(self) -> int:
        return len(self._files.files)

    def _share(self, number: int, count: int, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        schema = pa.schema([self.schema().field(name) for name in columns])
        return batched(self._samples(self._files.files[number::count], self._content in columns), schema)

    def _samples(self, files: Sequence[str], with_content: bool) -> Iterator[dict[str, Any]]:
        _, decode = pixel_decoder(self.address, self.raw)
        for file in files:
            path = _name_of(file, self._files)
            sample = {"path": path, "label": path.split("/")[0] if "/" in path else None}
            yield sample | {self._content: decode(read_whole(file), file)} if with_content else sample


def _name_of(file: str, files: FileSet) -> str:
    path = files.below(file)
    if any("\udc80" <= sign <= "\udcff" for sign in path):  # how Python holds bytes that are not UTF-8
        raise SourceError(f"{path!r} in {files.address} is not written in UTF-8; rename the file or folder")
    return path
