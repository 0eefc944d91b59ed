"""ExpectTableSchemaToMatch: the columns of a reference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.metadata_types import DataQualityIssues
from great_expectations.render import RenderedContent

from sameset.canonical.families import Family
from sameset.comparison.columns import moved_columns
from sameset.comparison.sentences import count_of
from sameset.execution.operands import Operand
from sameset.execution.projection import selected
from sameset.sketches.spec import Spec
from sameset.sketches.table import Column, TableSketch
from sameset_expectations.base import Arriving, Finding, SketchExpectation
from sameset_expectations.fields import Parameter, one_of, said
from sameset_expectations.references import Reference, ReferenceExpectation
from sameset_expectations.rendering import table
from sameset_expectations.results import fitting

__all__ = ["ExpectTableSchemaToMatch"]

TYPES = ("exact", "family", "any")
LISTED = 5
#: How Arrow lays values out, which is no part of their type: offsets of 32 or 64 bits, views, what the elements of a list and
#: the entries of a map are called. The same file of Parquet has others in pandas, DuckDB and Spark. A name stands before ": ".
LAYOUTS = (
    (re.compile(r"\blarge_(string|binary|list|list_view)\b(?!: )"), r"\1"),
    (re.compile(r"\b(string|binary|list)_view\b(?!: )"), r"\1"),
    (re.compile(r"\b((?:fixed_size_)?list)<[^:<>]*: "), r"\1<"),
    (re.compile(r" \('[^']*'\)(?=>|, |$)"), ""),
)


@dataclass(frozen=True)
class Difference:
    """A column that is not as it was: `what` is added, removed, retyped or moved."""

    name: str
    what: str
    before: str | None
    after: str | None


class ExpectTableSchemaToMatch(ReferenceExpectation):
    """Expect the columns of the table to be those of a reference: their names, and their types as far as is asked.

    ExpectTableSchemaToMatch is a Batch Expectation.

    A reference that is a source is not scanned for it; a snapshot or sketch file serves when the table itself is gone.

    Args:
        reference (str): A source, a sketch file, or NAME or NAME@SNAPSHOT of the registry.
        registry (str or None): The address of the registry.
        pass_if_new (bool): Whether a NAME without a snapshot yet is a success.
        types (str): "exact" (string and large_string are one type), "family" (so are numbers of any width and kind), or "any".
        order (bool): Whether the columns must stand in the same order, too.
        severity (str): critical, warning or info.
    """

    types: str | Parameter = pydantic.Field(
        "exact",
        description="exact: the same Arrow types, of which string and large_string are one; "
        "family: types whose equal values are equal here, such as numbers of any width; any: names alone.",
    )
    order: bool | Parameter = pydantic.Field(
        False, description="Whether the columns must stand in the same order, too."
    )

    success_keys: ClassVar[tuple[str, ...]] = (*ReferenceExpectation.reference_keys, "types", "order")
    issues: ClassVar[tuple[DataQualityIssues, ...]] = (DataQualityIssues.SCHEMA,)

    _types = pydantic.validator("types", allow_reuse=True)(one_of(*TYPES))

    class Config(SketchExpectation.Config):
        """What the schema of the expectation says."""

        title = "Expect table schema to match"

    def _compare(self, arriving: Arriving, reference: Reference) -> Finding:
        before, after = _columns(reference.found, arriving.sketch.spec), arriving.sketch.schema
        found = self._differences(before, after)
        return Finding(
            not found,
            len(found),
            _sentence(found, len(after)),
            fitting(
                lambda limit: {
                    "differences": [vars(one) for one in found[:limit]],
                    "differing": len(found),
                    "columns": [len(before), len(after)],
                }
            ),
        )

    def _differences(self, before: tuple[Column, ...], after: tuple[Column, ...]) -> list[Difference]:
        old, new = {column.name: column for column in before}, {column.name: column for column in after}
        found = [Difference(name, "added", None, new[name].type) for name in new if name not in old]
        found += [Difference(name, "removed", old[name].type, None) for name in old if name not in new]
        found += [
            Difference(name, "retyped", old[name].type, new[name].type)
            for name in new
            if name in old and not self._agree(old[name], new[name])
        ]
        if self.order is True:
            moved = moved_columns(list(old), {name: name for name in new if name in old})
            places = [{name: f"place {i + 1}" for i, name in enumerate(side)} for side in (old, new)]
            found += [Difference(name, "moved", places[0][name], places[1][name]) for name in new if name in moved]
        return found

    def _agree(self, before: Column, after: Column) -> bool:
        if self.types == "family":
            return before.family == after.family or Family.NULL in (before.family, after.family)
        return self.types == "any" or _plain(before.type) == _plain(after.type)

    @classmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        types = kwargs.get("types", "exact")
        names = {"exact": "and types", "family": "and families of types", "any": "(types of any kind)"}
        what = f"names {names[types]}" if isinstance(types, str) else "names"
        order = ", in the same order" if kwargs.get("order") is True else ""
        return f"Columns must have the {what} of those of $reference{order}.", {
            "reference": said(kwargs.get("reference", "?"))
        }

    @classmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        counts = table(
            ["Columns of the reference", "Columns of this table", "Differences"],
            [[*details["columns"], details["differing"]]],
        )
        if not details["differing"]:
            return [counts]
        rows = [[one["name"], one["what"], one["before"] or "", one["after"] or ""] for one in details["differences"]]
        more = details["differing"] - len(rows)
        rows += [[f"and {more:,} more", "", "", ""]] if more else []
        return [counts, table(["Column", "What", "Reference", "This table"], rows)]


def _plain(kind: str) -> str:
    """The name of an Arrow type without its layout."""
    for layout, rest in LAYOUTS:
        kind = layout.sub(rest, kind)
    return kind


def _columns(reference: Operand, spec: Spec) -> tuple[Column, ...]:
    """The columns of a reference, which need no scan."""
    if reference.source is None or reference.stored is not None:
        return reference.table.schema
    return TableSketch.empty(_without_key(spec), selected(reference.source, spec).schema()).schema


def _without_key(spec: Spec) -> Spec:
    return Spec(encoding=spec.encoding, seed=spec.seed, digits=spec.digits, nfc=spec.nfc)


def _sentence(found: list[Difference], columns: int) -> str:
    if not found:
        return f"= {count_of(columns, 'column')} as in the reference"
    told = [
        f"{one.name} {one.what}" + (f" from {one.before} to {one.after}" if one.before and one.after else "")
        for one in found[:LISTED]
    ]
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return f"~ {count_of(len(found), 'difference')}: {', '.join(told)}{more}"
