"""Conditions on rows: SQL that a person gives, or a sketch that came from a stranger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from sameset.errors import SourceError
from sameset.sources.reasons import reason

__all__ = ["check_condition"]

#: What an expression must not hold, by DuckDB's name for it, and why.
FORBIDDEN = {
    "SUBQUERY": "asks a query of its own, which may read other tables and files; speak of the columns of one row",
    "WINDOW": "speaks of several rows; speak of the columns of one row",
}


def check_condition(con: duckdb.DuckDBPyConnection, address: str, relation: str, condition: str) -> None:
    """Nothing, if the text is one expression that the rows of `relation` can fulfil, each by itself and always the same.

    Otherwise SourceError with the address of the source, the condition, and what is wrong with it.
    `true) UNION (SELECT 1` is not one expression.
    """
    told = f"{address}: the condition {condition!r}"
    try:
        duckdb.SQLExpression(condition)
        if why := _objection(con, condition):
            raise SourceError(f"{told} {why}")
        # Of a query within, DuckDB knows no more than the columns: not `filename`, `file_row_number`, `rowid`.
        con.sql(f"SELECT 1 FROM (SELECT * FROM {relation}) AS source WHERE (\n{condition}\n)")  # noqa: S608 - one expression
    except duckdb.Error as error:
        raise SourceError(
            f"{told} cannot be used: {reason(error)}; write it as DuckDB's SQL, on columns of a row"
        ) from None


def _objection(con: duckdb.DuckDBPyConnection, condition: str) -> str | None:
    """What is wrong with an expression that is one, if anything."""
    ((text,),) = con.execute("SELECT json_serialize_sql(?)", [f"SELECT (\n{condition}\n)"]).fetchall()
    parts = list(_parts(json.loads(text)))
    for part in parts:
        if why := FORBIDDEN.get(part.get("class", "")):
            return why
    called = {part["function_name"] for part in parts if part.get("class") == "FUNCTION"}
    if called:
        volatile = "SELECT function_name FROM duckdb_functions() WHERE stability = 'VOLATILE'"
        for name in sorted(called & {row[0] for row in con.sql(volatile).fetchall()}):
            return f"calls {name}(), which has another value each time"
    return None


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """All nodes of a parsed statement."""
    if isinstance(tree, dict):
        yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _parts(inner)
