"""What our expectations share: they judge the one sketch of a batch, and show a sentence, pictures and tables."""

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
    RenderedContent,
    RenderedStringTemplateContent,
)
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import RendererConfiguration, RendererValueType

from sameset.registry import default_address
from sameset_expectations.batches import SUPPORTED, opened_source
from sameset_expectations.bounds import Measured, share_text
from sameset_expectations.engine import SamesetExecutionEngine
from sameset_expectations.escaping import as_parameter
from sameset_expectations.failures import noting
from sameset_expectations.fields import checked_kind, checked_parameter, without_secret
from sameset_expectations.metrics import SKETCH
from sameset_expectations.rendering import shorten, text

if TYPE_CHECKING:
    from sameset.sketches.table import TableSketch
    from sameset.sources import Source

__all__ = ["Arriving", "Finding", "SketchExpectation"]


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
    observed: str | int | float
    sentence: str
    facts: dict[str, Any]

    @classmethod
    def of_measured(cls, measured: Measured, sentence: str, facts: dict[str, Any] | None = None) -> Finding:
        """The finding that a number keeps its bounds, or not."""
        told = f"{sentence}; {measured.remark}" if measured.remark else sentence
        observed = float(share_text(measured.found.estimate, measured.bounds.low, measured.bounds.high))
        return cls(measured.success, observed, told, {"measured": measured.to_json(), **(facts or {})})

    def to_result(self, *, brief: bool = False) -> dict[str, Any]:
        """The finding as Great Expectations keeps it; a `brief` one is the sentence alone."""
        details = {"sentence": self.sentence, **({} if brief else self.facts)}
        return {"success": self.success, "result": {"observed_value": self.observed, "details": shorten(details)}}


def _plain_field(cls: type[SketchExpectation], value: Any, field: Any) -> Any:
    """A value of a field of ours: of its kind, no mapping but a suite parameter, and no password in it."""
    if field.name not in cls.success_keys:
        return value
    for part in value if isinstance(value, list) else [value]:
        without_secret(part)
    return checked_kind(checked_parameter(value), field)


class SketchExpectation(BatchExpectation, ABC):
    """An expectation about the rows of a whole table. Subclasses add fields, `_judge`, `_told` and `_blocks`."""

    _plain_fields = pydantic.validator("*", pre=True, allow_reuse=True)(_plain_field)

    @pydantic.root_validator(pre=True)
    @classmethod
    def _whole_batches(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("row_condition") is not None:
            raise ValueError(
                f"{cls.__name__} is about all rows of a batch and takes no row_condition; "
                "point the asset to a query, or define a batch definition with parts"
            )
        return values

    metric_dependencies: ClassVar[tuple[str, ...]] = (SKETCH,)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    issues: ClassVar[tuple[DataQualityIssues, ...]] = (DataQualityIssues.VOLUME, DataQualityIssues.UNIQUENESS)
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
                "data_quality_issues": [issue.value for issue in model.issues],
                "library_metadata": model._library_metadata,
                "short_description": (model.__doc__ or "").partition("\n")[0],
                "supported_data_sources": SUPPORTED,
            }.items():
                properties[name] = {"title": name.replace("_", " ").title(), "const": value}

    @abstractmethod
    def _judge(self, arriving: Arriving, metrics: dict[str, Any]) -> Finding:
        """What is found; SamesetError if it cannot be known."""

    @classmethod
    @abstractmethod
    def _told(cls, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """The expectation as a sentence with $parameters, and their texts."""

    @classmethod
    @abstractmethod
    def _blocks(cls, details: dict[str, Any]) -> list[RenderedContent]:
        """The pictures and tables under the sentence."""

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        with noting():
            finding = self._judge(self._arriving(metrics[SKETCH], execution_engine), metrics)
        return finding.to_result(brief=_is_brief(self._get_result_format(runtime_configuration)))

    def _arriving(self, sketch: TableSketch, engine: Any) -> Arriving:
        named = getattr(self, "registry", None)
        if not isinstance(engine, SamesetExecutionEngine):
            source = opened_source(engine, {"batch_id": self.batch_id})
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
        shown = {name: as_parameter(value) for name, value in params.items()}
        content = {"template": template, "params": shown, "styling": styling}
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
    ) -> list[RenderedContent] | None:
        details = _details(result)
        shown = len(details) > 1 and "new" not in details  # a brief result, or nothing to compare with yet
        return cls._blocks(details) or None if shown else None


def _details(result: Any) -> dict[str, Any]:
    return (result.result or {}).get("details", {}) if result is not None else {}


def _is_brief(result_format: Any) -> bool:
    """Whether a result format asks for no more than what was observed."""
    asked = result_format.get("result_format") if isinstance(result_format, dict) else result_format
    return str(getattr(asked, "value", asked)) in ("BASIC", "BOOLEAN_ONLY")
