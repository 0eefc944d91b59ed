"""Which files an address means: one, those that match a pattern, or all of a folder with its key=value folders."""

from __future__ import annotations

import datetime
import fnmatch
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pyarrow as pa

from sameset.errors import SchemaError, SourceError
from sameset.sources.files import COMPRESSIONS, first_bytes, is_object, readable_file
from sameset.sources.lake_files import in_delta_log, refuse_files_of_lakes
from sameset.sources.pixels import IMAGE_ENDINGS
from sameset.sources.schemas import plain

__all__ = ["ENDINGS", "FileSet", "files_at", "has_pattern", "kind_by_ending", "kind_of"]

ENDINGS = {
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc", ".arrows"),
    "json": (".jsonl", ".ndjson", ".json"),
    "csv": (".csv", ".tsv"),
    "images": IMAGE_ENDINGS,
    "npy": (".npy",),
    "npz": (".npz",),
    "tar": (".tar", ".tgz"),
}
#: Kinds whose files are packed already, and are not compressed once more as a whole.
PACKED = ("images", "npy", "npz")
PARTITION = re.compile(r"([^=]+)=(.*)", re.DOTALL)
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class FileSet:
    """One or more files of one kind that are one table; the folders `key=value` above them are columns of it."""

    address: str
    files: tuple[str, ...]
    #: By key, its value in each file; None is the missing value.
    partitions: dict[str, tuple[str | None, ...]] = field(default_factory=dict)
    #: The folder below which they were found, in which names are relative to it; that of the file itself if it is one.
    root: str = ""
    #: The keys whose values are texts, whatever they are written like.
    texts: frozenset[str] = frozenset()

    def names(self) -> list[str]:
        """What the files are called below that folder, with slashes."""
        return [self.below(file) for file in self.files]

    def below(self, file: str) -> str:
        """The name of one of the files below the root, parted by `/`."""
        return _below(file, self.root)

    def partition_types(self) -> dict[str, str]:
        """The SQL type of each key: BIGINT or DATE where all its values are written as such, else VARCHAR."""
        return {
            key: "VARCHAR" if key in self.texts else _partition_type(set(values) - {None})
            for key, values in self.partitions.items()
        }

    def typed_by(self, schema: pa.Schema | None) -> FileSet:
        """The same files with keys of the types that are given: text, where they would be numbers or days by themselves.

        Raises:
            SourceError: the values of a key are none of the type that is given.
        """
        given = {key: schema.field(key).type for key in self.partitions if schema is not None and key in schema.names}
        for key, type_ in given.items():
            found = self.partition_types()[key]
            if wrong := sorted(
                value for value in self.partitions[key] if value is not None and not _may_be(found, type_)
            ):
                raise SourceError(
                    f"{self.address} has {wrong[-1]!r} for {key!r} in its folder names, and that column is given as {type_}; "
                    "correct it, or leave --schema-from out"
                )
        return replace(self, texts=frozenset(key for key, type_ in given.items() if _is_text(type_)))

    def folder_options(self) -> str:
        """The options of DuckDB's readers that make columns of the folders' keys, as they are written, of their types."""
        types = zip(self._written_keys(), self.partition_types().values(), strict=True)
        hive = ", ".join(f"{_quoted(key)}: {type_}" for key, type_ in types)
        return f"hive_partitioning = true, hive_types = {{{hive}}}" if hive else "hive_partitioning = false"

    def named(self, scan: str) -> str:
        """A table expression with these options under the true names of the keys: DuckDB leaves `%20` in them."""
        pairs = zip(self._written_keys(), self.partitions, strict=True)
        renamed = ", ".join(f"{_quoted(old)} AS {_quoted(new)}" for old, new in pairs if old != new)
        return f"(SELECT * RENAME ({renamed}) FROM {scan})" if renamed else scan  # noqa: S608 - names are quoted

    def _written_keys(self) -> list[str]:
        return [key for key, _ in _pairs(self.below(self.files[0]))] if self.partitions else []

    def refuse_shared(self, names: Sequence[str]) -> None:
        """Nothing, if no column of the files is called like one of the folders."""
        taken = {name.lower() for name in names}
        if shared := [key for key in self.partitions if key.lower() in taken]:
            raise SchemaError(f"{self.address} has the column {shared[0]!r} both in its files and in its folder names")


def files_at(address: str) -> FileSet:
    """The files that an address means, sorted; of a folder or pattern only those of a kind that is understood.

    Raises:
        SourceError: there are none, or they are of several kinds.
        SchemaError: they lie in folders of different keys.
    """
    root, found = _found(address)
    if found is None:
        return FileSet(address, (address,), root=os.path.dirname(address))
    known = [file for file in found if kind_by_ending(file) and not _is_hidden(_below(file, root))]
    kinds = Counter(kind_by_ending(file) for file in known)
    if not kinds:
        raise SourceError(
            f"{address} has no Parquet, CSV, JSON lines, Arrow, image, npy, npz or tar files; the ending of a name tells the kind"
        )
    refuse_files_of_lakes(address, known, found, root)
    if len(kinds) > 1:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), key=str))
        raise SourceError(
            f"{address} has files of several kinds ({listed}); give a pattern of one, such as **/*{_ending_of(min(kinds, key=str))}"
        )
    if set(kinds) == {"images"}:  # their folders are labels, and part of their names
        return FileSet(address, tuple(known), root=root)
    return FileSet(address, tuple(known), _partitions(address, [_below(file, root) for file in known]), root)


def has_pattern(address: str) -> bool:
    """Whether it has signs of a pattern, `*`, `?` or `[`."""
    return MAGIC.search(address) is not None


def kind_of(files: FileSet) -> str | None:
    """What the files are, a key of ENDINGS; of a single file its content tells before its ending does."""
    if len(files.files) > 1 or files.files[0] != files.address:
        return kind_by_ending(files.files[0])
    start = first_bytes(files.files[0], 6)
    if start.startswith(b"PAR1"):
        return "parquet"
    return "arrow" if start.startswith((b"ARROW1", b"\xff\xff\xff\xff")) else kind_by_ending(files.files[0])


def kind_by_ending(file: str) -> str | None:
    """The kind that the ending of a name tells, `.csv` of `a.CSV.gz`."""
    name = Path(file)
    is_compressed = name.suffix.lower() in COMPRESSIONS
    ending = Path(name.stem if is_compressed else name.name).suffix.lower()
    kind = next((kind for kind, endings in ENDINGS.items() if ending in endings), None)
    return None if is_compressed and kind in PACKED else kind


def _ending_of(kind: str | None) -> str:
    """An ending of a kind for a pattern, the kind's own name where there is such."""
    return f".{kind}" if f".{kind}" in ENDINGS[str(kind)] else ENDINGS[str(kind)][0]


def _found(address: str) -> tuple[str, list[str] | None]:
    """The folder where a search starts, and all files that it finds there; None if the address is a single file."""
    if is_object(address):
        return _found_objects(address)
    if os.path.isdir(address):
        return address, sorted(set(_files_below(address, ["**", "*"])))
    if os.path.exists(address) or not has_pattern(address):
        return "", None
    root = _fixed_part(address)
    rest = address.replace(os.sep, "/")[len(root) :].lstrip("/")
    return root, sorted(set(_files_below(root, rest.split("/")))) if os.path.isdir(root or ".") else []


def _files_below(folder: str, pattern: Sequence[str], within: tuple[str, ...] = ()) -> Iterator[str]:
    """The files that a pattern means, part by part; Python's own glob leaves out folders that it may not read.

    Links are followed: one to nothing is a file that does not exist, one to a folder that it lies in is passed over, as
    its files have been seen.
    """
    real = os.path.realpath(folder or ".")
    if real in within:
        return
    first, rest = pattern[0], pattern[1:]
    if first == "**" and rest:
        yield from _files_below(folder, rest, within)
    for entry in _entries(folder):
        if first != "**" and not fnmatch.fnmatchcase(entry.name, first):
            continue
        if _is_hidden(entry.name):
            continue
        path = os.path.join(folder, entry.name)
        if entry.is_dir():
            below = pattern if first == "**" else rest
            if below:
                yield from _files_below(path, below, (*within, real))
        elif not rest and (entry.is_file() or entry.is_symlink()):
            yield path


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder or ".") as found:
            return list(found)
    except OSError as error:
        raise SourceError(f"{folder} cannot be read: {error.strerror}; the files in it would be missing") from error


def _found_objects(address: str) -> tuple[str, list[str] | None]:
    from sameset.sources.object_store import objects_below

    folder = address.rstrip("/")
    if (below := objects_below(folder)) is not None:
        return folder, below
    if not has_pattern(address):
        return "", None
    root = _fixed_part(address)
    listing = objects_below(root)
    if listing is None:
        readable_file(root)
    if listing is None or address in listing:
        return "", None
    pattern = _below(address, root).split("/")
    return root, [file for file in listing if in_delta_log(file) or _matches(_below(file, root).split("/"), pattern)]


def _fixed_part(pattern: str) -> str:
    """The folders of a pattern before the first one with a sign in it."""
    parts = re.split(r"(?<=/)", pattern.replace(os.sep, "/"))
    fixed = parts[: next(i for i, part in enumerate(parts) if MAGIC.search(part))]
    return "".join(fixed).rstrip("/") or ("/" if fixed else "")


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a name below the folder of a search are what `_files_below` would find there."""
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        return not rest or any(_matches(parts[i:], rest) for i in range(len(parts)))
    if not parts or not fnmatch.fnmatchcase(parts[0], first):
        return False
    return _matches(parts[1:], rest) if rest else len(parts) == 1


def _below(file: str, root: str) -> str:
    """The part of a file's name below a folder."""
    return file[len(root) :].replace(os.sep, "/").lstrip("/") if root else file


def _is_hidden(name: str) -> bool:
    """Whether writers keep notes there (`_SUCCESS`, `.part.crc`) rather than rows."""
    parts = PurePosixPath(name).parts
    return any((part.startswith((".", "_")) and "=" not in part) or part == "lost+found" for part in parts)


def _partitions(address: str, names: list[str]) -> dict[str, tuple[str | None, ...]]:
    pairs = list(map(_pairs, names))
    keys = {tuple(key for key, _ in found): name for found, name in zip(pairs, names, strict=True)}
    if len(keys) > 1:
        first, second = sorted(keys.values())[:2]
        raise SchemaError(
            f"{address} has files in different key=value folders, such as {first} and {second}; read them separately"
        )
    common = tuple(map(unquote, *keys))
    if len({key.lower() for key in common}) < len(common):
        raise SchemaError(
            f"{address} has one key twice in its key=value folders ({', '.join(common)}); rename one of them"
        )
    if odd := next((f"{key}={value}" for found in pairs for key, value in found if "=" in value), None):
        raise SchemaError(f"{address} has the folder {odd!r}, in which a second = is to be written as %3D")
    values = zip(
        *[[None if value == NULL_PARTITION else unquote(value) for _, value in found] for found in pairs], strict=True
    )
    return dict(zip(common, values, strict=True))


def _pairs(name: str) -> list[tuple[str, str]]:
    """Key and value of each folder `key=value` in a file's name, as they are written."""
    return [(match[1], match[2]) for part in name.split("/")[:-1] if (match := PARTITION.fullmatch(part))]


def _quoted(name: str) -> str:
    """A name as a SQL identifier; `scan` has the same, and would load DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def _partition_type(values: set[str | None]) -> str:
    texts = [value for value in values if value is not None]
    if texts and all(re.fullmatch(r"0|-?[1-9][0-9]{0,18}", text) and -(2**63) <= int(text) < 2**63 for text in texts):
        return "BIGINT"
    return "DATE" if texts and all(_is_date(text) for text in texts) else "VARCHAR"


def _may_be(sql_type: str, given: pa.DataType) -> bool:
    """Whether values of a key that are of this SQL type by themselves may be given as the other type."""
    if _is_text(given) or pa.types.is_null(given):
        return True
    is_number = pa.types.is_integer(given) or pa.types.is_floating(given) or pa.types.is_decimal(given)
    return bool(is_number if sql_type == "BIGINT" else pa.types.is_date(given) and sql_type == "DATE")


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(plain(type_)))


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
