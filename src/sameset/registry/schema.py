"""The registry's tables, in SQLAlchemy Core.

    registry           one row: the schema version that a program has to understand
    registry_revision  one row: the newest migration that was run, as Alembic keeps it
    dataset            a name
    sketch             bytes under their SHA-256: the same content is stored once, however many snapshots hold it
    snapshot           number 1, 2, 3... of a dataset, with its verdict
    validation         the validation result that belongs to a snapshot
    file_set           which files a snapshot was made of, of one snapshot of a dataset
    file_sketch        the sketches of these files, under keys that name their content

A change here is a migration (`migrations/versions`) and a new REVISION. Where programs of the revision before could not go on
with it, it is a new SCHEMA_VERSION as well; otherwise workers of both programs share the registry while they are updated.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

__all__ = [
    "REVISION",
    "SCHEMA_VERSION",
    "dataset",
    "file_set",
    "file_sketch",
    "metadata",
    "registry",
    "registry_revision",
    "sketch",
    "snapshot",
    "validation",
]

#: What a registry asks of a program: one that knows only lower versions must not touch it.
SCHEMA_VERSION = 1
#: The newest migration; a registry of an earlier one is upgraded when it is first written to.
REVISION = "0002"


class _UtcTime(TypeDecorator[datetime]):
    """An instant: stored in UTC, read with its time zone, also where the database keeps none (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Constraints have names, because a migration can only alter what it can name.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

registry = Table(
    "registry",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("schema_version", Integer, nullable=False),
)

# Under a name of our own, because other programs in the same database may use Alembic, too (Prefect does).
registry_revision = Table(
    "registry_revision",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="registry_revision_pkc"),
)

dataset = Table(
    "dataset",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("created_at", _UtcTime, nullable=False),
)

sketch = Table(
    "sketch",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("digest", Text, nullable=False, index=True),
    # Last, so that SQLite reads the columns before it without walking the pages of the bytes.
    Column("content", LargeBinary, nullable=False),
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), nullable=False),
    Column("number", Integer, CheckConstraint("number >= 1", name="number"), nullable=False),
    Column("taken_at", _UtcTime, nullable=False),
    Column("sketch_key", ForeignKey("sketch.key"), nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("verdict", Text),
    Column("previous", Integer),
    Column("run_id", Text, nullable=False, unique=True),
    Column("program_version", Text, nullable=False),
    Column("report", Text),
    UniqueConstraint("dataset_id", "number"),
)

validation = Table(
    "validation",
    metadata,
    Column("snapshot_id", ForeignKey("snapshot.id"), primary_key=True),
    Column("result", Text, nullable=False),
)

file_set = Table(
    "file_set",
    metadata,
    Column("dataset_id", ForeignKey("dataset.id"), primary_key=True, autoincrement=False),
    Column("snapshot_id", ForeignKey("snapshot.id"), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

# By name, not by id: the sketches of the files of a first snapshot are stored before there is a dataset.
file_sketch = Table(
    "file_sketch",
    metadata,
    Column("dataset", String(200), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
