"""A set of files -> its sketch, by reading only files whose bytes are not known already.

The sketch is, to the byte, the one that reading everything gives. Sketches of files are kept under keys that name their bytes,
the values of their folders and how they are read, the columns of the whole included: a file that moved or came back is
known, and one column more makes all files unknown. When files only came, theirs are merged into the snapshot's sketch; when
some went or changed, what they were is subtracted, or, where samples would not be known then, all sketches are merged again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING

from sameset.errors import SketchFormatError, SourceError, SpecError
from sameset.execution.file_changes import FileChanges, changes_of
from sameset.execution.file_memory import FileMemory, name_of
from sameset.execution.identifying import Look, look_at, remember
from sameset.execution.operands import stored_operand
from sameset.execution.projection import selected
from sameset.execution.scanning import cores, silent
from sameset.execution.sketching import sketch_partition, sketch_table
from sameset.sketches.storage import FORMAT
from sameset.sketches.subtraction import subtract
from sameset.sketches.table import TableSketch
from sameset.sources.file_parts import FilePart, FilesSource
from sameset.sources.file_states import Trust, content_of, state_of
from sameset.sources.interrupts import run_in_threads

if TYPE_CHECKING:
    import pyarrow as pa

    from sameset.execution.scanning import Progress
    from sameset.registry import Registry
    from sameset.sketches.spec import Spec
    from sameset.sources.base import Source

__all__ = ["FilesRead", "sketch_files"]


@dataclass(frozen=True)
class FilesRead:
    """The sketch of a set of files, what became of them, and what is to be remembered with its snapshot."""

    sketch: TableSketch
    changes: FileChanges
    memory: FileMemory | None = None
    fresh: Source | None = None  #: the new and changed files, which hold all rows that came


@dataclass(frozen=True)
class Before:
    """A snapshot's sketch and the files that it was made of."""

    sketch: TableSketch
    memory: FileMemory


def sketch_files(
    source: Source,
    spec: Spec,
    registry: Registry,
    name: str,
    *,
    trust: Trust = Trust.STATUS,
    progress: Progress = silent,
) -> FilesRead:
    """The sketch of a source, of which only those files are read that the registry does not know from the dataset `name`.

    New sketches of files go into the registry at once; nothing else is recorded. A source that cannot be read file by file is
    read as a whole, and `changes` says why.
    Raises SourceError as `sketch_table` does, and for a file that is written while it is read.
    """
    why = _why_whole(source, spec)
    if isinstance(source, FilesSource) and why is None:
        before = _before(registry, name, _reading(source, spec))
        look = look_at(source, before.memory if before else None, trust)
        why = _why_whole(source, spec, list(look.schemas.values()))
        if why is None:
            return _sketch_looked_at(source, spec, _Shelf(registry, name), before, look, progress)
    files = len(source.file_set.files) if isinstance(source, FilesSource) else 0
    return FilesRead(sketch_table(source, spec, progress=progress), FileChanges(files, files, whole=why))


def _sketch_looked_at(
    source: FilesSource, spec: Spec, shelf: _Shelf, before: Before | None, look: Look, progress: Progress
) -> FilesRead:
    memory = remember(source, look, _reading(source, spec), before.memory if before else None)
    scan = _Scan(source, spec, memory, shelf, progress)
    sketch, fresh = scan.sketch(before)
    old, new = ({f.name: f.content for f in m.files} if m else {} for m in (before.memory if before else None, memory))
    changes = changes_of(old, new, read=scan.read, hashed=look.hashed, first=before is None)
    return FilesRead(sketch, changes, memory, FilePart(source, fresh, memory.whole) if fresh else None)


def _reading(source: FilesSource, spec: Spec) -> str:
    """A name for how files are read; another version of the program may read some values differently."""
    return name_of(FORMAT, version("sameset"), spec.to_json(), source.reading)


def _why_whole(source: Source, spec: Spec, schemas: Sequence[pa.Schema] = ()) -> str | None:
    """Why a source can only be read as a whole; None if its files can be read one by one."""
    if not isinstance(source, FilesSource):
        return "only Parquet, Arrow and CSV files can be read one by one"
    if spec.where is not None and (source.file_set.partitions or len(schemas) > 1):
        return "a condition is about the columns of the whole, and not every file has these by itself"
    return source.why_whole(sorted({name for schema in schemas for name in schema.names}))


def _before(registry: Registry, name: str, reading: str) -> Before | None:
    """What is remembered of the dataset's files, if they were read as they are to be read now."""
    found = registry.remembered_files(name)
    memory = FileMemory.from_bytes(found[1]) if found else None
    if found is None or memory is None or memory.reading != reading:
        return None
    snapshot = registry.snapshot(name, found[0])
    return Before(stored_operand(registry.sketch(snapshot), snapshot.reference), memory)


class _Shelf:
    """The sketches of a dataset's files in the registry; one writer of this process at a time."""

    def __init__(self, registry: Registry, name: str) -> None:
        self._registry = registry
        self._name = name
        self._keys = registry.file_keys(name)
        self._lock = Lock()

    def get(self, key: str, like: TableSketch) -> TableSketch | None:
        """The sketch under a key; None if there is none, or none that merges with `like`."""
        data = self._registry.file_sketch(self._name, key) if key in self._keys else None
        if data is None:
            return None
        try:
            sketch = TableSketch.from_bytes(data)
        except SketchFormatError:
            return None
        return sketch if (sketch.spec, sketch.schema) == (like.spec, like.schema) else None

    def put(self, key: str, sketch: TableSketch) -> None:
        """Stores a sketch under a key."""
        data = sketch.to_bytes()
        with self._lock:
            self._registry.add_file_sketches(self._name, {key: data})


class _Scan:
    """The reading of a set of files, of which some are known; `read` counts those whose rows were read."""

    def __init__(self, source: FilesSource, spec: Spec, memory: FileMemory, shelf: _Shelf, progress: Progress) -> None:
        self._source = source
        self._spec = spec
        self._memory = memory
        self._shelf = shelf
        self._progress = progress
        self._counting = Lock()
        self._places = {file.key: place for place, file in enumerate(memory.files)}
        self._empty = TableSketch.empty(spec, selected(FilePart(source, (), memory.whole), spec).schema())
        self.read = 0

    def sketch(self, before: Before | None) -> tuple[TableSketch, list[int]]:
        """The sketch of all files, and the places of those that were not among those before."""
        now = Counter(file.key for file in self._memory.files)
        fits = before is not None and before.sketch.schema == self._empty.schema
        old = Counter(file.key for file in before.memory.files) if before and fits else Counter[str]()
        rest = self._without(before.sketch, old - now) if before and fits else None
        came = now - old
        total = self._sum(now) if rest is None else rest.merge(self._sum(came)) if came else rest
        return total, [place for place, file in enumerate(self._memory.files) if file.key in came]

    def _without(self, base: TableSketch, gone: Counter[str]) -> TableSketch | None:
        """A sketch without files that are not there any more; None if that cannot be known without the others."""
        if not gone:
            return base
        parts = [(self._shelf.get(key, self._empty), times) for key, times in gone.items()]
        total = self._empty
        for part, times in parts:
            if part is None:
                return None
            total = _added(total, part, times)
        try:
            left = subtract(base, total).sketch
        except SpecError:
            return None
        as_narrow = left.buckets is None or left.buckets.level == 0  # wider ones might not be needed any more
        return left if left.spec == base.spec and as_narrow else None

    def _sum(self, wanted: Counter[str]) -> TableSketch:
        """The sketch of files by their keys, each so many times; by all cores, one sketch of a file in memory for each."""
        todo = deque(wanted)
        workers = max(1, min(cores(), len(todo)))

        def work() -> TableSketch:
            total = self._empty
            while (key := _next(todo)) is not None:
                total = _added(total, self._of(key, cores() // workers), wanted[key])
            return total

        return reduce(TableSketch.merge, run_in_threads([work] * workers, todo.clear))

    def _of(self, key: str, threads: int) -> TableSketch:
        """The sketch of a file, kept or made now."""
        kept = self._shelf.get(key, self._empty)
        if kept is not None:
            return kept
        place = self._places[key]
        part = FilePart(self._source, [place], self._memory.whole)
        sketch = sketch_partition(part, self._spec, self._advance, threads)
        self._refuse_written(place)
        self._shelf.put(key, sketch)
        with self._counting:
            self.read += 1
        return sketch

    def _advance(self, rows: int) -> None:
        with self._counting:
            self._progress(rows)

    def _refuse_written(self, place: int) -> None:
        """Nothing, unless a file has other bytes than before it was read: its sketch would be kept under a wrong name."""
        file, known = self._source.file_set.files[place], self._memory.files[place]
        now = state_of(file)
        if not known.state.is_same(now, Trust.STATUS) and content_of(file, now) != known.content:
            raise SourceError(f"{file} was written while it was read; check it again when it is complete")


def _added(total: TableSketch, part: TableSketch, times: int) -> TableSketch:
    return reduce(TableSketch.merge, [part] * times, total)


def _next(todo: deque[str]) -> str | None:
    try:
        return todo.popleft()
    except IndexError:
        return None
