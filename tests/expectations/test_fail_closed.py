"""What Great Expectations would swallow is raised: nothing is dropped, nothing that could not be known passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pytest
from expectation_cases import CHANGED, KEYED, ORDERS, Write, validated
from projects import project as stored_project
from projects import stored_suite

import sameset_expectations as se
from sameset.errors import SamesetError, SourceError, SpecError
from sameset_expectations.failures import first_line

DIFFER = se.ExpectTableToDifferFromPrevious(name="orders")


def test_a_missing_file_raises_the_sentence_of_the_source(tmp_path: Path, registry: str) -> None:
    with pytest.raises(SourceError, match="does not exist; check the path"):
        validated(str(tmp_path / "missing.parquet"), DIFFER)


def test_an_error_leaves_no_trace_in_data_docs(tmp_path: Path, registry: str) -> None:
    with pytest.raises(SourceError):
        se.validate_table(str(tmp_path / "x.parquet"), KEYED, name="orders", context_folder=tmp_path / "project")
    assert not list((tmp_path / "project").rglob("*.html"))
    assert not list((tmp_path / "project/gx/uncommitted/validations").rglob("*.json"))


def test_an_expectation_that_fails_is_no_error(write: Write) -> None:
    assert not validated(write(ORDERS), gxe.ExpectTableRowCountToEqual(value=1)).success


def test_the_gravest_failure_is_told(write: Write) -> None:
    address = write(ORDERS)
    mild = gxe.ExpectTableRowCountToEqual(value=1, severity="info")
    warning = se.ExpectTableToMatch(reference=write(CHANGED, "changed.parquet"), severity="warning")
    assert validated(address, mild).severity == "info"
    assert validated(address, mild, warning).severity == "warning"


@pytest.fixture
def project(write: Write, tmp_path: Path) -> Any:
    """A file context with one table and the suite `quality` of two expectations."""
    context = se.get_context(tmp_path / "project")
    context.data_sources.add_sameset("lake").add_table("orders", write(ORDERS)).add_batch_definition("all")
    expectations = [gxe.ExpectTableRowCountToEqual(value=1_000), gxe.ExpectTableColumnCountToEqual(value=3)]
    context.suites.add(gx.ExpectationSuite("quality", expectations=expectations))
    return context


def batch_definition_of(context: Any) -> Any:
    return context.data_sources.get("lake").get_asset("orders").get_batch_definition("all")


def test_a_stored_suite_comes_back_whole(project: Any) -> None:
    suite = se.get_suite(project, "quality")
    assert se.evaluate(batch_definition_of(project), suite).success


def test_an_expectation_that_nobody_knows_is_not_dropped_in_silence(project: Any, tmp_path: Path) -> None:
    path = tmp_path / "project/gx/expectations/quality.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    stored["expectations"][0]["type"] = "expect_something_unheard_of"
    path.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(SamesetError, match="expect_something_unheard_of is unknown here"):
        se.get_suite(project, "quality")


def test_a_suite_that_is_not_stored_is_an_error(project: Any) -> None:
    with pytest.raises(SamesetError, match="no expectation suite 'other'"):
        se.get_suite(project, "other")


def test_a_suite_without_expectations_proves_nothing(project: Any) -> None:
    with pytest.raises(SpecError, match="nothing to evaluate"):
        se.evaluate(batch_definition_of(project), gx.ExpectationSuite("empty"))


def test_a_suite_parameter_without_a_value_is_an_error(project: Any, registry: str) -> None:
    suite = gx.ExpectationSuite("bound", expectations=[se.ExpectTableToMatch(reference={"$PARAMETER": "reference"})])
    with pytest.raises(SamesetError, match="'bound' could not be evaluated"):
        se.evaluate(batch_definition_of(project), suite)


def test_a_suite_parameter_is_filled(project: Any, write: Write) -> None:
    suite = gx.ExpectationSuite("bound", expectations=[se.ExpectTableToMatch(reference={"$PARAMETER": "reference"})])
    parameters = {"reference": write(ORDERS, "same.csv")}
    assert se.evaluate(batch_definition_of(project), suite, expectation_parameters=parameters).success


def test_a_password_in_a_suite_parameter_does_not_reach_a_result(project: Any) -> None:
    expectation = se.ExpectTableToDifferFromPrevious(name="orders", registry={"$PARAMETER": "registry"})
    suite = gx.ExpectationSuite("secret", expectations=[expectation])
    parameters = {"registry": "postgresql://ann:s3cret@db/shop"}
    with pytest.raises(SamesetError) as caught:
        se.evaluate(batch_definition_of(project), suite, expectation_parameters=parameters)
    assert "s3cret" not in str(caught.value)


def test_a_project_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "great_expectations.yml").write_text("stores: [", encoding="utf-8")
    with pytest.raises(SamesetError, match="cannot be opened"):
        se.get_context(tmp_path)


def test_jobs_that_do_not_know_us_can_still_open_the_project(write: Write, tmp_path: Path, registry: str) -> None:
    folder = tmp_path / "project"
    se.validate_table(write(ORDERS), KEYED, name="orders", context_folder=folder)
    settings = (folder / "gx/great_expectations.yml").read_text(encoding="utf-8")
    assert "sameset" not in settings
    assert not list((folder / "gx/validation_definitions").rglob("*.json"))
    context = gx.get_context(mode="file", project_root_dir=str(folder))
    assert list(context.data_sources.all()) == []


def test_a_suite_of_the_users_own_stays_as_it_is(write: Write, tmp_path: Path, registry: str) -> None:
    context = se.get_context(tmp_path / "project")
    context.suites.add(gx.ExpectationSuite("orders", expectations=[gxe.ExpectTableColumnCountToEqual(value=3)]))
    se.validate_table(write(ORDERS), KEYED, name="orders", context_folder=tmp_path / "project")
    assert len(se.get_suite(se.get_context(tmp_path / "project"), "orders").expectations) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"verdict": "identical"}, "verdict: extra fields not permitted"),
        ({"reference": None}, "reference: none is not an allowed value"),
        ({"pass_if_new": "yes"}, "pass_if_new takes true or false"),
        ({"row_condition": "id > 3"}, "takes no row_condition"),
    ],
)
def test_a_stored_field_that_is_refused_is_named(
    change: dict[str, Any], reason: str, write: Write, tmp_path: Path
) -> None:
    stored_project(tmp_path, write(ORDERS), se.ExpectTableToMatch(reference="orders"))
    stored = json.loads(stored_suite(tmp_path).read_text(encoding="utf-8"))
    stored["expectations"][0]["kwargs"] |= change
    stored_suite(tmp_path).write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(SamesetError, match=f"checkpoint 'nightly' cannot be loaded: .*{reason}"):
        se.run_checkpoint(se.get_context(tmp_path), "nightly")


def test_a_variable_without_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(SamesetError, match="the variable NO_SUCH_FOLDER has no value; set it in the environment"):
        se.run_checkpoint(stored_project(tmp_path, "${NO_SUCH_FOLDER}/orders.parquet"), "nightly")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one\ntwo", "one"),
        ("\n  keys are these:\n\n{'year'}\nmore", "keys are these: {'year'}"),
        ("nothing follows:", "nothing follows:"),
        ("", "ValueError"),
    ],
)
def test_an_error_in_one_line_is_a_whole_sentence(text: str, line: str) -> None:
    assert first_line(ValueError(text)) == line
