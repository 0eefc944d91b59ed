"""The tables that are measured: TPC-H lineitem from `tpchgen-cli`, and parts and changes of it; made once, kept in the cache.

What needs DuckDB runs in a process of its own (`python -m benchmarks.data`): a measured process starts out with the
peak memory of the one that started it, so that one stays small.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["KEY", "ROWS_AT_SCALE_1", "changed_rows", "first_rows", "lineitem"]

KEY = ("l_orderkey", "l_linenumber")
ROWS_AT_SCALE_1 = 6_001_215


def lineitem(cache: Path, scale: float) -> Path:
    """The Parquet file of lineitem at a scale, as tpchgen-cli writes it."""
    target = cache / f"sf{scale:g}" / "lineitem.parquet"
    if not target.exists():
        beside = target.parent / "unfinished"
        program = str(Path(sys.executable).with_name("tpchgen-cli"))
        _call([program, "parquet", "-s", f"{scale:g}", "--tables=lineitem", "--overwrite", f"--output-dir={beside}"])
        (beside / target.name).replace(target)
        beside.rmdir()
    return target


def first_rows(table: Path, rows: int) -> Path:
    """A Parquet file of the first rows of a table."""
    return _derived(table, "first", rows)


def changed_rows(table: Path, rows: int) -> Path:
    """A Parquet file of all rows of a table, of which so many, evenly spread, have one more in l_quantity."""
    return _derived(table, "changed", rows)


def _derived(table: Path, kind: str, rows: int) -> Path:
    target = table.with_name(f"{kind}-{rows}.parquet")
    if not target.exists():
        beside = target.with_suffix(".unfinished")
        _call([sys.executable, "-m", "benchmarks.data", kind, str(table), str(rows), str(beside)])
        beside.replace(target)
    return target


def _call(command: list[str]) -> None:
    Path(command[-1].removeprefix("--output-dir=")).parent.mkdir(parents=True, exist_ok=True)
    found = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    if found.returncode:
        raise SystemExit(f"the data cannot be made: {Path(command[0]).name}: {found.stderr.strip()[-500:]}")


def main(kind: str, table: str, rows: str, target: str) -> None:
    """Writes a derived table."""
    import duckdb

    with duckdb.connect() as con:
        if kind == "first":
            con.read_parquet(table).limit(int(rows)).write_parquet(target)
            return
        source = con.read_parquet(table, file_row_number=True)
        ((total,),) = source.aggregate("count(*)").fetchall()
        step = max(total // int(rows), 1)
        hit = f"file_row_number % {step} = 0 and file_row_number < {step * int(rows)}"
        quantity = f"CAST(l_quantity + CASE WHEN {hit} THEN 1 ELSE 0 END AS DECIMAL(15, 2)) AS l_quantity"
        source.project(f"* EXCLUDE (file_row_number) REPLACE ({quantity})").write_parquet(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
