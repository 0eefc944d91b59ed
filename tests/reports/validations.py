"""Validation results as Great Expectations writes them, of any size and with anything in them."""

from __future__ import annotations

from typing import Any

__all__ = ["EVIL", "expectation", "run_of", "validation"]

EVIL = "<script>alert(1)</script>\u202e\x1b[31m|`'\"&${x}"
SEVERITIES = ("critical", "warning", "info")


def expectation(number: int, outcome: str = "met", text: str = "", rows: int = 5) -> dict[str, Any]:
    """The result of one expectation of ours with details, or of one that could not be evaluated."""
    result: dict[str, Any] = {}
    info: dict[str, Any] = {"raised_exception": False, "exception_message": None, "exception_traceback": None}
    if outcome == "unknown":
        told = f"orders/{number}.parquet does not exist; check the path {text}\nTraceback (most recent call last):"
        info = {
            f"('metric', {number})": {"raised_exception": True, "exception_message": told, "exception_traceback": "…"}
        }
    else:
        added = [{"id": row, "note": f"row {row} {text}"} for row in range(rows)]
        details = {
            "sentence": f"~ is modified: {number} rows changed {text}",
            "comparison": {"added": added, "jaccard": 0.5},
        }
        result = {"observed_value": number, "details": details}
    return {
        "success": outcome == "met",
        "exception_info": info,
        "result": result,
        "meta": {},
        "expectation_config": {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"batch_id": "lake-orders", "column": f"column_{number}{text}", "value_set": ["a", number, None]},
            "severity": SEVERITIES[number % 3],
            "meta": {},
        },
    }


def validation(results: list[dict[str, Any]], table: str = "orders", suite: str = "quality") -> dict[str, Any]:
    """The validation of one table."""
    return {
        "success": all(one["success"] for one in results),
        "results": results,
        "suite_name": suite,
        "meta": {
            "active_batch_definition": {"data_asset_name": table},
            "batch_spec": {"address": f"deliveries/{table}/*.parquet"},
            "run_id": {"run_name": None, "run_time": "2026-11-02T06:00:00+00:00"},
            "great_expectations_version": "1.24.1",
        },
    }


def run_of(tables: int, expectations: int, text: str = "", rows: int = 5) -> dict[str, Any]:
    """A run of a checkpoint over tables: of every 50 expectations one failed, of every 333 one could not be evaluated."""
    results = [
        validation(
            [
                expectation(number, _outcome(table * expectations + number), text, rows)
                for number in range(expectations)
            ],
            f"table_{table}{text}",
        )
        for table in range(tables)
    ]
    return {
        "schema_version": 1,
        "checkpoint": f"nightly{text}",
        "run_time": "2026-11-02T06:00:00+00:00",
        "validations": results,
    }


def _outcome(number: int) -> str:
    return "unknown" if number % 333 == 7 else "failed" if number % 50 == 3 else "met"
