"""ExpectTableRowChangesToBeBetween: how many rows came, went and changed since a reference."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.render import RenderedContent

from sameset.comparison import Comparison
from sameset.comparison.changes import Changes, changes_of
from sameset.comparison.sentences import SYMBOLS, describe
from sameset.errors import SpecError
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.bounds import Bounds, Measured, allowed_text
from sameset_expectations.fields import (
    DECIDE_BY,
    Parameter,
    check_order,
    decide_by_field,
    max_field,
    min_field,
    one_of,
    said,
)
from sameset_expectations.references import Reference, ReferenceExpectation, check_comparable
from sameset_expectations.rendering import comparison_blocks, measured_table
from sameset_expectations.results import bounded

__all__ = ["ExpectTableRowChangesToBeBetween"]

KINDS = ("added", "removed", "changed")
BOUNDS = tuple(f"{side}_{kind}" for kind in KINDS for side in ("min", "max"))
UNITS = ("rows", "share")
Number = float | Parameter | None


class ExpectTableRowChangesToBeBetween(ReferenceExpectation):
    """Expect the numbers of rows added, removed and changed since a reference to be within bounds.

    ExpectTableRowChangesToBeBetween is a Batch Expectation.

    With a key a row is changed if its key is on both sides and its content is not the same. Without a key an updated row counts
    as one removed and one added, and bounds on changed rows are an error. Counts are exact while the sketches can list the
    rows that differ, or both tables are at hand; otherwise they are estimates, and `decide_by` says what these must prove.

    Args:
        reference (str): What the table was before: a source, a sketch file, or NAME or NAME@SNAPSHOT of the registry.
        registry (str or None): The address of the registry.
        pass_if_new (bool): Whether a NAME without a snapshot yet is a success.
        min_added, max_added (number or None): Bounds on the rows that came.
        min_removed, max_removed (number or None): Bounds on the rows that went.
        min_changed, max_changed (number or None): Bounds on the rows that changed under their key.
        unit (str): "rows", or "share" for shares of the rows of the reference.
        decide_by (str): "interval" or "estimate".
        severity (str): critical, warning or info.
    """

    min_added: Number = min_field("number (or share) of rows added")
    max_added: Number = max_field("number (or share) of rows added")
    min_removed: Number = min_field("number (or share) of rows removed")
    max_removed: Number = max_field("number (or share) of rows removed")
    min_changed: Number = min_field("number (or share) of rows changed")
    max_changed: Number = max_field("number (or share) of rows changed")
    unit: str | Parameter = pydantic.Field(
        "rows", description="rows, or share: of the rows of the reference, of which an empty one counts as one."
    )
    decide_by: str | Parameter = decide_by_field()

    success_keys: ClassVar[tuple[str, ...]] = (*ReferenceExpectation.reference_keys, *BOUNDS, "unit", "decide_by")

    _unit = pydantic.validator("unit", allow_reuse=True)(one_of(*UNITS))
    _decide_by = pydantic.validator("decide_by", allow_reuse=True)(one_of(*DECIDE_BY))

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table row changes to be between"

    @pydantic.root_validator(skip_on_failure=True)
    @classmethod
    def _some_bounds(cls, values: dict[str, Any]) -> dict[str, Any]:
        if all(values[name] is None for name in BOUNDS):
            raise ValueError(f"no bound is given; give at least one of {', '.join(BOUNDS)}")
        for kind in KINDS:
            check_order(values, f"min_{kind}", f"max_{kind}")
            largest = 1 if values["unit"] == "share" and kind != "added" else math.inf
            for name in (f"min_{kind}", f"max_{kind}"):
                _check_count(name, values[name], largest)
        return values

    def _compare(self, arriving: Arriving, reference: Reference) -> Finding:
        comparison = reference.comparison
        check_comparable(comparison, reference.operand.address)
        changes = changes_of(comparison, reference.operand.table, arriving.sketch)
        measured = self._measured(comparison, changes)
        broken = [f"{one.what}: {one.remark}" for one in measured if one.remark]
        sentence = f"{SYMBOLS[str(comparison.verdict)]} {describe(comparison)}"
        about = "" if changes.is_exact else "about "
        return Finding(
            not broken,
            f"{about}+{changes.added.estimate:.0f} -{changes.removed.estimate:.0f} ~{changes.changed.estimate:.0f}",
            "; ".join([sentence, *broken]),
            {"bounds": [one.to_json() for one in measured], "comparison": bounded(comparison)},
        )

    def _measured(self, comparison: Comparison, changes: Changes) -> list[Measured]:
        """The numbers that have bounds."""
        scale = 1.0 if self.unit == "rows" else 1 / max(comparison.left.rows, 1)
        unit = "rows" if self.unit == "rows" else "share of rows"
        measured = []
        for kind in KINDS:
            bounds = Bounds(getattr(self, f"min_{kind}"), getattr(self, f"max_{kind}"))
            if bounds == Bounds():
                continue
            if kind == "changed" and not comparison.key:
                raise SpecError(
                    "changed rows cannot be told from removed and added ones without a key; "
                    "give the asset a key, or bound added and removed rows instead"
                )
            found = getattr(changes, kind).scaled(scale)
            measured.append(Measured(f"{unit} {kind}", found, bounds, str(self.decide_by)))
        return measured

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        params = {"reference": said(kwargs.get("reference", "?"))}
        parts = []
        for kind in KINDS:
            low, high = kwargs.get(f"min_{kind}"), kwargs.get(f"max_{kind}")
            if low is not None or high is not None:
                parts.append(f"${kind} {kind}")
                params[kind] = _allowed(low, high)
        unit = "Shares of rows" if kwargs.get("unit") == "share" else "Rows"
        return f"{unit} that differ from $reference: {', '.join(parts)}.", params

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        table = measured_table(details["bounds"], "What")
        return [table, *comparison_blocks(details["comparison"], "Before", "This table")]


def _check_count(name: str, value: Any, largest: float) -> None:
    """ValueError if so many rows cannot be; more rows than there were may come, but not go or change."""
    if isinstance(value, float) and not 0 <= value <= largest:
        said = "a number of rows is not negative" if largest == math.inf else "a share must be in 0 .. 1"
        raise ValueError(f"{name} is {value:g}; {said}")


def _allowed(low: Any, high: Any) -> str:
    if isinstance(low, dict) or isinstance(high, dict):
        return " to ".join("any" if one is None else said(one) for one in (low, high))
    return allowed_text(low, high)
