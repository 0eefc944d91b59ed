"""The tables that are measured: TPC-H lineitem from `tpchgen-cli`, parts and changes of it, and tables of other shapes.

All are made once and kept in the cache. What needs DuckDB or numpy runs in a process of its own (`benchmarks.derive`,
`benchmarks.generate`): a measured process starts out with the peak memory of the one that started it, so that one stays
small.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["KEY", "changed_rows", "edition", "first_rows", "generated", "lineitem", "two_versions"]

KEY = ("l_orderkey", "l_linenumber")


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


def generated(cache: Path, name: str, rows: int) -> Path:
    """A Parquet file of so many rows of one of the shapes."""
    target = cache / name / f"{rows}.parquet"
    return _made(target, "benchmarks.generate", name, str(rows))


def first_rows(table: Path, rows: int) -> Path:
    """A Parquet file of the first rows of a table."""
    return _made(table.with_name(f"first-{rows}.parquet"), "benchmarks.derive", "first", str(table), str(rows))


def changed_rows(table: Path, rows: int) -> Path:
    """A Parquet file of all rows of lineitem, of which so many, evenly spread, have one more in l_quantity."""
    return _made(table.with_name(f"changed-{rows}.parquet"), "benchmarks.derive", "changed", str(table), str(rows))


def edition(table: Path, name: str, steps: tuple[int, int, int]) -> Path:
    """A Parquet file of all rows of lineitem, of which every so many changed, went and came; 0 is none."""
    target = table.with_name(f"edition-{name}.parquet")
    return _made(target, "benchmarks.derive", "edition", str(table), *map(str, steps))


def two_versions(table: Path, rows: int) -> tuple[Path, Path, Path]:
    """The first rows of lineitem before and after some edits as Parquet, and a DuckDB file with both, `before` and `after`.

    1,000 rows have one more in l_quantity, 7 came and 5 went, all evenly spread.
    """
    before = first_rows(table, rows)
    after = _made(table.with_name(f"edited-{rows}.parquet"), "benchmarks.derive", "edited", str(before), str(rows))
    files = (str(before), str(after))
    return before, after, _made(table.with_name(f"both-{rows}.duckdb"), "benchmarks.derive", "database", *files)


def _made(target: Path, module: str, *arguments: str) -> Path:
    """A file; where it is missing, the module makes it and gets its place as the last argument."""
    if not target.exists():
        beside = target.with_suffix(".unfinished")
        beside.unlink(missing_ok=True)
        _call([sys.executable, "-m", module, *arguments, str(beside)])
        beside.replace(target)
    return target


def _call(command: list[str]) -> None:
    Path(command[-1].removeprefix("--output-dir=")).parent.mkdir(parents=True, exist_ok=True)
    found = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    if found.returncode:
        raise SystemExit(f"the data cannot be made: {Path(command[0]).name}: {found.stderr.strip()[-500:]}")
