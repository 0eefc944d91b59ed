"""What is measured and what it should come to: the table of goals in the design, and what belongs beside it."""

from __future__ import annotations

from benchmarks.table import Goal

__all__ = [
    "COMPARE",
    "CORES",
    "DELTA",
    "DUCKDB",
    "FLOOR",
    "GOALS",
    "GROWTH",
    "IDHASH",
    "KEYED",
    "MD5",
    "MMH3",
    "PANDAS",
    "PEAK",
    "POLARS",
    "VERDICT",
]

DUCKDB = Goal("duckdb", "full TableSketch of Parquet, against DuckDB's bit_xor(hash(<all columns>))", at_most=1.8)
POLARS = Goal("polars", "the same, against Polars read_parquet + hash_rows", at_most=1.0)
PANDAS = Goal("pandas", "times faster than pandas hash_pandas_object, per cell", at_least=20)
IDHASH = Goal("idhash", "times faster than idhash 0.2.0, per cell", at_least=300)
PEAK = Goal("peak", "memory: peak resident", "GiB", at_most=1.0)
GROWTH = Goal("growth", "memory: peak at SF10 against SF1", at_most=1.1)
VERDICT = Goal("verdict", "first verdict in a fresh process, compiled kernels cached", "s", at_most=1.5)
DELTA = Goal("delta", "delta of 1,000 changed rows from two stored sketches", "s", at_most=0.1)
COMPARE = Goal("compare", "the same as a fresh process: sameset compare", "s")
FLOOR = Goal("floor", "full TableSketch, against its own bare scan")
KEYED = Goal("keyed", "full TableSketch with a key of two columns, against one without")
CORES = Goal("cores", "full TableSketch on one core, against all cores")
MD5 = Goal("md5", "times faster than md5 in SQL, per cell")
MMH3 = Goal("mmh3", "times faster than a Python loop with mmh3, per cell")

GOALS = (
    DUCKDB,
    POLARS,
    PANDAS,
    IDHASH,
    PEAK,
    GROWTH,
    VERDICT,
    DELTA,
    COMPARE,
    FLOOR,
    KEYED,
    CORES,
    MD5,
    MMH3,
)
