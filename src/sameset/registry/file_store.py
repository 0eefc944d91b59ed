"""What the registry remembers of the files that a dataset's snapshot was made of: a cache, to be deleted without loss.

The sketches come one by one while files are read, long before their snapshot is recorded; which of them belong together is
recorded with the snapshot, in its transaction. A writer that is killed leaves sketches that the next check uses or removes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Delete, Row, Select, delete, select

from sameset.registry import engine as database
from sameset.registry.schema import dataset, file_set, file_sketch, snapshot

__all__ = ["FileStore", "replace_files"]

T = TypeVar("T")

_AT_ONCE = 500  # keys of one statement; SQLite takes 32,766 variables, older ones 999


class FileStore(ABC):
    """The part of a registry that is about files; a registry adds how it reads and writes."""

    @abstractmethod
    def _rows(self, wanted: Select[Any]) -> Sequence[Row[Any]]: ...

    @abstractmethod
    def _write(self, work: Callable[[Connection], T]) -> T: ...

    @abstractmethod
    def _has_files(self) -> bool: ...

    def remembered_files(self, name: str) -> tuple[int, bytes] | None:
        """The number of the snapshot whose files are remembered, and what is; None if none are."""
        if not self._has_files():
            return None
        wanted = (
            select(snapshot.c.number, file_set.c.content)
            .join(dataset, dataset.c.id == file_set.c.dataset_id)
            .join(snapshot, snapshot.c.id == file_set.c.snapshot_id)
        )
        rows = self._rows(wanted.where(dataset.c.name == name))
        return (rows[0][0], rows[0][1]) if rows else None

    def file_keys(self, name: str) -> set[str]:
        """The keys under which there are sketches of files of a dataset."""
        if not self._has_files():
            return set()
        return {row[0] for row in self._rows(select(file_sketch.c.key).where(file_sketch.c.dataset == name))}

    def file_sketch(self, name: str, key: str) -> bytes | None:
        """The bytes of the sketch of a file, None if they are not there (any more)."""
        if not self._has_files():
            return None
        wanted = select(file_sketch.c.content).where(file_sketch.c.dataset == name, file_sketch.c.key == key)
        rows = self._rows(wanted)
        return rows[0][0] if rows else None

    def add_file_sketches(self, name: str, sketches: Mapping[str, bytes]) -> None:
        """Stores sketches of files under their keys, in the place of those that are there, in one transaction."""

        def add(connection: Connection) -> None:
            # In the order of keys, so that two who add the same do not wait for each other.
            for key, content in sorted(sketches.items()):
                values = {"dataset": name, "key": key, "content": content}
                connection.execute(database.insert_or_replace(connection, file_sketch, values))

        self._write(add)

    def keep_file_sketches(self, name: str, keys: Iterable[str]) -> None:
        """Removes all sketches of files of a dataset but these, in short transactions."""
        old = sorted(self.file_keys(name) - set(keys))
        for first in range(0, len(old), _AT_ONCE):
            some = old[first : first + _AT_ONCE]
            self._delete(delete(file_sketch).where(file_sketch.c.dataset == name, file_sketch.c.key.in_(some)))

    def forget_files(self, name: str) -> None:
        """Removes what is remembered of the files of a dataset; its snapshots stay as they are."""
        if self.remembered_files(name) is not None:
            mine = select(dataset.c.id).where(dataset.c.name == name).scalar_subquery()
            self._delete(delete(file_set).where(file_set.c.dataset_id == mine))
        self.keep_file_sketches(name, ())

    def _delete(self, statement: Delete) -> None:
        self._write(lambda connection: connection.execute(statement))


def replace_files(connection: Connection, dataset_id: int, snapshot_id: int, content: bytes) -> None:
    """Remembers which files a snapshot was made of, instead of those of an earlier one, in the snapshot's transaction."""
    connection.execute(delete(file_set).where(file_set.c.dataset_id == dataset_id))
    connection.execute(file_set.insert().values(dataset_id=dataset_id, snapshot_id=snapshot_id, content=content))
