"""Conditions on rows: SQL that a person gives, or a sketch that came from a stranger."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import duckdb

from sameset.errors import SourceError, listed
from sameset.sources.reasons import reason

__all__ = ["check_condition", "check_names", "folded", "mentioned"]

#: What an expression must not hold, by DuckDB's name for it, and why.
FORBIDDEN = {
    "SUBQUERY": "asks a query of its own, which may read other tables and files; speak of the columns of one row",
    "WINDOW": "speaks of several rows; speak of the columns of one row",
    # Of those that happen to be read.
    "POSITIONAL_REFERENCE": "speaks of a column by its place; give its name",
}
#: The functions whose value is another one at another time or place: those of the clock, the process and its settings. DuckDB
#: calls the last ones consistent, and has macros for who asks.
CHANGING = """
    SELECT function_name FROM duckdb_functions() WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')
    OR (function_type = 'macro' AND len(parameters) = 0)
    OR function_name IN ('current_localtime', 'current_localtimestamp', 'version')
"""
#: What a condition may call the table itself by.
TABLE = "source"


def check_names(address: str, names: Sequence[str], condition: str) -> None:
    """Nothing, if all that the condition speaks of are columns, each of them one; SourceError otherwise.

    DuckDB has more names than the columns: of where a row lies (`rowid`, `file_row_number`, `filename`), and of its own making
    for columns that SQL does not tell apart (`A_1` for `A` beside `a`), which the next column may be called.
    """
    told = f"{address}: the condition {condition!r} speaks of"
    known = {folded(name) for name in names}
    for name in _columns_in(condition, TABLE in known):
        if folded(name) not in known:
            raise SourceError(f"{told} {name!r}, which is no column of it; it has {listed(names)}")
        alike = [other for other in names if _is_taken_for(name, other)] if _are_mixed_up(names) else []
        if _are_mixed_up(alike):
            raise SourceError(
                f"{told} {name!r}, but SQL does not tell {alike[0]!r} from {alike[1]!r}; rename one of them"
            )


def mentioned(names: Sequence[str], condition: str) -> list[str]:
    """Those of the names that the condition speaks of."""
    spoken = set(map(folded, _columns_in(condition, TABLE in map(folded, names))))
    return [name for name in names if folded(name) in spoken]


def _columns_in(condition: str, is_column: bool) -> list[str]:
    """What a condition takes for columns; `is_column` says whether one is called like the table."""
    spoken = sorted(_spoken_of(condition))
    return [name[1] if name[1:] and folded(name[0]) == TABLE and not is_column else name[0] for name in spoken]


def folded(name: str) -> str:
    """The name as DuckDB compares it: blind to the case of ASCII's letters."""
    return name.encode(errors="surrogatepass").lower().decode(errors="surrogatepass")


def _is_taken_for(name: str, other: str) -> bool:
    """Whether DuckDB could mean a column by this name: it is called so, or becomes it beside another of the same letters."""
    made = re.fullmatch(re.escape(folded(other)) + r"(_\d+)*", folded(name))
    return made is not None


def _are_mixed_up(names: Sequence[str]) -> bool:
    return len({folded(name) for name in names}) < len(names)


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
    parts = list(_parts(_tree(con, condition)))
    for part in parts:
        if why := FORBIDDEN.get(part.get("class", "")):
            return why
    called = {(part["function_name"], len(part["arguments"])) for part in parts if part.get("class") == "FUNCTION"}
    if called:
        changing = {row[0] for row in con.sql(CHANGING).fetchall()}
        for name, count in sorted(called):
            if name in changing or (name == "age" and count < 2):  # age(x) and x.age() are until today
                return f"calls {name}(), which has another value each time; write the value itself"
    return None


@lru_cache(16)  # some are as long as a list of keys
def _spoken_of(condition: str) -> frozenset[tuple[str, ...]]:
    """The names in a condition, each with what stands before it; none if it is no condition, which is told elsewhere."""
    with duckdb.connect(config={"autoload_known_extensions": False}) as con:
        tree = _tree(con, condition)
    parts = list(_parts(tree))
    names = {tuple(part["column_names"]) for part in parts if part.get("class") == "COLUMN_REF"}
    lambdas = [part["lhs"] for part in parts if part.get("class") == "LAMBDA"]
    own = {tuple(part["column_names"]) for part in _parts(lambdas) if part.get("class") == "COLUMN_REF"}
    return frozenset(name for name in names if name[:1] not in own)


def _tree(con: duckdb.DuckDBPyConnection, condition: str) -> Any:
    ((text,),) = con.execute("SELECT json_serialize_sql(?)", [f"SELECT (\n{condition}\n)"]).fetchall()
    return json.loads(text)


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """All nodes of a parsed statement."""
    if isinstance(tree, dict):
        yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _parts(inner)
