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
    from sameset.comparison import Comparison
    from sameset.execution.checking import Check

__all__ = ["as_html"]

LONGEST_SENTENCE = 2_000


def as_html(found: Comparison | Check, limit: int, provenance: Provenance | None = None) -> str:
    """The finding as a page of at most about five megabytes, with at most `limit` rows a list.

    The same finding and provenance give the same page to the byte. Every text of the data is escaped.
    """
    report = Report(finding_of(found), limit, provenance or Provenance())
    environment = _environment()
    sections = [
        Markup(environment.get_template(f"{section.name}.html").render(section=told))
        for section in SECTIONS
        if (told := section.tell(report)) is not None
    ]
    finding = report.finding
    style = _style()
    return environment.get_template("page.html").render(
        title=printable(cut(f"{finding.status}: {finding.subject}", 200)),
        finding=finding,
        sentence=cut(finding.sentence, LONGEST_SENTENCE),
        tone=TONES.get(finding.status, "unknown"),
        sections=sections,
        style=Markup(style),
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
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
def _style() -> str:
    return (files("sameset.reports") / "templates" / "style.css").read_text(encoding="utf-8")
