"""Which Arrow types ExpectTableSchemaToMatch takes for one: those that differ in nothing but their layout."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from expectation_cases import Write

import sameset_expectations as se
from sameset import Spec

#: Types, and the same ones otherwise laid out.
SAME = [
    (pa.string(), pa.large_string()),
    (pa.binary(), pa.large_binary()),
    (pa.list_(pa.field("item", pa.string())), pa.large_list(pa.field("element", pa.large_string()))),
    (pa.struct([("a", pa.string())]), pa.struct([("a", pa.large_string())])),
    (pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int32(), pa.large_string())),
    (
        pa.map_(pa.string(), pa.list_(pa.int8())),
        pa.map_(pa.field("k", pa.large_string(), nullable=False), pa.large_list(pa.int8())),
    ),
]
OTHERS = [
    (pa.string(), pa.binary()),
    (pa.int32(), pa.int64()),
    (pa.timestamp("us"), pa.timestamp("us", "UTC")),
    (pa.list_(pa.int8()), pa.list_(pa.int16())),
    (pa.struct([("string", pa.int8())]), pa.struct([("large_string", pa.int8())])),
    (pa.decimal128(10, 2), pa.decimal128(12, 2)),
]


def sentence(before: pa.DataType, after: pa.DataType, write: Write) -> Any:
    def stored(kind: pa.DataType, name: str) -> str:
        return write(pa.table({"x": pa.array([None, None], kind)}), f"{name}.arrow.parquet")

    expectation = se.ExpectTableSchemaToMatch(reference=stored(before, "before"))
    validation = se.validate_table(stored(after, "after"), Spec(), [expectation], name="types")
    return validation.result["results"][0]["result"]["details"]["sentence"]


@pytest.mark.parametrize(("one", "other"), SAME, ids=str)
def test_a_layout_is_no_difference(one: pa.DataType, other: pa.DataType, write: Write) -> None:
    for before, after in ((one, other), (other, one)):
        assert sentence(before, after, write) == "= 1 column as in the reference"


@pytest.mark.parametrize(("one", "other"), OTHERS, ids=str)
def test_another_type_is_one(one: pa.DataType, other: pa.DataType, write: Write) -> None:
    assert sentence(one, other, write).startswith("~ 1 difference: x retyped from ")
