"""A report's page, read as a browser reads it: its elements, attributes and text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from findings import HOW

from sameset.reports.html import as_html
from sameset.reports.texts import UNPRINTABLE

__all__ = ["ALLOWED", "Page", "page_of"]

VOID = {"meta", "rect"}  # elements without an end on our pages

#: The elements that a page may have.
ALLOWED = {
    "b", "body", "code", "dd", "defs", "del", "details", "div", "dl", "dt", "g", "h1", "h2", "h3", "head", "header",
    "html", "i", "ins", "li", "main", "meta", "p", "path", "pattern", "pre", "rect", "section", "small", "span",
    "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr", "ul",
}  # fmt: skip

#: The attributes that they may have.
ATTRIBUTES = {
    "aria-hidden", "aria-label", "charset", "class", "content", "d", "fill", "fill-opacity", "font-family",
    "font-size", "height", "http-equiv", "id", "lang", "name", "open", "patterntransform", "patternunits",
    "pointer-events", "preserveaspectratio", "role", "scope", "stroke", "stroke-width", "tabindex", "viewbox",
    "width", "x", "xmlns", "y",
}  # fmt: skip


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
