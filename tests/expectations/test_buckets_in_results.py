"""Buckets pass through Great Expectations: asked for in the spec, told in the sentence, few in the result."""

from __future__ import annotations

import pyarrow as pa
from expectation_cases import Write, result_of, validated

import sameset_expectations as se
from sameset import Spec

WIDE = pa.table({f"column {number}": range(64) for number in range(30)})
OTHER = pa.table({"column 0": range(64), **{f"column {number}": range(1, 65) for number in range(1, 30)}})


def test_buckets_of_a_wide_table_are_told_in_few_words(write: Write) -> None:
    expectation = se.ExpectTableToMatch(reference=write(WIDE, "left.parquet"))
    spec = Spec(key=("column 0",), bucket_by="column 0:range=2")
    found = result_of(validated(write(OTHER, "right.parquet"), expectation, spec=spec))["details"]
    assert found["sentence"].endswith("by column 0 all 32 ranges differ, in column 1, column 2, column 3 and 26 more")
    buckets = found["comparison"]["buckets"]
    assert buckets["changed"] == 32
    assert 0 < len(buckets["differing"]) <= 20
    assert {(len(one["columns"]), one["more_columns"]) for one in buckets["differing"]} == {(8, 21)}
