"""WebDataset: tar files in which the files of a sample follow one another and share their name up to the first dot."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from typing import Any

import pyarrow as pa

from sameset.errors import SchemaError, SourceError
from sameset.sources.file_sets import FileSet
from sameset.sources.pixels import IMAGE_ENDINGS
from sameset.sources.samples import MOST_BYTES, SampleSource, batched, pixel_decoder
from sameset.sources.tar_files import Member, members_of

__all__ = ["WebDatasetSource"]

KEY = "key"
NAME = re.compile(r"(?P<key>(?:.*/)?[^/.]+)\.(?P<ending>[^/]*)", re.DOTALL)
IMAGES = frozenset(ending.removeprefix(".") for ending in IMAGE_ENDINGS)
NUMBERS = ("cls", "cls2", "class", "count", "index", "inx", "id")  # what the webdataset package reads as such
TEXTS = ("txt", "text", "transcript", "json", "jsn")
MOST_ENDINGS = 1_000
MOST_DIGITS = 18


class WebDatasetSource(SampleSource):
    """The samples of shards: `key`, and a column for every ending, null for a sample that has no such file.

    Images are their pixels, or, if `raw`, their bytes; `cls` and the like are numbers; `txt` and `json` are text as it is
    written; all else is bytes. The columns are found by a first pass over the names.
    """

    sample_name = KEY

    def __init__(self, files: FileSet, raw: bool = False, names: Collection[str] | None = None) -> None:
        super().__init__(files.address, raw)
        self._files = files
        self._names = None if names is None else frozenset(names)

    def files_read(self) -> Sequence[str]:
        return self._files.files

    def row_count(self) -> int | None:
        return self._found[1] if self._names is None else None

    def named(self, names: Collection[str]) -> WebDatasetSource:
        chosen = WebDatasetSource(self._files, self.raw, names)
        chosen._found = self._found
        return chosen

    @cached_property
    def _found(self) -> tuple[tuple[str, ...], int]:
        """The endings in the order of their names, and how many samples there are."""
        endings: set[str] = set()
        samples = 0
        for shard in self._files.files:
            for _, parts in _samples_of(shard, ()):
                endings.update(parts)
                samples += 1
                if len(endings) > MOST_ENDINGS:
                    raise SchemaError(
                        f"{shard} has more than {MOST_ENDINGS:,} endings of names; a shard names files KEY.ENDING"
                    )
        if KEY in endings:
            raise SchemaError(
                f"{self.address} has files that end in .{KEY}, which is the column of the names; rename them"
            )
        return tuple(sorted(endings)), samples

    def _arrow_schema(self) -> pa.Schema:
        return pa.schema([(KEY, pa.string()), *((ending, self._type_of(ending)) for ending in self._found[0])])

    def _type_of(self, ending: str) -> pa.DataType:
        kind = _last(ending)
        if kind in IMAGES:
            return pixel_decoder(self.address, self.raw)[0]
        return pa.int64() if kind in NUMBERS else pa.string() if kind in TEXTS else pa.large_binary()

    def _shares(self) -> int:
        return len(self._files.files)

    def _share(self, number: int, count: int, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        schema = pa.schema([self.schema().field(name) for name in columns])
        return batched(self._samples(self._files.files[number::count], schema.names), schema)

    def _samples(self, shards: Sequence[str], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        for shard in shards:
            with closing(_samples_of(shard, columns, self._names)) as samples:
                for key, parts in samples:
                    if self._names is None or key in self._names:
                        yield {KEY: key} | {
                            ending: self._value(ending, content, f"{shard}: {key}.{ending}")
                            for ending, content in parts.items()
                            if content is not None
                        }

    def _value(self, ending: str, content: bytes, place: str) -> Any:
        kind = _last(ending)
        if kind in IMAGES:
            return pixel_decoder(self.address, self.raw)[1](content, place)
        if kind in NUMBERS:
            return _number(content, place)
        return _text(content, place) if kind in TEXTS else content


def _samples_of(
    shard: str, columns: Sequence[str], names: Collection[str] | None = None
) -> Generator[tuple[str, Mapping[str, bytes | None]], None, None]:
    """Key and files by ending of every sample of a shard; the content of those endings and samples alone that are wanted."""

    def wanted(name: str) -> bool:
        key, ending = _parts_of(name) or ("", "")
        return ending in columns and (names is None or key in names)

    seen: set[int] = set()  # hashes of keys, of this shard alone
    current: str | None = None
    parts: dict[str, bytes | None] = {}
    with closing(members_of(shard, MOST_BYTES, wanted)) as members:
        for member in members:
            if (named := _key_and_ending(member, shard)) is None:
                continue
            key, ending = named
            if key != current:
                if current is not None:
                    yield current, parts
                _refuse_apart(key, seen, shard)
                current, parts = key, {}
            if ending in parts:
                raise SourceError(f"{shard} has two files {key}.{ending}; give each sample a key of its own")
            parts[ending] = member.content
    if current is not None:
        yield current, parts


def _refuse_apart(key: str, seen: set[int], shard: str) -> None:
    """SourceError if there were files of this sample before those of another one."""
    if hash(key) in seen:
        raise SourceError(
            f"{shard} has the files of {key!r} in several places; write those of a sample one after the other"
        )
    seen.add(hash(key))


def _key_and_ending(member: Member, shard: str) -> tuple[str, str] | None:
    """The parts of a member's name; None for notes that are no sample (`__...__`)."""
    if member.name.rpartition("/")[2].startswith("__"):
        return None
    parts = _parts_of(member.name)
    if parts is None:
        raise SourceError(
            f"{shard} has the member {member.name!r}, which is not named KEY.ENDING; rename it or take it out"
        )
    return parts


def _parts_of(name: str) -> tuple[str, str] | None:
    match = NAME.fullmatch(name)
    return None if match is None else (match["key"], match["ending"].lower())


def _last(ending: str) -> str:
    """What the content is: `jpg` of `left.jpg`."""
    return ending.rpartition(".")[2]


def _number(content: bytes, place: str) -> int:
    text = content.strip()
    if not re.fullmatch(rb"[+-]?[0-9]{1,%d}" % MOST_DIGITS, text):
        raise SourceError(f"{place} is no whole number; rename it, so that its ending is not that of a class")
    return int(text)


def _text(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise SourceError(f"{place} is not UTF-8; convert it, or rename it to another ending") from None
