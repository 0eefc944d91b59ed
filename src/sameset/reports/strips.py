"""The strip map: where two tables differ, a cell for each bucket, in text and as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from sameset.canonical.buckets import LEAST_KEY, Bucketing, BucketKind
from sameset.comparison.bucket_labels import label_of
from sameset.comparison.bucket_sentences import describe_buckets
from sameset.reports.texts import cut, printable

if TYPE_CHECKING:
    from sameset.comparison.buckets import BucketChange, BucketMap

__all__ = [
    "MOST_NAMES",
    "SIGNS",
    "StripLine",
    "columns_text",
    "heading_of",
    "lines_of",
    "rows_text",
    "shown_lines",
    "strip_svg",
    "strip_text",
]

#: One sign for each state, so that colour never speaks alone; where there are no rows on either side it is a blank.
SIGNS = {"same": ".", "changed": "~", "added": "+", "removed": "-"}
MOST_ALIGNED = 200  # lines; dates that are scattered over more are written one after the other
DENSE = 50  # cells of a line that no calendar cuts


@dataclass(frozen=True)
class StripLine:
    """Some buckets side by side, such as the months of a year; None where neither side has rows."""

    label: str
    cells: tuple[BucketChange | None, ...]

    @property
    def differs(self) -> bool:
        """Whether one of its buckets is not the same."""
        return any(cell is not None and cell.state != "same" for cell in self.cells)

    @property
    def text(self) -> str:
        """A sign for each cell."""
        return "".join(" " if cell is None else SIGNS[cell.state] for cell in self.cells)


def lines_of(found: BucketMap) -> list[StripLine]:
    """All buckets as lines: dates by year, month or day (years by decade, quarters by five years), all else by the fifty."""
    plain = [change for change in found.changes if change.key >= LEAST_KEY]
    lines = _aligned(found.bucketing, plain) if found.level == 0 and _is_dated(found.bucketing) else []
    if not lines or len(lines) > MOST_ALIGNED:
        parts = (plain[start : start + DENSE] for start in range(0, len(plain), DENSE))
        lines = [StripLine(part[0].label, tuple(part)) for part in parts]
    return lines + [StripLine(change.label, (change,)) for change in found.changes if change.key < LEAST_KEY]


def shown_lines(found: BucketMap, most: int) -> tuple[list[StripLine], int]:
    """All lines, or if they are more than `most` so many of those that differ; and how many were left out."""
    lines = lines_of(found)
    shown = lines if len(lines) <= most else ([line for line in lines if line.differs] or lines)[:most]
    return shown, len(lines) - len(shown)


def heading_of(found: BucketMap) -> str:
    """What the cells are: "l_shipdate by month"."""
    how = {BucketKind.RANGE: f"ranges of {found.bucketing.size:,}", BucketKind.HASH: f"{found.bucketing.size:,} hashes"}
    wide = f", {2**found.level:,} in a cell" if found.level else ""
    return f"{found.bucketing.column} by {how.get(found.bucketing.kind or BucketKind.HASH, found.bucketing.how)}{wide}"


def strip_text(found: BucketMap, most: int) -> str:
    """The map as at most so many lines of plain text, and one that explains the signs."""
    lines, more = shown_lines(found, most)
    wide = max((len(line.label) for line in lines), default=0)
    told = [f"{line.label:{wide}}  {line.text}".rstrip() for line in lines]
    legend = "  ".join(f"{sign} {state}" for state, sign in SIGNS.items())
    return "\n".join([*told, *([f"and {more:,} more lines"] if more else []), legend])


def _is_dated(bucketing: Bucketing) -> bool:
    return bucketing.kind is not None and bucketing.kind.is_part


def _aligned(bucketing: Bucketing, changes: Sequence[BucketChange]) -> list[StripLine]:
    placed = [(*_place(bucketing.kind, change.key), change) for change in changes]
    lines = []
    for number, group in groupby(placed, key=lambda one: one[0]):
        cells = {position: change for _, position, change in group}
        label = _line_label(bucketing, number)
        lines.append(StripLine(label, tuple(cells.get(i) for i in range(max(cells) + 1))))
    return lines


def _place(kind: BucketKind | None, key: int) -> tuple[int, int]:
    """The line that a bucket is on, and where on it."""
    if kind is BucketKind.YEAR:
        return divmod(1970 + key, 10)
    if kind is BucketKind.QUARTER:
        return divmod(4 * 1970 + key, 20)
    if kind is BucketKind.MONTH:
        return divmod(key, 12)
    if kind is BucketKind.HOUR:
        return divmod(key, 24)
    unit = "Y" if kind is BucketKind.WEEK else "M"
    day = np.array(7 * key if kind is BucketKind.WEEK else key, "datetime64[D]")  # of a week its Thursday
    line = day.astype(f"datetime64[{unit}]")
    position = int((day - line.astype("datetime64[D]")).astype(np.int64))
    return int(line.astype(np.int64)), position // 7 if kind is BucketKind.WEEK else position


def _line_label(bucketing: Bucketing, number: int) -> str:
    if bucketing.kind is BucketKind.YEAR:
        return f"{10 * number}s"
    if bucketing.kind is BucketKind.QUARTER:
        return str(5 * number)
    wider = _LINES[bucketing.kind or BucketKind.MONTH]
    return label_of(Bucketing(bucketing.column, wider), 0, number)


_LINES = {
    BucketKind.MONTH: BucketKind.YEAR,
    BucketKind.WEEK: BucketKind.YEAR,
    BucketKind.DAY: BucketKind.MONTH,
    BucketKind.HOUR: BucketKind.DAY,
}

# The SVG: measures in pixels, colours that stand out from white and from black.

STEP, CELL, TOP, LEGEND = 13, 11, 20, 66
COLOURS = {"same": "#8b949e", "changed": "#d29922", "added": "#3f8efc", "removed": "#e5534b"}
GLYPHS = {"changed": "q1.5 -3.4 3 0t3 0", "added": "h6m-3 -3v6", "removed": "h6"}
WIDTH_OF_A_LETTER = 6.1
MOST_NAMES, LONGEST_NAME, LONGEST_TITLE = 5, 60, 400


def strip_svg(found: BucketMap) -> str:
    """The map as an SVG element to be put into a page: a cell for each bucket, its rows and columns when pointed at.

    All text is escaped, long names are cut; words have the colour of the page's text. About 100 bytes a bucket.
    """
    lines = lines_of(found)
    left = round(max((len(line.label) for line in lines), default=0) * WIDTH_OF_A_LETTER) + 8
    cells = left + STEP * max((len(line.cells) for line in lines), default=0)
    width = max(cells, LEGEND * len(COLOURS), round(len(printable(_heading(found))) * WIDTH_OF_A_LETTER))
    height = TOP + STEP * len(lines) + 24
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="ui-monospace,monospace" font-size="10">',
        f"<title>{_safe(cut(describe_buckets(found), LONGEST_TITLE) or 'no bucket differs')}</title>",
        f'<g fill="currentColor"><text x="0" y="11">{_safe(_heading(found))}</text>',
        *(f'<text x="0" y="{TOP + STEP * i + 9}">{_safe(line.label)}</text>' for i, line in enumerate(lines)),
        "</g>",
        *_cells(lines, left),
        *_legend(height - 12),
        "</svg>",
    ]
    return "\n".join(body)


def _heading(found: BucketMap) -> str:
    return cut(heading_of(found), 2 * LONGEST_NAME)


def _safe(text: str) -> str:
    """Text for XML, in which signs that act or that XML does not have are escapes."""
    return escape(printable(text))


def _cells(lines: Sequence[StripLine], left: int) -> Iterable[str]:
    """The cells of each state together."""
    for state, colour in COLOURS.items():
        placed = [
            (left + STEP * x, TOP + STEP * y, cell)
            for y, line in enumerate(lines)
            for x, cell in enumerate(line.cells)
            if cell is not None and cell.state == state
        ]
        if placed:
            yield f'<g fill="{colour}"{_faint(state)}>'
            yield from (f"{_square(x, y)[:-2]}><title>{_safe(_told(cell))}</title></path>" for x, y, cell in placed)
            yield "</g>"
            yield _signs(state, [(x, y) for x, y, _ in placed])


def _faint(state: str) -> str:
    return ' fill-opacity="0.4"' if state == "same" else ""


def _square(x: int, y: int) -> str:
    return f'<path d="M{x} {y}h{CELL}v{CELL}h-{CELL}z"/>'


def _signs(state: str, places: Sequence[tuple[int, int]]) -> str:
    """The signs of all cells of a state in one path, which lets the pointer through to the cells."""
    if state not in GLYPHS:
        return ""
    drawn = "".join(f"M{x + 2.5} {y + 5.5}{GLYPHS[state]}" for x, y in places)
    return f'<path d="{drawn}" fill="none" stroke="#111" stroke-width="1.4" pointer-events="none"/>'


def _legend(y: int) -> Iterable[str]:
    for i, (state, colour) in enumerate(COLOURS.items()):
        x = LEGEND * i
        yield f'<g fill="{colour}"{_faint(state)}>{_square(x, y)}</g>{_signs(state, [(x, y)])}'
        yield f'<text x="{x + STEP + 2}" y="{y + 9}" fill="currentColor">{state}</text>'


def _told(change: BucketChange) -> str:
    columns, rows = columns_text(change, MOST_NAMES), rows_text(change)
    noun = "row" if rows == "1" else "rows"
    return f"{change.label}: {change.state}, {rows} {noun}" + (f"; {columns}" if columns else "")


def rows_text(change: BucketChange) -> str:
    """How many rows a bucket had and has: "7,857 → 7,854"."""
    if change.left_rows == change.right_rows:
        return f"{change.right_rows:,}"
    return f"{change.left_rows:,} → {change.right_rows:,}"


def columns_text(change: BucketChange, most: int) -> str:
    """The first columns that differ in a bucket, and how many more."""
    more = len(change.columns) - most
    names = (cut(name, LONGEST_NAME) for name in change.columns[:most])
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
