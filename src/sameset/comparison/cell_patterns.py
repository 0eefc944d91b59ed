"""The pattern of a column's changed cells, by the family of its values."""

from __future__ import annotations

import pyarrow as pa

from sameset.canonical.columns import decode
from sameset.canonical.families import Family, family_of
from sameset.comparison.number_patterns import number_pattern
from sameset.comparison.patterns import Pattern
from sameset.comparison.text_patterns import text_pattern
from sameset.comparison.time_patterns import time_pattern

__all__ = ["KINDS", "have_patterns", "pattern_of_cells"]

TIMES = frozenset({Family.TIMESTAMP, Family.ZONED_TIMESTAMP})
#: Families whose values may become each other's by a pattern.
KINDS = (frozenset({Family.NUMBER}), frozenset({Family.TEXT}), TIMES)


def have_patterns(old: Family, new: Family) -> bool:
    """Whether a pattern between values of two families is known."""
    return any({old, new} <= kind for kind in KINDS)


def pattern_of_cells(column: str, old: pa.Array, new: pa.Array) -> Pattern | None:
    """The simplest pattern that explains the changed cells of a column, given before and after, row by row; None without one."""
    families = family_of(old.type, column), family_of(new.type, column)
    if not have_patterns(*families):
        return None
    before, after = decode(old), decode(new)
    if Family.NUMBER in families:
        return number_pattern(column, before, after)
    if Family.TEXT in families:
        return text_pattern(column, *(texts.cast(pa.large_string()) for texts in (before, after)))
    return time_pattern(column, before, after)
