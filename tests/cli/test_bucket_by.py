"""`--bucket-by`: told by every verb, remembered by the registry, and refused before anything is read where it makes no sense."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_process import Outcome, in_process

DOCS = Path(__file__).parents[2] / "docs"
Here = Callable[..., Outcome]


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Here:
    """The program in a folder with monday.parquet and tuesday.parquet, in which three prices of March 2024 changed."""
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=i) for i in range(600)]
    monday = pa.table({"id": range(600), "day": days, "price": [i / 4 for i in range(600)], "the:day": days})
    prices = [-1.0 if dt.date(2024, 3, 5) <= day <= dt.date(2024, 3, 7) else i / 4 for i, day in enumerate(days)]
    pq.write_table(monday, tmp_path / "monday.parquet")
    pq.write_table(monday.set_column(2, "price", pa.array(prices)), tmp_path / "tuesday.parquet")
    return lambda *arguments: in_process(*arguments, folder=tmp_path, capture=capsys)


def test_a_sketch_of_a_table_that_is_gone_says_where_it_differed(here: Here, tmp_path: Path) -> None:
    made = here("sketch", "monday.parquet", "--key", "id", "--bucket-by", "day", "-o", "monday.sameset")
    assert made.code == 0
    (tmp_path / "monday.parquet").unlink()
    text = here("compare", "monday.sameset", "tuesday.parquet")
    assert text.code == 1
    assert "3 rows changed; by day only 2024-03 differs, only in price" in " ".join(text.out.replace("│", " ").split())
    assert "2024  ..~....." in text.out
    found = here("compare", "monday.sameset", "tuesday.parquet", "--format", "json").json
    assert found["buckets"]["differing"] == [
        {
            "bucket": "2024-03",
            "state": "changed",
            "left_rows": 31,
            "right_rows": 31,
            "columns": ["price"],
            "more_columns": 0,
        }
    ]
    assert (found["buckets"]["by"], found["buckets"]["same"]) == ("month", 19)
    jsonschema.validate(found["buckets"], schema_of_buckets())
    markdown = here("compare", "monday.sameset", "tuesday.parquet", "--format", "markdown").out
    assert "### Where: day by month\n\n```text\n2023  ............\n2024  ..~.....\n" in markdown


def schema_of_buckets() -> dict[str, Any]:
    """That of both pages, in which it is the same."""
    pages = [json.loads((DOCS / f"{page}.schema.json").read_text("utf-8"))["$defs"] for page in ("comparison", "check")]
    one, other = ({name: page[name] for name in ("buckets", "bucket")} for page in pages)
    assert one == other
    return {"$ref": "#/$defs/buckets", "$defs": one}


def test_common_columns_are_compared_in_buckets_too_while_both_tables_are_there(here: Here, tmp_path: Path) -> None:
    tuesday = pq.read_table(tmp_path / "tuesday.parquet")
    pq.write_table(
        tuesday.drop_columns(["the:day"]).append_column("new", tuesday["id"]), tmp_path / "wednesday.parquet"
    )
    asked = ("compare", "monday.parquet", "wednesday.parquet", "--format", "json", "--key", "id", "--bucket-by")
    found = here(*asked, "day").json
    assert (found["basis"], found["buckets"]["rows_as_wholes"]) == ("common columns", True)
    assert [(one["bucket"], one["columns"]) for one in found["buckets"]["differing"]] == [("2024-03", ["price"])]
    gone = here(*asked, "the:day:")
    assert (gone.code, "wednesday.parquet: there is no column 'the:day' to put rows into" in gone.err) == (2, True)


def test_the_registry_remembers_the_buckets_until_told_otherwise(here: Here) -> None:
    checked = ("--name", "orders", "--registry", "r.db", "--format", "json")
    first = here("check", "monday.parquet", "--key", "id", "--bucket-by", "day:week", *checked)
    assert (first.code, first.json["buckets"]) == (0, None)
    second = here("check", "tuesday.parquet", *checked).json
    assert [one["bucket"] for one in second["buckets"]["differing"]] == ["2024-W10"]
    third = here("check", "monday.parquet", "--bucket-by", "", *checked).json
    assert third["buckets"] is None
    assert "only one of the sketches has buckets, so that none could be compared" in third["notes"]
    assert here("check", "tuesday.parquet", *checked).json["notes"] == []


def test_the_environment_may_ask_for_buckets(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMESET_BUCKET_BY", "id:range=100")
    found = here("compare", "monday.parquet", "tuesday.parquet", "--format", "json").json
    assert [one["bucket"] for one in found["buckets"]["differing"]] == ["[400, 500)"]


def test_columns_may_have_colons_in_their_names(here: Here) -> None:
    for by in ("the:day:", "the:day:month"):
        assert here("compare", "monday.parquet", "tuesday.parquet", "--bucket-by", by).code == 1
    wrong = here("compare", "monday.parquet", "tuesday.parquet", "--bucket-by", "the:day")
    assert (wrong.code, "there is no column 'the'" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("dya", "there is no column 'dya' to put rows into buckets by; the columns are 'id', 'day'"),
        ("day:monht", "there is no column 'day:monht'"),
        ("price:month", "column 'price' holds values of the family number, which have no month"),
        ("day:hour", "which have no hour; bucket them by day: day:day"),
        ("day:range=5", "ranges are of numbers"),
        ("id:0", "rows cannot be put into buckets by 'id:0': there can be 1 to 4,096"),
        ("id:range=0", "ranges can be 1 to 2^50 wide"),
    ],
)
@pytest.mark.parametrize("verb", ["sketch", "compare", "check"])
def test_what_makes_no_sense_is_one_sentence_and_nothing_is_recorded(
    here: Here, tmp_path: Path, verb: str, by: str, told: str
) -> None:
    rest = {
        "sketch": ["monday.parquet", "-o", "out.sameset"],
        "compare": ["monday.parquet", "tuesday.parquet"],
        "check": ["monday.parquet", "--name", "orders", "--registry", "r.db"],
    }
    found = here(verb, *rest[verb], "--bucket-by", by)
    assert (found.code, found.out) == (2, "")
    assert told in found.err
    assert len(found.err.splitlines()) == 1
    assert not (tmp_path / "out.sameset").exists()
    if verb == "check":
        assert here("history", "orders", "--registry", "r.db").code == 2


def test_a_sketch_made_with_others_is_not_asked_for_buckets(here: Here) -> None:
    here("sketch", "monday.parquet", "-o", "monday.sameset")
    found = here("compare", "monday.sameset", "tuesday.parquet", "--bucket-by", "day")
    assert (found.code, "no bucket_by, not bucket_by day; leave --bucket-by out" in found.err) == (2, True)
