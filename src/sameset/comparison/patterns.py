"""Patterns: what the changes of a column have in common, each with its evidence (docs/columns.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sameset.comparison.columns import ColumnChange

__all__ = ["FEWEST", "SHARE", "Counted", "Pattern", "PatternKind", "explains", "with_regenerated_keys"]

FEWEST = 20  # changed values or cells that must fit
SHARE = 0.95  # of those tested; what is left may have changed besides
UNIQUE = 0.95  # distinct values of a key, as a share of the rows
OVERLAP = 0.01  # Jaccard index of old and new keys, at most
AGREEING = 0.8  # of the other columns
TELLING = 2  # of them at least, and of so many distinct values


class PatternKind(StrEnum):
    """What was done to the values of a column; `un...` are the other way round: the old values are those that were treated."""

    SCALED = "scaled"
    OFFSET = "offset"
    LINEAR = "linear"  #: scaled and offset, such as degrees Celsius and Fahrenheit
    SHIFTED_TIME = "shifted_time"
    ZONED = "zoned"  #: a time zone was attached or taken off
    ROUNDED = "rounded"
    UNROUNDED = "unrounded"
    TRIMMED = "trimmed"
    UNTRIMMED = "untrimmed"
    RECASED = "recased"
    NORMALISED = "normalised"  #: Unicode normalisation
    REFORMATTED = "reformatted"  #: several of the last three and inner white space
    REGENERATED = "regenerated"  #: keys that are all new, while the rest is the same


class Counted(StrEnum):
    """What the evidence counts."""

    VALUES = "values"  #: distinct values that came or went
    CELLS = "cells"  #: cells of rows that are on both sides
    COLUMNS = "columns"  #: the other columns


@dataclass(frozen=True)
class Pattern:
    """One pattern: `fits` of `tested` changed values or cells are what it says; `told` says it, without the column's name."""

    kind: PatternKind
    column: str
    fits: int
    tested: int
    of: Counted
    told: str
    amount: float | None = None  #: factor, offset, digits or, of times, minutes

    @property
    def sentence(self) -> str:
        """The pattern with its evidence: "price was scaled by 100 (998 of 1,000 changed values fit)"."""
        if self.of is Counted.COLUMNS:
            return f"{self.column} {self.told} ({self.fits:,} of {self.tested:,} other columns hold exactly the same values)"
        return f"{self.column} {self.told} ({self.fits:,} of {self.tested:,} changed {self.of} fit)"

    def to_json(self) -> dict[str, Any]:
        """The pattern as JSON."""
        return {
            "kind": str(self.kind),
            "fits": self.fits,
            "tested": self.tested,
            "of": str(self.of),
            "amount": self.amount,
            "sentence": self.sentence,
        }


def explains(fits: int, tested: int) -> bool:
    """Whether so many of those tested are enough to report a pattern."""
    return fits >= FEWEST and fits >= SHARE * tested


def with_regenerated_keys(columns: Sequence[ColumnChange], key: Sequence[str], rows: int) -> tuple[ColumnChange, ...]:
    """The columns with the pattern on those of a key whose values are all new, while nearly all other columns agree.

    Two sketches are enough. `rows` is the number of rows of the larger table. A column that has a pattern keeps it alone.
    """
    matched = [column for column in columns if column.is_matched]
    others = [column for column in matched if column.name not in key or column.agrees]
    agreeing = sum(column.agrees for column in others)
    if sum(column.agrees and _most_distinct(column) >= FEWEST for column in others) < TELLING:
        return tuple(columns)
    if agreeing < AGREEING * len(others):
        return tuple(columns)
    found = []
    for column in columns:
        if column.name in key and not column.patterns and _is_new_key(column, rows):
            distinct = round(_most_distinct(column))
            about = "" if column.values and column.values.is_exact else "about "
            told = f"was regenerated or rewritten: none of {about}{distinct:,} values is on both sides"
            pattern = Pattern(PatternKind.REGENERATED, column.name, agreeing, len(others), Counted.COLUMNS, told)
            column = replace(column, patterns=(pattern,))
        found.append(column)
    return tuple(found)


def _is_new_key(column: ColumnChange, rows: int) -> bool:
    if column.agrees or column.values is None or column.values.estimate > 0 or column.values.high > OVERLAP:
        return False
    distinct = [side.high for side in (column.left_distinct, column.right_distinct) if side]
    return len(distinct) == 2 and min(distinct) >= FEWEST and UNIQUE * rows <= min(distinct)


def _most_distinct(column: ColumnChange) -> float:
    return max((side.estimate for side in (column.left_distinct, column.right_distinct) if side), default=0.0)
