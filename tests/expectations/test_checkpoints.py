"""Stored checkpoints that fail closed: what is dropped, skipped or cannot be evaluated is never a success."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import great_expectations as gx
import great_expectations.expectations as gxe
import pytest
from expectation_cases import CHANGED, ORDERS, Write
from great_expectations.checkpoint.actions import ValidationAction
from projects import ROWS_AND_COLUMNS, checkpoint, project, stored_suite

import sameset_expectations as se
from sameset.errors import SamesetError, SpecError


def unheard_of(folder: Path) -> None:
    """One expectation of the stored suite becomes one that nobody knows."""
    stored = json.loads(stored_suite(folder).read_text(encoding="utf-8"))
    stored["expectations"][0]["type"] = "expect_something_unheard_of"
    stored_suite(folder).write_text(json.dumps(stored), encoding="utf-8")


def test_a_stored_checkpoint_runs(write: Write, tmp_path: Path) -> None:
    project(tmp_path, write(ORDERS))
    run = se.run_checkpoint(se.get_context(tmp_path), "nightly")
    assert (run.outcome, run.success, run.evaluated, run.unmet) == ("success", True, 2, ())
    assert run.sentence == "checkpoint 'nightly': 2 of 2 expectations met"


def test_a_failure_is_told_with_its_severity(write: Write, tmp_path: Path) -> None:
    wrong = gxe.ExpectTableRowCountToEqual(value=7, severity="warning")
    run = se.run_checkpoint(project(tmp_path, write(ORDERS), wrong, *ROWS_AND_COLUMNS), "nightly")
    assert (run.outcome, run.success) == ("failure", False)
    assert [one.severity for one in run.failed] == ["warning"]
    assert (
        "2 of 3 expectations met; expect_table_row_count_to_equal of suite 'quality' (warning) failed" in run.sentence
    )


def test_an_expectation_that_nobody_knows_keeps_the_run_from_beginning(write: Write, tmp_path: Path) -> None:
    project(tmp_path, write(ORDERS))
    unheard_of(tmp_path)
    # What Great Expectations makes of it alone: one of two expectations is evaluated, and all is well.
    assert gx.get_context(mode="file", project_root_dir=str(tmp_path)).checkpoints.get("nightly").run().success
    with pytest.raises(
        SamesetError, match="stores 2 expectations, but only 1 could be loaded: expect_something_unheard"
    ):
        se.run_checkpoint(se.get_context(tmp_path), "nightly")


class MeddlingAction(ValidationAction):
    """Stores another expectation in a suite while its checkpoint runs, as another process may."""

    type: Literal["meddling"] = "meddling"
    path: str

    def run(self, checkpoint_result: Any, action_context: Any = None) -> dict[str, Any]:
        """Nothing that matters."""
        stored = json.loads(Path(self.path).read_text(encoding="utf-8"))
        stored["expectations"].append(stored["expectations"][0] | {"id": None})
        Path(self.path).write_text(json.dumps(stored), encoding="utf-8")
        return {}


def test_a_suite_that_was_changed_meanwhile_is_no_success(write: Write, tmp_path: Path) -> None:
    context = project(tmp_path, write(ORDERS))
    meddling = MeddlingAction(name="meddling", path=str(stored_suite(tmp_path)))
    definitions = context.checkpoints.get("nightly").validation_definitions
    context.checkpoints.add(gx.Checkpoint(name="meddled", validation_definitions=definitions, actions=[meddling]))
    with pytest.raises(
        SamesetError, match="it stores 3 expectations by now, 2 were evaluated; run the checkpoint again"
    ):
        se.run_checkpoint(context, "meddled")


def test_two_validations_of_which_one_would_be_lost_are_no_success(write: Write, tmp_path: Path) -> None:
    context = project(tmp_path, write(ORDERS))
    (first,) = context.checkpoints.get("nightly").validation_definitions
    again = gx.ValidationDefinition(name="again", data=first.data, suite=first.suite)
    second = context.validation_definitions.add(again)
    context.checkpoints.add(gx.Checkpoint(name="twice", validation_definitions=[first, second]))
    with pytest.raises(SamesetError, match="has 2 validation definitions, but 1 were run; two of them may be the same"):
        se.run_checkpoint(context, "twice")


def test_a_missing_file_is_unknown_and_the_reason_is_told(tmp_path: Path, registry: str) -> None:
    run = se.run_checkpoint(project(tmp_path, str(tmp_path / "missing.parquet")), "nightly")
    assert (run.outcome, run.success) == ("unknown", False)
    assert "missing.parquet does not exist" in run.sentence
    assert len(run.unknown) == run.evaluated == 2


def test_what_can_be_evaluated_is_beside_what_cannot(write: Write, tmp_path: Path) -> None:
    nowhere = gxe.ExpectColumnMaxToBeBetween(column="nowhere", max_value=1)
    unique = gxe.ExpectColumnValuesToBeUnique(column="note")
    run = se.run_checkpoint(project(tmp_path, write(ORDERS), nowhere, unique, *ROWS_AND_COLUMNS), "nightly")
    assert run.outcome == "unknown"
    assert {one.expectation for one in run.unknown} == {nowhere.expectation_type, unique.expectation_type}
    assert run.evaluated - len(run.unmet) == 2
    assert all(one.reason and "\n" not in one.reason for one in run.unknown)


def test_a_run_is_told_as_json(write: Write, tmp_path: Path) -> None:
    run = se.run_checkpoint(project(tmp_path, write(ORDERS), docs=True), "nightly", run_id="monday")
    told = json.loads(json.dumps(run.to_json()))
    assert (told["outcome"], told["run_name"], told["checkpoint"]) == ("success", "monday", "nightly")
    assert told["docs"].endswith("index.html")
    assert [len(one["results"]) for one in told["validations"]] == [2]


def test_parameters_are_filled_and_missing_ones_refused(write: Write, tmp_path: Path, registry: str) -> None:
    match = se.ExpectTableToMatch(reference={"$PARAMETER": "reference"})
    context = project(tmp_path, write(ORDERS), match)
    with pytest.raises(SpecError, match="suite 'quality' needs the parameter 'reference', which was not given"):
        se.run_checkpoint(context, "nightly")
    right, wrong = write(ORDERS, "same.csv"), write(CHANGED, "changed.parquet")
    assert se.run_checkpoint(context, "nightly", expectation_parameters={"reference": right}).success
    assert se.run_checkpoint(context, "nightly", expectation_parameters={"reference": wrong}).outcome == "failure"


def test_a_batch_lies_where_the_run_says(write: Write, tmp_path: Path) -> None:
    context = project(tmp_path, str(tmp_path / "missing.parquet"))
    assert se.run_checkpoint(context, "nightly", batch_parameters={"address": write(ORDERS)}).success
    with pytest.raises(SamesetError, match="no batch parameter 'adress'"):
        se.run_checkpoint(context, "nightly", batch_parameters={"adress": "x"})


def test_what_is_not_there_is_named(write: Write, tmp_path: Path) -> None:
    context = project(tmp_path, write(ORDERS))
    with pytest.raises(SamesetError, match="no checkpoint 'weekly' in this Great Expectations project; it has nightly"):
        se.run_checkpoint(context, "weekly")
    with pytest.raises(SamesetError, match="it has none"):
        se.run_checkpoint(se.get_context(), "nightly")
    stored_suite(tmp_path).unlink()
    with pytest.raises(SamesetError, match=r"checkpoint 'nightly' cannot be loaded: .*quality"):
        se.run_checkpoint(se.get_context(tmp_path), "nightly")


def test_nothing_to_evaluate_is_no_success(write: Write, tmp_path: Path) -> None:
    context = project(tmp_path, write(ORDERS))
    stored = json.loads(stored_suite(tmp_path).read_text(encoding="utf-8"))
    stored_suite(tmp_path).write_text(json.dumps(stored | {"expectations": []}), encoding="utf-8")
    with pytest.raises(SpecError, match="holds no expectations; it proves nothing"):
        se.run_checkpoint(context, "nightly")


def test_tables_in_memory_of_a_project_without_our_data_source(write: Write) -> None:
    context = se.get_context()
    data = context.data_sources.add_pandas("frames").add_dataframe_asset("orders")
    checkpoint(
        context, data.add_batch_definition_whole_dataframe("all"), se.ExpectTableToMatch(reference=write(ORDERS))
    )
    for table, outcome in ((ORDERS, "success"), (CHANGED, "failure")):
        run = se.run_checkpoint(context, "nightly", batch_parameters={"dataframe": table.to_pandas()})
        assert run.outcome == outcome
