"""The data source and its engine: core expectations, row conditions, one scan, and the way through a file context."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pyarrow as pa
import pytest
from expectation_cases import CHANGED, KEYED, ORDERS, Write, validated
from great_expectations.compatibility.pydantic import ValidationError
from great_expectations.expectations.row_conditions import Column

import sameset_expectations as se
from sameset import Spec, sketch_table
from sameset.errors import SamesetError, SchemaError, SourceError, SpecError
from sameset.sources.delimited import DelimitedSource


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        (Column("id") < 10, 10),
        (Column("note") == "paid", 500),
        (Column("note").is_null(), 500),
        ((Column("id") >= 10) & (Column("price") <= 5.0), 11),
        ((Column("id") == 1) | (Column("id") == 2), 2),
        (Column("id").is_in([1, 2, 5_000]), 2),
        (Column("id").is_not_in([]), 1_000),
        (Column("note") == "it's; drop table x --", 0),
    ],
    ids=repr,
)
def test_row_conditions_choose_rows(condition: Any, rows: int, write: Write) -> None:
    expectation = gxe.ExpectTableRowCountToEqual(value=rows, row_condition=condition)
    assert validated(write(ORDERS), expectation).success


def test_row_conditions_know_columns_that_differ_only_in_case(write: Write) -> None:
    address = write(pa.table({"a": [1, 2, 3], "A": [10, 20, 30]}))
    expectation = gxe.ExpectColumnMaxToBeBetween(column="A", min_value=20, max_value=20, row_condition=Column("a") < 3)
    assert validated(address, expectation, spec=Spec()).success


@pytest.mark.parametrize(
    ("expectation", "error", "reason"),
    [
        (gxe.ExpectTableRowCountToEqual(value=1, row_condition=Column("x") > 1), SchemaError, "asks for column 'x'"),
        (gxe.ExpectColumnMaxToBeBetween(column="x", max_value=1), SchemaError, "no column 'x'"),
        (gxe.ExpectTableRowCountToEqualOtherTable(other_table_name="x"), SpecError, "no other table 'x'"),
        (gxe.ExpectColumnValuesToBeOfType(column="id", type_="int64"), SamesetError, "could not be evaluated"),
        (gxe.ExpectColumnMaxToBeBetween(column="note", max_value=3), SamesetError, "could not be evaluated"),
    ],
    ids=lambda case: getattr(case, "expectation_type", ""),
)
def test_what_cannot_be_evaluated_is_an_error(expectation: Any, error: type, reason: str, write: Write) -> None:
    with pytest.raises(error, match=reason):
        validated(write(ORDERS), expectation)


@pytest.mark.parametrize("name", ["orders.parquet", "orders.csv"])
def test_the_first_rows_are_shown_and_no_more_are_read(name: str, write: Write) -> None:
    lake = se.get_context().data_sources.add_sameset("lake")
    batch = lake.add_table("orders", write(ORDERS, name)).add_batch_definition("all").get_batch()
    assert batch.head().data["id"].tolist() == [0, 1, 2, 3, 4]
    assert batch.head(2).data.columns.tolist() == ORDERS.column_names
    assert len(batch.head(n_rows=0).data) == 0
    assert len(batch.head(n_rows=5_000).data) == 1_000
    for more in ({"fetch_all": True}, {"n_rows": -1}):
        with pytest.raises(SpecError, match="only its first rows are shown"):
            batch.head(**more)


def test_the_first_rows_of_nothing_are_an_error_that_says_so(tmp_path: Path) -> None:
    lake = se.get_context().data_sources.add_sameset("lake")
    asset = lake.add_table("orders", str(tmp_path / "missing.parquet"))
    with pytest.raises(SourceError, match="does not exist"):
        asset.add_batch_definition("all").get_batch().head()


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of CSV sources, once for each scan of their rows, aggregates included."""
    seen: list[str] = []
    batches, aggregate = DelimitedSource.batches, DelimitedSource.aggregate

    def counted_batches(self: DelimitedSource, *args: Any, **kwargs: Any) -> Iterator[pa.RecordBatch]:
        seen.append(self.address)
        return batches(self, *args, **kwargs)

    def counted_aggregate(self: DelimitedSource, *args: Any, **kwargs: Any) -> Any:
        seen.append(self.address)
        return aggregate(self, *args, **kwargs)

    monkeypatch.setattr(DelimitedSource, "batches", counted_batches)
    monkeypatch.setattr(DelimitedSource, "aggregate", counted_aggregate)
    return seen


def test_rows_are_scanned_once_however_many_expectations_ask(write: Write, record: Any, scans: list[str]) -> None:
    record(write(ORDERS))
    address = write(ORDERS, "again.csv")
    told: list[int] = []
    validation = se.validate_table(
        address,
        KEYED,
        [
            se.ExpectTableToMatch(reference="orders"),
            se.ExpectTableToMatch(reference="orders@1", verdicts=["identical", "appended"]),
            se.ExpectTableToDifferFromPrevious(name="orders"),
            se.ExpectTableNotToResembleAnother(name="orders", max_similarity=0.5),
            gxe.ExpectTableColumnCountToEqual(value=3),
        ],
        name="orders",
        progress=lambda rows: told.append(rows),
    )
    assert validation.evaluated == 5
    assert scans == [address]
    assert sum(told) == 1_000
    assert validation.sketch == sketch_table(write(ORDERS, "orders.csv"), KEYED)


def test_rows_are_scanned_once_even_if_another_metric_fails_and_is_tried_again(write: Write, scans: list[str]) -> None:
    address = write(ORDERS, "orders.csv")
    failing = gxe.ExpectColumnMaxToBeBetween(column="nowhere", max_value=1)
    with pytest.raises(SchemaError):
        validated(address, failing, se.ExpectTableToMatch(reference=write(ORDERS)))
    assert scans.count(address) <= 1


def test_numbers_are_asked_for_once_even_if_other_metrics_fail_and_are_tried_again(
    write: Write, scans: list[str]
) -> None:
    address = write(ORDERS, "orders.csv")
    batch = se.get_context().data_sources.add_sameset("lake").add_table("orders", address).add_batch_definition("all")
    failing = [gxe.ExpectColumnMaxToBeBetween(column=f"nowhere {number}", max_value=1) for number in range(5)]
    known = [gxe.ExpectColumnValuesToNotBeNull(column="id"), gxe.ExpectColumnMaxToBeBetween(column="id", max_value=999)]
    result = batch.get_batch().validate(gx.ExpectationSuite("some", expectations=[*failing, *known]))
    assert result.statistics["successful_expectations"] == 2
    assert scans.count(address) <= 4  # rows, nulls, values, largest


def test_a_file_that_breaks_off_is_read_once_and_is_an_error(tmp_path: Path, scans: list[str]) -> None:
    address = str(tmp_path / "broken.csv")
    lines = ["id,note", *(f"{number},x" for number in range(60_000)), "1,2,3,4"]
    Path(address).write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(SamesetError, match=r"broken\.csv"):
        validated(address, se.ExpectTableToDifferFromPrevious(name="orders"))
    assert scans.count(address) <= 1


def test_pandas_batches_have_the_same_digest(write: Write) -> None:
    context = se.get_context()
    frame = ORDERS.to_pandas()
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("orders")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    result = batch.validate(se.ExpectTableToMatch(reference=write(ORDERS)))
    assert result.success
    sides = result.result["details"]["comparison"]
    assert sides["left"]["digest"] == sides["right"]["digest"] == sketch_table(ORDERS).text_digest
    assert not batch.validate(se.ExpectTableToMatch(reference=write(CHANGED, "changed.parquet"))).success


def test_nothing_is_read_before_a_metric_asks() -> None:
    source = se.get_context().data_sources.add_sameset("lake")
    batch = source.add_table("orders", address="nowhere.parquet").add_batch_definition("all").get_batch()
    assert batch.batch_spec["address"] == "nowhere.parquet"


def test_a_delivery_may_lie_elsewhere_than_the_asset_says(write: Write) -> None:
    source = se.get_context().data_sources.add_sameset("lake")
    whole = source.add_table("orders", address=write(ORDERS), key=["id"]).add_batch_definition("all")
    later = write(CHANGED, "later.parquet")
    expectation = se.ExpectTableToMatch(reference=write(CHANGED, "corrected.csv"))
    assert not whole.get_batch().validate(expectation).success
    assert whole.get_batch({"address": later}).validate(expectation).success


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({"path": "x"}, "no batch parameter 'path'"), ({"address": "pg://ann:s3cret@db/shop"}, "holds a password")],
)
def test_batch_parameters_that_make_no_sense_are_refused(parameters: dict[str, str], reason: str) -> None:
    table = se.get_context().data_sources.add_sameset("lake").add_table("orders", address="x.parquet")
    with pytest.raises(SpecError, match=reason):
        table.build_batch_request(parameters)


def test_an_asset_whose_spec_and_key_disagree_is_refused() -> None:
    source = se.get_context().data_sources.add_sameset("lake")
    with pytest.raises(ValidationError, match="another key"):
        source.add_table("orders", address="x.parquet", key=["id"], spec=Spec().to_json())


@pytest.mark.parametrize("name", ["a$b.parquet", "${HOME}.parquet", "it's [1].parquet", "<b>&.parquet"])
def test_odd_file_names_are_only_names(name: str, write: Write) -> None:
    address = write(ORDERS, name)
    assert validated(address, gxe.ExpectTableRowCountToEqual(value=1_000)).source.address == address


def test_an_address_may_hold_variables(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELIVERIES", str(Path(write(ORDERS)).parent))
    source = se.get_context().data_sources.add_sameset("lake")
    batch = source.add_table("orders", address="${DELIVERIES}/orders.parquet").add_batch_definition("all").get_batch()
    assert batch.validate(gxe.ExpectTableRowCountToEqual(value=1_000)).success


FRESH = """
import json, sys
import sameset_expectations as se
folder, other = sys.argv[1:]
context = se.get_context(folder)
batch_definition = context.data_sources.get("lake").get_asset("orders").get_batch_definition("all")
suite = se.get_suite(context, "quality")
same = se.evaluate(batch_definition, suite, expectation_parameters={"bound": 0.5})
changed = se.evaluate(
    batch_definition, suite, batch_parameters={"address": other}, expectation_parameters={"bound": 0.5}
)
print(json.dumps([[one.success for one in result.results] for result in (same, changed)]))
"""


@pytest.mark.slow
def test_suite_and_data_source_come_back_in_a_fresh_process(write: Write, registry: str, tmp_path: Path) -> None:
    address = write(ORDERS)
    context = se.get_context(tmp_path / "project")
    table = context.data_sources.add_sameset("lake", registry=registry).add_table("orders", address, key=["id"])
    table.add_batch_definition("all")
    expectations = [
        se.ExpectTableToMatch(reference=write(ORDERS, "exported.csv"), severity="warning"),
        se.ExpectTableToDifferFromPrevious(name="orders"),
        se.ExpectTableNotToResembleAnother(name="orders", max_similarity={"$PARAMETER": "bound"}),
    ]
    context.suites.add(gx.ExpectationSuite("quality", expectations=expectations))
    stored = (tmp_path / "project/gx/expectations/quality.json").read_text(encoding="utf-8")
    assert len(stored) < 4_000  # no sketch, no list of rows
    command = [sys.executable, "-c", FRESH, str(tmp_path / "project"), write(CHANGED, "changed.parquet")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == [[True, True, True], [False, True, True]]
