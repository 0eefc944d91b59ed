"""What our expectations share: they judge the one sketch of a batch, and show a sentence and tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metadata_types import DataQualityIssues
from great_expectations.render import (
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedStringTemplateContent,
    RenderedTableContent,
)
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import RendererConfiguration, RendererValueType

from sameset.registry import default_address, without_password
from sameset_expectations.batches import SUPPORTED, source_of
from sameset_expectations.engine import SamesetExecutionEngine
from sameset_expectations.failures import noting
from sameset_expectations.metrics import SKETCH
from sameset_expectations.rendering import shorten, text

if TYPE_CHECKING:
    from sameset.comparison import Comparison
    from sameset.sketches.table import TableSketch
    from sameset.sources import Source

__all__ = [
    "LISTED_ROWS",
    "REGISTRY_DESCRIPTION",
    "Arriving",
    "Finding",
    "SketchExpectation",
    "bounded",
    "registry_field",
    "said",
    "without_secret",
]

REGISTRY_DESCRIPTION = (
    "The address of the registry, without a password; left out, it is that of the data source or else SAMESET_REGISTRY."
)
LISTED_ROWS = 20
LISTED_COLUMNS = 30
LISTED_CELLS = 8


@dataclass(frozen=True)
class Arriving:
    """What an expectation judges: the sketch, where its rows are if they can be read again, and the registry to ask."""

    sketch: TableSketch
    address: str | None
    source: Source | None
    registry: str


@dataclass(frozen=True)
class Finding:
    """What an expectation found: the word, the sentence, and the bounded facts that its tables show."""

    success: bool
    observed: str
    sentence: str
    facts: dict[str, Any]

    def to_result(self) -> dict[str, Any]:
        """The finding as Great Expectations keeps it."""
        details = {"sentence": self.sentence, **self.facts}
        return {"success": self.success, "result": {"observed_value": self.observed, "details": shorten(details)}}


class SketchExpectation(BatchExpectation, ABC):
    """An expectation about the rows of a whole table. Subclasses add fields, `_judge`, `_told` and `_tables`."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (SKETCH,)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    library_metadata: ClassVar[dict[str, Any]] = {
        "maturity": "experimental",
        "tags": ["sameset", "table expectation"],
        "contributors": ["sameset"],
        "requirements": ["sameset"],
        "has_full_test_suite": True,
        "manually_reviewed_code": True,
    }
    _library_metadata = library_metadata

    class Config:
        """What the schema of the expectation says."""

        @staticmethod
        def schema_extra(schema: dict[str, Any], model: type[SketchExpectation]) -> None:
            """Adds what catalogues of expectations show."""
            BatchExpectation.Config.schema_extra(schema, model)
            properties = schema["properties"]["metadata"]["properties"]
            for name, value in {
                "data_quality_issues": [DataQualityIssues.VOLUME.value, DataQualityIssues.UNIQUENESS.value],
                "library_metadata": model._library_metadata,
                "short_description": (model.__doc__ or "").partition("\n")[0],
                "supported_data_sources": SUPPORTED,
            }.items():
                properties[name] = {"title": name.replace("_", " ").title(), "const": value}

    @abstractmethod
    def _judge(self, arriving: Arriving) -> Finding:
        """What is found; SamesetError if it cannot be known."""

    @classmethod
    @abstractmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """The expectation as a sentence with $parameters, and their texts."""

    @classmethod
    @abstractmethod
    def _tables(cls, details: dict[str, Any]) -> list[RenderedTableContent]:
        """The tables under the sentence."""

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        with noting():
            return self._judge(self._arriving(metrics[SKETCH], execution_engine)).to_result()

    def _arriving(self, sketch: TableSketch, engine: Any) -> Arriving:
        named = getattr(self, "registry", None)
        if not isinstance(engine, SamesetExecutionEngine):
            source = source_of(engine, {"batch_id": self.batch_id})
            return Arriving(sketch, source.address, source, named or default_address())
        batch = engine.batch_data({"batch_id": self.batch_id})
        return Arriving(sketch, batch.address, batch.source, named or engine.registry)

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: RendererConfiguration) -> RendererConfiguration:
        template, params = cls._told(renderer_configuration.kwargs)
        for name, value in params.items():
            renderer_configuration.add_param(name=name, param_type=RendererValueType.STRING, value=value)
        renderer_configuration.template_str = template
        return renderer_configuration

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[RenderedStringTemplateContent]:
        known = configuration or (result.expectation_config if result else None)
        template, params = cls._told(known.kwargs if known else {})
        styling = {"default": {"classes": ["badge", "badge-secondary"]}}
        content = {"template": template, "params": params, "styling": styling}
        return [RenderedStringTemplateContent(content_block_type="string_template", string_template=content)]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)
    def _diagnostic_observed_value_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> Any:
        details = _details(result)
        return text(details["sentence"]) if details else "--"

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_TABLE)
    def _diagnostic_unexpected_table_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[RenderedTableContent] | None:
        details = _details(result)
        return cls._tables(details) or None if details else None


def _details(result: Any) -> dict[str, Any]:
    return (result.result or {}).get("details", {}) if result is not None else {}


def said(value: object) -> str:
    """A field as a sentence has it; one that a suite parameter will fill is called by that parameter."""
    if isinstance(value, dict):
        return f"(parameter {value.get('$PARAMETER', '?')})"
    return str(value)


def without_secret(value: Any) -> Any:
    """The field itself; ValueError if it holds a password, because suites and results store every field."""
    if isinstance(value, str) and without_password(value) != value:
        raise ValueError(
            "the address holds a password, which suites and results would store; "
            "give the registry to the data source as ${VARIABLE}, or set SAMESET_REGISTRY"
        )
    return value


def bounded(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON of a few kilobytes: some of the rows, some of the columns, and none that are the same."""
    found = comparison.to_json(LISTED_ROWS)
    differing = [column for column in found["columns"] if column["state"] != "same"]
    found["columns_that_differ"] = len(differing)
    found["columns"] = differing[:LISTED_COLUMNS]
    rows = found.pop("row_sample")
    for name in ("added", "removed", "changed"):
        entries = found["delta"][name] if comparison.key else rows[name] or found["delta"][name]
        found["delta"][name] = [_narrow(row) for row in entries]
    if found["buckets"]:
        found["buckets"]["differing"] = [_narrow_bucket(bucket) for bucket in found["buckets"]["differing"]]
    for side in (found["left"], found["right"]):
        side["address"] = without_password(side["address"]) if side["address"] else None
    return found


def _narrow(row: dict[str, Any]) -> dict[str, Any]:
    """The row, or the first cells of a wide one."""
    more = len(row) - LISTED_CELLS
    return row if more <= 0 else {**dict(list(row.items())[:LISTED_CELLS]), "…": f"{more} more columns"}


def _narrow_bucket(bucket: dict[str, Any]) -> dict[str, Any]:
    """The bucket with the first of its columns."""
    names = bucket["columns"]
    more = bucket["more_columns"] + max(len(names) - LISTED_CELLS, 0)
    return bucket | {"columns": names[:LISTED_CELLS], "more_columns": more}


def registry_field() -> Any:
    """The field of the registry's address."""
    return pydantic.Field(None, description=REGISTRY_DESCRIPTION)
