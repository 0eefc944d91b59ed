"""Data Docs without the outside: their pages take looks and scripts from a dozen public servers.

Offline they would be bare text, and the index page empty. A style and a script of our own (static/) stand in for Bootstrap,
jQuery, bootstrap-table, Font Awesome and Vega there, and step back where the usual ones can be fetched.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sameset.errors import SourceError

__all__ = ["finish_pages", "make_self_contained"]

MARK = "data-sameset-offline"
#: What was put in; the second kind by programs before this one.
ADDED = re.compile(
    rf"<meta {MARK}[^>]*>|<(style|script) {MARK}>.*?</\1>|<script>// What Data Docs call of jQuery.*?</script>",
    re.DOTALL,
)
OUTSIDE = re.compile(
    r"""<link\b[^>]*\bhref=["']?(?:https?:)?//[^>]*>"""
    r"""|<(script|iframe|object|video|audio)\b[^>]*\b(?:src|data)=["']?(?:https?:)?//[^>]*>.*?</\1>"""
    r"""|<(?:img|source|embed|input)\b[^>]*\bsrc(?:set)?=["']?(?:https?:)?//[^>]*>""",
    re.IGNORECASE | re.DOTALL,
)
STYLE = re.compile(r"""<style\b[^>]*>.*?</style>|\bstyle="[^"]*"|\bstyle='[^']*'""", re.IGNORECASE | re.DOTALL)
IMPORTED = re.compile(r"""@import\s+(?:url\()?\s*["']?(?:https?:)?//[^;<]*;?""", re.IGNORECASE)
ADDRESSED = re.compile(r"""url\(\s*(?:["']|&quot;|&#39;)?(?:https?:)?//[^)]*\)""", re.IGNORECASE)
#: Pages of results look for theirs one folder too low.
ICON = re.compile(r"""<link\s+rel=["']shortcut icon["'][^>]*>""")
NO_ICON = '<link rel="icon" href="data:,">'
#: What every page of Data Docs says of itself somewhere.
MADE_BY = re.compile(rb"great.?expectations", re.IGNORECASE)
#: The page may take from its own folder and from itself; what a pattern above has missed, the browser does not fetch.
POLICY = (
    f'<meta {MARK} http-equiv="Content-Security-Policy" '
    "content=\"default-src 'self' file: data: 'unsafe-inline'; connect-src 'none'; form-action 'none'\">"
)

Told = Callable[[int, int], None]


def make_self_contained(folder: str | Path, progress: Told = lambda done, total: None) -> int:
    """The number of pages of a Data Docs folder that were changed so that they fetch nothing from outside.

    Pages that Great Expectations did not make stay as they are. `progress` is told how many pages of how many are done.
    Raises SourceError if there is no such folder, if no page of Data Docs is in it, or if one cannot be read or written.
    """
    if not Path(folder).is_dir():
        raise SourceError(f"{folder} is no folder; give the one that holds the index.html of Data Docs")
    pages = list(_pages(Path(folder)))
    found = [_rewrite_told(page, done, len(pages), progress) for done, page in enumerate(pages, 1)]
    if all(one is None for one in found):
        raise SourceError(f"{folder} holds no page of Data Docs; give the folder that holds their index.html")
    for sheet in Path(folder).rglob("static/styles/data_docs_*.css"):
        before = sheet.read_text("utf-8")
        if _style_alone(before) != before:
            _replace(sheet, _style_alone(before))
    return sum(one is True for one in found)


def finish_pages(index: str, since: float) -> int:
    """The number of pages beside an index page (its path or file: address), written at `since` or later, that got the style."""
    if urlsplit(index).scheme not in ("", "file"):
        return 0
    folder = Path(unquote(urlsplit(index).path)).parent
    recent = [page for page in _pages(folder) if page.stat().st_mtime >= since - 1]
    return sum(_rewrite(page, alone=False) is True for page in recent)


def _pages(folder: Path) -> Iterator[Path]:
    return (page for page in folder.rglob("*.html") if page.is_file())


def _rewrite_told(page: Path, done: int, total: int, progress: Told) -> bool | None:
    try:
        changed = _rewrite(page, alone=True)
    except OSError as error:
        raise SourceError(f"{page} cannot be rewritten: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{page} is not UTF-8, as pages of Data Docs are; build Data Docs anew") from error
    progress(done, total)
    return changed


def _rewrite(page: Path, *, alone: bool) -> bool | None:
    """Whether the page was changed; None if it is none of Great Expectations'."""
    content = page.read_bytes()
    if not MADE_BY.search(content):
        return None
    before = content.decode()
    after = _alone(before) if alone else before if MARK in before else _with_style(before, "")
    if after != before:
        _replace(page, after)
    return after != before


def _alone(text: str) -> str:
    """The page without anything from outside, and with the newest of what stands in for it."""
    own = ICON.sub(NO_ICON, OUTSIDE.sub("", ADDED.sub("", text)))
    return _with_style(STYLE.sub(lambda style: _style_alone(style[0]), own), POLICY)


def _style_alone(style: str) -> str:
    return ADDRESSED.sub("none", IMPORTED.sub("", style))


def _with_style(text: str, policy: str) -> str:
    """The page with our style before all others, and our script after those that it stands in for."""
    style = f"{policy}<style {MARK}>{_static('offline.css')}</style>"
    script = f"<script {MARK}>{_static('offline.js')}</script>"
    return text.replace("<head>", f"<head>{style}", 1).replace("</head>", f"{script}</head>", 1)


@cache
def _static(name: str) -> str:
    return (files("sameset_expectations") / "static" / name).read_text("utf-8")


def _replace(page: Path, text: str) -> None:
    """Puts a page in place as a whole: another process may be serving or rewriting it."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=page.parent, delete=False) as file:
        file.write(text)
    os.chmod(file.name, page.stat().st_mode)
    os.replace(file.name, page)
