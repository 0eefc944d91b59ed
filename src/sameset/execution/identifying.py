"""Which files of a set are ones that are known: by what their place says about them where that is proof, else by their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sameset.execution.file_memory import FileMemory, KnownFile, name_of
from sameset.execution.scanning import cores
from sameset.sources.file_states import content_of, in_threads, states_of

if TYPE_CHECKING:
    import pyarrow as pa

    from sameset.sources.file_parts import FilesSource
    from sameset.sources.file_states import FileState, Trust

__all__ = ["Look", "look_at", "remember"]


@dataclass(frozen=True)
class Look:
    """The files of a set as they are now, still without the keys of their sketches; `schemas` by the names in `KnownFile.own`."""

    files: tuple[KnownFile, ...]
    schemas: dict[str, pa.Schema]
    hashed: int  #: of how many the bytes were read


def look_at(source: FilesSource, before: FileMemory | None, trust: Trust) -> Look:
    """The files of a set; what is known already is not read, of what is new or in doubt the bytes are."""
    files, names = source.file_set.files, source.file_set.names()
    known = {file.name: file for file in before.files} if before else {}
    schemas = dict(before.schemas) if before else {}
    owns = {file.content: file.own for file in known.values()}

    def look(place: int, state: FileState) -> KnownFile:
        content = content_of(files[place], state)
        own = owns.get(content)
        if own is None:
            schema = source.own_schema(files[place])
            own = name_of(schema)
            schemas[own] = schema
        return KnownFile(names[place], state, content, own, "")

    found: dict[int, KnownFile] = {}
    doubtful = []
    for place, state in enumerate(states_of(files, trust)):
        file = known.get(names[place])
        if file is not None and file.state.is_same(state, trust):
            found[place] = file  # with the state in which its bytes were seen, not with one that was merely trusted
        else:
            doubtful.append((place, state))
    looked = in_threads(lambda pair: look(*pair), doubtful, cores())
    found |= {file_place: file for (file_place, _), file in zip(doubtful, looked, strict=True)}
    ordered = tuple(found[place] for place in range(len(files)))
    used = {file.own for file in ordered}
    return Look(ordered, {own: schema for own, schema in schemas.items() if own in used}, len(doubtful))


def remember(source: FilesSource, look: Look, reading: str, before: FileMemory | None) -> FileMemory:
    """The memory of the files as they are, each with the key of its sketch.

    The columns of the whole are those of before where nothing that decides them is different; else the source is asked, which
    looks at every file. SchemaError if the files do not fit together.
    """
    owns = list(dict.fromkeys(file.own for file in look.files))
    shape = name_of(reading, owns, len(look.files) > 1, sorted(source.file_set.partition_types().items()))
    known = before.whole if before is not None and before.shape == shape else None
    whole = source.schema() if known is None else known
    layout = name_of(reading, whole)
    folders = _folders(source)
    files = tuple(
        replace(file, key=name_of(layout, file.content, values))
        for file, values in zip(look.files, folders, strict=True)
    )
    return FileMemory(reading, shape, whole, look.schemas, files)


def _folders(source: FilesSource) -> Sequence[list[tuple[str, str | None]]]:
    """For each file, the keys of its folders and their values."""
    partitions = source.file_set.partitions
    return [[(key, values[i]) for key, values in partitions.items()] for i in range(len(source.file_set.files))]
