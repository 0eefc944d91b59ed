"""DuckDB's own hash: `bit_xor(hash(<all columns>))` over a Parquet file. Duplicate rows cancel, names do not count."""

from __future__ import annotations

from importlib.metadata import version as installed

import duckdb

from benchmarks.contenders import Done

__all__ = ["aggregate", "prepare", "version", "work"]


def version() -> str:
    """The library."""
    return f"duckdb {installed('duckdb')}"


def prepare(file: str, small: str) -> str:
    """The file."""
    work(small)
    return file


def work(state: str) -> Done:
    """A connection of its own, one aggregate."""
    return aggregate(state, "bit_xor(hash({columns}))")


def aggregate(file: str, expression: str) -> Done:
    """Row count and a SQL aggregate, in which {columns} are all columns, over a Parquet file."""
    with duckdb.connect() as con:
        relation = con.read_parquet(file)
        columns = ", ".join(f'"{name}"' for name in relation.columns)
        ((rows, found),) = relation.aggregate("count(*), " + expression.format(columns=columns)).fetchall()
        return Done(rows, len(relation.columns), str(found))
