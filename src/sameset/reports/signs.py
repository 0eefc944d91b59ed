"""Signs and colours of verdicts, statuses and states on a page."""

from __future__ import annotations

__all__ = ["SIGNS", "TONES"]

#: Which colour a verdict, a status or the state of a column has.
TONES = {
    "unchanged": "same",
    "identical": "same",
    "same": "same",
    "new": "grown",
    "renamed": "grown",
    "reordered": "grown",
    "appended": "grown",
    "added": "grown",
    "modified": "changed",
    "changed": "changed",
    "retyped": "changed",
    "near_duplicate": "alike",
    "truncated": "lost",
    "removed": "lost",
    "replaced": "lost",
    "unrelated": "lost",
    "success": "same",
    "failure": "lost",
    "unknown": "alike",
}
#: One sign for each state of columns and rows, so that colour never speaks alone.
SIGNS = {
    "changed": "~",
    "added": "+",
    "removed": "\N{MINUS SIGN}",
    "renamed": "≅",
    "reordered": "↕",
    "retyped": "⇄",
    "same": "=",
    "new": "+",
}
