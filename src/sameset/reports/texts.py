"""Texts from elsewhere, made fit to be shown: on one line, without signs that act, no longer than a reader can take."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["UNPRINTABLE", "cut", "json_text", "printable"]

#: Signs that act on what shows them, that cannot be written, or that nobody would see.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    """The text on one line, with signs that would move or colour a terminal's cursor as their escapes: `\\n`, `\\x1b`."""
    return UNPRINTABLE.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


def json_text(data: Any, *, allow_nan: bool = False) -> str:
    """Data as JSON, whose texts have the same signs as escapes: JSON itself asks for those below the space only."""
    written = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=allow_nan)
    # Line breaks are JSON's own here: those of texts are escapes already.
    return UNPRINTABLE.sub(lambda sign: "\n" if sign[0] == "\n" else json.dumps(sign[0])[1:-1], written) + "\n"


def cut(text: str, longest: int) -> str:
    """The text with at most `longest` characters, the last of them an ellipsis if it had more.

    >>> cut("abcdef", 4), cut("abcd", 4)
    ('abc…', 'abcd')
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"
