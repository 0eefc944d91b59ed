"""`sameset digest` as a person runs it: schemes, order of rows, keys that stay secret, refusals."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import duckdb
import jsonschema
import naive_schemes
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from digest_runs import SCHEMA, SECRET

from sameset.canonical.unf import UnfParameters
from sameset.execution.digesting import unf_digest
from sameset.execution.sketching import sketch_table
from sameset.sources import open_source

SAMESET = str(Path(sysconfig.get_path("scripts")) / "sameset")
FRAME = pa.table({"b": [4, 5, 6], "a": [1, 2, 3], "c": [7, 8, 9]})
FRAME_UNF = "UNF:6:ukDZSJXck7fn4SlPJMPFTQ=="


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """frame.parquet, its rows turned round in reversed.csv, one.csv of one column, and key.txt."""
    pq.write_table(FRAME, tmp_path / "frame.parquet")
    (tmp_path / "reversed.csv").write_text("a,b,c\n3,6,9\n2,5,8\n1,4,7\n", encoding="utf-8")
    (tmp_path / "one.csv").write_text("only\n1\n2\n3\n", encoding="utf-8")
    (tmp_path / "key.txt").write_text(f"{SECRET}\n", encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> Outcome:
    """`sameset digest ARGUMENTS` in a process of its own."""
    process = subprocess.run(
        [SAMESET, "digest", *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Outcome(process.returncode, process.stdout, process.stderr)


def test_our_own_digest_is_that_of_sketches_and_blind_to_order(folder: Path) -> None:
    found = run(folder, "frame.parquet", "reversed.csv")
    expected = sketch_table(FRAME).text_digest
    assert found == (0, f"{expected}  frame.parquet\n{expected}  reversed.csv\n", "")


@pytest.mark.slow
def test_unf_of_columns_files_and_the_dataset(folder: Path) -> None:
    found = run(folder, "one.csv", "frame.parquet", "--scheme", "unf6", "--columns")
    assert found.code == 0
    assert found.out.splitlines() == [
        "UNF:6:AvELPR5QTaBbnq6S22Msow==  one.csv",
        "  UNF:6:AvELPR5QTaBbnq6S22Msow==  only",
        f"{FRAME_UNF}  frame.parquet",
        "  UNF:6:BT6LJzHn64qGKimvo6iCfA==  b",
        "  UNF:6:AvELPR5QTaBbnq6S22Msow==  a",
        "  UNF:6:p9eYYVryKIPLh19w6PWG0g==  c",
        "UNF:6:tsc29wGKXsgLhudUYIiOKg==  dataset of 2 files",
    ]
    assert not run(folder, "reversed.csv", "--scheme", "unf6").out.startswith(FRAME_UNF)


@pytest.mark.slow
def test_parameters_of_unf_are_printed_and_count(folder: Path) -> None:
    (folder / "pi.csv").write_text("x\n1.23456789\n", encoding="utf-8")
    found = run(folder, "pi.csv", "--scheme", "unf6", "--digits", "9", "--characters", "256", "--bits", "256")
    array = pa.array([1.23456789])
    assert found.out == f"UNF:6:N9,X256,H256:{naive_schemes.unf_of_array(array, 9, 256, 256)}  pi.csv\n"
    assert run(folder, "pi.csv", SAMESET_DIGEST_SCHEME="unf6", SAMESET_DIGITS="9").out.startswith("UNF:6:N9:IKw+")


@pytest.mark.slow
def test_the_lattice_digest_with_and_without_a_key(folder: Path) -> None:
    batch = FRAME.to_batches()[0]
    found = run(folder, "frame.parquet", "reversed.csv", "--scheme", "lthash")
    twice = naive_schemes.lattice_text(pa.concat_batches([batch, batch]))
    assert found.out.split()[:5:2] == [naive_schemes.lattice_text(batch)] * 2 + [twice]
    assert found.out.endswith(f"{twice}  dataset of 2 files\n")
    keyed = naive_schemes.lattice_text(batch, SECRET.encode())
    by_file = run(folder, "frame.parquet", "--scheme", "lthash", "--key-file", "key.txt", SAMESET_DIGEST_KEY="x" * 20)
    by_variable = run(folder, "frame.parquet", "--scheme", "lthash", SAMESET_DIGEST_KEY=SECRET)
    assert by_file == by_variable == (0, f"{keyed}  frame.parquet\n", "")
    assert SECRET not in by_file.out


@pytest.mark.parametrize("scheme", ["sameset", "unf6", "lthash"])
def test_json_is_as_its_schema_says(folder: Path, scheme: str) -> None:
    found = json.loads(run(folder, "frame.parquet", "one.csv", "--scheme", scheme, "--format", "json").out)
    jsonschema.validate(found, SCHEMA, jsonschema.Draft202012Validator)
    assert [(source["address"], source["rows"]) for source in found["sources"]] == [
        ("frame.parquet", 3),
        ("one.csv", 3),
    ]
    assert (found["dataset"] is None) == (scheme != "unf6")  # the lattice has none of tables of different columns
    assert found["as_expected"] is None
    assert all(source["columns"] is None for source in found["sources"])


@pytest.mark.slow
def test_columns_in_json(folder: Path) -> None:
    found = json.loads(run(folder, "frame.parquet", "--columns", "--format", "json").out)
    jsonschema.validate(found, SCHEMA, jsonschema.Draft202012Validator)
    columns = {column["name"]: column["digest"] for column in found["sources"][0]["columns"]}
    renamed = json.loads(run(folder, "one.csv", "--columns", "--format", "json").out)["sources"][0]["columns"]
    assert list(columns) == ["b", "a", "c"]
    assert [column["digest"] for column in renamed] == [columns["a"]]
    assert len(set(columns.values())) == 3


def test_what_makes_no_sense_is_refused_in_a_sentence(folder: Path) -> None:
    """One of many: the others are in test_digest_options.py."""
    found = run(folder, "frame.parquet", "--scheme", "unf6", "--bits", "196")
    assert (found.code, found.out) == (2, "")
    assert found.err == "sameset: a UNF here has 128, 192 or 256 bits, not 196; choose one of those\n"


@pytest.mark.slow
def test_types_without_a_unf_are_named(folder: Path) -> None:
    pq.write_table(pa.table({"good": [1], "raw": [b"x"]}), folder / "raw.parquet")
    found = run(folder, "raw.parquet", "--scheme", "unf6")
    assert found.code == 2
    assert "raw.parquet: column 'raw' has type" in found.err
    assert "which UNF version 6 does not define" in found.err


# order

ORDERED = pa.table({"id": random.Random(5).sample(range(40_000), 40_000)})


def write_parquet(folder: Path) -> str:
    pq.write_table(ORDERED, folder / "t.parquet", row_group_size=500)
    return str(folder / "t.parquet")


def write_csv(folder: Path) -> str:
    (folder / "t.csv").write_text("id\n" + "".join(f"{i}\n" for i in ORDERED["id"].to_pylist()), "utf-8")
    return str(folder / "t.csv")


def write_json(folder: Path) -> str:
    (folder / "t.jsonl").write_text("".join(f'{{"id": {i}}}\n' for i in ORDERED["id"].to_pylist()), "utf-8")
    return str(folder / "t.jsonl")


def write_arrow(folder: Path) -> str:
    pyarrow.feather.write_feather(ORDERED, folder / "t.arrow", chunksize=500)
    return str(folder / "t.arrow")


def write_duckdb(folder: Path) -> str:
    with duckdb.connect(str(folder / "t.duckdb")) as con:
        con.register("ordered", ORDERED)
        con.execute("create table t as select * from ordered")
    return f"{folder / 't.duckdb'}::t"


def keep(folder: Path) -> pa.Table:
    return pa.Table.from_batches(ORDERED.to_batches(max_chunksize=500))


@pytest.mark.parametrize("write", [write_parquet, write_csv, write_json, write_arrow, write_duckdb, keep])
def test_rows_come_in_the_order_of_the_source(tmp_path: Path, write: object) -> None:
    assert callable(write)
    source = open_source(write(tmp_path))
    assert [i for batch in source.ordered_batches(rows=1000) for i in batch.column(0).to_pylist()] == ORDERED[
        "id"
    ].to_pylist()
    expected = naive_schemes.unf_of_array(ORDERED["id"].combine_chunks())
    assert unf_digest(source, UnfParameters()).digest == f"UNF:6:{expected}"


PEAK = """
import re, sys
from pathlib import Path
from sameset.execution.digesting import lattice_digest, unf_digest
from sameset.canonical.unf import UnfParameters
from sameset.sources import open_source
source = open_source(sys.argv[2])
print((unf_digest(source, UnfParameters()) if sys.argv[1] == "unf6" else lattice_digest(source)).rows, end=" ")
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "few", "many"), [("unf6", 2_000_000, 20_000_000), ("lthash", 1_000_000, 6_000_000)])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, scheme: str, few: int, many: int) -> None:
    peaks, script = [], tmp_path / "peak.py"
    script.write_text(PEAK, "utf-8")  # with `-c` DuckDB takes the process for an interactive one and shows its progress
    for rows in (few, many):
        path = tmp_path / f"{rows}.parquet"
        with duckdb.connect() as con:
            con.execute(f"copy (select i % 1000 as i, i / 8 as x from range({rows}) t(i)) to '{path}'")  # noqa: S608
        command = [sys.executable, str(script), scheme, str(path)]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        read, peak = map(int, told.stdout.split())
        assert read == rows
        peaks.append(peak)
    assert peaks[1] < 1.1 * peaks[0]
