"""Data Docs without the outside: their pages take looks and scripts from a dozen public servers.

Offline they would be bare text, and the index page empty. A style of our own (static/) makes them readable there and
steps back where the usual ones can be fetched.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sameset.errors import SourceError

__all__ = ["finish_pages", "make_self_contained"]

MARK = "data-sameset-offline"
OUTSIDE = re.compile(
    r"""<link\b[^>]*\bhref=["']?(?:https?:)?//[^>]*>"""
    r"""|<script\b[^>]*\bsrc=["']?(?:https?:)?//[^>]*>\s*</script>"""
    r"""|<img\b[^>]*\bsrc=["']?(?:https?:)?//[^>]*>""",
    re.IGNORECASE,
)


def make_self_contained(folder: str | Path) -> int:
    """The number of pages of a Data Docs folder that were changed so that they fetch nothing from outside.

    Search and filters of the index page are lost with it. Raises SourceError if there is no such folder.
    """
    if not Path(folder).is_dir():
        raise SourceError(f"{folder} is no folder; give the one that holds the index.html of Data Docs")
    return sum(_rewrite(page, alone=True) for page in _pages(Path(folder)))


def finish_pages(index: str, since: float, columns: Iterable[str] = ()) -> int:
    """The number of pages beside an index page (its path or file: address), written at `since` or later, that were changed.

    They got the style, and headings of `columns` of an expectation that are texts: Great Expectations puts the names of
    columns into headings as they are, so that markup in them would be markup of the page.
    """
    if urlsplit(index).scheme not in ("", "file"):
        return 0
    folder = Path(unquote(urlsplit(index).path)).parent
    pages = [page for page in _pages(folder) if page.stat().st_mtime >= since - 1]
    odd = [name for name in columns if escape(name) != name or "$" in name]
    return sum(_rewrite(page, alone=False, columns=odd) for page in pages)


def _pages(folder: Path) -> Iterator[Path]:
    return folder.rglob("*.html")


def _rewrite(page: Path, *, alone: bool, columns: Iterable[str] = ()) -> bool:
    """Whether the page was changed."""
    before = page.read_text(encoding="utf-8")
    after = before if MARK in before else _with_style(before)
    for name in columns:
        after = _with_heading(after, name)
    if alone:
        after = OUTSIDE.sub("", after)
    if after != before:
        _replace(page, after)
    return after != before


def _with_style(text: str) -> str:
    """The page with our style before all others, and our script after those that it stands in for."""
    static = files("sameset_expectations") / "static"
    style = f"<style {MARK}>{(static / 'offline.css').read_text('utf-8')}</style>"
    script = f"<script>{(static / 'offline.js').read_text('utf-8')}</script>"
    return text.replace("<head>", f"<head>{style}", 1).replace("</head>", f"{script}</head>", 1)


def _with_heading(text: str, name: str) -> str:
    """The page with the name of a column as text in its headings and in the table of contents."""
    raw = "|".join(re.escape(one) for one in (name, name.replace("$", "$$")))
    heading = rf"""(<h5 class="m-0" >\s*|ge-navigation-sidebar-link[^>]*>\s*)(?:{raw})(\s*</(?:h5|a)>)"""
    return re.sub(heading, lambda found: found[1] + escape(name) + found[2], text)


def _replace(page: Path, text: str) -> None:
    """Puts a page in place as a whole: another process may be serving or rewriting it."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=page.parent, delete=False) as file:
        file.write(text)
    os.chmod(file.name, page.stat().st_mode)
    os.replace(file.name, page)
