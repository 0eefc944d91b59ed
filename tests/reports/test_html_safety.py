"""The page holds: what others wrote is text, nothing acts or fetches, its weight is bounded, everybody can read it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from findings import (
    CASES,
    HOSTILE,
    HOW,
    change,
    comparison,
    hostile,
    images,
    long,
    months,
    pair,
    small,
    wide,
)
from html_page import ALLOWED, Page, page_of
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset.comparison import Comparison
from sameset.comparison.delta import Delta
from sameset.comparison.patterns import Counted, Pattern, PatternKind
from sameset.comparison.rows import RowSample
from sameset.reports.html import as_html
from sameset.reports.markdown import as_markdown
from sameset.reports.texts import UNPRINTABLE


def visible(text: str) -> str:
    """How a text is read on the page."""
    return UNPRINTABLE.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


# what others wrote is text


@pytest.mark.parametrize("case", CASES)
def test_the_page_is_well_formed_and_fetches_nothing(case: str) -> None:
    found: Any = CASES[case]()
    text = as_html(found, 10_000, HOW)
    page = page_of(found)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert style[1] == page.style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    (policy,) = (a["content"] for _, a in page.elements if a.get("http-equiv"))
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|expression\(|https?:", page.style)
    values = [
        value for tag, a in page.elements for name, value in a.items() if value and name not in ("content", "xmlns")
    ]
    assert not [value for value in values if re.search(r"https?:|javascript:|data:|//", value)]
    assert {value for value in values if "url(" in value} <= {"url(#hatch)"}


def test_every_hostile_text_is_read_as_it_is() -> None:
    page = page_of(hostile())
    for text in HOSTILE:
        if text and len(text) < 100:
            stripped = visible(text.strip(" "))
            assert page.text.count(stripped) >= 4, text  # a note, a column, a key, a value
    assert "empty text" in page.text
    assert "{{ 7 * 7 }}{% raw %}" in page.text


# Markup, templates, escapes, whatever Unicode has.
TEXTS = st.lists(
    st.sampled_from(HOSTILE[:12]) | st.text() | st.text("<>&'\"{}%/!-\x00\u202e\ud800 a\n", max_size=30),
    min_size=2,
    max_size=4,
)


@settings(max_examples=25)
@given(TEXTS)
def test_no_text_breaks_out(texts: list[str]) -> None:
    plain = page_of(hostile(tuple("x" for _ in texts)))
    page = page_of(hostile(tuple(texts)))
    allowed = {("span", ("sign",)), ("i", ("nothing",)), ("details", ()), ("summary", ()), ("del", ()), ("ins", ())}
    shapes = {(tag, tuple(filter(None, [a.get("class")]))) for tag, a in page.elements}
    known = {(tag, tuple(filter(None, [a.get("class")]))) for tag, a in plain.elements}
    strange = {(tag, kinds) for tag, kinds in shapes - known - allowed if tag not in ("td", "th", "div")}
    assert strange == set()


# how much


@pytest.mark.slow
def test_ten_thousand_rows_a_list_are_on_a_page_of_five_megabytes() -> None:
    text = as_html(long(10_000), 10_000, HOW)
    assert 1_000_000 < len(text.encode()) < 5_000_000
    for words in ("10,000 rows added", ">9,950 more<", ">Aachen<", ">2009999<", ">10000<"):
        assert words in text, words


def fat(rows: int, columns: int, cell: str) -> Comparison:
    names = [f"c{number} {cell}"[:400] for number in range(columns)]
    key = {names[0]: cell}
    before, after = dict.fromkeys(names[1:], cell), dict.fromkeys(names[1:], cell[::-1] + "x")
    pairs = (pair(key, before, after),) * rows
    whole = (key | before,) * rows
    changes = (change(key),) * rows
    wide_columns = wide(columns).columns
    return comparison(
        key=(names[0],),
        delta=Delta(changes, changes, changes),
        rows=RowSample(whole, whole, pairs),
        columns=tuple(replace(column, name=name) for column, name in zip(wide_columns, names, strict=False)),
        notes=(cell,) * 200,
    )


@pytest.mark.parametrize(
    "cell",
    [
        "&" * 2_000,
        pytest.param("\x00" * 3_000, marks=pytest.mark.slow),
        pytest.param("9" * 9_999, marks=pytest.mark.slow),
    ],
    ids=["escaped", "control", "digits"],
)
def test_no_page_weighs_more_than_five_megabytes(cell: str) -> None:
    text = as_html(fat(200, 500, cell), 10_000, HOW)
    assert len(text.encode()) < 5_300_000
    assert re.search(r"\d+ of 200 are shown", Page(text).text)


# colours and structure


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_the_contrast_of_wcag_aa(scheme: str) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", Page(as_html(small(), 10, HOW)).style, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark))
    tones = ["same", "grown", "changed", "alike", "lost", "unknown"]
    pairs = [("text", "page"), ("text", "panel"), ("muted", "panel"), ("focus", "panel"), ("text", "unknown-tint")]
    pairs += [(tone, ground) for tone in tones for ground in (f"{tone}-tint", "panel")]
    pairs += [("text", f"{tone}-tint") for tone in tones]
    pairs += [("lost", "changed-tint"), ("grown", "changed-tint"), ("muted", "changed-tint")]
    pairs += [("alike", "alike-tint"), ("muted", "unknown-tint")]
    assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5] == []
    parts = ("lost", "changed", "grown")
    assert [part for part in parts if contrast(colours[part], colours["line"]) < 3] == []


@pytest.mark.parametrize("case", CASES)
def test_the_page_can_be_read_by_keyboard_and_screen_reader(case: str) -> None:
    page = page_of(CASES[case](), 200)
    tags = [tag for tag, _ in page.elements]
    assert ("html", {"lang": "en"}) in page.elements
    assert [tags.count(tag) for tag in ("h1", "main", "header")] == [1, 1, 1]
    assert all(a.get("scope") in ("col", "row") for tag, a in page.elements if tag == "th")
    assert all(a.get("aria-label") for tag, a in page.elements if tag == "section")
    boxes = [a for tag, a in page.elements if "scroll" in (a.get("class") or "").split()]
    assert all((a["tabindex"], a["role"], bool(a["aria-label"])) == ("0", "region", True) for a in boxes)
    pictures = [
        (a.get("aria-hidden"), a.get("role"), following)
        for (tag, a), (following, _) in pairwise(page.elements)
        if tag == "svg"
    ]
    assert set(pictures) <= {("true", None, "defs"), (None, "img", "title")}  # what is not hidden has a name


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_wrote_is_text_in_maps_patterns_and_samples(text: str) -> None:
    pattern = Pattern(PatternKind.SCALED, text, 20, 20, Counted.CELLS, f"was {text}")
    for found in (months((text or "x", "y"), [pattern]), images(text, text)):
        page = page_of(found, 100)
        assert {tag for tag, _ in page.elements} <= ALLOWED
        assert len(as_html(found, 100)) < 200_000
        assert len(as_markdown(found, 100)) < 65_536
