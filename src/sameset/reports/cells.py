"""Texts and values as HTML: escaped, with signs that nobody would see made visible, and never more than a page can bear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from markupsafe import Markup, escape

from sameset.reports.texts import UNPRINTABLE, printable
from sameset.reports.values import show, show_pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sameset.reports.values import Shown

__all__ = ["OF_A_ROW", "Cell", "HtmlTable", "fitting", "pair_cell", "text_cell", "value_cell", "visible"]

AT_ONCE = 160  # characters of a value before the rest is folded away
FEW_MORE = 40  # that are not worth folding
ON_ONE_LINE = 60  # characters of a cell whose text is not broken
ON_A_TELEPHONE = 16  # the same, of a column that stays in place
OF_A_CELL, OF_A_ROW = 18, 26  # bytes of the markup around them


@dataclass(frozen=True)
class Cell:
    """One cell of a table: safe HTML, and a class of the style sheet."""

    content: Markup
    kind: str = ""

    @property
    def weight(self) -> int:
        """Bytes on the page."""
        return len(self.content.encode()) + len(self.kind) + OF_A_CELL


@dataclass(frozen=True)
class HtmlTable:
    """A table: `label` names it for those who do not see it, the first `heads` cells of a row are its headings."""

    label: str
    header: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    heads: int = 1


@overload
def visible(value: str) -> Markup: ...
@overload
def visible(value: object) -> object: ...
def visible(value: object) -> object:
    """A text as HTML in which control, direction and invisible signs stand as marked escapes; other values as they are."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    parts, end = [], 0
    for found in UNPRINTABLE.finditer(value):
        sign = found[0].encode("unicode_escape").decode()
        parts += [str(escape(value[end : found.start()])), f'<span class="sign">{sign}</span>']
        end = found.end()
    return Markup("".join([*parts, str(escape(value[end:]))]))


def text_cell(text: str, kind: str = "") -> Cell:
    """A cell of a text."""
    return Cell(visible(text), _kind(kind, text))


def value_cell(value: Any, kind: str = "") -> Cell:
    """A cell of a value; of a long one the beginning, the rest folded."""
    shown = show(value)
    return Cell(_content(shown), _kind(f"{kind} {shown.kind}", shown.text))


def pair_cell(before: Any, after: Any) -> Cell:
    """A cell that changed: what it was and what it is, told apart by colour, by place and by the arrow between."""
    old, new = show_pair(before, after)
    pair = Markup("<del>{}</del> → <ins>{}</ins>")
    return Cell(pair.format(_content(old), _content(new)), _kind("differs", old.text + new.text))


def fitting(rows: Iterable[Sequence[Cell]], room: int, of_a_row: int = OF_A_ROW) -> list[Sequence[Cell]]:
    """The first rows that take at most `room` bytes together, with `of_a_row` around each."""
    kept = []
    for row in rows:
        room -= of_a_row + sum(cell.weight for cell in row)
        if room < 0:
            break
        kept.append(row)
    return kept


def _kind(kind: str, text: str) -> str:
    length = len(printable(text))
    width = "wraps" if length > ON_ONE_LINE else "broad" if length > ON_A_TELEPHONE else ""
    return f"{kind} {width}".strip()


def _content(shown: Shown) -> Markup:
    if shown.kind in ("null", "empty"):
        return Markup('<i class="nothing">{}</i>').format("null" if shown.kind == "null" else "empty text")
    if len(shown.text) <= AT_ONCE + FEW_MORE:
        return visible(shown.text) + _more(shown.more)
    first = Markup("{}").format(visible(shown.text[:AT_ONCE]))
    rest = visible(shown.text[AT_ONCE:])
    folded = Markup("<details><summary>{} … {:,} more characters</summary>{}{}</details>")
    return folded.format(first, len(shown.text) - AT_ONCE + shown.more, rest, _more(shown.more))


def _more(count: int) -> Markup:
    return Markup(' <i class="nothing">and {:,} more characters</i>').format(count) if count else Markup("")
