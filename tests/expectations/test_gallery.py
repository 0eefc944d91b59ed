"""What every expectation must do: pass and fail, be stored and read, take parameters, show what it found, stay small."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import great_expectations as gx
import pytest
from gallery import CASES, Case, keyed

import sameset_expectations as se
import sameset_expectations.engine
from sameset_expectations.base import SketchExpectation

CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
PASSES = pytest.mark.parametrize("passes", [True, False], ids=["passes", "fails"])
NOT_OURS = {"id", "meta", "notes", "result_format", "description", "catch_exceptions", "rendered_content", "severity"}
NOT_OURS |= {"windows", "batch_id", "row_condition", "condition_parser"}
Results = dict[tuple[str, bool], dict[str, Any]]


def validated(*expectations: Any, table: str = "arriving.parquet", **more: Any) -> se.Validation:
    return se.validate_table(table, keyed(), expectations, name="orders", **more)


@pytest.fixture(scope="module")
def results(world: Path) -> Results:
    """What each expectation found with the fields that pass and with those that fail."""
    found = {}
    for case in CASES:
        for passes in (True, False):
            validation = validated(case.made(passes=passes), table=case.table(passes=passes))
            found[case.name, passes] = validation.result["results"][0]
    return found


def whole_suite(passes: bool) -> gx.ExpectationSuite:
    """All expectations, with all that Great Expectations lets them carry."""
    expectations = [
        case.made(
            passes=passes,
            severity=["critical", "warning", "info"][number % 3],
            description=f"description {number}",
            notes=f"note {number}",
            meta={"owner": f"team {number}"},
        )
        for number, case in enumerate(CASES)
    ]
    return gx.ExpectationSuite(f"all-{passes}", expectations=expectations)


def batch_of(context: Any, table: str = "arriving.parquet") -> Any:
    return context.data_sources.add_sameset("lake").add_table("orders", table, key=["id"]).add_batch_definition("all")


def test_the_gallery_holds_every_expectation() -> None:
    exported = {getattr(se, name) for name in se.__all__ if name.startswith("Expect")}
    assert {case.kind for case in CASES} == exported
    assert len(exported) == 12


@PASSES
@CASE
def test_it_passes_when_it_should_and_fails_when_it_should(case: Case, passes: bool, results: Results) -> None:
    result = results[case.name, passes]
    assert result["success"] is passes
    assert not any(info["raised_exception"] for info in result["exception_info"].values() if isinstance(info, dict))


@PASSES
@CASE
def test_results_are_small_and_hold_no_sketch(case: Case, passes: bool, results: Results) -> None:
    result = results[case.name, passes]["result"]
    assert isinstance(result["observed_value"], str | int | float)
    assert len(json.dumps(result["observed_value"])) < 60
    assert len(json.dumps(result)) < 6_500
    assert result["details"]["sentence"]
    assert "\n" not in result["details"]["sentence"]


@CASE
def test_fields_are_described(case: Case) -> None:
    for name in case.kind.success_keys:
        description = case.kind.__fields__[name].field_info.description
        assert description, name
        assert description[0].isupper() or ":" in description or "," in description
    own = set(case.kind.__fields__) - NOT_OURS - set(SketchExpectation.__fields__)
    assert own == set(case.kind.success_keys)
    for name in own:
        assert f"{name} (" in case.kind.__doc__ or f"{name}, " in case.kind.__doc__ or f", {name}" in case.kind.__doc__


@CASE
def test_its_schema_can_be_written(case: Case) -> None:
    schema = json.loads(case.kind.schema_json())
    assert schema["title"] == case.kind.Config.title
    assert set(case.kind.success_keys) <= set(schema["properties"])
    assert all(schema["properties"][name]["description"] for name in case.kind.success_keys)
    metadata = schema["properties"]["metadata"]["properties"]
    assert metadata["short_description"]["const"].startswith("Expect ")
    assert metadata["short_description"]["const"].endswith(".")


@PASSES
def test_a_suite_comes_back_from_its_project_as_it_was(passes: bool, world: Path, tmp_path: Path) -> None:
    suite = whole_suite(passes)
    se.get_context(tmp_path).suites.add(suite)
    loaded = se.get_suite(se.get_context(tmp_path), suite.name)
    stored = [one.configuration.to_json_dict() for one in loaded.expectations]
    assert stored == [one.configuration.to_json_dict() for one in suite.expectations]
    for number, one in enumerate(stored):
        assert one["meta"] == {"owner": f"team {number}"}
        assert one["notes"] == f"note {number}"
        assert one["description"] == f"description {number}"
        assert one["severity"] == ["critical", "warning", "info"][number % 3]
    text = (tmp_path / f"gx/expectations/{suite.name}.json").read_text(encoding="utf-8")
    assert len(text) < 700 * len(CASES)
    assert all(type(one) is case.kind for one, case in zip(loaded.expectations, CASES, strict=True))


@pytest.mark.parametrize(
    "result_format",
    ["BOOLEAN_ONLY", "BASIC", *(pytest.param(one, marks=pytest.mark.slow) for one in ("SUMMARY", "COMPLETE"))],
)
def test_every_result_format_tells_as_much_as_it_promises(result_format: str, world: Path) -> None:
    batch = batch_of(se.get_context()).get_batch()
    failing = [case for case in CASES if case.table(passes=False) == "arriving.parquet"]
    expectations = [case.made(passes=True) for case in CASES] + [case.made(passes=False) for case in failing]
    found = batch.validate(gx.ExpectationSuite("all", expectations=expectations), result_format=result_format)
    told = Counter(bool(one.success) for one in found.results)  # those about one column stand together
    assert told == {True: len(CASES), False: len(failing)}
    for one in found.results:
        details = (one.result or {}).get("details")
        if result_format == "BOOLEAN_ONLY":
            assert not one.result
        elif result_format == "BASIC":
            assert list(details) == ["sentence"]
        else:
            assert len(details) > 1
            assert len(json.dumps(one.to_json_dict()["result"])) < 6_500


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_the_severity_of_a_failure_is_told(severity: str, world: Path) -> None:
    expectations = [case.made(passes=False, severity=severity) for case in CASES if case.failing_table[0] == "a"]
    validation = validated(*expectations)
    assert (validation.success, validation.severity) == (False, severity)


@PASSES
@CASE
def test_every_field_takes_a_suite_parameter(case: Case, passes: bool, world: Path) -> None:
    fields = {
        name: field.get_default() for name, field in case.kind.__fields__.items() if name in case.kind.success_keys
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    fields |= case.passing if passes else case.failing
    if "registry" in case.kind.success_keys:
        fields["registry"] = str(world / "registry.db")
    expectation = case.kind(**{name: {"$PARAMETER": f"the_{name}"} for name in fields})
    suite = gx.ExpectationSuite("bound", expectations=[expectation])
    given = {f"the_{name}": value for name, value in fields.items()}
    batch = batch_of(se.get_context(), case.table(passes=passes))
    assert se.evaluate(batch, suite, expectation_parameters=given).success is passes


def test_a_checkpoint_sketches_the_table_once_however_many_expectations_it_has(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[str] = Counter()
    for module in (sameset_expectations.engine, sameset_expectations.references):
        monkeypatch.setattr(module, "sketch_table", _counted(module.sketch_table, seen))
    context = se.get_context(tmp_path)
    definition = gx.ValidationDefinition(
        name="all", data=batch_of(context), suite=context.suites.add(whole_suite(True))
    )
    context.validation_definitions.add(definition)
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name="all", validation_definitions=[definition], result_format="COMPLETE")
    )
    result = checkpoint.run()
    assert result.success
    (found,) = result.run_results.values()
    assert len(found.results) == len(CASES)
    assert seen == {"arriving.parquet": 1, "arriving.csv": 1, "before.parquet": 1, "others.parquet": 1}
    stored = next((tmp_path / "gx/uncommitted/validations").rglob("*.json")).read_text(encoding="utf-8")
    assert len(stored) < 4_000 * len(CASES)


def _counted(sketch_table: Any, seen: Counter[str]) -> Any:
    def counted(source: Any, *args: Any, **more: Any) -> Any:
        seen[source.address] += 1
        return sketch_table(source, *args, **more)

    return counted
