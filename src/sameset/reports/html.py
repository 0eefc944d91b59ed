"""A finding as one HTML page that needs nothing else: no other file, no network, no script."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sameset.reports.cells import visible
from sameset.reports.finding import Provenance, finding_of
from sameset.reports.sections import SECTIONS, Report
from sameset.reports.signs import SIGNS, TONES
from sameset.reports.texts import cut, printable
from sameset.reports.words import count_text, share_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison import Comparison
    from sameset.execution.checking import Check

__all__ = ["as_html", "page_of", "rendered"]

LONGEST_SENTENCE = 2_000


def as_html(found: Comparison | Check, limit: int, provenance: Provenance | None = None) -> str:
    """The finding as a page of at most about five megabytes, with at most `limit` rows a list.

    The same finding and provenance give the same page to the byte. Every text of the data is escaped.
    """
    report = Report(finding_of(found), limit, provenance or Provenance())
    sections = [
        rendered(section.name, section=told) for section in SECTIONS if (told := section.tell(report)) is not None
    ]
    finding = report.finding
    return page_of(finding.status, finding.symbol, finding.subject, finding.sentence, sections)


def rendered(template: str, **content: Any) -> Markup:
    """A part of a page, from the template of its name; every text in the content is escaped."""
    return Markup(_environment().get_template(f"{template}.html").render(**content))


def page_of(
    status: str, symbol: str, subject: str, sentence: str, sections: Sequence[Markup], style: str = "style"
) -> str:
    """A whole page: what its headline says, its sections, and the style sheets that it takes, by their names."""
    sheet = "\n".join(_style(name) for name in style.split())
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=printable(cut(f"{status}: {subject}", 200)),
            status=status,
            symbol=symbol,
            sentence=cut(sentence, LONGEST_SENTENCE),
            tone=TONES.get(status, "unknown"),
            sections=sections,
            style=Markup(sheet),
            style_hash=b64encode(sha256(sheet.encode()).digest()).decode(),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sameset.reports"),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Any] = {"count": count_text, "share": share_text}
    environment.filters.update(filters)
    environment.globals["signs"] = SIGNS
    return environment


@cache
def _style(name: str) -> str:
    return (files("sameset.reports") / "templates" / f"{name}.css").read_text(encoding="utf-8")
