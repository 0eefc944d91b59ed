"""The snapshots of a dataset as one picture: a bar for the rows of each, with the colour and the sign of its verdict."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from sameset.comparison.sentences import SYMBOLS
from sameset.reports.signs import TONES
from sameset.reports.texts import cut, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sameset.registry import Snapshot

__all__ = ["MOST_BARS", "history_svg"]

MOST_BARS = 50
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 220, 14, 52, 44
WIDEST_BAR = 44
LONGEST_NAME = 60
#: Readable on the white ground of the picture; the sign under each bar says the same without colour.
COLOURS = {"same": "#8b949e", "grown": "#2f6fdb", "changed": "#c98a1b", "alike": "#8250df", "lost": "#d1453b"}


def history_svg(snapshots: Sequence[Snapshot]) -> str:
    """The last snapshots of one dataset, oldest first, as an SVG picture of 720 x 220 pixels that needs nothing from outside.

    Of more than `MOST_BARS` the newest are drawn. All text is escaped. Raises ValueError if there are none.
    """
    if not snapshots:
        raise ValueError("a history has at least one snapshot")
    shown = sorted(snapshots, key=lambda each: each.number)[-MOST_BARS:]
    name = _safe(cut(shown[-1].dataset, LONGEST_NAME))
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui,sans-serif" font-size="11">',
        f"<title>{name}: rows of its last {len(shown)} snapshots</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" font-weight="600" fill="#1f2328">{name}</text>',
        f'<text x="{WIDTH - LEFT}" y="22" text-anchor="end" fill="#57606a">{_summary(shown)}</text>',
        _legend(shown),
        *_bars(shown),
        *_dates(shown),
        "</svg>",
    ]
    return "\n".join(body)


def _summary(shown: Sequence[Snapshot]) -> str:
    return f"now {shown[-1].rows:,} rows, most {max(each.rows for each in shown):,}"


def _legend(shown: Sequence[Snapshot]) -> str:
    """The signs that occur, each with its word."""
    words = {each.status: each for each in shown}
    told = (
        f'<tspan fill="{_colour(each)}">{SYMBOLS.get(word, "?")}</tspan> {_safe(word)}' for word, each in words.items()
    )
    return f'<text x="{LEFT}" y="38" fill="#57606a">{"&#160;&#160; ".join(told)}</text>'


def _bars(shown: Sequence[Snapshot]) -> Iterable[str]:
    step, wide = _steps(len(shown))
    tall = HEIGHT - TOP - BOTTOM
    most = max(1, *(each.rows for each in shown))
    base = HEIGHT - BOTTOM
    yield f'<path d="M{LEFT} {base + 0.5}H{WIDTH - LEFT}" stroke="#d0d7de"/>'
    for i, each in enumerate(shown):
        x, high = LEFT + step * i + (step - wide) / 2, max(tall * each.rows / most, 1.5)
        told = f"{each.reference}, {each.taken_at:%Y-%m-%d %H:%M}: {each.status}, {each.rows:,} rows"
        yield (
            f'<g><title>{_safe(told)}</title><rect x="{x:.1f}" y="{base - high:.1f}" width="{wide:.1f}" '
            f'height="{high:.1f}" rx="1.5" fill="{_colour(each)}"/>'
            f'<text x="{x + wide / 2:.1f}" y="{base + 14}" text-anchor="middle" font-size="{min(13, step):.0f}" '
            f'fill="{_colour(each)}">{SYMBOLS.get(each.status, "?")}</text></g>'
        )


def _dates(shown: Sequence[Snapshot]) -> Iterable[str]:
    """The day of the first bar, of the last, and of those between that stand far enough from both."""
    step, _ = _steps(len(shown))
    first, last = LEFT + 28, WIDTH - LEFT - 28  # middles of the first and last text that the picture does not cut
    places = [(min(max(LEFT + step * (i + 0.5), first), last), f"{of.taken_at:%Y-%m-%d}") for i, of in enumerate(shown)]
    free = [places[0], *(now for before, now in pairwise(places) if before[1] != now[1])]
    drawn: list[float] = []
    for x, day in (free[-1], free[0], *free[1:-1]):
        if all(abs(x - other) > 80 for other in drawn):
            drawn.append(x)
            yield f'<text x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="middle" fill="#57606a">{day}</text>'


def _steps(bars: int) -> tuple[float, float]:
    """Pixels from one bar to the next, and those of a bar."""
    step = (WIDTH - 2 * LEFT) / max(bars, 8)
    return step, min(step * 0.72, WIDEST_BAR)


def _colour(snapshot: Snapshot) -> str:
    return COLOURS[TONES.get(snapshot.status, "changed")]


def _safe(text: str) -> str:
    return escape(printable(text))
