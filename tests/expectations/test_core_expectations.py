"""Every expectation of Great Expectations itself on our data source: it works, or one sentence says that it does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import great_expectations as gx
import pyarrow.parquet as pq
import pytest
from core_expectations import CORE, REFUSED, WORKING, names_of
from expectation_cases import ORDERS

import sameset_expectations as se
from sameset_expectations.failures import reason_of

PAGE = Path(__file__).parents[2] / "docs/core-expectations.md"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """For the cases `right`, `wrong` and `refused` the result of each expectation, by its type; a suite for each."""
    address = tmp_path_factory.mktemp("core") / "orders.parquet"
    pq.write_table(ORDERS, address)
    lake = se.get_context().data_sources.add_sameset("lake")
    batch = lake.add_table("orders", str(address)).add_batch_definition("all").get_batch()
    suites = {
        "right": [case[0](**case[1]) for case in WORKING],
        "wrong": [case[0](**case[2]) for case in WORKING],
        "refused": [case[0](**case[1]) for case in REFUSED],
    }
    return {
        name: {
            one.expectation_config.type: one
            for one in batch.validate(gx.ExpectationSuite(name, expectations=expectations)).results
        }
        for name, expectations in suites.items()
    }


def test_none_is_forgotten() -> None:
    assert sorted(names_of(WORKING) + names_of(REFUSED)) == CORE


@pytest.mark.parametrize("expectation", [case[0] for case in WORKING], ids=names_of(WORKING))
def test_it_works(expectation: Any, results: dict[str, dict[str, Any]]) -> None:
    met, failed = (results[case][expectation.expectation_type] for case in ("right", "wrong"))
    assert [reason_of(one.exception_info) for one in (met, failed)] == [None, None]
    assert [met.success, failed.success] == [True, False]


@pytest.mark.parametrize("expectation", [case[0] for case in REFUSED], ids=names_of(REFUSED))
def test_it_says_that_it_does_not(expectation: Any, results: dict[str, dict[str, Any]]) -> None:
    result = results["refused"][expectation.expectation_type]
    reason = reason_of(result.exception_info)
    assert not result.success
    assert reason is not None
    assert re.search("data source|no other table 'customers'", reason)
    assert "Traceback" not in reason


@pytest.mark.parametrize("heading", ["Work", "Do not work"])
def test_the_page_lists_them(heading: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert listed == sorted(names_of(WORKING if heading == "Work" else REFUSED))
