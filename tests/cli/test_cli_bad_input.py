"""Bad input: exit code 2, one sentence on stderr, nothing on stdout, nothing recorded. And names that try to be more."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_process import Outcome, in_process, run, write_rows

import sameset

Way = Callable[..., Outcome]


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Way:
    return lambda *arguments: in_process(*arguments, folder=tmp_path, capture=capsys)


@pytest.fixture(params=["here", pytest.param("process", marks=pytest.mark.slow)])
def sameset_cli(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Way:
    """The program in this process or, slower, in one of its own; both in a folder with `good.csv`."""
    write_rows(tmp_path / "good.csv")
    if request.param == "here":
        return lambda *arguments: in_process(*arguments, folder=tmp_path, capture=capsys)
    return lambda *arguments: run(*arguments, folder=tmp_path)


def truncated_parquet(folder: Path) -> None:
    pq.write_table(pa.table({"a": range(1000)}), folder / "x.parquet")
    (folder / "x.parquet").write_bytes((folder / "x.parquet").read_bytes()[:2000])


def text(name: str, content: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_text(content, encoding="utf-8")


def sketch_of_another_version(folder: Path) -> None:
    reader = pa.ipc.open_file(pa.py_buffer(sameset.sketch_table(pa.table({"a": [1]})).to_bytes()))
    table = reader.read_all().replace_schema_metadata({b"sameset": b"99"})
    with pa.ipc.new_file(str(folder / "x.sketch"), table.schema) as writer:
        writer.write_table(table)


def broken_sketch(folder: Path) -> None:
    data = sameset.sketch_table(pa.table({"a": [1]})).to_bytes()
    middle = len(data) // 2
    (folder / "x.sketch").write_bytes(data[:middle] + b"garbage" + data[middle + 7 :])


def registry_without_our_tables(folder: Path) -> None:
    (folder / "r.db").write_bytes(b"SQLite format 4\0 garbage" * 500)


def recorded(folder: Path) -> None:
    sameset.check_table(folder / "good.csv", "orders", str(folder / "r.db"))


def nothing(folder: Path) -> None:
    pass


CHECK = ("--name", "orders", "--registry", "r.db")
COMPARE = ("compare", "good.csv", "--registry", "r.db")
FAULTS: dict[str, tuple[Callable[[Path], Any], tuple[str, ...], str]] = {
    "missing file": (nothing, ("check", "x.parquet", *CHECK), "x.parquet does not exist"),
    "empty glob": (nothing, ("check", "x*.parquet", *CHECK), "has no Parquet"),
    "missing table": (
        lambda folder: duckdb.connect(str(folder / "x.duckdb")).close(),
        ("check", "x.duckdb::t", *CHECK),
        "no table 't'",
    ),
    "broken query": (
        lambda folder: duckdb.connect(str(folder / "x.duckdb")).close(),
        ("check", "x.duckdb::select * from", *CHECK),
        "x.duckdb::select * from",
    ),
    "truncated Parquet": (truncated_parquet, ("check", "x.parquet", *CHECK), "x.parquet"),
    "CSV with a broken line": (
        text("x.csv", "a,b\n1,2\n3,4,5\n"),
        ("check", "x.csv", *CHECK),
        "line 3 has 3 cells, but the header has 2",
    ),
    "empty file": (text("x.csv", ""), ("check", "x.csv", *CHECK), "x.csv is empty"),
    "unknown ending": (text("x.xls", "a"), ("check", "x.xls", *CHECK), "no kind of file that is understood"),
    "missing key column": (nothing, ("check", "good.csv", *CHECK, "--key", "nope"), "no key column 'nope'"),
    "key column twice": (nothing, ("check", "good.csv", *CHECK, "--key", "id", "--key", "id"), "a column twice"),
    "two columns of one name": (text("x.csv", "a,b,a\n1,2,3\n"), ("check", "x.csv", *CHECK), "two columns named 'a'"),
    "a registry that is none": (registry_without_our_tables, ("check", "good.csv", *CHECK), "r.db"),
    "no folder for a registry": (
        text("file", "x"),
        ("check", "good.csv", "-n", "a", "--registry", "file/r.db"),
        "file/r.db",
    ),
    "bad dataset name": (nothing, ("check", "good.csv", "-n", "a@b", "--registry", "r.db"), "cannot name a dataset"),
    "line break in a name": (nothing, ("check", "good.csv", "-n", "a\nb", "--registry", "r.db"), "control character"),
    "line break in a path": (nothing, ("check", "no\nsuch.csv", *CHECK), r"no\nsuch.csv does not exist"),
    "sketch of another version": (
        sketch_of_another_version,
        (*COMPARE, "x.sketch"),
        "x.sketch: the sketch has format 99",
    ),
    "broken sketch": (broken_sketch, (*COMPARE, "x.sketch"), "x.sketch: the sketch is damaged"),
    "garbage for a sketch": (text("x.sketch", "garbage"), (*COMPARE, "x.sketch"), "x.sketch is no kind of file"),
    "another key than the sketch": (recorded, (*COMPARE, "orders", "--key", "id"), "orders@1 was sketched with no key"),
    "missing operand": (nothing, (*COMPARE, "x.parquet"), "x.parquet is neither a source nor a snapshot"),
    "unknown dataset": (recorded, ("history", "ordres", "--registry", "r.db"), "did you mean 'orders'?"),
    "unknown operand": (recorded, (*COMPARE, "ordres"), "did you mean 'orders'?"),
    "unknown snapshot": (recorded, (*COMPARE, "orders@7"), "has no snapshot 7"),
    "no registry": (nothing, ("datasets", "--registry", "r.db"), "there is no registry at"),
    "-o into nowhere": (nothing, ("check", "good.csv", *CHECK, "-o", "no/such/file"), "no/such is no folder"),
    "-o below a file": (nothing, ("check", "good.csv", *CHECK, "-o", "good.csv/x"), "good.csv is no folder"),
    "sketch -o into nowhere": (nothing, ("sketch", "good.csv", "-o", "no/x"), "no is no folder"),
}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_input_is_one_sentence_and_nothing_is_recorded(fault: str, sameset_cli: Way, tmp_path: Path) -> None:
    make, arguments, told = FAULTS[fault]
    make(tmp_path)
    before = files(tmp_path)
    found = sameset_cli(*arguments)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("sameset: ")
    assert found.err.endswith("\n")
    assert found.err.count("\n") == 1
    assert told in found.err
    assert files(tmp_path) == before


def test_a_known_dataset_stays_as_it_was_when_a_delivery_is_broken(here: Way, tmp_path: Path) -> None:
    write_rows(tmp_path / "good.csv")
    recorded(tmp_path)
    truncated_parquet(tmp_path)
    before = files(tmp_path)
    assert here("check", "x.parquet", *CHECK).code == 2
    assert files(tmp_path) == before


def test_a_table_of_no_rows_is_a_table(here: Way, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("id,price\n", encoding="utf-8")
    found = here("check", "empty.csv", *CHECK, "--format", "json")
    assert (found.code, found.json["status"], found.json["right"]["rows"]) == (0, "new", 0)
    assert here("check", "empty.csv", *CHECK).code == 0
    write_rows(tmp_path / "good.csv")
    assert here("compare", "empty.csv", "empty.csv").code == 0
    assert here("compare", "good.csv", "empty.csv").code == 1


def test_a_file_whose_name_is_no_text_is_refused_in_one_sentence(here: Way, tmp_path: Path) -> None:
    os.rename(write_rows(tmp_path / "x.csv"), os.fsencode(tmp_path) + b"/bad\xff.csv")
    (name,) = os.listdir(tmp_path)
    found = here("check", name, *CHECK)
    assert (found.code, found.out, found.err.count("\n")) == (2, "", 1)
    assert r"bad\udcff.csv" in found.err
    assert os.listdir(tmp_path) == [name]


def test_a_device_is_written_to_and_not_replaced(here: Way, tmp_path: Path) -> None:
    write_rows(tmp_path / "good.csv")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert here("sketch", "good.csv", "-o", "pipe").code == 0
        assert os.read(reader, 6) == b"ARROW1"
    finally:
        os.close(reader)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.csv", "pipe"]


# names that try to be more than names

NAMES = {
    "markup": ("[bold]red[/]", r"\[bold\]red\[/\]"),
    "closing markup": ("[/] [red", r"\[/\] \[red"),
    "emoji code": (":smile: :warning:", ":smile: :warning:"),
    "table": ("a|b", r"a\|b"),
    "html": ("<script>alert(1)</script>&amp;", "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;"),
    "emphasis": ("*a* _b_ `c` ~~d~~ # e", r"\*a\* \_b\_ \`c\` \~\~d\~\~ \# e"),
    "link": ("[a](http://b)", r"\[a\](http://b)"),
    "backslash": ("a\\", "a\\\\"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_are_shown_as_they_are_and_escaped_in_markdown(kind: str, here: Way, tmp_path: Path) -> None:
    name, escaped = NAMES[kind]
    left, right = (pa.table({name: [1, 2, 3, n], "v": [name, "x", "y", "z"]}) for n in (4, 5))
    pq.write_table(left, tmp_path / "left.parquet")
    pq.write_table(right, tmp_path / "right.parquet")
    told = ("--name", name, "--registry", "r.db", "--key", name)
    here("check", "left.parquet", *told)
    shown = here("check", "right.parquet", *told)
    assert f"│ {name} is modified" in shown.out
    assert f"  {name} " in shown.out.partition("values in common")[2]
    markdown = here("check", "left.parquet", *told, "--format", "markdown").out
    assert markdown.startswith(f"## ~ {escaped} is modified")
    assert f"\n| {escaped} | same (rows aside) | " in markdown
    assert "<script" not in markdown
    for verb in (["datasets"], ["history", name]):
        assert name[:8] in here(*verb, "--registry", "r.db").out  # long ones are folded
    listed = here("datasets", "--registry", "r.db", "--format", "json").json
    assert [one["dataset"] for one in listed] == [name]
    rows = here("compare", "left.parquet", "right.parquet", "--format", "markdown").out
    assert all(line.count("|") - line.count(r"\|") in (0, 3, 5, 8) for line in rows.splitlines())


def test_control_characters_of_columns_and_values_do_not_reach_the_terminal(here: Way, tmp_path: Path) -> None:
    evil = "a\nb\x1b[31m\r\x07\u202ec"
    for name, number in (("left", 1), ("right", 2)):
        pq.write_table(pa.table({evil: [number], "v": [evil + str(number)]}), tmp_path / f"{name}.parquet")
    found = here("compare", "left.parquet", "right.parquet")
    assert found.code == 1
    assert not set("\x1b\r\x07\u202e") & set(found.out)
    assert "a\\nb\\x1b[31m" in found.out
    markdown = here("compare", "left.parquet", "right.parquet", "--format", "markdown").out
    assert "| a b" in markdown
    assert (
        json.loads(here("compare", "left.parquet", "right.parquet", "--format", "json").out)["columns"][0]["name"]
        == evil
    )


def test_very_long_names_are_folded_and_not_cut(here: Way, tmp_path: Path) -> None:
    name = "".join(f"part{i} "[:-1] for i in range(200))
    for side, number in (("left", 1), ("right", 2)):
        pq.write_table(pa.table({name: [number, 7, 8], "v": [1, 2, 3]}), tmp_path / f"{side}.parquet")
    found = here("compare", "left.parquet", "right.parquet")
    assert max(map(len, found.out.splitlines())) <= 120
    assert "part199" in "".join(line.strip("│ ") for line in found.out.splitlines())
    told = here("check", "left.parquet", "--name", "x" * 200, "--registry", "r.db")
    assert told.code == 0
    assert "".join(line.strip("│ ") for line in told.out.splitlines()).count("x" * 200) == 2


@pytest.mark.parametrize("option", ["-o", "--rows-out"])
def test_a_table_is_not_written_over_by_what_is_told_of_it(option: str, here: Way, tmp_path: Path) -> None:
    for name in ("left.csv", "right.csv"):
        (tmp_path / name).write_text(f"a\n{name}\n")
    told = here("compare", "left.csv", "right.csv", option, "right.csv")
    assert (told.code, told.out) == (2, "")
    assert "right.csv is to be read and cannot be written as well" in told.err
    assert (tmp_path / "right.csv").read_text() == "a\nright.csv\n"


VERBS_THAT_WRITE = {
    "check": ["check", "right.csv", "--name", "n", "--registry", "r.db", "-o", "right.csv"],
    "sketch": ["sketch", "right.csv", "-o", "right.csv"],
    "digest": ["digest", "right.csv", "-o", "right.csv"],
    "apply": ["apply", "left.sameset", "--add", "right.csv", "-o", "right.csv"],
}


@pytest.mark.parametrize("verb", VERBS_THAT_WRITE)
def test_no_verb_writes_over_what_it_reads(verb: str, here: Way, tmp_path: Path) -> None:
    (tmp_path / "right.csv").write_text("a\n1\n")
    here("sketch", "right.csv", "-o", "left.sameset", "-q")
    told = here(*VERBS_THAT_WRITE[verb])
    assert (told.code, told.out) == (2, "")
    assert "right.csv is to be read and cannot be written as well" in told.err
    assert (tmp_path / "right.csv").read_text() == "a\n1\n"
    assert not (tmp_path / "r.db").exists()


def test_a_sketch_that_is_written_anew_without_its_manifest_has_none(here: Way, tmp_path: Path) -> None:
    (tmp_path / "right.csv").write_text("a\n1\n")
    here("sketch", "right.csv", "-o", "s.sameset", "--manifest", "-q")
    assert (tmp_path / "s.sameset.manifest.parquet").exists()
    here("sketch", "right.csv", "-o", "s.sameset", "-q")
    assert not (tmp_path / "s.sameset.manifest.parquet").exists()
