"""`--rows-out` as a user meets it: where the file may lie, and what is in it for tables of every kind of place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_process import Outcome, in_process
from servers import postgres_server

Way = Callable[..., Outcome]

LEFT = pa.table({"id": [1, 2, 3], "name": ["a", "b", "c"]})
RIGHT = pa.table({"id": [2, 3, 4], "name": ["b", 'c, "d"', ""]})
AS_CSV = (
    '"changed","before",1,3,"c"\n"changed","after",1,3,"c, ""d"""\n"added","after",1,4,""\n"removed","before",1,1,"a"\n'
)


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Way:
    """Runs the program where two tables lie, each as a file and in a folder."""
    monkeypatch.chdir(tmp_path)
    for side, table in (("left", LEFT), ("right", RIGHT)):
        pq.write_table(table, f"{side}.parquet")
        Path(side).mkdir()
        pq.write_table(table, f"{side}/part.parquet")
    return lambda *arguments: in_process(*arguments, folder=tmp_path, capture=capsys)


def without_hashes(path: Path) -> str:
    """The lines of a CSV file but for its heading and the hashes of rows."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert lines[0] == '"_change","_side","_times","_row_hash","id","name"\n'
    return "".join(",".join([*line.split(",")[:3], *line.split(",")[4:]]) for line in lines[1:])


REFUSED = {
    "rows.xlsx": "rows are written as .parquet or .csv",
    "nowhere/rows.csv": "nowhere is no folder; create it or choose another",
    "right.parquet": "right.parquet is to be read and cannot be written as well",
    "right/rows.csv": "right/rows.csv would be one of the files of right, which is to be read",
    "report.csv": "report.csv cannot be written twice",
}


@pytest.mark.parametrize("file", REFUSED)
def test_a_file_in_the_wrong_place_is_refused_before_anything_is_read(file: str, here: Way, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    right = "right" if file.startswith("right/") else "right.parquet"
    told = here("compare", "left.parquet", right, "-k", "id", "--rows-out", file, "-o", "report.csv")
    assert (told.code, told.out) == (2, "")
    assert REFUSED[file] in told.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_glob_takes_in_no_file_of_rows(here: Way, tmp_path: Path) -> None:
    told = here("compare", "left*.parquet", "right.parquet", "-k", "id", "--rows-out", "left_out.parquet")
    assert (told.code, "left_out.parquet would be one of the files of left*.parquet" in told.err) == (2, True)
    Path("sub").mkdir()
    assert here("compare", "left*.parquet", "right.parquet", "-k", "id", "--rows-out", "sub/left_out.parquet").code == 1
    assert sorted(path.name for path in (tmp_path / "sub").iterdir()) == ["left_out.parquet"]


@pytest.mark.parametrize("kind", ["folder", "csv", "duckdb", "postgres"])
def test_tables_of_every_kind_of_place_are_written_alike(kind: str, here: Way, tmp_path: Path) -> None:
    (tmp_path / "out.CSV").write_text("what was there before")
    if kind == "postgres":
        with postgres_server() as server:
            for side, table in (("left", LEFT), ("right", RIGHT)):
                rows = ", ".join(f"({row['id']}, '{row['name']}')" for row in table.to_pylist())
                server.query(f'create table "{side}" (id bigint, name text)', f'insert into "{side}" values {rows}')  # noqa: S608 - ours
            places = f"{server.address}::left", f"{server.address}::right"
            told = here("compare", *places, "-k", "id", "--rows-out", "out.CSV")
    else:
        with duckdb.connect(tmp_path / "d.duckdb") as con:
            for side in ("left", "right"):
                con.execute(f"create table t_{side} as from '{side}.parquet'")
                con.execute(f"copy t_{side} to '{side}.csv' (force_quote (name))")
        left, right = {
            "folder": ("left", "right"),
            "csv": ("left.csv", "right.csv"),
            "duckdb": ("d.duckdb::t_left", "d.duckdb::t_right"),
        }[kind]
        told = here("compare", left, right, "-k", "id", "--rows-out", "out.CSV")
    assert told.code == 1, told.err
    assert without_hashes(tmp_path / "out.CSV") == AS_CSV


def test_a_snapshot_gives_the_keys_of_rows_that_are_gone(here: Way, tmp_path: Path) -> None:
    assert here("check", "left.parquet", "--name", "orders", "-k", "id", "--registry", "r.db").code == 0
    Path("left.parquet").unlink()
    told = here("compare", "orders", "right.parquet", "--registry", "r.db", "--rows-out", "out.csv")
    words = " ".join(told.out.replace("│", "").split())
    assert "out.csv holds the keys alone of 1 removed row and nothing of what 1 changed row was" in words
    assert without_hashes(tmp_path / "out.csv") == (
        '"changed","after",1,3,"c, ""d"""\n"added","after",1,4,""\n"removed","before",1,1,\n'
    )
