"""The page: everything is on it once and escaped, nothing on it acts or fetches, and it has a bounded weight."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from findings import (
    CASES,
    HOSTILE,
    HOW,
    change,
    column,
    comparison,
    hostile,
    images,
    long,
    months,
    pair,
    resembling,
    small,
    wide,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sameset import compare
from sameset.comparison import Comparison
from sameset.comparison.delta import Delta
from sameset.comparison.estimates import Estimate
from sameset.comparison.patterns import Counted, Pattern, PatternKind
from sameset.comparison.rows import RowSample
from sameset.reports.html import as_html
from sameset.reports.markdown import as_markdown
from sameset.reports.texts import UNPRINTABLE

VOID = {"meta", "rect"}  # elements without an end on our pages
ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "main",
        "section",
        "div",
        "span",
        "small",
        "h1",
        "h2",
        "p",
    ),
    *("b", "i", "del", "ins", "ul", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "pre", "code", "svg", "defs", "pattern", "rect", "h3", "g", "path", "text"),
}
ATTRIBUTES = {
    *(
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "role",
        "tabindex",
        "aria-label",
        "aria-hidden",
    ),
    *("scope", "open", "viewbox", "preserveaspectratio", "width", "height", "patternunits", "patterntransform"),
    *(
        "x",
        "y",
        "fill",
        "d",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "pointer-events",
        "xmlns",
        "font-family",
        "font-size",
    ),
}


class Page(HTMLParser):
    """A page as its elements: which there are, with what, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.style = ""
        self.feed(text)
        self.close()
        assert self.open == [], "elements without an end"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def page_of(found: Any, limit: int = 10_000) -> Page:
    """The page, once it is known to hold nothing but what we put there."""
    text = as_html(found, limit, HOW)
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= ALLOWED
    assert {name for _, attributes in page.elements for name in attributes} <= ATTRIBUTES
    assert not UNPRINTABLE.search(text.replace("\n", ""))
    text.encode("utf-8")
    return page


def visible(text: str) -> str:
    """How a text is read on the page."""
    return UNPRINTABLE.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


# what is there


def test_the_page_tells_what_happened() -> None:
    page = page_of(small())
    for words in (
        "tuesday 2.parquet is modified: 12 rows changed, 5 added, 3 removed",
        "149,985",
        "99.98 %",
        "5 of 9 differ",
        "4 columns are the same",
        "12 rows changed",
        "87095.78 → 87095.8",
        "carefully final deposits → carefully final deposits␣",
        "10000005",
        "417889",
        "sameset compare monday.parquet 'tuesday 2.parquet' --key o_orderkey -o report.html",
        "2026-11-20 03:12:09 UTC",
        "physical types differ",
    ):
        assert words in page.text, words
    assert ("h1", {}) in page.elements


def test_a_check_tells_its_snapshots_and_relatives_and_the_command_to_see_it_again(tmp_path: Path) -> None:
    page = page_of(resembling(tmp_path))
    assert "orders is modified" in page.text
    assert "orders_eu= identical100 %" in page.text.replace("\n", "")
    assert f"sameset compare orders@1 orders@2 --registry {tmp_path / 'registry.db'}" in page.text


def test_a_new_dataset_has_a_page(tmp_path: Path) -> None:
    import pyarrow as pa

    from sameset import check_table

    page = page_of(check_table(pa.table({"a": [1, 2]}), "first", str(tmp_path / "r.db")))
    assert "first is new: 2 rows" in page.text
    assert "a+ newint64" in page.text.replace("\n", "")


@pytest.mark.parametrize("key", [["id"], None])
def test_a_real_comparison_shows_its_rows(key: list[str] | None, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,price\n1,2.5\n2,3.5\n3,1.0\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("id,price\n1,2.5\n2,4.5\n7,9.0\n", encoding="utf-8")
    page = page_of(compare(tmp_path / "a.csv", tmp_path / "b.csv", key=key))
    told = page.text.replace("\n", "")
    assert "79.0" in told
    assert ("1 row changed" in told) is bool(key)
    assert "4.5" in told


def test_the_same_finding_is_the_same_page() -> None:
    assert as_html(hostile(), 100, HOW) == as_html(hostile(), 100, HOW)


def test_what_is_the_same_is_folded_and_what_is_not_comes_first() -> None:
    text = as_html(wide(), 100, HOW)
    assert "feature_480_of_the_model" in text
    assert text.index("old_one") < text.index("458 columns are the same") < text.index("feature_001_of_the_model")


def test_hashes_stand_where_no_key_is_known() -> None:
    rows = tuple(change(None, number) for number in range(1, 4))
    page = page_of(comparison(key=(), delta=Delta(rows, (), ())))
    assert "3 hashes" in page.text
    assert f"{3:016x}{3:016x}" in page.text


def test_copies_of_a_row_are_counted() -> None:
    page = page_of(comparison(key=("a", "b"), delta=Delta((change({"a": 1, "b": None}, 1, 3),), (), ())))
    assert "3 keys (a, b)" in page.text
    assert "null (×3)" in page.text  # noqa: RUF001


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


def test_long_values_are_folded_and_cut() -> None:
    value = "x" * 5_000
    row = {"id": 1, "long": value, "number": 10**5_000}
    page = page_of(comparison(key=("id",), delta=Delta((change({"id": 1}),), (), ()), rows=RowSample((row,))))
    assert "… 4,840 more characters" in page.text
    assert "and 3,000 more characters" in page.text
    assert "x" * 2_000 not in page.text
    assert "a number of about 5,000 digits" in page.text


def test_of_two_long_values_the_difference_is_in_sight() -> None:
    before, after = {"note": "same " * 500 + "old end"}, {"note": "same " * 500 + "new end"}
    pairs = (pair({"id": 1}, before, after),)
    changes = (change({"id": 1}),)
    page = page_of(comparison(key=("id",), delta=Delta((), (), changes), rows=RowSample((), (), pairs)))
    assert "…same same same same old end → …same same same same new end" in page.text


def test_values_that_look_alike_tell_their_types() -> None:
    pairs = (pair({"id": 1}, {"v": "5"}, {"v": 5}), pair({"id": 2}, {"v": None}, {"v": "null"}))
    changes = tuple(change({"id": number}) for number in (1, 2))
    page = page_of(comparison(key=("id",), delta=Delta((), (), changes), rows=RowSample((), (), pairs)))
    assert "5 (str) → 5 (int)" in page.text


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


def test_the_map_the_buckets_and_the_patterns_are_on_the_page() -> None:
    page = page_of(months(), 100)
    assert "price was scaled by 1.1 (998 of 1,000 changed cells fit)" in page.text
    assert "price of the day by month: 5 of 36 differ" in page.text
    assert "2024-04: changed, 7,857 rows; price" in page.text
    assert "7,857 → 7,854" in page.text
    assert "and 3 more" in page_of(months(), 2).text


def test_patterns_of_many_columns_are_folded_away_and_none_is_left_out() -> None:
    names = [f"c{i}" for i in range(500)]
    pattern = Pattern(PatternKind.OFFSET, "c", 50, 50, Counted.CELLS, "was raised by 1", 1.0)
    text = as_html(months(names, [pattern]), 100)
    section = text[text.index('aria-label="Patterns"') : text.index('aria-label="Where')]
    first, rest = section.split("<details>")
    assert (first.count("<li>"), rest.count("<li>")) == (10, 490)
    assert "<summary>490 more</summary>" in rest


def test_figures_with_intervals_are_broken_where_they_end() -> None:
    wide = Estimate(18_706.0, 17_083.0, 20_000.0)
    narrow = Estimate(0.9768, 0.9599, 0.9867)
    told = column("price", left_distinct=wide, right_distinct=wide.scaled(0.5), came=wide, went=wide, values=narrow)
    text = as_html(comparison(columns=(told,)), 100)
    assert "18,706 [17,083, 20,000] →\n9,353 [8,542, 10,000]" in text
    assert "+18,706 [17,083, 20,000]\n-18,706 [17,083, 20,000]" in text
    assert "0.9768\n[0.9599, 0.9867]" in text


def test_samples_are_on_the_page_with_what_became_of_them() -> None:
    text = page_of(images(), 100).text
    for told in (
        "3 changed",
        "2 moved to another label",
        "dog → cat",
        "cat → none",
        "4 moved or renamed",
        "5,000 appeared",
    ):
        assert told in text
    assert "was called" in text
    assert "and 4,997 more" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_wrote_is_text_in_maps_patterns_and_samples(text: str) -> None:
    pattern = Pattern(PatternKind.SCALED, text, 20, 20, Counted.CELLS, f"was {text}")
    for found in (months((text or "x", "y"), [pattern]), images(text, text)):
        page = page_of(found, 100)
        assert {tag for tag, _ in page.elements} <= ALLOWED
        assert len(as_html(found, 100)) < 200_000
        assert len(as_markdown(found, 100)) < 65_536


def test_rows_that_came_several_times_say_so() -> None:
    delta = Delta((change(None, 1, 2),), (), ())
    page = page_of(comparison(key=(), delta=delta, rows=RowSample(({"a": 41},), added_times=(2,))))
    assert "41 (×2)" in page.text  # noqa: RUF001
    assert "are shown" not in page.text
