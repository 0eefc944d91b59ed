"""Data Docs of every expectation, passing and failing: sentences, tables and pictures, and no markup but ours."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from gallery import CASES, Case, write_pages

import sameset_expectations as se

EVIL = "<img src=x onerror=alert(1)>'\"&$x${y}"
OUTSIDE = re.compile(r"(?:href|src)=[\"']?(?:https?:)?//")
CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


class Seen(HTMLParser):
    """The elements of a page that could run or fetch something, and its texts."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def written(folder: Path, prefix: str) -> list[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        index = write_pages(folder / "project", str(folder / "registry.db"), prefix)
    site = Path(unquote(urlsplit(index).path)).parent
    se.make_self_contained(site)
    return sorted(site.rglob("*.html"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return written(tmp_path_factory.mktemp("pages"), "")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The same, where names of files, columns and datasets, and values, are markup."""
    return written(tmp_path_factory.mktemp("hostile"), EVIL)


def test_names_and_values_that_are_markup_stay_text(hostile: list[Path]) -> None:
    assert len(hostile) == 5  # index, two suites, two results
    for page in hostile:
        seen = Seen(page)
        assert not [attrs for tag, attrs in seen.tags if tag == "img"]
        assert not [
            attrs for _, attrs in seen.tags if any(name.startswith("on") and name != "onclick" for name in attrs)
        ]
        assert "onerror" not in "".join(
            value or "" for _, attrs in seen.tags for value in attrs.get("onclick", "") or ""
        )
    results = "".join(Seen(page).text for page in hostile)
    for name in ("orders", "price", "customer", "arriving.csv", "others.parquet", "currency"):
        assert f"{EVIL}{name}" in results


def test_pages_fetch_nothing_from_outside(pages: list[Path], hostile: list[Path]) -> None:
    for page in pages + hostile:
        text = page.read_text(encoding="utf-8")
        fetched = [found for found in OUTSIDE.findall(re.sub(r"<a\b[^>]*>", "", text)) if found]
        assert not fetched


def test_there_is_a_picture_or_a_table_below_every_sentence(pages: list[Path]) -> None:
    results = [page.read_text(encoding="utf-8") for page in pages if "validations" in page.parts]
    rows = [row for text in results for row in re.split(r'<i class="fas fa-(?:check-circle|times)[^>]*>', text)[1:]]
    shown = [row for row in rows if "badge-secondary" in row or "No row may" in row]
    assert len(shown) == 2 * len(CASES)
    for row in shown:
        assert "<svg" in row or "table-bordered" in row


@CASE
def test_its_sentence_is_for_reading(case: Case) -> None:
    for passes in (True, False):
        template, params = case.kind._told(case.made(passes=passes).configuration.kwargs)
        assert template[0].isupper() or template.startswith("$column")
        assert template.endswith(".")
        assert set(re.findall(r"\$(\w+)", template)) <= set(params)
        assert all(isinstance(text, str) and text for text in params.values())


@CASE
def test_a_suite_parameter_is_called_by_its_name(case: Case) -> None:
    fields = {name: {"$PARAMETER": f"my_{name}"} for name in case.passing if name not in ("strict", "order", "unit")}
    template, params = case.kind._told(case.kind(**{**case.passing, **fields}).configuration.kwargs)
    shown = template + " ".join(params.values())
    assert "$PARAMETER" not in shown
    assert not fields or "(parameter my_" in shown
