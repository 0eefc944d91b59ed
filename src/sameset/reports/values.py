"""Values of rows as text for people: what a value is can be seen, what is long is cut, what differs is in sight."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sameset.comparison.result import json_value
from sameset.reports.texts import cut

__all__ = ["Shown", "show", "show_pair", "times_of"]

LONGEST = 2_000  # characters of a value that any report shows
LONGEST_OF_A_PAIR = 160  # of a value beside the one that it was: the eye compares lines, not pages
CONTEXT = 20  # equal characters before the first that differs


@dataclass(frozen=True)
class Shown:
    """A value as text: of which `kind` (null, empty, number, bytes, text, other), and how many characters are left out."""

    text: str
    kind: str
    more: int = 0


def show(value: Any, longest: int = LONGEST) -> Shown:
    """The value as text of at most `longest` characters: bytes as hexadecimal digits, nested values as JSON.

    >>> show(None), show(""), show(b"\\xff"), show(2.5)
    (Shown(text='null', kind='null', more=0), Shown(text='', kind='empty', more=0), \
Shown(text='0xff', kind='bytes', more=0), Shown(text='2.5', kind='number', more=0))
    """
    text = _as_text(value)
    return Shown(cut(text, longest), _kind(value), max(len(text) - longest, 0))


def show_pair(before: Any, after: Any, longest: int = LONGEST_OF_A_PAIR) -> tuple[Shown, Shown]:
    """Two values that differ; of long ones the part where they begin to, and the types of those that look alike."""
    left, right = _as_text(before), _as_text(after)
    if left == right and type(before) is not type(after):
        left, right = f"{left} ({type(before).__name__})", f"{right} ({type(after).__name__})"
    start = 0
    if max(len(left), len(right)) > longest:
        start = max(0, _equal_start(left, right) - CONTEXT)
    return _from(left, start, longest, before), _from(right, start, longest, after)


def times_of(times: int) -> str:
    """What is put behind a row that came or went several times: " ×3"; nothing if it was once."""
    return "" if times == 1 else f" ×{times:,}"  # noqa: RUF001


def _equal_start(left: str, right: str) -> int:
    """How many characters both begin with, by halves: a cell may hold a mebibyte."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _with_edges(text: str) -> str:
    """The text with the spaces before and behind it in sight."""
    inner = text.strip(" ")
    if len(inner) == len(text):
        return text
    before = len(text) - len(text.lstrip(" "))
    return "␣" * before + inner + "␣" * (len(text) - before - len(inner))


def _from(text: str, start: int, longest: int, value: Any) -> Shown:
    rest = ("…" if start else "") + text[start:]
    return Shown(cut(rest, longest), _kind(value), max(len(rest) - longest, 0))


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return "text" if value else "empty"
    if isinstance(value, bytes):
        return "bytes"
    is_number = isinstance(value, (int, float)) or type(value).__name__ == "Decimal"
    return "number" if is_number and not isinstance(value, bool) else "other"


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    try:
        plain = json_value(value)
        return _with_edges(plain) if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, allow_nan=False)
    except ValueError:  # Python refuses to print integers of more than 4,300 digits
        return f"a number of about {value.bit_length() * 0.30103:,.0f} digits" if isinstance(value, int) else "?"
