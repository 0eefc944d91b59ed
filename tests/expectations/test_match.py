"""ExpectTableToMatch, and what all expectations about a reference or a registry share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from expectation_cases import CHANGED, KEYED, ORDERS, Write, result_of, validated
from great_expectations.compatibility.pydantic import ValidationError

import sameset_expectations as se
from sameset import Spec, sketch_table
from sameset.errors import SamesetError, UnknownDatasetError


def test_the_same_rows_in_another_order_and_format_match(write: Write) -> None:
    shuffled = ORDERS.take(pa.array([*range(500, 1000), *range(500)]))
    reference = write(ORDERS)
    validation = validated(write(shuffled, "orders.csv"), se.ExpectTableToMatch(reference=reference))
    assert validation.success
    assert validation.severity is None
    assert result_of(validation)["observed_value"] == "identical"


def test_a_changed_row_does_not_match_and_is_named(write: Write) -> None:
    reference = write(ORDERS)
    validation = validated(write(CHANGED, "changed.parquet"), se.ExpectTableToMatch(reference=reference))
    assert not validation.success
    assert validation.severity == "critical"
    result = result_of(validation)
    assert result["observed_value"] == "modified"
    assert result["details"]["comparison"]["delta"]["changed"] == [{"id": 0}]
    assert "1 row changed" in result["details"]["sentence"]


def test_other_verdicts_can_be_accepted(write: Write) -> None:
    longer = pa.concat_tables([ORDERS, pa.table({"id": [1_000], "price": [0.0], "note": ["new"]}, ORDERS.schema)])
    expectation = se.ExpectTableToMatch(reference=write(ORDERS), verdicts=["identical", "appended"])
    assert validated(write(longer, "longer.parquet"), expectation).success
    assert not validated(write(CHANGED, "changed.parquet"), expectation).success


@pytest.mark.parametrize("kind", ["sketch file", "name", "snapshot"])
def test_a_reference_may_be_gone(kind: str, write: Write, record: Any, tmp_path: Path) -> None:
    address = write(ORDERS)
    record(address)
    (tmp_path / "orders.sameset").write_bytes(sketch_table(address, KEYED).to_bytes())
    Path(address).unlink()
    references = {"sketch file": str(tmp_path / "orders.sameset"), "name": "orders", "snapshot": "orders@1"}
    expectation = se.ExpectTableToMatch(reference=references[kind])
    assert validated(write(ORDERS, "again.parquet"), expectation).success
    assert not validated(write(CHANGED, "changed.parquet"), expectation).success


def test_columns_renamed_and_reordered_are_recognised_where_both_tables_are_at_hand(write: Write) -> None:
    renamed = ORDERS.rename_columns(["number", "amount", "remark"]).select(["remark", "number", "amount"])
    expectation = se.ExpectTableToMatch(reference=write(ORDERS), verdicts=["renamed"])
    assert validated(write(renamed, "renamed.parquet"), expectation, spec=Spec()).success


def test_a_reference_that_is_nowhere_is_an_error(write: Write, record: Any) -> None:
    address = write(ORDERS)
    record(address)
    with pytest.raises(UnknownDatasetError, match="neither a source nor a snapshot"):
        validated(address, se.ExpectTableToMatch(reference="ordres"))


def test_an_unknown_dataset_is_an_error_even_if_the_expectation_is_mere_information(write: Write, record: Any) -> None:
    address = write(ORDERS)
    record(address)
    with pytest.raises(SamesetError, match="no snapshot 7"):
        validated(address, se.ExpectTableToMatch(reference="orders@7", severity="info"))


def test_wide_tables_and_long_values_give_small_results(write: Write) -> None:
    def wide(value: str) -> pa.Table:
        return pa.table({f"column {number}": [value * 10_000, "x"] for number in range(300)})

    reference = write(wide("a"), "left.parquet")
    address = write(wide("b"), "right.parquet")
    validation = validated(address, se.ExpectTableToMatch(reference=reference), spec=Spec())
    comparison = result_of(validation)["details"]["comparison"]
    assert comparison["columns_that_differ"] == 300
    assert 0 < len(comparison["columns"]) <= 20
    assert len(json.dumps(result_of(validation)["details"])) < 6_500


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "field required"),
        ({"reference": "orders", "verdicts": ["same"]}, "same is no verdict"),
        ({"reference": "orders", "verdicts": []}, "nothing is no verdict"),
        ({"reference": "orders", "row_condition": "id > 3"}, "takes no row_condition"),
        ({"reference": "orders", "severity": "grave"}, "severity"),
        ({"reference": "postgresql://ann:s3cret@db/shop::orders"}, "holds a password"),
        ({"reference": "orders", "registry": "postgresql://ann:s3cret@db/shop"}, "holds a password"),
    ],
)
def test_fields_that_make_no_sense_are_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises((ValidationError, ValueError), match=reason) as caught:
        se.ExpectTableToMatch(**fields)
    assert "s3cret" not in str(caught.value)
