"""What a batch of a SQL data source selects -> a source, read by the library's own readers and never by pandas.

A database that they know is read over a connection of their own, in types that they know; a temporary table, which no
other connection sees, and whatever was reached with special arguments, over the connection of Great Expectations.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from great_expectations.compatibility.sqlalchemy import sqlalchemy as sa

from sameset.errors import SourceError
from sameset.sources import Source, open_source, without_password
from sameset.sources.scan import reading
from sameset.sources.sql_connection import SQLConnectionSource

__all__ = ["source_of_selectable"]

#: Arguments of an engine that say how to connect, beyond what its address says.
SPECIAL = ("connect_args", "creator", "credentials", "engine", "module", "pool")
SQLITE_IN_MEMORY = (None, "", ":memory:")


def source_of_selectable(engine: Any, selectable: Any, spec: Mapping[str, Any] | None = None) -> Source:
    """The source of the rows that a batch's selectable selects; SourceError if there is no way to read them.

    Great Expectations doubles the percent signs of queries and takes `:name` within their texts for parameters, so a
    query is read as the batch's `spec` has it.
    """
    dialect, url = engine.engine.dialect.name, engine.engine.url
    place = url.render_as_string(hide_password=False)
    is_temporary = isinstance(selectable, sa.Table)
    content = _table(engine, selectable) if is_temporary else _content(engine, selectable, spec or {})
    if dialect == "duckdb":
        return _of_duckdb(engine, f"SELECT * FROM {content}" if is_temporary else content)  # noqa: S608 - quoted by _content
    if dialect == "sqlite":
        if is_temporary or url.database in SQLITE_IN_MEMORY:
            raise SourceError(
                f"{without_password(place)}: what only one connection of SQLite sees cannot be sketched; "
                "keep the database in a file, and set create_temp_table to False"
            )
        return open_source(f"{url.database}::{content}")
    if is_temporary or any(engine.config.get(name) for name in SPECIAL) or not _is_known(dialect):
        return SQLConnectionSource(engine.get_connection, place, content, f"{without_password(place)}::{content}")
    if dialect == "postgresql":  # whatever the driver of Great Expectations is, the stream over ADBC needs none
        place = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return open_source(f"{place}::{content}")


def _is_known(dialect: str) -> bool:
    return dialect in ("mysql", "mariadb") or (
        dialect == "postgresql" and find_spec("adbc_driver_postgresql") is not None
    )


def _of_duckdb(engine: Any, statement: str) -> Source:
    held = getattr(engine, "raw_connection", None)
    if held is None:
        raise SourceError(
            "DuckDB drops rows whose connection was closed, which Great Expectations does; "
            "use context.data_sources.add_sameset_duckdb(...) instead of add_sql(...)"
        )
    with reading("the batch"):
        return open_source(held().sql(statement))


def _table(engine: Any, table: Any) -> str:
    """The name of a table, quoted."""
    quote = type(engine.engine.dialect)().identifier_preparer.quote_identifier
    return ".".join(quote(name) for name in (table.schema, table.name) if name)


def _content(engine: Any, selectable: Any, spec: Mapping[str, Any]) -> str:
    """The query as it was given, or the SELECT of a table or of a part of either, with every value in it."""
    query = spec.get("query")
    if query is not None and not any(spec.get(name) for name in ("partitioner_method", "sampling_method")):
        return str(query)
    if query is not None:
        selectable = engine._build_selectable_from_batch_spec(spec)
    # With places of parameters called by name no percent sign is doubled.
    dialect = type(engine.engine.dialect)(paramstyle="named")
    select = sa.select(sa.text("*")).select_from(
        selectable.subquery() if isinstance(selectable, sa.Select) else selectable
    )
    return str(select.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
