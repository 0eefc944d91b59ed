"""What lies in the database of a registry, seen past the registry: rows, and the tables as the database describes them."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import Connection

from sameset.registry.engine import connect, locate


def contents(address: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to compare what is there before and after."""
    engine = connect(locate(address), 5)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                assert connection.exec_driver_sql("pragma integrity_check").fetchall() == [("ok",)]
                assert connection.exec_driver_sql("pragma foreign_key_check").fetchall() == []
            return {name: _rows(connection, name) for name in sqlalchemy.inspect(connection).get_table_names()}
    finally:
        engine.dispose()


def tables(address: str) -> dict[str, Any]:
    """Columns, keys, indexes and checks of every table, without their order."""
    engine = connect(locate(address), 5)
    try:
        with engine.connect() as connection:
            seen = sqlalchemy.inspect(connection)
            return {name: _described(seen, name) for name in seen.get_table_names()}
    finally:
        engine.dispose()


def _rows(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    rows = connection.exec_driver_sql(f'select * from "{table}"')  # noqa: S608
    return sorted((tuple(row) for row in rows), key=repr)


def _described(seen: sqlalchemy.Inspector, table: str) -> dict[str, Any]:
    columns = [
        (column["name"], repr(column["type"]), column["nullable"], bool(column["default"]))
        for column in seen.get_columns(table)
    ]
    return {
        "columns": columns,
        "primary key": seen.get_pk_constraint(table),
        "foreign keys": sorted(seen.get_foreign_keys(table), key=repr),
        "unique": sorted(seen.get_unique_constraints(table), key=repr),
        "indexes": sorted(seen.get_indexes(table), key=repr),
        "checks": sorted(seen.get_check_constraints(table), key=repr),
    }
