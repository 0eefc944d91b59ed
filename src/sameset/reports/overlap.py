"""How two tables overlap, as parts of one bar: only before, in both, only now; as an SVG without a word in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sameset.comparison.estimates import Estimate, exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison import Comparison

__all__ = ["Part", "Stripe", "overlap_parts", "stripes"]

WIDTH = 1000.0
NARROWEST = 12.0  # a part that is there can be seen: 12 of 150,000 rows would be a hair


@dataclass(frozen=True)
class Part:
    """Rows of one kind: `kind` is removed, changed, same or added."""

    kind: str
    words: str
    rows: Estimate


@dataclass(frozen=True)
class Stripe:
    """Where a part lies on the bar, in units of which the bar has WIDTH."""

    kind: str
    x: float
    width: float


def overlap_parts(comparison: Comparison) -> list[Part]:
    """The parts of both tables, exact where a delta is known; none where rows could not be compared."""
    left, right = comparison.left.rows, comparison.right.rows
    if comparison.changes is not None:
        added, removed, changed = comparison.changes
        counts = [
            ("removed", removed),
            ("changed", changed),
            ("same", max(left - removed - changed, 0)),
            ("added", added),
        ]
        return [Part(kind, _WORDS[kind], exact(count)) for kind, count in counts]
    if comparison.estimated_difference is None:
        return []
    common = _common(comparison.similarity.jaccard, left, right)
    return [
        Part("removed", "only before", _rest(left, common)),
        Part("same", "in both", common),
        Part("added", "only now", _rest(right, common)),
    ]


def stripes(parts: Sequence[Part]) -> list[Stripe]:
    """The parts side by side, then the zones in which the ends of what is common may lie, if they are estimates."""
    total = sum(part.rows.estimate for part in parts) or 1.0
    widths = [max(WIDTH * part.rows.estimate / total, NARROWEST if part.rows.estimate else 0.0) for part in parts]
    scale = WIDTH / (sum(widths) or WIDTH)
    found, x = [], 0.0
    for part, width in zip(parts, widths, strict=True):
        found.append(Stripe(part.kind, round(x, 2), round(width * scale, 2)))
        x += width * scale
    return found + _zones(parts, found, WIDTH / total)


_WORDS = {"removed": "removed", "changed": "changed", "same": "the same", "added": "added"}


def _common(jaccard: Estimate, left: int, right: int) -> Estimate:
    """Rows in both: J / (1 + J) of all, as J is what is common over n + m less what is common."""

    def rows(share: float) -> float:
        return min((left + right) * share / (1 + share), float(left), float(right))

    return Estimate(rows(jaccard.estimate), rows(jaccard.low), rows(jaccard.high))


def _rest(rows: int, common: Estimate) -> Estimate:
    return Estimate(rows - common.estimate, rows - common.high, rows - common.low)


def _zones(parts: Sequence[Part], drawn: Sequence[Stripe], scale: float) -> list[Stripe]:
    """On both sides of what is common, the rows that may belong to it or not."""
    zones = []
    for part, stripe in zip(parts, drawn, strict=True):
        if part.kind == "same" and not part.rows.is_exact:
            inward = min((part.rows.estimate - part.rows.low) * scale, stripe.width / 2)
            outward = (part.rows.high - part.rows.estimate) * scale
            for edge, before, behind in (
                (stripe.x, outward, inward),
                (stripe.x + stripe.width, inward, outward),
            ):
                start, end = max(edge - before, 0.0), min(edge + behind, WIDTH)
                zones.append(Stripe("unsure", round(start, 2), round(end - start, 2)))
    return zones
