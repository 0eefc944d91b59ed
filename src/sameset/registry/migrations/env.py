"""What Alembic runs to migrate: always over a connection that is open, within its transaction (`upgrading.py`)."""

from alembic import context

from sameset.registry.schema import metadata, registry_revision

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=registry_revision.name,
    # SQLite's data definition is transactional, too, once the driver leaves BEGIN to us.
    transactional_ddl=True,
)
context.run_migrations()
