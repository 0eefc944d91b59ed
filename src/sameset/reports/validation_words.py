"""Words and signs for what became of an expectation."""

from __future__ import annotations

__all__ = ["SIGNS", "WORDS"]

SIGNS = {"met": "✔", "failed": "✘", "unknown": "?"}
WORDS = {"met": "met", "failed": "failed", "unknown": "could not be evaluated"}
