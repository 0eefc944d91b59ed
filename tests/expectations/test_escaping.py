"""Names of columns in Data Docs that Great Expectations writes by itself, and texts in versions that escape nothing."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import great_expectations.expectations as gxe
import pytest
from expectation_cases import ORDERS, Write
from projects import project

import sameset_expectations as se
from sameset_expectations.escaping import as_parameter

EVIL = "<img src=x onerror=alert(1)>&\"' $x ${y} $$"


@pytest.fixture
def pages(write: Write, tmp_path: Path) -> list[Path]:
    """The page of a suite and of its result, about a column whose name is markup; no helper of ours took part."""
    names = ["id", EVIL, "note"]
    address = write(ORDERS.rename_columns(names))
    expectations = [
        gxe.ExpectColumnValuesToNotBeNull(column=EVIL),
        se.ExpectColumnDigestToMatch(column=EVIL, digest=f"v1:{'0' * 32}"),
    ]
    context = project(tmp_path, address, *expectations, docs=True)
    context.checkpoints.get("nightly").run()
    site = tmp_path / "gx/uncommitted/data_docs/local_site"
    return [*(site / "expectations").rglob("*.html"), *(site / "validations").rglob("*.html")]


def test_headings_and_tables_of_contents_show_the_name_itself(pages: list[Path]) -> None:
    assert len(pages) == 2
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "<img src=x" not in text
        headings = [unescape(one).strip() for one in re.findall(r'<h5 class="m-0" >(.*?)</h5>', text, re.DOTALL)]
        contents = re.findall(r"ge-navigation-sidebar-link[^>]*>(.*?)</a>", text, re.DOTALL)
        assert EVIL in headings
        assert EVIL in [unescape(one).strip() for one in contents]


def test_tracebacks_and_queries_are_text(write: Write, tmp_path: Path) -> None:
    nowhere = se.ExpectTableToMatch(reference=f"nowhere {EVIL}")
    context = project(
        tmp_path, write(ORDERS), nowhere, gxe.ExpectColumnMaxToBeBetween(column=EVIL, max_value=1), docs=True
    )
    context.checkpoints.get("nightly").run()
    (page,) = (tmp_path / "gx/uncommitted/data_docs/local_site/validations").rglob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "Traceback (most recent call last):<br>" in text


@pytest.mark.parametrize(("escapes", "shown"), [(True, "<b>&"), (False, "&lt;b&gt;&amp;")])
def test_a_text_is_escaped_once_in_every_version(escapes: bool, shown: str) -> None:
    assert as_parameter("<b>&", escapes=escapes) == shown
