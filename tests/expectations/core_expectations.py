"""Every expectation of Great Expectations itself, with fields that our test table meets and fields that it does not."""

from __future__ import annotations

from typing import Any

import great_expectations.expectations as gxe
from expectation_cases import ROWS
from great_expectations.expectations.registry import list_registered_expectation_implementations

__all__ = ["CORE", "REFUSED", "WORKING", "names_of"]

WORKING: list[tuple[type, dict[str, Any], dict[str, Any]]] = [
    (gxe.ExpectColumnMaxToBeBetween, {"column": "id", "max_value": 999}, {"column": "id", "max_value": 998}),
    (gxe.ExpectColumnMeanToBeBetween, {"column": "id", "max_value": 499.5}, {"column": "id", "max_value": 499}),
    (gxe.ExpectColumnMedianToBeBetween, {"column": "id", "max_value": 499.5}, {"column": "id", "max_value": 499}),
    (gxe.ExpectColumnMinToBeBetween, {"column": "price", "min_value": 0}, {"column": "price", "min_value": 1}),
    (
        gxe.ExpectColumnProportionOfNonNullValuesToBeBetween,
        {"column": "note", "min_value": 0.5},
        {"column": "note", "min_value": 0.6},
    ),
    (gxe.ExpectColumnStdevToBeBetween, {"column": "id", "max_value": 289}, {"column": "id", "max_value": 288}),
    (gxe.ExpectColumnSumToBeBetween, {"column": "id", "max_value": 499_500}, {"column": "id", "max_value": 499_499}),
    (gxe.ExpectColumnToExist, {"column": "note"}, {"column": "remark"}),
    (gxe.ExpectColumnTypeToBe, {"column": "id", "type_": "int64"}, {"column": "id", "type_": "string"}),
    (gxe.ExpectColumnUniqueValueCountToBeBetween, {"column": "note", "max_value": 1}, {"column": "id", "max_value": 1}),
    (gxe.ExpectTableColumnCountToBeBetween, {"min_value": 1, "max_value": 3}, {"min_value": 4}),
    (gxe.ExpectTableColumnCountToEqual, {"value": 3}, {"value": 2}),
    (gxe.ExpectTableColumnsToMatchOrderedList, {"column_list": list(ROWS)}, {"column_list": ["price", "id", "note"]}),
    (gxe.ExpectTableColumnsToMatchSet, {"column_set": ["note", "price", "id"]}, {"column_set": ["id"]}),
    (gxe.ExpectTableRowCountToBeBetween, {"min_value": 1}, {"max_value": 999}),
    (gxe.ExpectTableRowCountToEqual, {"value": 1_000}, {"value": 999}),
    (
        gxe.ExpectColumnProportionOfUniqueValuesToBeBetween,
        {"column": "id", "min_value": 1},
        {"column": "note", "min_value": 0.5},
    ),
    (
        gxe.ExpectColumnValueLengthsToBeBetween,
        {"column": "note", "min_value": 4, "max_value": 4},
        {"column": "note", "min_value": 5},
    ),
    (gxe.ExpectColumnValueLengthsToEqual, {"column": "note", "value": 4}, {"column": "note", "value": 3}),
    (
        gxe.ExpectColumnValuesToBeBetween,
        {"column": "id", "min_value": 0, "max_value": 999},
        {"column": "id", "min_value": 0, "strict_min": True},
    ),
    (
        gxe.ExpectColumnValuesToBeInSet,
        {"column": "note", "value_set": ["paid", "it's {0}"]},
        {"column": "note", "value_set": ["it's {0}"]},
    ),
    (gxe.ExpectColumnValuesToBeNull, {"column": "note", "mostly": 0.5}, {"column": "note", "mostly": 0.6}),
    (
        gxe.ExpectColumnValuesToMatchLikePattern,
        {"column": "note", "like_pattern": "p%"},
        {"column": "note", "like_pattern": "P%"},
    ),
    (
        gxe.ExpectColumnValuesToMatchLikePatternList,
        {"column": "note", "like_pattern_list": ["p%", "x%"]},
        {"column": "note", "like_pattern_list": ["p%", "x%"], "match_on": "all"},
    ),
    (gxe.ExpectColumnValuesToMatchRegex, {"column": "note", "regex": "a.d{0,1}$"}, {"column": "note", "regex": "^a"}),
    (
        gxe.ExpectColumnValuesToMatchRegexList,
        {"column": "note", "regex_list": ["^p", "x"]},
        {"column": "note", "regex_list": ["^p", "x"], "match_on": "all"},
    ),
    (
        gxe.ExpectColumnValuesToNotBeInSet,
        {"column": "note", "value_set": ["sent"]},
        {"column": "note", "value_set": ["paid"]},
    ),
    (gxe.ExpectColumnValuesToNotBeNull, {"column": "note", "mostly": 0.5}, {"column": "note"}),
    (
        gxe.ExpectColumnValuesToNotMatchLikePattern,
        {"column": "note", "like_pattern": "P%"},
        {"column": "note", "like_pattern": "p%"},
    ),
    (
        gxe.ExpectColumnValuesToNotMatchLikePatternList,
        {"column": "note", "like_pattern_list": ["x%"]},
        {"column": "note", "like_pattern_list": ["x%", "p%"]},
    ),
    (gxe.ExpectColumnValuesToNotMatchRegex, {"column": "note", "regex": "^a"}, {"column": "note", "regex": "p"}),
    (
        gxe.ExpectColumnValuesToNotMatchRegexList,
        {"column": "note", "regex_list": ["x"]},
        {"column": "note", "regex_list": ["x", "a"]},
    ),
]

PAIR = {"column_A": "id", "column_B": "price"}
SEVERAL = {"column_list": ["id", "price"]}

REFUSED: list[tuple[type, dict[str, Any]]] = [
    (gxe.ExpectColumnDistinctValuesToBeInSet, {"column": "note", "value_set": ["paid"]}),
    (gxe.ExpectColumnDistinctValuesToContainSet, {"column": "note", "value_set": ["paid"]}),
    (gxe.ExpectColumnDistinctValuesToEqualSet, {"column": "note", "value_set": ["paid"]}),
    (
        gxe.ExpectColumnKLDivergenceToBeLessThan,
        {"column": "note", "partition_object": {"values": ["paid"], "weights": [1.0]}, "threshold": 0.1},
    ),
    (gxe.ExpectColumnMostCommonValueToBeInSet, {"column": "note", "value_set": ["paid"]}),
    (gxe.ExpectColumnPairValuesAToBeGreaterThanB, PAIR),
    (gxe.ExpectColumnPairValuesToBeEqual, PAIR),
    (gxe.ExpectColumnPairValuesToBeInSet, PAIR | {"value_pairs_set": [(1, 0.25)]}),
    (
        gxe.ExpectColumnQuantileValuesToBeBetween,
        {"column": "id", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 500]]}},
    ),
    (gxe.ExpectColumnValueZScoresToBeLessThan, {"column": "id", "threshold": 3, "double_sided": True}),
    (gxe.ExpectColumnValuesToBeDateutilParseable, {"column": "note"}),
    (gxe.ExpectColumnValuesToBeDecreasing, {"column": "id"}),
    (gxe.ExpectColumnValuesToBeInTypeList, {"column": "id", "type_list": ["int64"]}),
    (gxe.ExpectColumnValuesToBeIncreasing, {"column": "id"}),
    (gxe.ExpectColumnValuesToBeJsonParseable, {"column": "note"}),
    (gxe.ExpectColumnValuesToBeOfType, {"column": "id", "type_": "int64"}),
    (gxe.ExpectColumnValuesToBeUnique, {"column": "id"}),
    (gxe.ExpectColumnValuesToMatchJsonSchema, {"column": "note", "json_schema": {}}),
    (gxe.ExpectColumnValuesToMatchStrftimeFormat, {"column": "note", "strftime_format": "%Y"}),
    (gxe.ExpectColumnValuesToNotBeOutliers, {"column": "id", "method": "iqr", "multiplier": 1.5}),
    (gxe.ExpectCompoundColumnsToBeUnique, SEVERAL),
    (gxe.ExpectMulticolumnSumToEqual, SEVERAL | {"sum_total": 3}),
    (gxe.ExpectMulticolumnValuesToBeEqual, SEVERAL),
    (
        gxe.ExpectQueryResultsToMatchComparison,
        {"base_query": "x", "comparison_data_source_name": "lake", "comparison_query": "y"},
    ),
    (gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord, SEVERAL),
    (gxe.ExpectTableRowCountToEqualOtherTable, {"other_table_name": "customers"}),
    (gxe.UnexpectedRowsExpectation, {"unexpected_rows_query": "select * from {batch} where id < 0"}),
]


def names_of(cases: list[Any]) -> list[str]:
    """The names of expectations."""
    return [case[0].__name__ for case in cases]


#: All that this version of Great Expectations knows.
CORE = sorted(
    name
    for name, found in vars(gxe.core).items()
    if getattr(found, "expectation_type", None) in list_registered_expectation_implementations()
)
