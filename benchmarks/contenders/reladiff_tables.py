"""Two versions of a table in a DuckDB file compared by reladiff: by joining them, or by checksums of segments of the key."""

from __future__ import annotations

import logging
from importlib.metadata import version as installed

import duckdb
import reladiff  # type: ignore[import-not-found]

from benchmarks.contenders import Done
from benchmarks.contenders.answers import answer
from benchmarks.data import KEY

__all__ = ["prepare", "version", "work"]


def version() -> str:
    """The library and the database below it."""
    return f"reladiff {installed('reladiff')} with duckdb {installed('duckdb')}"


def prepare(file: str, algorithm: str) -> tuple[str, str, list[str], int]:
    """File, algorithm, the columns beside the key, the rows of both tables. Nothing is compiled that needs a warm-up."""
    logging.disable(logging.WARNING)  # it warns of each text and date: another database may write them otherwise
    with duckdb.connect(file, read_only=True) as con:
        tables = [con.table(name) for name in ("before", "after")]
        rows = sum(table.aggregate("count(*)").fetchall()[0][0] for table in tables)
        return file, algorithm, [name for name in tables[0].columns if name not in KEY], rows


def work(state: tuple[str, str, list[str], int]) -> Done:
    """The keys of the rows that came, went and changed."""
    file, algorithm, columns, rows = state
    database = reladiff.connect(f"duckdb://main@{file}")
    sides = [reladiff.connect_to_table(database, name, KEY) for name in ("before", "after")]
    with reladiff.diff_tables(*sides, extra_columns=tuple(columns), algorithm=algorithm) as found:
        signs = {sign: set[tuple[int, ...]]() for sign in "+-"}
        for sign, row in found:
            signs[sign].add(tuple(map(int, row[: len(KEY)])))
    came, went = signs["+"], signs["-"]
    return Done(rows, len(KEY) + len(columns), answer(came - went, went - came, came & went))
