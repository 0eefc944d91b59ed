"""A validation as one HTML page that needs nothing else: what nobody knows first, then what failed; filtered without a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sameset.reports.html import page_of, rendered
from sameset.reports.validation import OUTCOMES, SEVERITIES
from sameset.reports.validation_words import SIGNS, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from sameset.reports.finding import Provenance
    from sameset.reports.validation import Expectation, Table, ValidationReport

__all__ = ["validation_html"]

MOST_BYTES = 6_000_000
#: Colours: of those that failed by severity, of the others by outcome.
TONES = {"met": "same", "unknown": "alike", "critical": "lost", "warning": "changed", "info": "grown"}


def validation_html(report: ValidationReport, provenance: Provenance) -> str:
    """The validation as a page of at most about seven megabytes; what has no place there is counted.

    The same report and provenance give the same page to the byte. Every text is escaped.
    """
    sections = [rendered("validation_filter", filters=list(_filters(report)))]
    room = MOST_BYTES
    for number, table in enumerate(report.tables):
        section = _section(table, number, room)
        room = max(room - len(section), 0)
        sections.append(section)
    sections.append(rendered("validation_origin", facts=_facts(report, provenance), command=provenance.command))
    symbol = SIGNS[{"success": "met", "failure": "failed"}.get(report.outcome, "unknown")]
    return page_of(report.outcome, symbol, report.subject, report.sentence, sections, "style validation")


def _filters(report: ValidationReport) -> Iterator[dict[str, Any]]:
    """What the page can be narrowed to, each with how many there are; all of them at first."""
    counts, severities = report.counts, report.severities
    yield {"name": "all", "words": "all", "count": sum(counts.values()), "tone": "unknown"}
    for outcome in OUTCOMES:
        tone = "lost" if outcome == "failed" else TONES[outcome]
        yield {"name": outcome, "words": WORDS[outcome], "count": counts[outcome], "tone": tone}
    for severity in SEVERITIES:
        if severities[severity]:
            yield {
                "name": severity,
                "words": f"{severity}, not met",
                "count": severities[severity],
                "tone": TONES[severity],
            }


def _section(table: Table, number: int, room: int) -> Markup:
    unmet = [_item(one) for one in table.unmet]
    met = [_item(one) for one in table.met]
    shown = _fitting([*unmet, *met], room)
    return rendered(
        "validation_table",
        number=number,
        table=table,
        counts=table.counts,
        total=len(table.expectations),
        unmet=unmet[:shown],
        met=met[: max(shown - len(unmet), 0)],
        left_out=len(unmet) + len(met) - shown,
    )


def _item(one: Expectation) -> dict[str, Any]:
    tone = TONES[one.severity if one.outcome == "failed" else one.outcome]
    return {"one": one, "tone": tone, "sign": SIGNS[one.outcome], "word": WORDS[one.outcome]}


def _fitting(items: list[dict[str, Any]], room: int) -> int:
    """How many of the items have room, with the markup around them."""
    for number, item in enumerate(items):
        one = item["one"]
        facts = sum(len(name) + len(fact) + 60 for name, fact in one.facts)
        room -= 420 + facts + 2 * (len(one.told) + len(one.asked) + len(one.column))
        if room < 0:
            return number
    return len(items)


def _facts(report: ValidationReport, provenance: Provenance) -> list[tuple[str, str]]:
    facts = [
        *report.origin,
        ("report by", provenance.program),
        ("report of", f"{provenance.made_at:%Y-%m-%d %H:%M:%S %Z}" if provenance.made_at else ""),
    ]
    return [(name, fact) for name, fact in facts if fact]
