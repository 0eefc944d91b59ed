"""The page in a real browser: nothing fetched, nothing complained about, nothing wider than the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import Browser, browsing
from findings import CASES, HOW, long, resembling
from validations import run_of

from sameset.reports.finding import Provenance
from sameset.reports.html import as_html
from sameset.reports.validation import validation_of
from sameset.reports.validation_html import validation_html

pytestmark = pytest.mark.slow

WIDTHS = (360, 800, 1440)
MOST_MILLISECONDS = 2_000  # 130 on a quiet machine


@pytest.fixture
def browser(require: Callable[[str, str], str], tmp_path: Path) -> Iterator[Browser]:
    with browsing(require("chromium", "chromium"), tmp_path / "profile") as opened:
        yield opened


def written(case: str, folder: Path) -> Path:
    found = resembling(folder) if case == "check" else long(10_000) if case == "long" else CASES[case]()
    page = folder / f"{case}.html"
    page.write_text(as_html(found, 10_000, HOW), encoding="utf-8")
    return page


@pytest.mark.parametrize("case", [*CASES, "check"])
def test_a_page_fits_fetches_nothing_and_runs_nothing(case: str, browser: Browser, tmp_path: Path) -> None:
    page = written(case, tmp_path)
    for width in WIDTHS:
        browser.show(page, width)
        browser.value("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        assert browser.value("document.documentElement.scrollWidth") <= width
        assert [event for event in browser.events if event["method"] in TOLD] == []
        asked = [event["params"] for event in browser.events if event["method"] == "Network.requestWillBeSent"]
        assert [request["request"]["url"] for request in asked] == [page.as_uri()]
    assert browser.value("document.scripts.length") == 0


TOLD = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening")


def test_dark_and_light_are_followed(browser: Browser, tmp_path: Path) -> None:
    page = written("small", tmp_path)
    shown = []
    for scheme in ("light", "dark"):
        browser.show(page, 800, scheme=scheme)
        shown.append(browser.value("getComputedStyle(document.body).backgroundColor"))
    assert shown == ["rgb(245, 246, 248)", "rgb(20, 23, 27)"]


def test_a_moving_table_leaves_room_beside_its_fixed_column(browser: Browser, tmp_path: Path) -> None:
    browser.show(written("hostile", tmp_path), 360)
    widths = browser.value("[...document.querySelectorAll('tbody th:first-child')].map(cell => cell.offsetWidth)")
    assert max(widths) < 200


def test_a_validation_of_3000_results_is_there_at_once_and_narrows_to_what_failed(
    browser: Browser, tmp_path: Path
) -> None:
    page = tmp_path / "validation.html"
    page.write_text(validation_html(validation_of(run_of(300, 10)), Provenance("sameset 0.0", None)), encoding="utf-8")
    for width in WIDTHS:
        browser.show(page, width)
        assert browser.value("document.documentElement.scrollWidth") <= width
        assert browser.value("performance.getEntriesByType('navigation')[0].loadEventEnd") < MOST_MILLISECONDS
        assert [event for event in browser.events if event["method"] in TOLD] == []
    visible = "[...document.querySelectorAll('.results li')].filter(line => line.checkVisibility()).length"
    browser.value("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    for name, count in {"all": 3_000, "failed": 60, "unknown": 9, "met": 2_931, "critical": 64, "info": 3}.items():
        browser.value(f"document.querySelector('[for=shown-{name}]').click()")
        assert browser.value(visible) == count
