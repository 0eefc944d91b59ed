"""Sets of files and batches on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from cli_process import Outcome, in_process

Here = Callable[..., Outcome]

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for number in range(3):
        (tmp_path / "data" / f"{number}.csv").write_text(f"id,price\n{number},{number}.5\n", encoding="utf-8")
    (tmp_path / "batch.csv").write_text("id,price\n7,7.5\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """Runs the program in this process, in that folder, with a registry of its own."""
    monkeypatch.setenv("SAMESET_REGISTRY", "r.db")
    return lambda *arguments: in_process(*arguments, folder=folder, capture=capsys)


CHECK = ("check", "data", "--name", "prices")


def files_of(found: Outcome) -> dict[str, object]:
    """What the JSON of a check says of files."""
    schema = json.loads((DOCS / "check.schema.json").read_text("utf-8"))
    told = schema["properties"]["files"] | {"$defs": schema["$defs"]}
    jsonschema.validate(found.json["files"], told, jsonschema.Draft202012Validator)
    files: dict[str, object] = found.json["files"]
    return files


def test_files_are_read_once_and_the_result_says_what_became_of_them(folder: Path, here: Here) -> None:
    assert "files" in here(*CHECK, "--format", "json").json
    typed = (*CHECK, "--schema-from", "prices")
    assert "3 files read and remembered" in here(*typed, "--incremental").out
    (folder / "data" / "3.csv").write_text("id,price\n3,3.5\n", encoding="utf-8")
    (folder / "data" / "0.csv").rename(folder / "data" / "zero.csv")
    found = files_of(here(*typed, "--format", "json", "--trust-metadata"))
    assert (found["total"], found["unchanged"], found["read"]) == (4, 2, 1)
    assert found["renamed"] == {"count": 1, "first": [{"from": "0.csv", "to": "zero.csv"}]}
    again = here(*typed, "--format", "markdown")
    assert again.code == 0
    assert "4 of 4 files unchanged; 0 read" in again.out
    assert files_of(here(*typed, "--format", "json", "--no-incremental")) is None


def test_a_csv_without_types_is_read_as_a_whole_and_says_so(here: Here) -> None:
    assert "all files were read: the types of a CSV's columns" in here(*CHECK, "--incremental").out


def test_a_batch_is_added_to_a_snapshot_and_taken_out_again(here: Here) -> None:
    first = here(*CHECK, "--format", "json").json
    told = here("apply", "prices", "--add", "batch.csv")
    assert (told.code, told.out) == (
        0,
        f"prices is the same with rows appended: 1 row added; recorded as prices@2, digest {told.out.split()[-1]}\n",
    )
    back = here("apply", "prices", "--remove", "batch.csv", "--format", "json").json
    assert (back["status"], back["snapshot"], back["digest"]) == ("truncated", "prices@3", first["right"]["digest"])
    assert (back["added"], back["removed"], back["seen"], back["rows"]) == (0, 1, 1, 3)


def test_a_batch_is_added_to_a_sketch_file(folder: Path, here: Here) -> None:
    here("sketch", "data", "-o", "a.sameset")
    assert here("apply", "a.sameset", "--add", "batch.csv", "-o", "b.sameset").out.startswith(
        "b.sameset: 4 rows, digest"
    )
    compared = here("compare", "a.sameset", "b.sameset", "--format", "json").json
    assert (compared["verdict"], compared["rows"]["added"]) == ("appended", 1)


def test_a_sketch_file_that_is_written_anew_has_not_the_manifest_of_the_old_one(folder: Path, here: Here) -> None:
    here("sketch", "data", "--manifest", "-o", "a.sameset")
    assert here("apply", "a.sameset", "--add", "batch.csv", "-o", "a.sameset").code == 0
    assert not (folder / "a.sameset.manifest.parquet").exists()


REFUSED = {
    "no batch": (("prices",), "there is no batch to apply"),
    "no place for the result": (("a.sameset", "--add", "batch.csv"), "say with -o where"),
    "no sketch": (("batch.csv", "--add", "batch.csv", "-o", "x.sameset"), "is no sketch and no snapshot"),
    "unknown": (("nothing", "--add", "batch.csv"), "there is no dataset 'nothing'"),
    "not there": (("prices", "--remove", "batch.csv"), "that the table does not have"),
    "missing": (("prices", "--add", "none.csv"), "none.csv does not exist"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_applied_is_one_sentence_and_records_nothing(case: str, folder: Path, here: Here) -> None:
    here(*CHECK)
    here("sketch", "data", "-o", "a.sameset")
    arguments, told = REFUSED[case]
    found = here("apply", *arguments)
    assert (found.code, found.out, found.err.count("\n")) == (2, "", 1)
    assert told in found.err
    assert not (folder / "x.sameset").exists()
    assert len(here("history", "prices", "--format", "json").json) == 1
