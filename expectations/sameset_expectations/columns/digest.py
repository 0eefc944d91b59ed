"""ExpectColumnDigestToMatch: a column that holds exactly the values that a digest or another column stands for."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.metadata_types import DataQualityIssues
from great_expectations.render import RenderedContent

from sameset.comparison.sentences import count_of
from sameset.errors import SpecError
from sameset.execution.digesting import column_digest
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.fields import Parameter, registry_field, said
from sameset_expectations.references import column_of, column_place
from sameset_expectations.rendering import table

__all__ = ["ExpectColumnDigestToMatch"]

DIGEST = re.compile(r"v\d+:[0-9a-f]{32}")


class ExpectColumnDigestToMatch(SketchExpectation):
    """Expect the digest of a column to be a given one, or that of a column of a reference.

    ExpectColumnDigestToMatch is a Batch Expectation.

    Equal digests mean the same values, nulls among them, each as often, whatever the order of rows and the column's name and
    physical type. `sameset digest` prints the digests of columns, and so does the result of this expectation.

    Args:
        column (str): The column.
        digest (str or None): The digest that it must have, as "v1:" and 32 hexadecimal digits.
        reference (str or None): Instead of a digest, a source, a sketch file, or NAME or NAME@SNAPSHOT of the registry.
        reference_column (str or None): The column of the reference; left out, that of the same name.
        registry (str or None): The address of the registry.
        severity (str): critical, warning or info.
    """

    column: str | Parameter = pydantic.Field(description="The column.")
    digest: str | Parameter | None = pydantic.Field(
        None, description="The digest that the column must have, as v1: and 32 hexadecimal digits."
    )
    reference: str | Parameter | None = pydantic.Field(
        None, description="Instead of a digest, a source, a sketch file, or NAME or NAME@SNAPSHOT of the registry."
    )
    reference_column: str | Parameter | None = pydantic.Field(
        None, description="The column of the reference; left out, that of the same name."
    )
    registry: str | Parameter | None = registry_field()

    success_keys: ClassVar[tuple[str, ...]] = ("column", "digest", "reference", "reference_column", "registry")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "digest")
    issues: ClassVar[tuple[DataQualityIssues, ...]] = (DataQualityIssues.VALIDITY,)

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect column digest to match"

    @pydantic.validator("digest")
    @classmethod
    def _is_digest(cls, value: Any) -> Any:
        if isinstance(value, str) and not DIGEST.fullmatch(value):
            raise ValueError(f"{value!r} is no digest of a column; it is v1: and 32 hexadecimal digits")
        return value

    @pydantic.root_validator(skip_on_failure=True)
    @classmethod
    def _one_expected(cls, values: dict[str, Any]) -> dict[str, Any]:
        if (values["digest"] is None) == (values["reference"] is None):
            raise ValueError("what the column must match is given by either digest or reference, not by both or none")
        if values["reference_column"] is not None and values["reference"] is None:
            raise ValueError("reference_column is a column of a reference; give the reference, too")
        return values

    def _judge(self, arriving: Arriving, metrics: dict[str, Any]) -> Finding:
        name, sketch = str(self.column), arriving.sketch
        place = column_of(sketch, name, arriving.address or "the table")
        found = column_digest(sketch, place)
        rows = [[name, found, sketch.row_count, sketch.columns[place].nulls]]
        expected = self._expected(arriving, rows)
        if expected.partition(":")[0] != found.partition(":")[0]:
            raise SpecError(f"{expected} is a digest of another encoding than {found}; compute it anew")
        same = expected == found
        told = "the same values as often" if same else f"other values: {found} instead of {expected}"
        counted = f"{count_of(sketch.row_count, 'row')}, {count_of(sketch.columns[place].nulls, 'null')}"
        return Finding(same, found, f"{'=' if same else '~'} {told} ({counted})", {"columns": rows})

    def _expected(self, arriving: Arriving, rows: list[list[Any]]) -> str:
        """The digest that is expected; puts the line of what it is from before that of the column itself."""
        if self.reference is None:
            rows.insert(0, ["expected", str(self.digest), "", ""])
            return str(self.digest)
        name = str(self.reference_column or self.column)
        address, sketch, place = column_place(str(self.reference), name, arriving, is_same_name=name == self.column)
        digest = column_digest(sketch, place)
        rows.insert(0, [f"{name} of {address}", digest, sketch.row_count, sketch.columns[place].nulls])
        return digest

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        params = {"column": said(kwargs.get("column", "?"))}
        if kwargs.get("reference") is None:
            return "$column must have the digest $digest.", {**params, "digest": said(kwargs.get("digest", "?"))}
        other = kwargs.get("reference_column") or kwargs.get("column", "?")
        params |= {"reference_column": said(other), "reference": said(kwargs["reference"])}
        return "$column must hold the same values as $reference_column of $reference.", params

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        return [table(["Column", "Digest", "Rows", "Nulls"], details["columns"])]
