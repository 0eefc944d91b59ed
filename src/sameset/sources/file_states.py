"""What tells whether a file is the one that it was, from little to everything: its status, its ETag, its bytes.

A local file has a size, a time of its last modification, which any program may set back, and on POSIX systems an inode and
a time of its last change, which none may (git's index rests on the same four). An object of a store has an ETag, which is
another one whenever its bytes are others.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sameset.errors import SourceError
from sameset.sources.files import is_object, open_random

__all__ = ["FileState", "Trust", "content_of", "looked_at", "of_each", "state_of", "states_of", "unwritten"]

#: The coarsest clock of a file system that is in use (FAT keeps two seconds): a file of that age may be written once more
#: without a change of its times.
CLOCK_NS = 2_000_000_000
READERS = 16  # of objects, where each is a request that is waited for
PIECE = 1 << 20

Item = TypeVar("Item")
Found = TypeVar("Found")


class Trust(StrEnum):
    """What of a file must be as it was, so that its bytes are taken to be the same without being read."""

    STATUS = "status"  #: size, both times and inode, none of them recent; of an object its ETag
    METADATA = "metadata"  #: size and time of modification, also of objects: what a copy of a folder keeps


@dataclass(frozen=True)
class FileState:
    """What a place says about a file without reading it; `seen` is when it was asked. All times are ns since 1970."""

    size: int
    modified: int
    seen: int
    changed: int | None = None  #: of the file's status; None where a system has no such time
    inode: int | None = None
    etag: str | None = None

    def is_same(self, now: FileState, trust: Trust) -> bool:
        """Whether a file that was in this state still has the bytes that it had; False also means doubt."""
        if self.size != now.size:
            return False
        if self.etag is not None and now.etag is not None:
            return self.etag == now.etag
        if self.modified != now.modified or self.is_recent:
            return False
        if trust is Trust.METADATA:
            return True
        return None not in (self.changed, self.inode) and (self.changed, self.inode) == (now.changed, now.inode)

    @property
    def is_recent(self) -> bool:
        """Whether the file was so young when it was looked at that a later write may have left its times as they were."""
        return max(self.modified, self.changed or 0) > self.seen - CLOCK_NS


def looked_at() -> int:
    """Now, in the unit of `FileState.seen`."""
    return time.time_ns()


def state_of(file: str) -> FileState:
    """The state of a file of a disk, or of an object; SourceError if it is not there."""
    seen = looked_at()
    if is_object(file):
        from sameset.sources.object_store import etag_of_object

        size, etag = etag_of_object(file)
        return FileState(size, 0, seen, etag=etag)
    try:
        found = os.stat(file)
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}; check the path") from error
    # Elsewhere `st_ctime` is the time of creation.
    is_posix = os.name == "posix"
    return FileState(
        found.st_size,
        found.st_mtime_ns,
        seen,
        found.st_ctime_ns if is_posix else None,
        (found.st_ino or None) if is_posix else None,
    )


def states_of(files: Sequence[str], trust: Trust) -> list[FileState]:
    """The states of all files: one `stat` each, one request for each object; with Trust.METADATA one listing of them all."""
    if files and is_object(files[0]) and trust is Trust.METADATA:
        return _listed(files)
    return of_each(state_of, files)


def of_each(function: Callable[[str], Found], files: Sequence[str]) -> list[Found]:
    """The function of every file; objects several at a time, because each waits for its store. The first error is raised."""
    if not files or not is_object(files[0]):
        return list(map(function, files))
    return in_threads(function, files, READERS)


@contextmanager
def unwritten(files: Sequence[str]) -> Iterator[None]:
    """Makes an error of a file on a disk that is written, or replaced by another one, while the block reads it.

    Its rows would be those of neither. One that is removed was read to its end if it could be.
    """
    before = {file: _stamp(file) for file in files if not is_object(file)}

    def refuse_written(error: SourceError | None) -> None:
        for file, stamp in before.items():
            if stamp is not None and _stamp(file) not in (stamp, None):
                raise SourceError(f"{file} was written while it was read; read it again when it is complete") from error

    try:
        yield
    except SourceError as error:
        refuse_written(error)
        raise
    refuse_written(None)


def _stamp(file: str) -> tuple[int, int, int] | None:
    """What is another whenever a file's bytes are, but for writers that set the time back; None if there is no such file."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def content_of(file: str, state: FileState) -> str:
    """A name for the bytes of a file: their BLAKE2b, or the ETag of an object, which has been asked for that already."""
    if is_object(file):
        etag = state.etag or state_of(file).etag
        if etag is not None:
            return f"etag:{state.size}:{etag}"
    return f"blake2b:{_hash_of(file)}"


def in_threads(function: Callable[[Item], Found], items: Sequence[Item], threads: int) -> list[Found]:
    """The function of every item, by several threads; the first error is raised."""
    with ThreadPoolExecutor(threads, "sameset") as pool:
        return list(pool.map(function, items))


def _listed(files: Sequence[str]) -> list[FileState]:
    from sameset.sources.object_store import listing_of

    seen = looked_at()
    listing = listing_of(os.path.commonpath([os.path.dirname(file[5:]) for file in files]))
    if missing := next((file for file in files if file not in listing), None):
        raise SourceError(f"{missing} does not exist any more; try again")
    return [FileState(*listing[file], seen) for file in files]


def _hash_of(file: str) -> str:
    """The BLAKE2b of a file's bytes, 256 bits: 1.5 GB/s on a core, where sketching Parquet takes 0.2."""
    state = hashlib.blake2b(digest_size=32)
    if is_object(file):
        with open_random(file) as stream:
            while piece := stream.read(PIECE):
                state.update(piece)
        return state.hexdigest()
    buffer = bytearray(PIECE)
    try:
        with open(file, "rb", buffering=0) as plain:
            while count := plain.readinto(buffer):
                state.update(memoryview(buffer)[:count])
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}; check its permissions") from error
    return state.hexdigest()
