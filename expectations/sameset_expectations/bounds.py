"""Bounds, and what it means that an estimate lies within them: proved, or as far as the estimate goes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sameset_expectations.fields import said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sameset.comparison.estimates import Estimate

__all__ = ["Bounds", "Decision", "Measured", "allowed_text", "share_text", "told_bounds"]


class Decision(StrEnum):
    """Where a number lies, with the interval that it is known by."""

    WITHIN = "within"
    BEYOND = "beyond"
    UNSURE = "unsure"  #: the interval reaches over a bound


@dataclass(frozen=True)
class Bounds:
    """The least and the largest number that are accepted; None where any is."""

    low: float | None = None
    high: float | None = None

    def hold(self, low: float, high: float) -> bool:
        """Whether all numbers from `low` to `high` are accepted."""
        return (self.low is None or self.low <= low) and (self.high is None or high <= self.high)

    def decide(self, found: Estimate, decide_by: str) -> Decision:
        """Where an estimate lies, by its interval or by itself alone."""
        if decide_by == "estimate":
            return Decision.WITHIN if self.hold(found.estimate, found.estimate) else Decision.BEYOND
        if self.hold(found.low, found.high):
            return Decision.WITHIN
        below = self.low is not None and found.high < self.low
        above = self.high is not None and found.low > self.high
        return Decision.BEYOND if below or above else Decision.UNSURE


@dataclass(frozen=True)
class Measured:
    """A number that was found, what it is, the bounds that it must keep, and whether it does."""

    what: str
    found: Estimate
    bounds: Bounds
    decide_by: str = "interval"

    @property
    def decision(self) -> Decision:
        """Where the number lies."""
        return self.bounds.decide(self.found, self.decide_by)

    @property
    def success(self) -> bool:
        """Whether it keeps its bounds; what is unsure does not."""
        return self.decision is Decision.WITHIN

    @property
    def told(self) -> str:
        """The number, with its interval if it is an estimate."""
        numbers = (self.found.estimate, self.found.low, self.found.high)
        number, low, high = (share_text(one, self.bounds.low, self.bounds.high) for one in numbers)
        return number if self.found.is_exact else f"{number} [{low}, {high}]"

    @property
    def remark(self) -> str:
        """What the bounds make of it, to be put behind a sentence."""
        allowed = allowed_text(self.bounds.low, self.bounds.high)
        if self.decision is Decision.UNSURE:
            return f"that is not known well enough: {allowed} is allowed, and the 95 % interval reaches over it"
        return "" if self.success else f"allowed is {allowed}"

    def to_json(self) -> dict[str, Any]:
        """What pages show of it."""
        found = {name: float(getattr(self.found, name)) for name in ("estimate", "low", "high")}
        bounds = {"min": self.bounds.low, "max": self.bounds.high}
        return {"what": self.what, **found, **bounds, "decision": str(self.decision)}


def share_text(value: float, *bounds: float | None) -> str:
    """A number with four digits, or as many more as it takes to stay on its side of each bound, of 0 and of 1.

    One copy among 50,000 rows leaves 0.99998 of them distinct: a "1" that fails would look like a mistake.
    """
    text = ""
    for digits in range(4, 18):
        text = f"{value:.{digits}g}"
        if all(_agree(float(text), value, one) for one in (0.0, 1.0, *bounds) if one is not None):
            break
    return text


def _agree(shown: float, value: float, bound: float) -> bool:
    """Whether both lie on the same side of a bound; 1/3 is shown as bounds are, with twelve digits."""
    return _side(shown, bound) == _side(value, bound) or (value == bound and shown == float(f"{bound:.12g}"))


def _side(value: float, bound: float) -> int:
    return (value > bound) - (value < bound)


def allowed_text(low: float | None, high: float | None) -> str:
    """Bounds in words: "0.2 to 0.8", "at least 0.9", "at most 3"."""
    if low is not None and low == high:
        return f"exactly {_number(low)}"
    if low is not None and high is not None:
        return f"{_number(low)} to {_number(high)}"
    if low is not None:
        return f"at least {_number(low)}"
    return "any" if high is None else f"at most {_number(high)}"


def told_bounds(kwargs: Mapping[str, Any], low: str, high: str) -> tuple[str, dict[str, str]]:
    """The bounds of two fields as the end of a sentence with $parameters, and their texts; empty if there are none."""
    given = {name: said(kwargs[name]) for name in (low, high) if kwargs.get(name) is not None}
    if not given:
        return "", {}
    if len(given) == 2:
        return f"between ${low} and ${high}", given
    return (f"at least ${low}" if low in given else f"at most ${high}"), given


def _number(value: float) -> str:
    return f"{value:,.6g}" if float(f"{value:.6g}") == value else f"{value:,.12g}"
