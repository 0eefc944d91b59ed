"""ExpectTableNotToOverlap: no leak, such as of test rows into a training set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.metadata_types import DataQualityIssues
from great_expectations.render import RenderedContent

from sameset.comparison import Comparison, Verdict, compare
from sameset.comparison.estimates import Estimate, exact, occurring_share
from sameset.comparison.sentences import count_of
from sameset.errors import SchemaError, SpecError
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.bounds import Bounds, Decision, Measured
from sameset_expectations.fields import DECIDE_BY, Parameter, decide_by_field, is_share, one_of, said
from sameset_expectations.references import Reference, ReferenceExpectation, check_comparable
from sameset_expectations.rendering import measured_blocks, table

__all__ = ["ExpectTableNotToOverlap"]

MATCHES = ("rows", "keys")


class ExpectTableNotToOverlap(ReferenceExpectation):
    """Expect at most a small share of the table's rows to occur in a reference, however much larger that is.

    ExpectTableNotToOverlap is a Batch Expectation.

    This is the check for leakage: test rows in a training set, yesterday's customers in a list of new ones. A reference that is a
    source is scanned, and every sampled row of this table (4,096 of them, or all) looked up in it: what is found
    does not depend on how large the reference is. Of a stored sketch only the hashes are known that both samples share,
    few where sizes differ much; the result says the smallest share that would have been seen.

    Args:
        reference (str): The dataset that must not hold the rows: a source, a sketch file, or NAME or NAME@SNAPSHOT.
        registry (str or None): The address of the registry.
        pass_if_new (bool): Whether a NAME without a snapshot yet is a success.
        max_share (number): The largest share of this table's rows that may occur in the reference, 0 to 1.
        match_on (str): "rows", or "keys" for rows whose key occurs in the reference whatever else they hold.
        decide_by (str): "interval" or "estimate".
        severity (str): critical, warning or info.
    """

    max_share: float | Parameter = pydantic.Field(
        0.01, description="The largest share of this table's rows that may occur in the reference, 0 to 1."
    )
    match_on: str | Parameter = pydantic.Field(
        "rows", description="rows, or keys: rows whose key occurs in the reference whatever else they hold."
    )
    decide_by: str | Parameter = decide_by_field()

    success_keys: ClassVar[tuple[str, ...]] = (
        *ReferenceExpectation.reference_keys,
        "max_share",
        "match_on",
        "decide_by",
    )
    args_keys: ClassVar[tuple[str, ...]] = ("reference", "max_share")
    issues: ClassVar[tuple[DataQualityIssues, ...]] = (DataQualityIssues.UNIQUENESS,)

    _share = pydantic.validator("max_share", allow_reuse=True)(is_share)
    _match_on = pydantic.validator("match_on", allow_reuse=True)(one_of(*MATCHES))
    _decide_by = pydantic.validator("decide_by", allow_reuse=True)(one_of(*DECIDE_BY))

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table not to overlap"

    def _compare(self, arriving: Arriving, reference: Reference) -> Finding:
        operand = reference.operand
        names = ""
        comparison = compare(operand.table, arriving.sketch)
        if self.match_on == "rows":
            check_comparable(comparison, operand.address)
            _check_types(comparison, arriving.sketch.names, operand.address)
            found = self._rows(arriving, reference)
            if comparison.verdict is Verdict.RENAMED:  # rows are looked up by name, and all of them are there by place
                found, names = exact(1.0), ", under other column names"
        else:
            _check_types(comparison, arriving.sketch.spec.key, operand.address)
            found = self._keys(arriving, reference)
        what = f"share of this table's {self.match_on} that occur in the reference"
        measured = Measured(what, found, Bounds(None, float(self.max_share)), str(self.decide_by))  # type: ignore[arg-type]
        sizes = [("Reference", operand.table.row_count), ("This table", arriving.sketch.row_count)]
        facts = {"sizes": [[*sizes[0], operand.address], [*sizes[1], arriving.address or ""]]}
        return Finding.of_measured(measured, _sentence(measured, arriving.sketch.row_count) + names, facts)

    def _rows(self, arriving: Arriving, reference: Reference) -> Estimate:
        if reference.probe is not None:
            return reference.probe.rows
        return occurring_share(arriving.sketch.rows, reference.operand.table.rows)

    def _keys(self, arriving: Arriving, reference: Reference) -> Estimate:
        ours, theirs = arriving.sketch.spec, reference.operand.table.spec
        if not ours.key or set(ours.key) != set(theirs.key):
            keys = " and ".join(", ".join(spec.key) or "none" for spec in (ours, theirs))
            raise SpecError(
                f"keys cannot be looked up in {reference.operand.address}, for the tables have different keys ({keys}); "
                "give both the same key, or match on rows"
            )
        if reference.probe is not None:
            return reference.probe.keys
        return occurring_share(arriving.sketch.keys, reference.operand.table.keys)

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        params = {"reference": said(kwargs.get("reference", "?")), "max_share": said(kwargs.get("max_share", 0.01))}
        rows = "rows by their keys" if kwargs.get("match_on") == "keys" else "rows"
        return f"At most $max_share of the {rows} may occur in $reference.", params

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        return [*measured_blocks(details["measured"]), table(["", "Rows", "Address"], details["sizes"])]


def _check_types(comparison: Comparison, names: Sequence[str], address: str) -> None:
    """SchemaError if values of a column can never be equal, such as numbers and texts: no row could ever be found."""
    left, right = comparison.left.rows, comparison.right.rows
    for column in comparison.columns:
        has_values = left > (column.left_nulls or 0) and right > (column.right_nulls or 0)  # nulls are equal everywhere
        if column.state == "retyped" and column.name in names and has_values:
            raise SchemaError(
                f"no row can occur in {address}, for {column.name!r} is {column.left_type} there and {column.right_type} "
                "here, whose values are never equal; cast one of them, or give the asset a spec that ignores the column"
            )


def _sentence(measured: Measured, rows: int) -> str:
    found = measured.found
    if found.is_exact:
        sentence = f"{round(found.estimate * rows):,} of {count_of(rows, 'row')} occur in the reference"
    else:
        sentence = f"a share of about {measured.told} of {count_of(rows, 'row')} occurs in the reference"
    if measured.decision is Decision.UNSURE and found.estimate == 0:
        sentence = (
            f"none of the sampled rows occur in the reference, but a share below {found.detectable:.2g} may be missed"
        )
    return sentence
