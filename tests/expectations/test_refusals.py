"""What makes no sense is refused in one sentence, when it is written or when it is evaluated; odd tables give findings."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import great_expectations as gx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from expectation_cases import Write
from gallery import CASES, Case, keyed, tables
from great_expectations.compatibility.pydantic import ValidationError

import sameset_expectations as se
from sameset import Spec, sketch_table
from sameset.errors import SamesetError, SchemaError, SpecError, UnknownDatasetError
from sameset_expectations.failures import gathering

CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
WITH_REFERENCE = [case for case in CASES if "reference" in case.kind.success_keys]
SHARES = ["max_similarity", "max_share", "mostly", "min_value", "max_value"]
DIGEST = "v1:" + "a" * 32


def validated(
    expectation: Any, table: str = "arriving.parquet", spec: Spec | None = None, **more: Any
) -> se.Validation:
    return se.validate_table(table, spec or keyed(), [expectation], name="orders", **more)


def reasons(make: Callable[[], Any]) -> list[str]:
    """The sentences with which fields are refused."""
    with pytest.raises(ValidationError) as caught:
        make()
    return [error["msg"] for error in caught.value.errors()]


def by_type(case: Case, kind: type) -> list[str]:
    """The fields of an expectation that take a value of a type."""
    return [name for name in case.kind.success_keys if kind in case.kind.__fields__[name].outer_type_.__args__]


@CASE
def test_values_of_another_kind_are_refused_in_one_sentence(case: Case) -> None:
    wrong: dict[type, list[Any]] = {
        float: [True, "0.5", math.nan, math.inf, -math.inf, 10**400, [0.5], b"1"],
        str: [5, True, "", b"orders", ["orders"]],
        bool: ["yes", 1, 0.0],
    }
    for kind, values in wrong.items():
        for name in by_type(case, kind):
            for value in values:
                (reason,) = reasons(lambda name=name, value=value: case.kind(**{**case.passing, name: value}))  # type: ignore[misc]
                assert reason.startswith(f"{name} takes ")
                assert len(reason) < 200


@CASE
def test_mappings_that_are_no_suite_parameter_are_refused(case: Case) -> None:
    for name in case.kind.success_keys:
        for mapping in ({"parameter": "x"}, {"$PARAMETER": 3}, {"$PARAMETER": ""}, {"$PARAMETER": "x", "default": 1}):
            (reason,) = reasons(lambda name=name, mapping=mapping: case.kind(**{**case.passing, name: mapping}))  # type: ignore[misc]
            assert "$PARAMETER" in reason


@CASE
def test_shares_lie_between_0_and_1(case: Case) -> None:
    for name in set(SHARES) & set(case.kind.success_keys):
        for value in (-0.01, 1.01, 50):
            (reason,) = reasons(lambda name=name, value=value: case.kind(**{**case.passing, name: value}))  # type: ignore[misc]
            assert reason == f"a share must be in 0 .. 1, not {float(value)}"
        fields = {one: value for one, value in case.passing.items() if one not in ("min_value", "max_value")}
        case.kind(**{**fields, name: np.float32(0.5)})


@CASE
def test_fields_that_nobody_knows_are_refused(case: Case) -> None:
    assert reasons(lambda: case.kind(**case.passing, filter="id > 3")) == ["extra fields not permitted"]
    condition = {"row_condition": "id > 3", "condition_parser": "great_expectations"}
    (reason,) = reasons(lambda: case.kind(**case.passing, **condition))
    assert reason.startswith(f"{case.name} is about all rows of a batch and takes no row_condition; ")


@CASE
def test_what_it_needs_is_required(case: Case) -> None:
    if case.kind is not se.ExpectTableRowsToBeDistinct:
        assert reasons(case.kind)


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("TableSimilarityToBeBetween", {}, "no bound is given; give min_value, max_value or both"),
        ("TableSimilarityToBeBetween", {"min_value": 0.9, "max_value": 0.1}, "min_value is 0.9, more than max_value, "),
        ("TableSimilarityToBeBetween", {"min_value": 0.9, "measure": "dice"}, "'dice' is none of jaccard, "),
        ("TableSimilarityToBeBetween", {"min_value": 0.9, "count": "all"}, "'all' is none of rows, distinct_rows"),
        ("TableSimilarityToBeBetween", {"min_value": 0.9, "decide_by": "luck"}, "'luck' is none of interval, estimate"),
        ("TableRowChangesToBeBetween", {}, "no bound is given; give at least one of min_added, max_added, "),
        ("TableRowChangesToBeBetween", {"min_added": 3, "max_added": 2}, "min_added is 3, more than max_added, "),
        ("TableRowChangesToBeBetween", {"max_removed": -1}, "max_removed is -1; a number of rows is not negative"),
        ("TableRowChangesToBeBetween", {"max_removed": 1.5, "unit": "share"}, "max_removed is 1.5; a share must be in"),
        ("TableRowChangesToBeBetween", {"max_added": 1, "unit": "percent"}, "'percent' is none of rows, share"),
        ("TableRowChangesToBeBetween", {"max_added": 1, "decide_by": "luck"}, "'luck' is none of interval, estimate"),
        ("TableNotToOverlap", {"match_on": "values"}, "'values' is none of rows, keys"),
        ("TableSchemaToMatch", {"types": "same"}, "'same' is none of exact, family, any"),
        ("TableColumnsToBeUnchanged", {"columns": []}, "no name is given; name at least one, or leave the field out"),
        ("TableColumnsToBeUnchanged", {"columns": "price"}, "columns takes a list of names or a suite parameter, not "),
        ("TableColumnsToBeUnchanged", {"columns": [1]}, "columns takes a list of names or a suite parameter, not "),
        ("TableColumnsToBeUnchanged", {"columns": ["id", "id"]}, "'id' is named twice; name each once"),
        ("TableToMatch", {"verdicts": ["equal"]}, "equal is no verdict; there are identical, "),
        ("ColumnDigestToMatch", {"column": "id", "digest": DIGEST}, "what the column must match is given by either "),
        ("ColumnValueOverlapToBeBetween", {"column": "id"}, "no bound is given; give min_value, max_value or both"),
    ],
)
def test_fields_that_make_no_sense_are_refused(kind: str, fields: dict[str, Any], reason: str) -> None:
    (found,) = reasons(lambda: getattr(se, f"Expect{kind}")(reference="orders", **fields))
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"column": "id"}, "by either digest or reference"),
        ({"column": "id", "digest": "v1:zz"}, "'v1:zz' is no digest of a column"),
        ({"column": "id", "digest": DIGEST, "reference_column": "x"}, "give the reference, too"),
    ],
)
def test_a_column_is_matched_with_one_thing(fields: dict[str, Any], reason: str) -> None:
    (found,) = reasons(lambda: se.ExpectColumnDigestToMatch(**fields))
    assert reason in found


def test_more_rows_than_there_were_may_come() -> None:
    assert se.ExpectTableRowChangesToBeBetween(reference="orders", max_added=3, unit="share").max_added == 3


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("min_value", 7, "a share must be in 0"),
        ("min_value", True, "takes a finite number"),
        ("measure", "x", "none of"),
    ],
)
def test_a_suite_parameter_is_checked_when_it_is_filled(field: str, value: Any, reason: str, world: Path) -> None:
    fields = {"reference": "orders", "min_value": 0.5, field: {"$PARAMETER": "it"}}
    suite = gx.ExpectationSuite("bound", expectations=[se.ExpectTableSimilarityToBeBetween(**fields)])
    source = se.get_context().data_sources.add_sameset("lake")
    batch = source.add_table("orders", "arriving.parquet", key=["id"]).add_batch_definition("all")
    with pytest.raises(SamesetError, match=r"'bound' could not be evaluated") as caught:
        se.evaluate(batch, suite, expectation_parameters={"it": value})
    assert reason in str(caught.value)


@pytest.mark.parametrize("case", WITH_REFERENCE, ids=lambda case: case.name)
def test_a_reference_that_is_the_table_itself_is_refused(case: Case, world: Path) -> None:
    with pytest.raises(SpecError, match="is the table itself, which tells nothing of its rows; name another source"):
        validated(case.kind(**{**case.passing, "reference": str(world / "arriving.parquet")}))


def test_the_table_itself_is_known_however_it_is_called(world: Path) -> None:
    (world / "link.parquet").symlink_to(world / "arriving.parquet")
    for address in ("arriving.parquet", "./arriving.parquet", "link.parquet"):
        with pytest.raises(SpecError, match="is the table itself"):
            validated(se.ExpectTableToMatch(reference=address))


def test_another_column_of_the_table_itself_is_a_reference(world: Path) -> None:
    fields = {"column": "id", "reference": "arriving.parquet"}
    assert not validated(se.ExpectColumnDigestToMatch(**fields, reference_column="customer")).success
    overlap = se.ExpectColumnValueOverlapToBeBetween(**fields, other_column="customer", max_value=0.5)
    assert validated(overlap).success


@pytest.mark.parametrize("case", WITH_REFERENCE, ids=lambda case: case.name)
def test_a_reference_that_is_nowhere_is_an_error(case: Case, world: Path) -> None:
    for place in ("ordres", "orders@9", "gone.parquet"):
        with pytest.raises(SamesetError) as caught:
            validated(case.kind(**{**case.passing, "reference": place}))
        assert place in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", WITH_REFERENCE, ids=lambda case: case.name)
def test_a_first_run_without_a_snapshot_passes_if_that_was_asked_for(case: Case, world: Path) -> None:
    if "pass_if_new" not in case.kind.success_keys:
        return
    fields = {**case.passing, "reference": "orders-of-tomorrow"}
    with pytest.raises(UnknownDatasetError):
        validated(case.kind(**fields))
    validation = validated(case.kind(**fields, pass_if_new=True))
    assert validation.success
    result = validation.result["results"][0]["result"]
    assert result["observed_value"] == "new"
    assert "there is no orders-of-tomorrow in " in result["details"]["sentence"]
    for place in ("orders@9", "gone.parquet", "gone.csv.gz", "gone.sameset", "no/such/folder"):
        with pytest.raises(SamesetError, match=place):
            validated(case.kind(**{**fields, "reference": place}, pass_if_new=True))


@pytest.mark.parametrize("case", WITH_REFERENCE, ids=lambda case: case.name)
def test_a_sketch_of_another_kind_is_an_error(case: Case, world: Path) -> None:
    (world / "other.sameset").write_bytes(sketch_table("before.parquet", Spec(seed=7)).to_bytes())
    if case.kind is se.ExpectTableSchemaToMatch:  # compares no values
        return
    with pytest.raises(SpecError, match=r"other\.sameset.*seed"):
        validated(case.kind(**{**case.passing, "reference": "other.sameset"}))


@CASE
def test_a_registry_that_cannot_be_read_is_an_error(case: Case, world: Path) -> None:
    if "registry" not in case.kind.success_keys or "." in case.passing.get("reference", ""):
        return
    (world / "folder.db").mkdir(exist_ok=True)
    (world / "noise.db").write_bytes(b"no database" * 1_000)
    for registry in ("folder.db", "noise.db", "postgresql://nobody@127.0.0.1:1/none"):
        with pytest.raises(SamesetError) as caught:
            validated(case.made(passes=True, registry=registry))
        assert "\n" not in str(caught.value)


def test_columns_that_are_not_there_are_errors(world: Path) -> None:
    wrong = [
        se.ExpectColumnDigestToMatch(column="cost", digest=DIGEST),
        se.ExpectColumnDigestToMatch(column="price", reference="orders", reference_column="cost"),
        se.ExpectColumnValueOverlapToBeBetween(column="cost", other_column="id", max_value=1),
        se.ExpectColumnValueOverlapToBeBetween(column="id", other_column="cost", max_value=1),
        se.ExpectTableColumnsToBeUnchanged(columns=["price", "cost"], reference="orders"),
    ]
    for expectation in wrong:
        with pytest.raises(SchemaError, match="'cost'"):
            validated(expectation)


ODD = {
    "no rows": tables()["before"].slice(0, 0),
    "one row": tables()["before"].slice(0, 1),
    "500 columns": pa.table({"id": range(50), **{f"column {number}": [number] * 50 for number in range(500)}}),
    "keys that are null": tables()["before"].set_column(0, "id", pa.nulls(2_000, pa.int64())),
    "every row three times": pa.concat_tables([tables()["before"]] * 3),
    "nothing but nulls": pa.table({"id": pa.nulls(5), "price": pa.nulls(5), "customer": pa.nulls(5)}),
}


@pytest.mark.parametrize("spec", [keyed(), Spec()], ids=["key", "no key"])
@pytest.mark.parametrize("odd", [one if one == "no rows" else pytest.param(one, marks=pytest.mark.slow) for one in ODD])
def test_odd_tables_give_findings_or_one_sentence(odd: str, spec: Spec, world: Path, write: Write) -> None:
    address = write(ODD[odd], "odd.parquet")
    arriving = [case.made(passes=passes) for case in CASES for passes in (True, False)]
    references = [case.kind(**{**case.passing, "reference": address}) for case in CASES if "reference" in case.passing]
    assert_one_sentence(address, spec, arriving)
    assert_one_sentence("arriving.parquet", spec, references)


def assert_one_sentence(address: str, spec: Spec, expectations: list[Any]) -> None:
    source = se.get_context().data_sources.add_sameset("lake")
    batch = source.add_table("orders", address, spec=spec.to_json()).add_batch_definition("all").get_batch()
    with gathering() as errors:
        found = batch.validate(gx.ExpectationSuite("all", expectations=expectations))
    sentences = {str(error) for error in errors}
    assert len(found.results) == len(expectations)
    assert not any("\n" in sentence for sentence in sentences)
    for one in found.results:
        if one.result:
            assert len(str(one.result)) < 8_000
            assert "nan" not in str(one.result["observed_value"])
        else:
            infos = one.exception_info
            infos = [infos] if "raised_exception" in infos else infos.values()
            assert {info["exception_message"] for info in infos} <= sentences


def test_a_table_without_columns_is_an_error(write: Write, world: Path) -> None:
    with pytest.raises(SamesetError):
        validated(se.ExpectTableRowsToBeDistinct(), write(pa.table({}), "none.parquet"), Spec())


def leaked(tmp_path: Path, reference: pa.Table, spec: Spec | None = None, **fields: Any) -> se.Validation:
    """Whether three rows occur in a table of the same."""
    for name, rows in (("now", pa.table({"id": [1, 2, 3], "x": [7, 8, None]})), ("then", reference)):
        pq.write_table(rows, tmp_path / f"{name}.parquet")
    expectation = se.ExpectTableNotToOverlap(reference=str(tmp_path / "then.parquet"), **fields)
    return validated(expectation, str(tmp_path / "now.parquet"), spec or Spec(key=("id",)))


def test_a_leak_under_other_column_names_is_one(tmp_path: Path) -> None:
    found = leaked(tmp_path, pa.table({"y": [3, 2, 1], "z": [None, 8, 7]}), Spec()).result["results"][0]
    assert not found["success"]
    told = "3 of 3 rows occur in the reference, under other column names; allowed is at most 0.01"
    assert found["result"]["details"]["sentence"] == told


def test_rows_that_can_never_be_equal_prove_no_absence_of_a_leak(tmp_path: Path) -> None:
    texts = pa.table({"id": [1, 2, 3], "x": ["7", "8", None]})
    with pytest.raises(SchemaError, match="'x' is large_string there and int64 here, whose values are never equal"):
        leaked(tmp_path, texts)
    assert not leaked(tmp_path, texts, match_on="keys").success
    with pytest.raises(SchemaError, match="'id' is large_string there and int64 here"):
        leaked(tmp_path, pa.table({"id": ["1", "2"], "x": [7, 8]}), match_on="keys")
    assert leaked(tmp_path, texts.slice(0, 0)).success
    nothing = pa.table({"id": [9], "x": pa.nulls(1, pa.string())})
    assert leaked(tmp_path, nothing).success
