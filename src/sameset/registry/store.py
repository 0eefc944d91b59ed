"""The registry: record a snapshot, find it again.

with Registry.open("registry.db") as registry:
    previous = registry.latest("orders")
    registry.record(new_snapshot, expected_previous=previous.number if previous else None)
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, Select, func, select

from sameset.addresses import without_password
from sameset.errors import DamagedSketchError, RegistryError, StaleSnapshotError, UnknownDatasetError
from sameset.registry import engine as database
from sameset.registry.engine import LOCK_TIMEOUT, Place
from sameset.registry.entries import DatasetSummary, NewSnapshot, Snapshot, sketch_key
from sameset.registry.failures import persist, told
from sameset.registry.file_store import FileStore, replace_files
from sameset.registry.names import check_name
from sameset.registry.schema import dataset, sketch, snapshot, validation
from sameset.registry.upgrading import expect_understood, has_file_tables, held_revision, is_behind, make_current

__all__ = ["Registry"]

T = TypeVar("T")

# Facts are about 1 KB a snapshot: a page of `others` stays below a megabyte, its transaction below 0.1 s.
_PAGE = 200

_earlier = snapshot.alias("earlier")
_facts = (
    snapshot.c.id,
    dataset.c.name.label("dataset"),
    *(snapshot.c[name] for name in ("number", "taken_at", "sketch_key", "source", "status", "verdict", "previous")),
    *(snapshot.c[name] for name in ("run_id", "program_version")),
    sketch.c.rows,
    sketch.c.digest,
)


class Registry(FileStore):
    """A registry that is open. Threads may share it; a process that was forked opens its own.

    Every method is one short transaction, or several; readers never wait for a writer. One whose connection was lost runs
    again: recording is known by its run_id, everything else may be done twice.
    Raises RegistryError where the database cannot be read or written, RegistryUnavailableError if that may pass by itself.
    """

    @classmethod
    def open(
        cls, address: str | os.PathLike[str], *, create: bool = True, lock_timeout: float = LOCK_TIMEOUT
    ) -> Registry:
        """The registry at a path, `sqlite:///path` or `postgresql://...`.

        With `create` a missing one is empty, and is made by the first `record`; without it, it is an error.
        A writer waits up to `lock_timeout` seconds for other writers.
        """
        opened = cls(database.locate(address), lock_timeout)
        try:
            if not opened._is_ready():
                opened._expect_creatable(create)
        except BaseException:
            opened.close()
            raise
        return opened

    def __init__(self, place: Place, lock_timeout: float) -> None:
        self._place = place
        self._lock_timeout = lock_timeout
        self._engine = database.connect(place, lock_timeout)
        self._revision: str | None = None
        self._is_known = False
        self._writable = False
        self._files_ready = False

    @property
    def address(self) -> str:
        """Where the registry is, without any password."""
        return self._place.address

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(self, entry: NewSnapshot, *, expected_previous: int | None) -> Snapshot:
        """The snapshot as recorded, in one transaction: dataset, number, sketch, verdict and validation, or nothing.

        `expected_previous` is the number of the snapshot that the verdict speaks of, None for a dataset's first.
        A run that has been recorded already is not recorded again: its snapshot comes back.
        Raises StaleSnapshotError if another snapshot is the newest by now: compare with that one and record again.
        """
        return self._write(lambda connection: _record(connection, entry, expected_previous))

    def latest(self, name: str) -> Snapshot | None:
        """The newest snapshot of a dataset, or None if it has none; SpecError if none can have that name."""
        return self._find(
            _snapshots().where(dataset.c.name == check_name(name)).order_by(snapshot.c.number.desc()).limit(1)
        )

    def snapshot(self, name: str, number: int | None = None) -> Snapshot:
        """The snapshot of that number, or the newest; UnknownDatasetError if there is none."""
        newest = self.latest(name)
        if newest is None:
            raise UnknownDatasetError(self._unknown(name))
        if number is None or number == newest.number:
            return newest
        # A number beyond the newest may be too large for the database to look for.
        wanted = _snapshots().where(dataset.c.name == name, snapshot.c.number == number)
        found = self._find(wanted) if 1 <= number < newest.number else None
        if found is None:
            raise UnknownDatasetError(
                f"dataset {name!r} has no snapshot {number} in {self.address}; its newest is {newest.reference}"
            )
        return found

    def history(self, name: str, limit: int = 50) -> list[Snapshot]:
        """The snapshots of a dataset, newest first; UnknownDatasetError if there is no such dataset."""
        wanted = _snapshots().where(dataset.c.name == check_name(name)).order_by(snapshot.c.number.desc())
        found = [Snapshot(**row._mapping) for row in self._rows(wanted.limit(limit))]
        if not found:
            self.snapshot(name)
        return found

    def datasets(self) -> list[DatasetSummary]:
        """A line about every dataset, by name."""
        of_dataset = _earlier.c.dataset_id == dataset.c.id
        count = select(func.count()).select_from(_earlier).where(of_dataset).correlate(dataset).scalar_subquery()
        columns = (snapshot.c.number, snapshot.c.taken_at, sketch.c.rows, sketch.c.digest, snapshot.c.status)
        wanted = _joined(select(dataset.c.name, count.label("snapshots"), *columns, snapshot.c.verdict))
        rows = self._rows(wanted.where(_is_latest()).order_by(dataset.c.name))
        return [DatasetSummary(**row._mapping) for row in rows]

    def others(self, name: str) -> Iterator[Snapshot]:
        """The newest snapshot of every dataset but this one, a page at a time; sketches stay where they are."""
        last = 0
        while True:
            wanted = _snapshots().add_columns(snapshot.c.dataset_id)
            wanted = wanted.where(_is_latest(), dataset.c.name != name, snapshot.c.dataset_id > last)
            page = self._rows(wanted.order_by(snapshot.c.dataset_id).limit(_PAGE))
            for row in page:
                facts = dict(row._mapping)
                last = facts.pop("dataset_id")
                yield Snapshot(**facts)
            if len(page) < _PAGE:
                return

    def with_digest(self, digest: str, limit: int = 50) -> list[Snapshot]:
        """The snapshots of any dataset that have this digest, newest first."""
        wanted = _snapshots().where(sketch.c.digest == digest).order_by(snapshot.c.id.desc()).limit(limit)
        return [Snapshot(**row._mapping) for row in self._rows(wanted)]

    def by_run(self, run_id: str) -> Snapshot | None:
        """The snapshot that a run recorded, or None."""
        return self._find(_snapshots().where(snapshot.c.run_id == run_id))

    def sketch(self, of: Snapshot) -> bytes:
        """The bytes of a snapshot's sketch; DamagedSketchError if they are not the bytes that were recorded."""
        content: bytes | None = self._value(select(sketch.c.content).where(sketch.c.key == of.sketch_key))
        if content is None or sketch_key(content) != of.sketch_key:
            raise DamagedSketchError(
                f"the sketch of {of.reference} in {self.address} is damaged; restore the registry from a copy"
            )
        return content

    def report(self, of: Snapshot) -> str | None:
        """The comparison that led to a snapshot's verdict, as JSON text; None if it was recorded without."""
        text: str | None = self._value(select(snapshot.c.report).where(snapshot.c.id == of.id))
        return text

    def validation(self, of: Snapshot) -> str | None:
        """The validation result of a snapshot, as JSON text; None if it was recorded without."""
        text: str | None = self._value(select(validation.c.result).where(validation.c.snapshot_id == of.id))
        return text

    def upgrade(self) -> tuple[str | None, str]:
        """Make the registry, or run the migrations that it lacks: its revision before (None for nothing) and now.

        Nobody has to: whoever writes first does it. It is for those who may alter tables where the writers may not.
        """
        before = self.revision
        self._write(lambda connection: None)
        return before, str(self.revision)

    @property
    def revision(self) -> str | None:
        """The revision of its tables, None where there is nothing yet."""
        self._is_ready()
        return self._revision

    def _is_ready(self) -> bool:
        """Whether the registry has its tables; until then it is empty, and another process may make them."""
        if self._revision is None and self._place.is_there():
            self._revision = self._read(lambda connection: held_revision(connection, self._place))
        return self._revision is not None

    def _expect_creatable(self, create: bool) -> None:
        """Find out before the work, not after it, that a registry is missing or cannot be made; create nothing."""
        if not create:
            raise RegistryError(f"there is no registry at {self.address}; check its address, or record a dataset first")
        if self._place.path is None:
            return
        with told(self._place):
            folder = _nearest(self._place.path.parent)
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise RegistryError(
                f"the registry {self.address} cannot be made because {folder} is no folder to write into"
            )

    def _write(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives, in a transaction of its own; it may be begun again, so it does nothing that counts twice."""

        def attempt() -> T:
            if not self._writable:
                database.create_storage(self._engine, self._place, self._lock_timeout)
                self._writable = True
            revision = self._revision
            with database.writer(self._engine).begin() as connection:
                if is_behind(revision):
                    _, revision = make_current(connection, self._place)
                else:  # a program that is newer may have altered it since
                    expect_understood(connection, self._place)
                done = work(connection)
            self._revision, self._is_known = revision, True
            return done

        return persist(self._place, attempt, known=self._is_known)

    def _read(self, work: Callable[[Connection], T]) -> T:
        def attempt() -> T:
            with self._engine.connect() as connection:
                return work(connection)

        found = persist(self._place, attempt, known=self._is_known)
        self._is_known = True
        return found

    def _has_files(self) -> bool:
        """Whether it has the tables of files, which it gets when it is first written to."""
        if not self._files_ready and self._is_ready():
            self._files_ready = self._read(has_file_tables)
        return self._files_ready

    def _rows(self, wanted: Select[Any]) -> Sequence[Row[Any]]:
        return self._read(lambda connection: connection.execute(wanted).all()) if self._is_ready() else []

    def _find(self, wanted: Select[Any]) -> Snapshot | None:
        rows = self._rows(wanted)
        return Snapshot(**rows[0]._mapping) if rows else None

    def _value(self, wanted: Select[Any]) -> Any:
        rows = self._rows(wanted)
        return rows[0][0] if rows else None

    def _unknown(self, name: str) -> str:
        """The sentence about a name that the registry does not know, with the names that it may have been meant for."""
        names = [row[0] for row in self._rows(select(dataset.c.name).order_by(dataset.c.name))]
        if not names:
            return f"there is no dataset {name!r} in {self.address}, which has none at all yet; check the registry's address"
        near = difflib.get_close_matches(name, names, n=3)
        advice = (
            f"did you mean {' or '.join(map(repr, near))}?" if near else "`sameset datasets` lists those that there are"
        )
        return f"there is no dataset {name!r} in {self.address}; {advice}"


def _joined(wanted: Select[Any]) -> Select[Any]:
    return (
        wanted.select_from(snapshot)
        .join(dataset, dataset.c.id == snapshot.c.dataset_id)
        .join(sketch, sketch.c.key == snapshot.c.sketch_key)
    )


def _snapshots() -> Select[Any]:
    return _joined(select(*_facts))


def _is_latest() -> ColumnElement[bool]:
    newest: ScalarSelect[int] = (
        select(func.max(_earlier.c.number))
        .where(_earlier.c.dataset_id == snapshot.c.dataset_id)
        .correlate(snapshot)
        .scalar_subquery()
    )
    return snapshot.c.number == newest


def _record(connection: Connection, entry: NewSnapshot, expected_previous: int | None) -> Snapshot:
    dataset_id = _dataset_id(connection, entry)
    recorded = _first(connection, _snapshots().where(snapshot.c.run_id == entry.run_id))
    if recorded is None:
        _expect_newest(connection, dataset_id, entry.dataset, expected_previous)
        recorded = _insert(connection, dataset_id, entry, expected_previous)
        if entry.files is not None:
            replace_files(connection, dataset_id, recorded.id, entry.files)
    elif recorded.dataset != entry.dataset:
        raise RegistryError(
            f"run {entry.run_id!r} has recorded {recorded.reference!r}, so it cannot record {entry.dataset!r}; "
            "give each dataset its own run_id"
        )
    return recorded


def _first(connection: Connection, wanted: Select[Any]) -> Snapshot | None:
    row = connection.execute(wanted).first()
    return None if row is None else Snapshot(**row._mapping)


def _dataset_id(connection: Connection, entry: NewSnapshot) -> int:
    """The dataset's id; its row stays locked until the transaction ends, so its numbers are given out one by one."""
    values = {"name": entry.dataset, "created_at": entry.taken_at}
    connection.execute(database.insert_if_absent(connection, dataset, values))
    locked = select(dataset.c.id).where(dataset.c.name == entry.dataset).with_for_update()
    return int(connection.execute(locked).scalar_one())


def _expect_newest(connection: Connection, dataset_id: int, name: str, expected: int | None) -> None:
    newest = connection.execute(select(func.max(snapshot.c.number)).where(snapshot.c.dataset_id == dataset_id)).scalar()
    if newest != expected:
        compared = "nothing" if expected is None else f"{name}@{expected}"
        found = "has no snapshot" if newest is None else f"is at {name}@{newest}"
        raise StaleSnapshotError(
            f"dataset {name!r} {found} but was compared with {compared}; compare it again and record that"
        )


def _insert(connection: Connection, dataset_id: int, entry: NewSnapshot, previous: int | None) -> Snapshot:
    key = sketch_key(entry.sketch)
    content = {"key": key, "rows": entry.rows, "digest": entry.digest, "content": entry.sketch}
    connection.execute(database.insert_if_absent(connection, sketch, content))
    facts = {
        "dataset_id": dataset_id,
        "number": (previous or 0) + 1,
        "sketch_key": key,
        "source": without_password(entry.source),
        "previous": previous,
        **{
            name: getattr(entry, name)
            for name in ("taken_at", "status", "verdict", "run_id", "program_version", "report")
        },
    }
    inserted = connection.execute(snapshot.insert().values(facts)).inserted_primary_key
    assert inserted is not None
    if entry.validation is not None:
        connection.execute(validation.insert().values(snapshot_id=inserted[0], result=entry.validation))
    recorded = _first(connection, _snapshots().where(snapshot.c.id == inserted[0]))
    assert recorded is not None
    return recorded


def _nearest(path: Path) -> Path:
    """The path, or the nearest of its parents that exists."""
    return next((parent for parent in (path, *path.parents) if parent.exists()), path)
