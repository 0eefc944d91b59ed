"""Two sketches -> Comparison: verdict and evidence."""

from __future__ import annotations

from sameset.comparison.result import Comparison, Verdict
from sameset.comparison.verdict import compare

__all__ = ["Comparison", "Verdict", "compare"]
