"""The tables of files are there from the start. Until now they were made when first written to, so they may be there.

Programs of the revision before go on with it: the schema version stays 1.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of files that are missing."""
    present = sa.inspect(op.get_bind()).get_table_names()
    if "file_set" not in present:
        op.create_table(
            "file_set",
            sa.Column("dataset_id", sa.Integer, autoincrement=False, nullable=False),
            sa.Column("snapshot_id", sa.Integer, nullable=False),
            sa.Column("content", sa.LargeBinary, nullable=False),
            sa.PrimaryKeyConstraint("dataset_id", name="pk_file_set"),
            sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_file_set_dataset_id"),
            sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name="fk_file_set_snapshot_id"),
        )
    if "file_sketch" not in present:
        op.create_table(
            "file_sketch",
            sa.Column("dataset", sa.String(200), nullable=False),
            sa.Column("key", sa.String(64), nullable=False),
            sa.Column("content", sa.LargeBinary, nullable=False),
            sa.PrimaryKeyConstraint("dataset", "key", name="pk_file_sketch"),
        )
