"""The expectations that ask the registry: not the previous delivery again, not a copy of another dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from expectation_cases import CHANGED, KEYED, ORDERS, Write, result_of, validated

import sameset_expectations as se
from sameset import Registry, Spec, sketch_table
from sameset.errors import SamesetError, SpecError, UnknownDatasetError
from sameset.execution.checking import Arrival, record_check

DIFFER = se.ExpectTableToDifferFromPrevious(name="orders")


def alone(max_similarity: float = 0.5) -> se.ExpectTableNotToResembleAnother:
    return se.ExpectTableNotToResembleAnother(name="orders", max_similarity=max_similarity)


def test_a_dataset_without_a_past_differs(write: Write, registry: str) -> None:
    validation = validated(write(ORDERS), DIFFER)
    assert validation.success
    assert "no previous snapshot" in result_of(validation)["details"]["sentence"]
    assert not Path(registry).exists()  # asking creates nothing


def test_the_same_delivery_again_is_stale(write: Write, record: Any) -> None:
    record(write(ORDERS))
    validation = validated(write(ORDERS.slice(0), "again.csv"), DIFFER)
    assert not validation.success
    assert result_of(validation)["observed_value"] == "unchanged"
    assert "holds the same rows as orders@1" in result_of(validation)["details"]["sentence"]


def test_a_changed_delivery_differs_and_its_rows_are_named(write: Write, record: Any) -> None:
    record(write(ORDERS))
    validation = validated(write(CHANGED, "changed.parquet"), DIFFER)
    assert validation.success
    assert result_of(validation)["details"]["comparison"]["delta"]["changed"] == [{"id": 0}]


def test_only_the_newest_snapshot_counts(write: Write, record: Any) -> None:
    first, second = write(ORDERS), write(CHANGED, "changed.parquet")
    record(first)
    record(second)
    assert validated(first, DIFFER).success
    assert not validated(second, DIFFER).success


def test_a_previous_snapshot_that_cannot_be_compared_is_an_error(write: Write, record: Any) -> None:
    address = write(ORDERS)
    record(address)
    with pytest.raises(SpecError, match="orders@1 cannot be compared"):
        validated(address, DIFFER, spec=Spec(seed=7))


def test_an_unreadable_registry_is_an_error(write: Write, registry: str) -> None:
    Path(registry).write_bytes(b"no database" * 1_000)
    with pytest.raises(SamesetError):
        validated(write(ORDERS), DIFFER)


def test_no_other_dataset_means_no_resemblance(write: Write, record: Any) -> None:
    address = write(ORDERS)
    record(address)
    validation = validated(address, alone())
    assert validation.success
    assert "there is no other dataset in" in result_of(validation)["details"]["sentence"]


@pytest.mark.parametrize(
    ("other", "share"),
    [
        (ORDERS, 1.0),
        (ORDERS.slice(0, 300), 1.0),  # a part: it lies in this table as a whole
        (ORDERS.rename_columns(["number", "amount", "remark"]), 1.0),
        (pa.concat_tables([ORDERS.slice(0, 600), ORDERS.slice(0, 600)]), 0.6),
    ],
    ids=["copy", "part", "renamed copy", "overlap"],
)
def test_a_dataset_that_resembles_another_fails_and_the_other_is_named(
    other: pa.Table, share: float, write: Write, registry: str
) -> None:
    se_address = write(other, "other.parquet")
    with Registry.open(registry) as opened:
        record_check(opened, Arrival("twin", sketch_table(se_address), se_address))
    address = write(ORDERS)
    validation = validated(address, alone(), spec=Spec())
    assert not validation.success
    result = result_of(validation)
    assert result["observed_value"] == share
    assert result["details"]["others"][0]["dataset"] == "twin"
    assert "nearest is twin" in result["details"]["sentence"]
    assert validated(address, alone(1.0), spec=Spec()).success


def test_unrelated_and_empty_tables_resemble_nothing(write: Write, record: Any) -> None:
    record(write(pa.table({"id": [1], "word": ["a"]}), "other.parquet"), "other")
    record(write(ORDERS.slice(0, 0), "empty.parquet"), "empty")
    assert validated(write(ORDERS), alone(0.0)).success
    assert validated(write(ORDERS.slice(0, 0), "none.parquet"), alone(0.0)).success


def test_datasets_that_cannot_be_compared_are_counted(write: Write, record: Any) -> None:
    address = write(ORDERS)
    record(address, "twin")
    result = result_of(validated(address, alone(), spec=Spec(key=("id",), seed=3)))
    assert result["details"]["incomparable"] == 1
    assert "1 dataset could not be compared" in result["details"]["sentence"]


def test_a_similarity_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match="a share must be in"):
        alone(1.5)


def test_the_registry_of_the_call_is_the_one_that_is_asked(write: Write, record: Any, tmp_path: Path) -> None:
    address = write(ORDERS)
    record(address)
    assert not validated(address, DIFFER).success
    elsewhere = se.validate_table(address, KEYED, [DIFFER], name="orders", registry=str(tmp_path / "empty.db"))
    assert elsewhere.success
    assert "empty.db" in result_of(elsewhere)["details"]["sentence"]


def test_no_password_is_in_an_error_about_registry_or_table(write: Write) -> None:
    secret = "postgresql://ann:s3cret@127.0.0.1:1/shop"
    with pytest.raises(SamesetError) as of_registry:
        se.validate_table(write(ORDERS), KEYED, [DIFFER], name="orders", registry=secret)
    with pytest.raises(SamesetError) as of_table:
        validated(f"{secret}::orders", DIFFER)
    assert "s3cret" not in str(of_registry.value) + str(of_table.value)


def test_a_registry_without_any_dataset_is_told_apart(write: Write, registry: str) -> None:
    address, empty = write(ORDERS), str(Path(registry).with_name("mistyped.db"))
    fields = {"name": "orders", "registry": empty}
    told = [
        validated(address, expectation).result["results"][0]["result"]["details"]["sentence"]
        for expectation in (
            se.ExpectTableToDifferFromPrevious(**fields),
            se.ExpectTableNotToResembleAnother(**fields, max_similarity=0.5),
        )
    ]
    assert told == [
        f"★ has no previous snapshot in {empty}, which has no dataset at all yet",
        f"there is no other dataset in {empty} to compare with",
    ]
    with pytest.raises(UnknownDatasetError, match="has none at all yet; check the registry's address"):
        validated(address, se.ExpectTableToMatch(reference="orders", registry=empty))
    assert not Path(empty).exists()
