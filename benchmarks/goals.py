"""What is measured and what it should come to: the table of goals in the design, and what belongs beside it."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.table import Goal

__all__ = [
    "COMPARE",
    "CORES",
    "DATACOMPY_PANDAS",
    "DATACOMPY_POLARS",
    "DELTA",
    "DUCKDB",
    "FLOOR",
    "GOALS",
    "GROWTH",
    "GROWTH_TIME",
    "IDHASH",
    "IDHASH_FILE",
    "KEYED",
    "MD5",
    "MMH3",
    "PANDAS",
    "PANDAS_FILE",
    "PEAK",
    "POLARS",
    "RELADIFF_HASH",
    "RELADIFF_JOIN",
    "SECTIONS",
    "TABLE_GOALS",
    "VERDICT",
    "TableGoals",
]

DUCKDB = Goal("duckdb", "full TableSketch of Parquet, against DuckDB's bit_xor(hash(<all columns>))", at_most=1.8)
POLARS = Goal("polars", "the same, against Polars read_parquet + hash_rows", at_most=1.0)
PANDAS_FILE = Goal("pandas-file", "times faster than pandas read_parquet + hash_pandas_object, per cell", at_least=20)
PANDAS = Goal("pandas", "times faster than pandas hash_pandas_object alone, in its favour, per cell")
IDHASH_FILE = Goal("idhash-file", "times faster than idhash 0.2.0 with its reading, per cell", at_least=300)
IDHASH = Goal("idhash", "times faster than idhash 0.2.0 alone, in its favour, per cell")
PEAK = Goal("peak", "memory: peak resident", "GiB", at_most=1.0)
GROWTH = Goal("growth", "memory: peak at SF10 against SF1", at_most=1.1)
GROWTH_TIME = Goal("growth-time", "time at SF10 against SF1")
VERDICT = Goal("verdict", "first verdict in a fresh process, compiled kernels cached", "s", at_most=1.5)
DELTA = Goal("delta", "delta of 1,000 changed rows from two stored sketches", "s", at_most=0.1)
COMPARE = Goal("compare", "the same as a fresh process: sameset compare", "s")
FLOOR = Goal("floor", "full TableSketch, against its own bare scan")
KEYED = Goal("keyed", "full TableSketch with a key of two columns, against one without")
CORES = Goal("cores", "full TableSketch on one core, against all cores")
MD5 = Goal("md5", "times faster than md5 in SQL, per cell")
MMH3 = Goal("mmh3", "times faster than a Python loop with mmh3, per cell")

DATACOMPY_POLARS = Goal("datacompy-polars", "times faster than datacompy's PolarsCompare")
DATACOMPY_PANDAS = Goal("datacompy-pandas", "times faster than datacompy's PandasCompare")
RELADIFF_HASH = Goal("reladiff-hash", "times faster than reladiff by checksums, as between two databases (hashdiff)")
RELADIFF_JOIN = Goal("reladiff-join", "times faster than reladiff by a join within the database (joindiff)")


@dataclass(frozen=True)
class TableGoals:
    """The rows of one of the other tables."""

    duckdb: Goal
    polars: Goal
    cores: Goal
    peak: Goal

    @property
    def all(self) -> tuple[Goal, ...]:
        """In the order of the page."""
        return self.duckdb, self.polars, self.cores, self.peak


def _goals_of(table: str) -> TableGoals:
    return TableGoals(
        Goal(f"{table}-duckdb", f"{table}: against DuckDB's bit_xor(hash(<all columns>))"),
        Goal(f"{table}-polars", f"{table}: against Polars read_parquet + hash_rows"),
        Goal(f"{table}-cores", f"{table}: on one core, against all cores"),
        Goal(f"{table}-peak", f"{table}: peak resident memory", "GiB"),
    )


TABLE_GOALS = {name: _goals_of(name) for name in ("wide", "narrow", "text", "nested", "dictionary")}

#: The tables of the page: heading and rows.
SECTIONS = {
    "the goals": (DUCKDB, POLARS, PANDAS_FILE, PANDAS, IDHASH_FILE, IDHASH, PEAK, GROWTH, VERDICT, DELTA),
    "lineitem besides the goals": (GROWTH_TIME, CORES, KEYED, FLOOR, COMPARE, MD5, MMH3),
    "other tables: full TableSketch of Parquet": tuple(goal for goals in TABLE_GOALS.values() for goal in goals.all),
    "two versions of a table compared": (DATACOMPY_POLARS, DATACOMPY_PANDAS, RELADIFF_JOIN, RELADIFF_HASH),
}

GOALS = tuple(goal for goals in SECTIONS.values() for goal in goals)
