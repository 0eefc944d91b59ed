"""What tables are compared with: resolved, sketched and compared once in a validation, however many expectations name it."""

from __future__ import annotations

import os
from abc import abstractmethod
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.execution_engine import ExecutionEngine

from sameset.comparison import Comparison, Verdict, compare
from sameset.comparison.sentences import SYMBOLS
from sameset.errors import SchemaError, SpecError, UnknownDatasetError
from sameset.execution.delta_rows import WantedRows
from sameset.execution.operands import Operand, resolve
from sameset.execution.probing import TableProbe
from sameset.execution.refining import refine
from sameset.execution.sides import Sides
from sameset.execution.sketching import sketch_table
from sameset.registry import without_password
from sameset.sketches.table import TableSketch
from sameset.sources.file_sets import kind_by_ending
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.fields import Parameter, reference_field, registry_field
from sameset_expectations.metrics import SKETCH
from sameset_expectations.providers import provide
from sameset_expectations.results import LISTED_ROWS

__all__ = [
    "REFERENCE",
    "Reference",
    "ReferenceExpectation",
    "check_comparable",
    "check_other",
    "column_of",
    "column_place",
    "first_finding",
]

#: The metric that is the Reference of a batch: the one object that all expectations of a validation share which name it.
REFERENCE = "sameset.table.reference"
LISTED_NAMES = 5


class Reference:
    """What one batch is compared with. Nothing is read before somebody asks."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._arriving: Arriving | None = None

    def beside(self, arriving: Arriving) -> Reference:
        """The same, once it knows the table that is compared with it."""
        self._arriving = self._arriving or arriving
        return self

    @cached_property
    def found(self) -> Operand:
        """What the reference names, not sketched yet; SourceError or UnknownDatasetError if there is nothing."""
        return resolve(self.place, self._table.registry)

    @cached_property
    def operand(self) -> Operand:
        """The reference with its sketch. The scan that makes one also looks up the rows of the table (`probe`)."""
        found = self.found
        if found.stored is None:
            probe, spec = TableProbe(self._table.sketch), self._table.sketch.spec
            found = replace(found, stored=sketch_table(found.source, spec, tee=probe.add))
            self.probe = probe
        return found

    probe: TableProbe | None = None  #: what a scan of the reference knows of the table's rows, if there was one

    @cached_property
    def comparison(self) -> Comparison:
        """The reference on the left, the table on the right, with what a second look at them tells; may be incomparable."""
        operand, arriving = self.operand, self._table
        sides = Sides(operand.table, arriving.sketch, operand.source, arriving.source, left_manifest=operand.manifest)
        refined = refine(compare(operand.table, arriving.sketch), sides, WantedRows(LISTED_ROWS))
        return refined.with_addresses(operand.address, arriving.address)

    @property
    def _table(self) -> Arriving:
        if self._arriving is None:
            raise SpecError("a reference was asked before it knew the table; call beside() first")
        return self._arriving


def check_comparable(comparison: Comparison, address: str) -> None:
    """SpecError if two sketches are of different kinds, SchemaError if rows of other columns cannot be compared as wholes."""
    if comparison.verdict is Verdict.INCOMPARABLE:
        raise SpecError(f"{address} cannot be compared: {'; '.join(comparison.notes)}")
    ours = [column.name for column in comparison.columns if column.state == "added"]
    theirs = [column.name for column in comparison.columns if column.state == "removed"]
    renamed = [f"{c.name} for {c.renamed_from}" for c in comparison.columns if c.state == "renamed"]
    if comparison.verdict is Verdict.RENAMED or comparison.basis == "common columns":
        return
    if ours or theirs or renamed:
        told = [("only here: ", ours), ("only there: ", theirs), ("renamed: ", renamed)]
        parts = "; ".join(word + _some(names) for word, names in told if names)
        raise SchemaError(
            f"rows cannot be compared with those of {address}, for the columns differ ({parts}); "
            "point the asset to the common columns, or give it a spec that ignores the others"
        )


def check_other(found: Operand, arriving: Arriving) -> None:
    """SpecError if what is compared with the table is the table itself: that would pass or fail whatever its rows are."""
    if found.source is None or arriving.address is None:
        return
    if _place_of(found.address) == _place_of(arriving.address):
        raise SpecError(
            f"the reference {found.address} is the table itself, which tells nothing of its rows; "
            "name another source, a sketch file, or NAME or NAME@SNAPSHOT of the registry"
        )


def _place_of(address: str) -> str:
    """The address, if a path then the real one."""
    return os.path.realpath(address) if os.path.exists(address) else address


def column_of(sketch: TableSketch, name: str, address: str) -> int:
    """The place of a column in a sketch; SchemaError if it has none of that name."""
    if name not in sketch.names:
        raise SchemaError(f"{address} has no column {name!r}; the columns are {_some(list(map(repr, sketch.names)))}")
    return sketch.names.index(name)


def column_place(place: str, name: str, arriving: Arriving, *, is_same_name: bool) -> tuple[str, TableSketch, int]:
    """Where a column of another table lies: its address, a sketch that holds it and its place there.

    Of a source only that column is read. SpecError if a stored sketch has other options than the table's, or if it
    `is_same_name` as the column that it is compared with, and of the same table.
    """
    spec = replace(arriving.sketch.spec, key=(), columns=(name,), ignore=(), where=None, bucket_by=None)
    found = resolve(place, arriving.registry)
    if is_same_name:
        check_other(found, arriving)
    operand = found.sketch(spec)
    for field in ("encoding", "seed", "digits", "nfc"):
        mine, theirs = getattr(arriving.sketch.spec, field), getattr(operand.table.spec, field)
        if mine != theirs:
            raise SpecError(f"{operand.address} was sketched with {field} {theirs!r}, this table with {mine!r}")
    return operand.address, operand.table, column_of(operand.table, name, operand.address)


def first_finding(place: str, arriving: Arriving, error: UnknownDatasetError) -> Finding:
    """Success, for there is nothing to compare with yet."""
    sentence = f"{SYMBOLS['new']} there is no {place} in {without_password(arriving.registry)} yet to compare with"
    return Finding(True, "new", sentence, {"new": place, "reason": str(error)})


class ReferenceExpectation(SketchExpectation):
    """An expectation that compares the table with a reference. Subclasses add fields, `_compare`, `_told` and `_blocks`."""

    reference: str | Parameter = reference_field()
    registry: str | Parameter | None = registry_field()
    pass_if_new: bool | Parameter = pydantic.Field(
        False,
        description="Whether a NAME of which the registry has no snapshot yet is a success, instead of an error; "
        "a file or a NAME@SNAPSHOT that is not there always is one.",
    )

    metric_dependencies: ClassVar[tuple[str, ...]] = (SKETCH, REFERENCE)
    args_keys: ClassVar[tuple[str, ...]] = ("reference",)
    reference_keys: ClassVar[tuple[str, ...]] = ("reference", "registry", "pass_if_new")

    @abstractmethod
    def _compare(self, arriving: Arriving, reference: Reference) -> Finding:
        """What is found; SamesetError if it cannot be known."""

    def _judge(self, arriving: Arriving, metrics: dict[str, Any]) -> Finding:
        reference: Reference = metrics[REFERENCE].beside(arriving)
        try:
            check_other(reference.found, arriving)
        except UnknownDatasetError as error:
            if self.pass_if_new is True and _may_be_new(reference.place):
                return first_finding(reference.place, arriving, error)
            raise
        return self._compare(arriving, reference)


def _may_be_new(place: str) -> bool:
    """Whether a reference names a dataset, of which a snapshot may be yet to come: no snapshot by number, and no file."""
    return "@" not in place and not place.endswith(".sameset") and kind_by_ending(place) is None


def _some(names: list[str]) -> str:
    more = len(names) - LISTED_NAMES
    return ", ".join(names[:LISTED_NAMES]) + (f" and {more} more" if more > 0 else "")


def _register() -> None:
    """Makes the metric known, for every engine: the place is all that it takes from the expectation."""

    def value(cls: Any, execution_engine: Any, metric_value_kwargs: dict[str, Any], **_: Any) -> Reference:
        return Reference(str(metric_value_kwargs["reference"]))

    provide(REFERENCE, value, ExecutionEngine, value_keys=("reference", "registry"))


_register()
