"""Figures in words: an exact one as it is, an estimate with its interval and the word "about"."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sameset.comparison.estimates import Estimate

__all__ = ["count_text", "share_text"]


def count_text(value: Estimate) -> str:
    """A number of rows.

    >>> from sameset.comparison.estimates import Estimate, exact
    >>> count_text(exact(1200)), count_text(Estimate(1200.4, 1100, 1300))
    ('1,200', 'about 1,200 (1,100 to 1,300)')
    """
    if value.is_exact:
        return f"{round(value.estimate):,}"
    return f"about {round(value.estimate):,} ({round(value.low):,} to {round(value.high):,})"


def share_text(value: Estimate) -> str:
    """A share in per cent; what is not quite all or nothing never looks as if it were.

    >>> from sameset.comparison.estimates import Estimate, exact
    >>> share_text(exact(1)), share_text(exact(0.999999)), share_text(exact(1e-9)), share_text(Estimate(0.5, 0.45, 0.55))
    ('100 %', 'over 99.99 %', 'under 0.01 %', 'about 50 % (45 % to 55 %)')
    """
    if value.is_exact:
        return _per_cent(value.estimate)
    return f"about {_per_cent(value.estimate)} ({_per_cent(value.low)} to {_per_cent(value.high)})"


def _per_cent(share: float) -> str:
    if 0.9999 < share < 1:
        return "over 99.99 %"
    if 0 < share < 0.0001:
        return "under 0.01 %"
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"
