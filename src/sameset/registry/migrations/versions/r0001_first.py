"""The first registry: datasets, sketches, snapshots, validations.

Registries of the first programs have these tables and no `registry_revision`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, with the row that says what a program has to understand."""
    registry = op.create_table(
        "registry",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_registry_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_registry"),
    )
    op.bulk_insert(registry, [{"id": 1, "schema_version": 1}])
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dataset"),
        sa.UniqueConstraint("name", name="uq_dataset_name"),
    )
    op.create_table(
        "sketch",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sketch"),
    )
    op.create_index("ix_sketch_digest", "sketch", ["digest"])
    _make_snapshots()


def _make_snapshots() -> None:
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("dataset_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sketch_key", sa.String(64), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text),
        sa.Column("previous", sa.Integer),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("program_version", sa.Text, nullable=False),
        sa.Column("report", sa.Text),
        sa.CheckConstraint("number >= 1", name=op.f("ck_snapshot_number")),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot"),
        sa.UniqueConstraint("dataset_id", "number", name="uq_snapshot_dataset_id_number"),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_snapshot_dataset_id"),
        sa.ForeignKeyConstraint(["sketch_key"], ["sketch.key"], name="fk_snapshot_sketch_key"),
        sa.UniqueConstraint("run_id", name="uq_snapshot_run_id"),
    )
    op.create_index("ix_snapshot_sketch_key", "snapshot", ["sketch_key"])
    op.create_table(
        "validation",
        sa.Column("snapshot_id", sa.Integer, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", name="pk_validation"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name="fk_validation_snapshot_id"),
    )
