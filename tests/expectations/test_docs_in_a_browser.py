"""Self-contained Data Docs in a real browser without a network: nothing asked for, nothing complained about, all usable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import great_expectations.expectations as gxe
import pytest
from browser import Browser, browsing
from expectation_cases import CHANGED, ORDERS, Write
from great_expectations.checkpoint import UpdateDataDocsAction
from projects import checkpoint

import sameset_expectations as se

pytestmark = pytest.mark.slow

TOLD = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening")
EVIL = "<img src=https://evil.example/x.png onerror=alert(1)>"


@pytest.fixture
def browser(require: Callable[[str, str], str], tmp_path: Path) -> Iterator[Browser]:
    with browsing(require("chromium", "chromium"), tmp_path / "profile") as opened:
        opened.call(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
        )
        yield opened


@pytest.fixture
def docs(write: Write, tmp_path: Path) -> Path:
    """Data Docs of thirty runs of a checkpoint on a data source of pandas, one of them named to do harm."""
    context = se.get_context(tmp_path / "project")
    data = context.data_sources.add_pandas("frames").add_parquet_asset("orders", path=write(ORDERS))
    expectations = [
        gxe.ExpectColumnValuesToBeInSet(column="note", value_set=["sent", EVIL]),
        gxe.ExpectColumnMaxToBeBetween(column="nowhere", max_value=1),
        gxe.ExpectTableRowCountToEqual(value=1_000),
        se.ExpectTableToMatch(reference=write(CHANGED, "changed.parquet")),
    ]
    nightly = checkpoint(context, data.add_batch_definition("all"), *expectations)
    for _ in range(29):
        nightly.validation_definitions[0].run()
    nightly.actions = [UpdateDataDocsAction(name="docs")]
    nightly.save()
    se.run_checkpoint(context, "nightly", run_id="last")
    context.build_data_docs()
    folder = tmp_path / "project/gx/uncommitted/data_docs/local_site"
    se.make_self_contained(folder)
    return folder


def shown(browser: Browser, page: Path, width: int = 1_440) -> list[Any]:
    """What a page asked for and complained about."""
    browser.show(page, width)
    asked = [
        event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in asked if url != page.as_uri()] + [one for one in browser.events if one["method"] in TOLD]


def test_pages_ask_for_nothing_and_can_be_used(browser: Browser, docs: Path) -> None:
    pages = sorted(docs.rglob("*.html"))
    assert len(pages) == 32
    for width in (360, 800, 1440):
        for page in (docs / "index.html", pages[-1], next((docs / "expectations").glob("*.html"))):
            assert shown(browser, page, width) == []
            assert browser.value("document.documentElement.scrollWidth") <= width

    shown(browser, docs / "index.html")
    rows = "[...document.querySelectorAll('tbody tr')].filter(row => row.checkVisibility()).length"
    assert browser.value(rows) == 25
    browser.value("[...document.querySelectorAll('.ge-pages button')].find(one => !one.disabled).click()")
    assert browser.value(rows) == 5
    browser.value("document.querySelector('[aria-label=Search]').value = 'last'")
    browser.value("document.querySelector('[aria-label=Search]').dispatchEvent(new Event('input'))")
    assert browser.value(rows) == 1
    browser.value("document.querySelector('.tab-pane.active button').click()")
    assert browser.value(rows) == 25
    browser.value("document.querySelectorAll('[data-toggle=tab]')[1].click()")
    assert browser.value(rows) == 1

    assert shown(browser, pages[-1]) == []
    section = "document.querySelectorAll('.ge-section')[%d].%s"
    for number in range(1, browser.value("document.querySelectorAll('.ge-section').length")):
        wide = browser.value(section % (number, "offsetWidth"))
        assert browser.value(section % (number, "querySelector('.table-responsive > table').offsetWidth")) > 0.9 * wide
    sections = "[...document.querySelectorAll('.ge-section')].filter(one => one.checkVisibility()).length"
    lines = "[...document.querySelectorAll('.ge-section td')].filter(one => one.checkVisibility()).length"
    before = browser.value(sections), browser.value(lines)
    browser.value("[...document.querySelectorAll('.btn-group-toggle input')][1].click()")
    assert browser.value(lines) < before[1]
    browser.value("[...document.querySelectorAll('.btn-group-toggle input')][0].click()")
    assert (browser.value(sections), browser.value(lines)) == before
    fold = "document.querySelector('.collapse').checkVisibility()"
    assert browser.value(fold) is False
    browser.value("document.querySelector('[data-toggle=collapse]').click()")
    assert browser.value(fold) is True


CHART = """<!DOCTYPE html><!-- Great Expectations --><html><head><script src="https://cdn.example/vega@5"></script></head><body>
<div id="section-1-graph"></div><script>
vlSpec = {"datasets": {"data-1": [{"values": "paid <b>", "fraction": 0.5}, {"values": "sent", "fraction": null}]}};
vegaEmbed('#section-1-graph', vlSpec, {actions: false}).then(result => null).catch(console.warn);
</script></body></html>"""


def test_a_chart_is_the_table_of_its_values(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "docs" / "chart.html"
    page.parent.mkdir()
    page.write_text(CHART, encoding="utf-8")
    assert se.make_self_contained(page.parent) == 1
    assert shown(browser, page) == []
    assert browser.value("document.querySelector('table').innerText").split() == [
        "values",
        "fraction",
        "paid",
        "<b>",
        "0.5",
        "sent",
    ]
