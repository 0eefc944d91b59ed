"""Makes a table from another one with DuckDB: `python -m benchmarks.derive KIND FILE ... TARGET`."""

from __future__ import annotations

import sys

import duckdb

__all__ = ["changed", "database", "edited", "edition", "first", "main"]

CHANGED, ADDED, REMOVED = 1_000, 7, 5
ONE_MORE = "CAST(l_quantity + 1 AS DECIMAL(15, 2))"


def first(con: duckdb.DuckDBPyConnection, table: str, rows: str, target: str) -> None:
    """The first rows of a table."""
    con.read_parquet(table).limit(int(rows)).write_parquet(target)


def changed(con: duckdb.DuckDBPyConnection, table: str, rows: str, target: str) -> None:
    """All rows of lineitem, of which so many have one more in l_quantity."""
    source = con.read_parquet(table, file_row_number=True)
    ((total,),) = source.aggregate("count(*)").fetchall()
    hit = _spread(max(total // int(rows), 1), 0, int(rows))
    quantity = f"CASE WHEN {hit} THEN {ONE_MORE} ELSE l_quantity END AS l_quantity"
    source.project(f"* EXCLUDE (file_row_number) REPLACE ({quantity})").write_parquet(target)


def edited(con: duckdb.DuckDBPyConnection, table: str, rows: str, target: str) -> None:
    """All rows of lineitem but a few that went, with a few that changed and a few that came."""
    source = con.read_parquet(table, file_row_number=True)
    step = int(rows) // CHANGED
    quantity = f"CASE WHEN {_spread(step, 0, CHANGED)} THEN {ONE_MORE} ELSE l_quantity END AS l_quantity"
    kept = source.filter(f"NOT ({_spread(step, 1, REMOVED)})").project(f"* REPLACE ({quantity})")
    # TPC-H uses the first eight of every 32 order keys, so these are free.
    came = source.filter(_spread(step, 2, ADDED)).project("* REPLACE (l_orderkey + 8 AS l_orderkey)")
    kept.union(came).order("l_orderkey, l_linenumber").project("* EXCLUDE (file_row_number)").write_parquet(target)


def edition(con: duckdb.DuckDBPyConnection, table: str, changes: str, leaves: str, adds: str, target: str) -> None:
    """All rows of lineitem, of which every so many changed, went and came, counted from 0, 1 and 2 on; 0 is none."""
    source = con.read_parquet(table, file_row_number=True)
    hit, gone, new = (_every(start, int(step)) for start, step in enumerate((changes, leaves, adds)))
    quantity = f"CASE WHEN {hit} THEN {ONE_MORE} ELSE l_quantity END AS l_quantity"
    kept = source.filter(f"NOT ({gone})").project(f"* REPLACE ({quantity})")
    came = source.filter(new).project("* REPLACE (l_orderkey + 8 AS l_orderkey)")  # free keys, as above
    kept.union(came).project("* EXCLUDE (file_row_number)").write_parquet(target)


def database(con: duckdb.DuckDBPyConnection, before: str, after: str, target: str) -> None:
    """A DuckDB file with the tables `before` and `after`."""
    with duckdb.connect(target) as made:
        made.read_parquet(before).create("before")
        made.read_parquet(after).create("after")


def _spread(step: int, start: int, rows: int) -> str:
    """The condition of so many rows of a file: each `step`-th, from `start` on."""
    return f"file_row_number % {step} = {start} AND file_row_number < {step * rows}"


def _every(start: int, step: int) -> str:
    return f"file_row_number % {step} = {start}" if step else "false"


KINDS = {"first": first, "changed": changed, "edited": edited, "edition": edition, "database": database}


def main(kind: str, *arguments: str) -> None:
    """Writes the table to the last argument."""
    with duckdb.connect() as con:
        KINDS[kind](con, *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
