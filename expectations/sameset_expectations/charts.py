"""Small pictures in results: SVG inside the page, which needs no script and nothing from outside.

Great Expectations puts a template into the page as it is, but for names behind a dollar sign: so every text is escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from great_expectations.render import RenderedStringTemplateContent

from sameset.comparison.estimates import Estimate
from sameset.reports.overlap import Part, Stripe, stripes
from sameset_expectations.bounds import allowed_text, share_text

__all__ = ["drawing", "rows_bar", "scale_bar"]

COLOURS = {
    "same": "#adb5bd",
    "changed": "#e0a100",
    "added": "#2f9e44",
    "removed": "#d6336c",
    "unsure": "url(#hatch)",
}
DECISIONS = {"within": "#2f9e44", "beyond": "#c92a2a", "unsure": "#b36b00"}
WORDS = {"within": "allowed", "beyond": "not allowed", "unsure": "not known well enough"}
WIDTH, BAR, LINE = 640.0, 16.0, 18.0
SIGN = 6.6  # width of a sign of the labels, about
HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="3" height="6" fill="#495057" fill-opacity="0.55"/></pattern></defs>'
)


def drawing(body: str, height: float, label: str) -> RenderedStringTemplateContent:
    """A picture of WIDTH x `height` from SVG elements; `label` says in words what it shows."""
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}" style="width:100%;max-width:{WIDTH:g}px;display:block;margin:.6rem 0 .2rem" '
        'font-family="system-ui,sans-serif" font-size="12" fill="#343a40">'
    )
    svg = f"{opening}{body}</svg>".replace("$", "&#36;").replace("\n", " ")
    return RenderedStringTemplateContent(
        content_block_type="string_template", string_template={"template": svg, "params": {}, "tag": "div"}
    )


def rows_bar(parts: Sequence[Mapping[str, Any]]) -> RenderedStringTemplateContent | None:
    """The rows of two tables as one bar: removed, changed, the same, added; None where there is nothing to see."""
    known = [Part(part["kind"], part["words"], Estimate(part["estimate"], part["low"], part["high"])) for part in parts]
    shown = [part for part in known if part.rows.high > 0]
    if not shown:
        return None
    bar = "".join(map(_stripe, stripes(shown)))
    labels = [f"{_rows(part.rows)} {part.words}" for part in shown]
    hatch = HATCH if any(not part.rows.is_exact for part in shown) else ""
    legend, lines = _legend([(COLOURS[part.kind], label) for part, label in zip(shown, labels, strict=True)])
    return drawing(hatch + bar + legend, BAR + LINE * lines + 4, "rows: " + ", ".join(labels))


def scale_bar(measured: Mapping[str, Any]) -> RenderedStringTemplateContent:
    """A share from 0 to 1 as a point with its interval, above the part of the scale that its bounds allow."""
    low = 0.0 if measured["min"] is None else float(measured["min"])
    high = 1.0 if measured["max"] is None else float(measured["max"])
    colour = DECISIONS[measured["decision"]]
    left, right = _at(measured["low"]), _at(measured["high"])
    middle = BAR / 2 + 2
    width = max(_at(high) - _at(low), 3.0)
    start = min(_at(low), _at(1.0) - width)
    allowed = allowed_text(measured["min"], measured["max"])
    body = (
        f'<rect x="{_at(0):g}" y="{middle - 4:g}" width="{_at(1) - _at(0):g}" height="8" rx="4" fill="#e9ecef"/>'
        f'<rect x="{start:.1f}" y="{middle - 4:g}" width="{width:.1f}" height="8" fill="#b2dfbc"/>'
        f'<path d="M{left:.1f} {middle:g}H{right:.1f}M{left:.1f} {middle - 6:g}v12M{right:.1f} {middle - 6:g}v12" '
        f'stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{_at(measured["estimate"]):.1f}" cy="{middle:g}" r="5" fill="{colour}"/>'
        f'<text x="{_at(0):g}" y="{BAR + 16:g}" text-anchor="middle" fill="#868e96">0</text>'
        f'<text x="{_at(1):g}" y="{BAR + 16:g}" text-anchor="middle" fill="#868e96">1</text>'
    )
    entries = [("#b2dfbc", f"allowed: {allowed}"), (colour, _measured(measured))]
    legend, lines = _legend(entries, BAR + LINE)
    label = f"{measured['what']}: {_measured(measured)}; allowed: {allowed}"
    return drawing(body + legend, BAR + LINE * (lines + 1) + 4, label)


def _measured(measured: Mapping[str, Any]) -> str:
    bounds = measured["min"], measured["max"]
    found, low, high = (share_text(measured[name], *bounds) for name in ("estimate", "low", "high"))
    if measured["low"] != measured["high"]:
        found += f" ({low} to {high})"
    return f"found: {found}, {WORDS[measured['decision']]}"


def _at(share: float) -> float:
    """Where a share stands on the scale."""
    return 8 + min(max(share, 0.0), 1.0) * (WIDTH - 16)


def _stripe(stripe: Stripe) -> str:
    scale = WIDTH / 1000
    colour = COLOURS[stripe.kind]
    return (
        f'<rect x="{stripe.x * scale:.1f}" y="0" width="{stripe.width * scale:.1f}" height="{BAR:g}" fill="{colour}"/>'
    )


def _legend(entries: Sequence[tuple[str, str]], top: float = BAR) -> tuple[str, int]:
    """Coloured squares with their texts, in as many lines as they need."""
    x, line, drawn = 0.0, 1, []
    for colour, label in entries:
        width = 18 + SIGN * len(label) + 16
        if x and x + width > WIDTH:
            x, line = 0.0, line + 1
        y = top + LINE * line - 4
        drawn.append(
            f'<rect x="{x:.1f}" y="{y - 9:g}" width="10" height="10" rx="2" fill="{colour}"/>'
            f'<text x="{x + 15:.1f}" y="{y:g}">{escape(label)}</text>'
        )
        x += width
    return "".join(drawn), line


def _rows(rows: Estimate) -> str:
    if rows.is_exact:
        return f"{round(rows.estimate):,}"
    return f"about {round(rows.estimate):,} ({round(rows.low):,} to {round(rows.high):,})"
