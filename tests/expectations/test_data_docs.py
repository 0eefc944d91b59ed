"""Data Docs as people see them: sentence and table, every text escaped, readable without the outside."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pytest
from expectation_cases import CHANGED, KEYED, ORDERS, Write

import sameset_expectations as se
from sameset import Registry, Spec, sketch_table
from sameset.errors import SourceError, SpecError
from sameset.execution.checking import Arrival, record_check

EVIL = "<img src=x onerror=alert(1)>"
OUTSIDE = re.compile(r"<(?:link|script|img)\b[^>]*(?:href|src)=[\"']?https?:|url\(.?https?:")


def words(page: Path) -> str:
    """The text of a page without its markup."""
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def pages_of(index: str | None) -> dict[str, Path]:
    assert index is not None
    folder = Path(unquote(urlsplit(index).path)).parent
    results = sorted((folder / "validations").rglob("*.html"))
    return {
        "index": folder / "index.html",
        "suite": next((folder / "expectations").glob("*.html")),
        "result": results[-1],
    }


@pytest.fixture
def pages(write: Write, registry: str, tmp_path: Path) -> dict[str, Path]:
    """Data Docs of a delivery that changed and resembles another dataset, with names full of markup."""

    def evil(table: pa.Table) -> pa.Table:
        return table.rename_columns(["id", EVIL, "note"])

    with Registry.open(registry) as opened:
        for name, table in ((EVIL, ORDERS), (f"{EVIL} copy", CHANGED)):
            address = write(evil(table), f"{len(name)}.parquet")
            record_check(opened, Arrival(name, sketch_table(address, KEYED), address))
    expectations = [
        se.ExpectTableToMatch(reference=f"{EVIL}@1"),
        se.ExpectTableToDifferFromPrevious(name=EVIL),
        se.ExpectTableNotToResembleAnother(name=EVIL, max_similarity=0.5),
    ]
    address = write(evil(CHANGED), "<script>'`$x${y}.parquet")
    validation = se.validate_table(address, KEYED, expectations, name=EVIL, context_folder=tmp_path / "project")
    return pages_of(validation.docs)


def test_the_result_page_shows_sentences_and_tables(pages: dict[str, Path]) -> None:
    shown = words(pages["result"])
    assert f"Must hold the same rows as {EVIL}@1 ." in shown
    assert "~ is modified: 1 row changed" in shown
    assert "Rows that differ How many" in shown
    assert "changed 1 id = 0" in shown
    assert f"{EVIL} changed" in shown
    assert f"Must differ from the previous snapshot of {EVIL} ." in shown
    assert f"No dataset but {EVIL} may be more similar than 0.5 in its rows." in shown
    assert f"{EVIL} copy = identical 1 1 1" in shown


def test_the_suite_page_shows_the_sentences(pages: dict[str, Path]) -> None:
    assert f"Must hold the same rows as {EVIL}@1 ." in words(pages["suite"])


@pytest.mark.parametrize("page", ["index", "suite", "result"])
def test_every_name_is_escaped(page: str, pages: dict[str, Path]) -> None:
    text = pages[page].read_text(encoding="utf-8")
    assert "<img src=x" not in text
    assert "<script>'" not in text


def test_a_passing_expectation_shows_its_table_too(write: Write, registry: str, tmp_path: Path) -> None:
    expectation = se.ExpectTableToMatch(reference=write(ORDERS, "reference.csv"))
    folder = tmp_path / "project"
    validation = se.validate_table(write(ORDERS), KEYED, [expectation], name="orders", context_folder=folder)
    shown = words(pages_of(validation.docs)["result"])
    assert shown.count(validation.sketch.text_digest) == 2
    assert "= holds the same rows" in shown


def test_the_usual_expectations_are_shown_for_a_first_and_a_stale_delivery(
    write: Write, registry: str, tmp_path: Path
) -> None:
    address, folder = write(ORDERS), tmp_path / "project"
    first = se.validate_table(address, KEYED, name="orders", context_folder=folder)
    assert (first.success, first.evaluated) == (True, 2)
    assert "has no previous snapshot" in words(pages_of(first.docs)["result"])
    with Registry.open(registry) as opened:
        record_check(opened, Arrival("orders", first.sketch, address, first.source))
    again = se.validate_table(address, KEYED, name="orders", context_folder=folder)
    assert (again.success, again.severity) == (False, "warning")
    assert "holds the same rows as orders@1" in words(pages_of(again.docs)["result"])
    assert len(list(folder.rglob("validations/**/*.html"))) == 2


@pytest.mark.parametrize("name", ["../../outside", "a/b", "ünï " * 45, "..", "a.b"])
def test_odd_dataset_names_stay_inside_the_folder(name: str, write: Write, registry: str, tmp_path: Path) -> None:
    folder = tmp_path / "within" / "project"
    address = write(ORDERS)
    before = set(tmp_path.iterdir())
    validation = se.validate_table(address, Spec(), name=name.strip(), context_folder=folder)
    assert name.strip() in words(pages_of(validation.docs)["result"])
    assert set(tmp_path.iterdir()) - before == {tmp_path / "within"}
    assert list((tmp_path / "within").iterdir()) == [folder]


def test_a_name_that_no_dataset_can_bear_is_refused(write: Write) -> None:
    with pytest.raises(SpecError, match="cannot name a dataset"):
        se.validate_table(write(ORDERS), KEYED, name="a@b")


def test_pages_bring_their_own_style_and_leave_the_usual_one_in_place(pages: dict[str, Path]) -> None:
    for page in pages.values():
        text = page.read_text(encoding="utf-8")
        assert text.count("<style data-sameset-offline>") == 1
        assert text.index("data-sameset-offline") < text.index("bootstrap.min.css")


def test_self_contained_pages_fetch_nothing_from_outside(pages: dict[str, Path]) -> None:
    assert OUTSIDE.search(pages["result"].read_text(encoding="utf-8"))
    before = {name: words(page) for name, page in pages.items()}
    assert se.make_self_contained(pages["index"].parent) >= 3
    for name, page in pages.items():
        assert not OUTSIDE.search(page.read_text(encoding="utf-8"))
        assert words(page) == before[name]
    assert se.make_self_contained(pages["index"].parent) == 0


def test_a_folder_without_pages_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no folder"):
        se.make_self_contained(tmp_path / "nowhere")
